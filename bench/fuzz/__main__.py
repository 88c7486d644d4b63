"""`python -m bench.fuzz`: hunt for a while; exit status 1 if anything was found."""

import argparse
import random
import sys
from collections.abc import Mapping

from bench.fuzz.envelopes import Envelopes
from bench.fuzz.frames import Frames
from bench.fuzz.hunt import Target, complaint_of, hunt, made
from bench.fuzz.sessions import Sessions

TARGETS: Mapping[str, Target] = {target.name: target for target in (Frames(), Envelopes(), Sessions())}


def main() -> int:
    """Do what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=180.0, help="how long to hunt (default: 180)")
    parser.add_argument("--seed", default=None, help="any word; the same seed makes the same cases (default: random)")
    parser.add_argument("--target", choices=TARGETS, action="append", help="one thing only; may be given again")
    parser.add_argument("--number", type=int, help="check this case of the seed and the one target, and show it whole")
    options = parser.parse_args()
    seed = options.seed or str(random.SystemRandom().randrange(10**9))
    names = options.target or list(TARGETS)
    if options.number is not None:
        if len(names) != 1 or options.seed is None:
            parser.error("--number needs --seed and one --target")
        return show(TARGETS[names[0]], seed, options.number)
    print(f"seed {seed}", flush=True)
    checked, findings = hunt(
        [TARGETS[name] for name in names], seed, options.seconds, lambda finding: print(finding, flush=True)
    )
    print(", ".join(f"{count:,} {name}" for name, count in checked.items()) + f": {len(findings)} findings")
    return 1 if findings else 0


def show(target: Target, seed: str, number: int) -> int:
    """Print one case and what is wrong with it."""
    case = made(target, seed, number)
    print(case.setting, *(repr(step) for step in case.steps), sep="\n")
    complaint = complaint_of(target, case)
    print("nothing is wrong" if complaint is None else f"{complaint.kind}: {complaint.detail}")
    return 0 if complaint is None else 1


if __name__ == "__main__":
    sys.exit(main())
