"""Requests that all versions put alike, so that one piece of code answers them in each."""

from datetime import datetime
from typing import Any

from gateway.core.csms import EMPTY, Csms, Handle, Reply, kept
from gateway.core.stations import Station
from gateway.wire.messages import timestamp


def heartbeat(csms: Csms, station: Station, request: object, now: datetime) -> Reply:
    """Tell the time."""
    return Reply(b'{"currentTime":"%b"}' % timestamp(now).encode(), [])


def security_event(csms: Csms, station: Station, request: Any, now: datetime) -> Reply:
    """Keep a SecurityEventNotification under the time that the station gave it."""
    time = csms.time_of(request.timestamp, now)
    return Reply(EMPTY, [kept("SecurityEventNotification", time, request)])


def reported(kind: str, answer: bytes = EMPTY) -> Handle:
    """Return the answer to a message that is kept as it is, under its name in 2.x."""

    def report(csms: Csms, station: Station, request: object, now: datetime) -> Reply:
        return Reply(answer, [kept(kind, now, request)])

    return report


def answer_raw(csms: Csms, station: Station, payload: bytes, now: datetime) -> tuple[bytes, str | None]:
    """Answer an undecodable message whose answer says nothing but "received"."""
    return EMPTY, None


data_transfer = reported("DataTransfer", b'{"status":"UnknownVendorId"}')
"""No vendor's extension is known here."""

sign_certificate = reported("SignCertificate", b'{"status":"Rejected"}')
"""There is no certificate authority here."""
