"""The hunt: cases are made and checked until the time is over; what is found is made small.

A case is made from the seed, the target's name and a number alone, so these three bring it back.
"""

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple, Protocol, TypeAlias

PROJECT = Path(__file__).parent.parent.parent

FINDINGS_MAX = 10
"""Different findings after which a hunt ends: one fault often shows in many ways."""

SHRINK_CHECKS_MAX = 2000
"""Smaller cases tried for one finding."""

TURN_S = 0.05
"""Time of one target until the next one's turn."""

Step: TypeAlias = bytes | str
"""Bytes that come in, or the name of something that happens between them."""


class Case(NamedTuple):
    """What is done to the thing under test: how it is set up, and what happens to it, step by step."""

    setting: tuple[str | int | bool, ...]
    steps: tuple[Step, ...]


class Complaint(NamedTuple):
    """What was wrong. `kind` is the same whenever the fault is."""

    kind: str
    detail: str


class Target(Protocol):
    """One thing under test."""

    name: str

    def make(self, random: Random) -> Case:
        """Return a case."""

    def check(self, case: Case) -> Complaint | None:
        """Return what is wrong. May raise: what the thing under test raises is a finding, too."""


class Finding(NamedTuple):
    """A case that went wrong, as small as it was made."""

    seed: str
    target: str
    number: int
    case: Case
    complaint: Complaint

    def __str__(self) -> str:
        lines = [
            f"{self.target}: {self.complaint.kind}",
            f"  {self.complaint.detail}",
            f"  again: python -m bench.fuzz --seed {self.seed} --target {self.target} --number {self.number}",
            f"  made small: {self.case.setting}",
            *(f"    {step!r}" for step in self.case.steps),
        ]
        return "\n".join(lines)


def hunt(
    targets: Sequence[Target], seed: str, seconds: float, heard: Callable[[Finding], None]
) -> tuple[dict[str, int], list[Finding]]:
    """Check cases of all targets in turns for `seconds`; `heard` is called for each finding of a new kind.

    Return how many cases of each target were checked, and the findings.
    """
    checked = {target.name: 0 for target in targets}
    findings: dict[tuple[str, str], Finding] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(findings) < FINDINGS_MAX:
        for target in targets:
            turn_ends = min(end, time.monotonic() + TURN_S)
            while time.monotonic() < turn_ends:
                number = checked[target.name]
                checked[target.name] += 1
                case = made(target, seed, number)
                complaint = complaint_of(target, case)
                if complaint is None or (target.name, complaint.kind) in findings:
                    continue
                finding = Finding(seed, target.name, number, *made_small(target, case, complaint))
                findings[target.name, complaint.kind] = finding
                heard(finding)
    return checked, list(findings.values())


def made(target: Target, seed: str, number: int) -> Case:
    """Return case `number` of a target."""
    return target.make(Random(f"{seed} {target.name} {number}"))


def complaint_of(target: Target, case: Case) -> Complaint | None:
    """Check a case; what is raised is a complaint that names the innermost line of this project."""
    try:
        return target.check(case)
    except Exception as error:
        frames = [
            frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(str(PROJECT))
        ]
        place = f"{Path(frames[-1].filename).relative_to(PROJECT)}:{frames[-1].lineno}" if frames else "elsewhere"
        return Complaint(f"raised {type(error).__name__} at {place}", str(error)[:500])


def made_small(target: Target, case: Case, complaint: Complaint) -> tuple[Case, Complaint]:
    """Leave out whatever the complaint does not need."""
    checks = 0
    smaller_found = True
    while smaller_found and checks < SHRINK_CHECKS_MAX:
        smaller_found = False
        for smaller in _smaller(case):
            checks += 1
            still = complaint_of(target, smaller)
            if still is not None and still.kind == complaint.kind:
                case, complaint = smaller, still
                smaller_found = True
                break
            if checks >= SHRINK_CHECKS_MAX:
                break
    return case, complaint


def _smaller(case: Case) -> Iterator[Case]:
    """Yield cases with fewer steps, then with shorter ones; large pieces go first."""
    steps = case.steps
    for size, at in _spans(len(steps)):
        yield case._replace(steps=steps[:at] + steps[at + size :])
    for index, (step, after) in enumerate(pairwise(steps)):
        if isinstance(step, bytes) and isinstance(after, bytes):
            yield case._replace(steps=(*steps[:index], step + after, *steps[index + 2 :]))
    for index, step in enumerate(steps):
        if isinstance(step, bytes):
            for size, at in _spans(len(step)):
                shorter = step[:at] + step[at + size :]
                yield case._replace(steps=(*steps[:index], shorter, *steps[index + 1 :]))


def _spans(length: int) -> Iterator[tuple[int, int]]:
    size = length
    while size > 0:
        for at in range(0, length - size + 1, size):
            yield size, at
        size //= 2
