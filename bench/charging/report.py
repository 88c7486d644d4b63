"""What came of runs, as a Markdown table: policies below each other, several seeds in one row."""

from collections.abc import Sequence
from statistics import median

from bench.charging.trial import OURS, Outcome

HEAD = (
    "| faults | policy | overloaded, s in an hour | worst link over by | after a sudden drop, s: median, longest "
    "| delivered, % | off the best, % | messages | writes |\n"
    "| --- | --- | --: | --: | --: | --: | --: | --: | --: |"
)


def row(faults: str, outcomes: Sequence[Outcome]) -> str:
    """Return the line of one policy under the same faults, with one outcome for each seed."""
    policy = outcomes[0].policy
    hours = sum(outcome.hours for outcome in outcomes)
    overloaded_s = sum(outcome.overloaded_s for outcome in outcomes)
    reactions = [reaction for outcome in outcomes for reaction in outcome.reactions_s]
    delivered = sum(outcome.delivered_wh for outcome in outcomes) / sum(outcome.possible_wh for outcome in outcomes)
    distance = sum(outcome.distance for outcome in outcomes) / len(outcomes)
    messages = sum(outcome.messages_per_evse_hour for outcome in outcomes) / len(outcomes)
    writes = sum(outcome.writes_per_evse_hour for outcome in outcomes) / len(outcomes)
    name = f"**{policy}**" if policy == OURS else policy
    reaction = f"{median(reactions):.0f}, {max(reactions):.0f}" if reactions else "-"
    return (
        f"| {faults} | {name} | {overloaded_s / hours:.1f} | {_worst(outcomes)} | {reaction} "
        f"| {100 * delivered:.1f} | {100 * distance:.1f} | {messages:.1f} | {writes:.1f} |"
    )


def _worst(outcomes: Sequence[Outcome]) -> str:
    """Return by how much a phase was overloaded at worst; where only a limit in kW was, by how much that."""
    amperes = [over for outcome in outcomes for (_, phase), over in outcome.worst.items() if phase]
    watts = [over for outcome in outcomes for (_, phase), over in outcome.worst.items() if not phase]
    if amperes:
        return f"{max(amperes) / 1000:.1f} A"
    return f"{max(watts) / 1e6:.1f} kW" if watts else "-"
