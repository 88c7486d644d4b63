"""Facts about the answers to commands: one row for every way in which one ends, and nothing said twice or confused."""

import json

import pytest

from gateway.core.calls import CallEnded, Outcome
from gateway.core.commands import CommandError, Fault
from gateway.core.flows.flow import Result
from gateway.io.problems import (
    PROBLEMS,
    Trouble,
    answer_of_lost_command,
    answer_to_call,
    answer_to_fault,
    answer_to_flow,
    answer_to_trouble,
)


def test_every_end_but_acceptance_has_a_row():
    assert set(PROBLEMS) == {*Outcome, *Fault, *Trouble} - {Outcome.ACCEPTED}


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.REJECTED, 409),
        (Outcome.CALL_ERROR, 502),
        (Outcome.TIMEOUT, 504),
        (Outcome.UNKNOWN, 504),
        (Outcome.OFFLINE, 503),
    ],
)
def test_an_outcome_is_told_alike_for_calls_and_flows(outcome, status):
    for answer in (answer_to_call(CallEnded(outcome)), answer_to_flow(Result(outcome))):
        assert (answer.status, answer.content_type) == (status, "application/problem+json")
        said = json.loads(answer.body)
        assert (said["status"], said["outcome"]) == (status, outcome.value)
        assert said["type"] == f"urn:ocpp-gateway:problem:{outcome.value.replace('_', '-')}"
        assert said["title"]


def test_an_accepted_call_shows_the_response_digit_for_digit():
    answer = answer_to_call(CallEnded(Outcome.ACCEPTED, response=b'{"a": 1.00, "b":12345678901234567890}'))
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert answer.body == b'{"outcome":"accepted","response":{"a": 1.00, "b":12345678901234567890}}'


def test_the_words_of_a_station_are_strings_apart_from_ours():
    words = '"},"status":200,"outcome":"accepted"<script>\x00\u202e'
    answer = answer_to_call(CallEnded(Outcome.CALL_ERROR, error_code=words, reason=words))
    said = json.loads(answer.body)
    assert (said["status"], said["outcome"], said["sent"]) == (502, "call_error", True)
    assert said["error_code"] == said["error_description"] == words
    assert words not in (said["title"], said.get("detail"))


def test_a_timeout_says_whether_it_was_sent():
    for sent in (True, False):
        assert json.loads(answer_to_call(CallEnded(Outcome.TIMEOUT, sent=sent)).body)["sent"] is sent


def test_a_flow_cannot_say_something_else_than_its_problem():
    body = {"status": 200, "outcome": "accepted", "type": "x", "failed": ["A"]}
    said = json.loads(answer_to_flow(Result(Outcome.REJECTED, body, "because")).body)
    assert (said["status"], said["outcome"], said["detail"], said["failed"]) == (409, "rejected", "because", ["A"])
    assert said["type"].endswith(":rejected")


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_says_why_and_where(fault):
    said = json.loads(answer_to_fault(CommandError(fault, "why", "$.where")).body)
    assert (said["detail"], said["path"]) == ("why", "$.where")
    assert 400 <= said["status"] < 600
    assert "outcome" not in said


def test_a_lost_command_is_unknown():
    said = json.loads(answer_of_lost_command().body)
    assert (said["status"], said["outcome"]) == (504, "unknown")


def test_our_own_error_tells_nothing():
    assert json.loads(answer_to_trouble(Trouble.OUR_ERROR).body).keys() == {"type", "title", "status"}
