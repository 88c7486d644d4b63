"""Quirks of timestamps. The same instant in another notation is taken; what has to be guessed must be asked for.

`core.clock` stands behind them: a time that cannot be right is replaced by the time of receipt, and kept as evidence.
"""

import re
from typing import Final

from msgspec import inspect

from gateway.core.quirks.quirk import OCPP16, OCPP201, TRANSACTIONS, Departure, Example, Quirk, Spot

NO_TIME: Final = "1970-01-01T00:00:00Z"
"""What a station says whose clock was never set. No configuration believes it, so the time of receipt counts."""

_ISO: Final = re.compile(
    r"\s*(\d{4}-\d\d-\d\d)[Tt_ ](\d\d:\d\d)(:\d\d)?(?:[.,](\d+))?\s*(?:([Zz])|([+-]\d\d)(?::?(\d\d))?)?\s*", re.ASCII
)
"""Date and time of ISO 8601: fraction behind a point or a comma, offset of hours alone or with minutes, or none."""


def _parts(spot: Spot) -> tuple[str, str] | None:
    """Return what stands here as (RFC 3339 without an offset, the offset or ""), or None if it is no such time."""
    if not isinstance(spot.expected, inspect.DateTimeType) or not isinstance(spot.value, str):
        return None
    match = _ISO.fullmatch(spot.value)
    if match is None:
        return None
    date, minutes, seconds, fraction, zulu, hours, offset_minutes = match.groups()
    local = f"{date}T{minutes}{seconds or ':00'}{'' if fraction is None else '.' + fraction}"
    return local, "Z" if zulu else "" if hours is None else f"{hours}:{offset_minutes or '00'}"


def _same_instant(spot: Spot) -> bool:
    parts = _parts(spot)
    if parts is None or not parts[1] or "".join(parts) == spot.value:
        return False
    return spot.put("".join(parts))


def _take_for_utc(spot: Spot) -> bool:
    parts = _parts(spot)
    return parts is not None and not parts[1] and spot.put(parts[0] + "Z")


def _no_time(spot: Spot) -> bool:
    """Let an unreadable time be none: absent where it may be, else one that nobody believes."""
    if not isinstance(spot.expected, inspect.DateTimeType) or _parts(spot) is not None or spot.value == NO_TIME:
        return False
    return spot.drop() or spot.put(NO_TIME)


_STATUS: Final = '"connectorId":1,"errorCode":"NoError","status":"Available"'
_START: Final = '"connectorId":1,"idTag":"TAG1","meterStart":0'
_WRONG: Final = frozenset({Departure.CONSTRAINT})
_WRONG_OR_NONE: Final = frozenset({Departure.CONSTRAINT, Departure.TYPE, Departure.MISSING})

QUIRKS: Final = (
    Quirk(
        name="time_notation",
        what="A time in another notation of ISO 8601: offset of hours alone, comma before the fraction, no seconds",
        becomes="the same instant as RFC 3339 writes it",
        seen=("monta-app/ocpp-emulator#5 (+02)", "monta-app/ocpp-emulator#53 (+03)"),
        safe="It is the same instant.",
        departures=_WRONG,
        mend=_same_instant,
        examples=(
            Example(
                OCPP16,
                "StatusNotification",
                f'{{{_STATUS},"timestamp":"2026-03-01T13:00:00+01"}}',
                f'{{{_STATUS},"timestamp":"2026-03-01T13:00:00+01:00"}}',
            ),
            Example(
                OCPP201,
                "StatusNotification",
                '{"timestamp":" 2026-03-01T12:00:00,5Z","connectorStatus":"Available","evseId":1,"connectorId":1}',
                '{"timestamp":"2026-03-01T12:00:00.5Z","connectorStatus":"Available","evseId":1,"connectorId":1}',
            ),
        ),
    ),
    Quirk(
        name="time_zone_missing",
        what="A time without an offset, outside of transactions",
        becomes="that time in UTC",
        seen=("evcc-io/evcc#10399 (Growatt THOR)",),
        safe="Nobody is billed for a status. A time that comes out in the future is replaced by that of receipt.",
        departures=_WRONG,
        but=TRANSACTIONS,
        mend=_take_for_utc,
        examples=(
            Example(
                OCPP16,
                "StatusNotification",
                f'{{{_STATUS},"timestamp":"2026-03-01T12:00:00"}}',
                f'{{{_STATUS},"timestamp":"2026-03-01T12:00:00Z"}}',
            ),
        ),
    ),
    Quirk(
        name="transaction_time_zone_missing",
        what="A time without an offset, in a transaction",
        becomes="that time in UTC",
        seen=("evcc-io/evcc#10399 (Growatt THOR)", "lbbrhzn/ocpp#2032 (AEFA Home OCPP)"),
        safe="The energy is right. Only to be asked for: a station that means local time would shift tariffs by hours.",
        by_default=False,
        departures=_WRONG,
        actions=TRANSACTIONS,
        mend=_take_for_utc,
        examples=(
            Example(
                OCPP16,
                "StartTransaction",
                f'{{{_START},"timestamp":"2026-03-01T12:00:00"}}',
                f'{{{_START},"timestamp":"2026-03-01T12:00:00Z"}}',
            ),
        ),
    ),
    Quirk(
        name="time_unreadable",
        what="A time that is missing, empty, null or no time at all, outside of transactions",
        becomes="left out where it may be, else 1970, which the clock's rule replaces by the time of receipt",
        seen=("EVerest/libocpp#808", "evcc-io/evcc#17836 (Heidelberg Amperfied, scheduleStart 0)"),
        safe="Nobody is billed for a status; that the station's clock was not believed is recorded and counted.",
        departures=_WRONG_OR_NONE,
        but=TRANSACTIONS,
        mend=_no_time,
        examples=(
            Example(OCPP16, "StatusNotification", f'{{{_STATUS},"timestamp":"now"}}', f"{{{_STATUS}}}"),
            Example(
                OCPP201,
                "StatusNotification",
                '{"timestamp":"","connectorStatus":"Available","evseId":1,"connectorId":1}',
                '{"timestamp":"1970-01-01T00:00:00Z","connectorStatus":"Available","evseId":1,"connectorId":1}',
            ),
        ),
    ),
    Quirk(
        name="transaction_time_unreadable",
        what="A time that is missing, empty, null or no time at all, in a transaction",
        becomes="1970, which the clock's rule replaces by the time of receipt",
        seen=("EVerest/libocpp#678 (meter values)", "matth-x/MicroOcpp#88 (StartTransaction)"),
        safe="The energy is right. Only to be asked for: what an offline station sends late would be dated too late.",
        by_default=False,
        departures=_WRONG_OR_NONE,
        actions=TRANSACTIONS,
        mend=_no_time,
        examples=(
            Example(
                OCPP16,
                "MeterValues",
                '{"connectorId":1,"meterValue":[{"timestamp":"","sampledValue":[{"value":"7"}]}]}',
                '{"connectorId":1,"meterValue":[{"timestamp":"1970-01-01T00:00:00Z","sampledValue":[{"value":"7"}]}]}',
            ),
        ),
    ),
)
