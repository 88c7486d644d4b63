"""Policies beside each other on the same sites, drivers and faults: `python -m bench.charging`.

Nothing listens and nobody sleeps: it is simulated, second by second and in between. Ends with 1 if a circuit was ever
overloaded under the gateway's own policy although all stations obeyed.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

from bench.charging import acn
from bench.charging.faults import Faults
from bench.charging.plan import Plan
from bench.charging.report import HEAD, row
from bench.charging.scenes import SITES, plan_of
from bench.charging.trial import OURS, POLICIES, Outcome, trial

IGNORING = 0.05
"""Share of stations that accept and ignore, in the last rows."""


def _run(plan: Plan, faults: Faults, policy: str, seed: int) -> Outcome:
    return trial(plan, faults, policy, seed=seed)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", nargs="+", choices=SITES, default=list(SITES))
    parser.add_argument("--policies", nargs="+", choices=POLICIES, default=list(POLICIES))
    parser.add_argument("--faults", nargs="+", type=float, default=[0.0, 1.0, 5.0], help="times a bad day")
    parser.add_argument("--seeds", type=int, default=2, help="runs of each, and days of each real site")
    parser.add_argument("--seed", type=int, default=1, help="the first of them")
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--ignoring", action="store_true", help="also with stations that accept and ignore")
    parser.add_argument("--json", type=Path, help="all that was measured")
    arguments = parser.parse_args()
    seeds = range(arguments.seed, arguments.seed + arguments.seeds)
    kinds = [(f"{factor:g}x", Faults().times(factor)) for factor in arguments.faults]
    if arguments.ignoring:
        faults = msgspec.structs.replace(Faults(), ignoring=IGNORING)
        kinds.append((f"1x, {IGNORING:.0%} of stations ignore limits", faults))
    everything: dict[str, list[Outcome]] = {}
    is_safe = True
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for site in arguments.sites:
            try:
                plans = [plan_of(site, seed=seed, span_s=3600 * arguments.hours) for seed in seeds]
            except acn.NoSessionsError as error:
                print(f"\n{site}: {error}", file=sys.stderr)
                continue
            evses, visits = len(plans[0].description.evses), sum(len(plan.visits) for plan in plans)
            print(f"\n### {site}: {evses} EVSEs, {visits} visits in {len(plans)} x {arguments.hours:g} h\n\n{HEAD}")
            for name, faults in kinds:
                runs = {
                    policy: [
                        pool.submit(_run, plan, faults, policy, seed) for plan, seed in zip(plans, seeds, strict=True)
                    ]
                    for policy in arguments.policies
                }
                for policy, futures in runs.items():
                    outcomes = [future.result() for future in futures]
                    everything[f"{site}, {name}, {policy}"] = outcomes
                    print(row(name, outcomes), flush=True)
                    if policy == OURS and not faults.ignoring:
                        is_safe = is_safe and not any(outcome.overloaded_s for outcome in outcomes)
    if arguments.json is not None:
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode(_plain(everything))))
    return 0 if is_safe else 1


def _plain(everything: dict[str, list[Outcome]]) -> dict[str, list[dict[str, object]]]:
    """Return outcomes with links as text, as JSON wants its keys."""
    return {
        name: [
            msgspec.structs.asdict(outcome)
            | {
                "overload_s": {f"{node} L{phase}": value for (node, phase), value in outcome.overload_s.items()},
                "worst": {f"{node} L{phase}": value for (node, phase), value in outcome.worst.items()},
            }
            for outcome in outcomes
        ]
        for name, outcomes in everything.items()
    }


if __name__ == "__main__":
    sys.exit(main())
