"""Faults on real sockets for minutes: `python -m bench.charging.endurance`.

A gateway and stations of all versions that misbehave in every way which leaves limits safe, twenty times as fast as
time; the gateway is killed each minute, and the site capped now and then without warning. With another `--policy` it is
a gateway that is unsafe on purpose. Ends with 1 if a circuit was overloaded under the ledger.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from bench.charging.mutants import ALL_AT_ONCE, LEDGER, MUTANTS
from bench.charging.sockets import SocketOutcome, SocketPlan, SocketRun, on_sockets
from gateway.fleet import Behaviour, parse_charging_faults

FAULTS = "many,loses_answer=0.12,stalls=0.08,rejects=0.12"

BUSY = Behaviour(
    first_arrival_s_mean=30.0,
    idle_s_mean=30.0,
    authorise_s=(1.0, 5.0),
    unplug_s=(2.0, 10.0),
    stay_s=(150.0, 900.0),
    limited=0.2,
    limited_s=(60.0, 120.0),
    meter_interval_s=15,
    offline_every_s_mean=1200.0,
    offline_s=(20.0, 100.0),
)
"""Vehicles that come and go: what a session has is often given to another."""

CAP_SHARE = 0.6
CAP_EVERY_S = 40.0
"""Real seconds from a cap of the grid connection to the next; it lasts for `CAP_LASTS_S` simulated ones."""

CAP_LASTS_S = 300.0


async def endure(plan: SocketPlan, minutes: float, kill_every_s: float, folder: Path) -> SocketOutcome:
    """Run, kill and cap for so many real minutes from when nothing is missing."""
    async with on_sockets(plan, folder) as run:
        await run.until_nothing_is_missing()
        until = time.monotonic() + 60 * minutes
        async with asyncio.TaskGroup() as group:
            group.create_task(_kill_again(run, until, kill_every_s))
            group.create_task(_cap_again(run, until))
        return run.outcome()


async def _kill_again(run: SocketRun, until: float, every_s: float) -> None:
    while (left_s := until - time.monotonic()) > 0:
        await asyncio.sleep(min(every_s, left_s))
        if time.monotonic() < until:
            await run.kill()


async def _cap_again(run: SocketRun, until: float) -> None:
    cap_a = run.rated_a * CAP_SHARE
    while (left_s := until - time.monotonic()) > 0:
        await asyncio.sleep(min(CAP_EVERY_S, left_s))
        if time.monotonic() < until and run.is_up:
            await run.set_limit(round(cap_a), CAP_LASTS_S)


def table(outcomes: dict[str, SocketOutcome]) -> str:
    """Return what came of runs, by policy, as Markdown."""
    best_wh = outcomes[ALL_AT_ONCE].power_w if ALL_AT_ONCE in outcomes else None
    lines = [
        "| policy | hours | kills | faults | overloaded, s in an hour: worst link, by what | could have been "
        "| reserved too little | limits: accepted, unknown, rejected | after a cap, s: longest | mean power, kW |",
        "| --- | --: | --: | --: | --- | --- | --: | --- | --: | --: |",
    ]
    for policy, outcome in outcomes.items():
        hours = outcome.counted_s / 3600
        share = "" if best_wh is None or policy == ALL_AT_ONCE else f" ({100 * outcome.power_w / best_wh:.0f} %)"
        flowed, could = outcome.overload_s, outcome.allowed_over_s
        limits = outcome.limits
        lines.append(
            f"| {policy} | {hours:.2f} | {outcome.lives - 1} | {sum(outcome.faults.values()):,} "
            f"| {_worst(flowed, hours)}{_by(outcome)} | {_worst(could, hours)} "
            f"| {sum(outcome.unreserved.values())} of {outcome.compared:,} looks "
            f"| {limits['accepted']:,}, {limits['unknown']:,}, {limits['rejected']:,} "
            f"| {max(outcome.reactions_s, default=0):.0f} | {outcome.power_w / 1000:.1f}{share} |"
        )
    for policy, outcome in outcomes.items():
        hours = outcome.counted_s / 3600
        faults = ", ".join(f"{name} {count:,}" for name, count in outcome.faults.items())
        links = ", ".join(
            f"{node} L{phase} {seconds / hours:.1f}" for (node, phase), seconds in sorted(outcome.overload_s.items())
        )
        lines += ["", f"{policy}: {faults}. Overload, s in an hour: {links or 'none on any link'}."]
    return "\n".join(lines)


def _worst(over_s: dict[tuple[str, int], float], hours: float) -> str:
    return f"{max(over_s.values()) / hours:.1f}" if over_s else "0"


def _by(outcome: SocketOutcome) -> str:
    amperes = [over for (_, phase), over in outcome.worst.items() if phase]
    return f", {max(amperes) / 1000:.1f} A" if amperes else ""


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0, help="of real time, for each policy")
    parser.add_argument("--policies", nargs="+", choices=MUTANTS, default=[LEDGER, ALL_AT_ONCE])
    parser.add_argument("--faults", default=FAULTS, help="as ocpp-gateway fleet --charging-faults has them")
    parser.add_argument("--stations", type=int, default=24)
    parser.add_argument("--kill-every", type=float, default=60.0, help="real seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="all that was measured")
    arguments = parser.parse_args()
    outcomes: dict[str, SocketOutcome] = {}
    for policy in arguments.policies:
        plan = SocketPlan(
            stations=arguments.stations,
            seed=arguments.seed,
            share=0.16,
            slot_s=60.0,
            behaviour=BUSY,
            policy=policy,
            faults=parse_charging_faults(arguments.faults),
        )
        with tempfile.TemporaryDirectory() as folder:
            outcomes[policy] = asyncio.run(endure(plan, arguments.minutes, arguments.kill_every, Path(folder)))
    print(table(outcomes))
    if arguments.json is not None:
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode({k: repr(v) for k, v in outcomes.items()})))
    ledger = outcomes.get(LEDGER)
    return 0 if ledger is None or not (ledger.overload_s or ledger.allowed_over_s) else 1


if __name__ == "__main__":
    sys.exit(main())
