"""Requests that all versions put alike, so that one piece of code answers them in each."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from gateway.core.csms import EMPTY, WHILE_REJECTED, Csms, Handle, Reply, Rule, Treatment, kept
from gateway.core.facts import jobs
from gateway.core.records import Record
from gateway.core.stations import Station
from gateway.wire.messages import timestamp

Learn: TypeAlias = Callable[[Station, Any, datetime], Sequence[Record]]
"""Returns what a notification changes in what is known of a station: (station, decoded request, now) -> records."""


def _heartbeat(csms: Csms, station: Station, request: object, now: datetime) -> Reply:
    """Tell the time."""
    return Reply(b'{"currentTime":"%b"}' % timestamp(now).encode(), [])


def _security_event(csms: Csms, station: Station, request: Any, now: datetime) -> Reply:
    """Keep a SecurityEventNotification under the time that the station gave it."""
    time = csms.time_of(request.timestamp, now)
    return Reply(EMPTY, [kept("SecurityEventNotification", time, request)])


def reported(kind: str, answer: bytes = EMPTY, learn: Learn | None = None) -> Handle:
    """Return the answer to a message that is kept as it is, under its name in 2.x, beside what it has us `learn`."""

    def report(csms: Csms, station: Station, request: object, now: datetime) -> Reply:
        records: list[Record] = [kept(kind, now, request)]
        if learn is not None:
            records += learn(station, request, now)
        return Reply(answer, records)

    return report


def job_status(action: str) -> Learn:
    """Return what a status notification named `action` has us learn of the job that it is about."""

    def learn(station: Station, request: object, now: datetime) -> list[Record]:
        return jobs.records_of_status(station, action, request, now)

    return learn


def stored(kind: str, note: str, answer: bytes = EMPTY, *, keyed: bool = False) -> Rule:
    """Return the rule of a message that is kept as an event and acknowledged."""
    return Rule(reported(kind, answer), Treatment.STORED, note, keyed=keyed)


def noticed(kind: str, note: str, learn: Learn, answer: bytes = EMPTY, *, keyed: bool = False) -> Rule:
    """Return the rule of a message that is kept as an event and has us `learn` something of the station."""
    return Rule(reported(kind, answer, learn), Treatment.HANDLED, note, keyed=keyed)


def refused(answer: bytes, note: str) -> Rule:
    """Return the rule of a question that nothing here can serve; it is not kept."""

    def refuse(csms: Csms, station: Station, request: object, now: datetime) -> Reply:
        return Reply(answer, [])

    return Rule(refuse, Treatment.REFUSED, note)


def answer_raw(csms: Csms, station: Station, payload: bytes, now: datetime) -> tuple[bytes, str | None]:
    """Answer an undecodable message whose answer says nothing but "received"."""
    return EMPTY, None


DATA_TRANSFER: Final = stored(
    "DataTransfer", "answered UnknownVendorId: no vendor's extension is known", b'{"status":"UnknownVendorId"}'
)
HEARTBEAT: Final = Rule(_heartbeat, Treatment.HANDLED, "answered with the time")
SECURITY_EVENT: Final = Rule(
    _security_event,
    Treatment.STORED,
    "with the station's own time; accepted while Pending",
    keyed=True,
    refused_while=WHILE_REJECTED,
)
SIGN_CERTIFICATE: Final = Rule(
    reported("SignCertificate", b'{"status":"Rejected"}'),
    Treatment.REFUSED,
    "Rejected: there is no certificate authority; kept as an event",
)
