"""A short run of `python -m bench.fuzz`: some cases that are the same each time, and as many that nobody has seen."""

import subprocess
import sys
from random import Random, SystemRandom

import pytest

from bench.fuzz.__main__ import TARGETS
from bench.fuzz.frames import Frames
from bench.fuzz.hunt import Case, Complaint, complaint_of, hunt, made, made_small
from bench.fuzz.sessions import Sessions
from gateway.core.session import Session
from gateway.wire.messages import call_result
from tests.system.process import PROJECT

CASES = {"frames": 4000, "envelopes": 4000, "sessions": 300}
"""Some two seconds each."""


def check(name: str, seed: str) -> None:
    target = TARGETS[name]
    for number in range(CASES[name]):
        case = made(target, seed, number)
        complaint = complaint_of(target, case)
        if complaint is not None:
            case, complaint = made_small(target, case, complaint)
            again = f"python -m bench.fuzz --seed {seed} --target {name} --number {number}"
            pytest.fail(f"{complaint.kind}: {complaint.detail}\n{case}\nagain: {again}")


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found_in_the_same_cases_as_always(name):
    check(name, "always")


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found_in_new_cases(name):
    check(name, str(SystemRandom().randrange(10**9)))


@pytest.mark.parametrize("name", TARGETS)
def test_the_same_seed_makes_the_same_cases(name):
    again, other = ([made(TARGETS[name], seed, number) for number in range(20)] for seed in ("one", "two"))
    assert [made(TARGETS[name], "one", number) for number in range(20)] == again
    assert again != other


class Planted:
    """Complains of every case with an x and later a y."""

    name = "planted"

    def make(self, random: Random) -> Case:
        return Case((), tuple(random.choice((b"x", b"aby", b"c", b"xx", "move")) for _ in range(20)))

    def check(self, case: Case) -> Complaint | None:
        text = b"".join(step for step in case.steps if isinstance(step, bytes))
        return Complaint("x before y", "") if 0 <= text.find(b"x") < text.rfind(b"y") else None


def test_a_finding_is_made_as_small_as_it_can_be_and_told_once():
    told = []
    checked, findings = hunt([Planted()], "seed", 0.2, told.append)
    assert told == findings
    assert [finding.case.steps for finding in findings] == [(b"xy",)]
    assert checked["planted"] > findings[0].number


def test_an_answer_before_its_commit_is_found(monkeypatch):
    def commit(self, message_id, call, entry, outcome):
        honest(self, message_id, call, entry, outcome)
        if call.name == "StatusNotification":
            self._link.write(call_result(message_id, entry.answer))

    honest = Session._commit
    monkeypatch.setattr(Session, "_commit", commit)
    status = b'{"connectorId":1,"errorCode":"NoError","status":"Available"}'
    case = Case(("ocpp1.6", False, "Accepted", "off"), (b'[2,"1","StatusNotification",%b]' % status,))
    complaint = complaint_of(Sessions(), case)
    assert complaint is not None
    assert complaint.kind == "answered before it is on disk"


def test_what_the_thing_under_test_raises_is_a_finding_that_names_the_line(monkeypatch):
    monkeypatch.setattr("gateway.hot.frames._unmasked", lambda payload, key: 1 // 0)
    complaint = complaint_of(Frames(), Case((1000, False), (b"\x81\x81abcdx",)))
    assert complaint is not None
    assert complaint.kind.startswith("raised ZeroDivisionError at tests/system/test_fuzz.py:")


def test_the_command_line_ends_with_status_0_where_nothing_is_found():
    command = [sys.executable, "-m", "bench.fuzz", "--seconds", "0.5", "--seed", "7", "--target", "envelopes"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("seed 7\n")
    assert done.stdout.endswith(" envelopes: 0 findings\n")
