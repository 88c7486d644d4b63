"""What the versions share: how an intent becomes a message, and how a station serves its server's calls."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

import msgspec

from gateway.fleet.intents import Answer, Intent
from gateway.fleet.meter import Reading

Payload: TypeAlias = dict[str, Any]
"""The payload of a message, as JSON knows it."""

T = TypeVar("T")


class Refusal(Exception):  # noqa: N818 - the field's word: a refused call is the expected course, answered by CALLERROR
    """A server's call that is answered with CALLERROR `code`, in the words of the version in use."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description[:255]


class Dialect(Protocol):
    """One OCPP version, spoken by one station."""

    subprotocol: str
    """The name under which the version is negotiated, such as `ocpp1.6`."""

    refuses_results: bool
    """Whether a CALLRESULT that is not that of the version is answered by CALLRESULTERROR (2.1)."""

    def call(self, intent: Intent) -> tuple[str, Payload] | None:
        """The action and payload that say `intent`, or None where the version has nothing to say about it."""

    def answer(self, intent: Intent, payload: Payload) -> Answer:
        """What the CALLRESULT to `intent` means. Raises msgspec.ValidationError where it is not that of the version."""

    def lost(self, intent: Intent) -> None:
        """The message for `intent` has been given up."""

    def serve(self, action: str, payload: Payload, now: datetime) -> Payload:
        """Do what the server wants and return the CALLRESULT's payload. Raises Refusal."""


class Serve(NamedTuple):
    """How one action of the server is served: the part of its payload that matters, and what is done.

    `serve` gets the dialect or the station, whichever its version needs, the part, and the time.
    """

    asked: type
    serve: Callable[[Any, Any, datetime], Payload]


def serve_from(
    table: Mapping[str, Serve],
    known: frozenset[str],
    malformed: str,
    host: object,
    action: str,
    payload: Payload,
    now: datetime,
) -> Payload:
    """Serve `action` from `table`. `known` actions exist in the version; `malformed` is its code for a bad payload."""
    served = table.get(action)
    if served is None:
        raise Refusal("NotSupported" if action in known else "NotImplemented", f"{action} is not supported here")
    try:
        asked: Any = msgspec.convert(payload, served.asked)
    except msgspec.ValidationError as error:
        raise Refusal(malformed, str(error)) from error
    return served.serve(host, asked, now)


def timestamp(at: datetime) -> str:
    """`at` as OCPP writes it: UTC with three fractional digits (2.x allows no more)."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


class Quantity(NamedTuple):
    """One sampled value in the words that all versions share. `unit` is that of 2.x."""

    measurand: str
    phase: str | None
    unit: str
    value: float
    location: str = "Outlet"


def quantities(reading: Reading) -> list[Quantity]:
    """All that `reading` shows, the register first."""
    ac = reading.frequency_hz is not None
    phases = [f"L{number}" if ac else None for number in range(1, len(reading.volts) + 1)]
    found = [
        Quantity("Energy.Active.Import.Register", None, "Wh", reading.register_wh),
        Quantity("Power.Active.Import", None, "W", reading.power_w),
    ]
    found += [Quantity("Current.Import", phase, "A", a) for phase, a in zip(phases, reading.amperes, strict=True)]
    found += [
        Quantity("Voltage", phase and f"{phase}-N", "V", v) for phase, v in zip(phases, reading.volts, strict=True)
    ]
    if reading.frequency_hz is not None:
        found.append(Quantity("Frequency", None, "Hz", reading.frequency_hz))
    if reading.soc_percent is not None:
        found.append(Quantity("SoC", None, "Percent", reading.soc_percent, "EV"))
    return found
