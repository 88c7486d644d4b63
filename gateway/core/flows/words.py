"""What flows share: words of their bodies, what a version cannot say, and how the end of a call becomes a result."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

from gateway.core.calls import CallEnded, Outcome
from gateway.core.commands import CommandError, Fault
from gateway.core.flows.flow import Operator, Result, failed
from gateway.core.records import Record
from gateway.core.stations import Station
from gateway.wire.messages import timestamp

OCPP16: Final = "ocpp1.6"
OCPP21: Final = "ocpp2.1"

NOT_CONNECTED: Final = CallEnded(Outcome.OFFLINE, sent=False)
"""The end of a call that was not sent."""

INT32_MAX: Final = 2**31 - 1

Evse: TypeAlias = Annotated[int, Meta(ge=1, le=INT32_MAX, description="Number of the EVSE; in 1.6 of the connector.")]
Connector: TypeAlias = Annotated[
    int, Meta(ge=1, le=INT32_MAX, description="Number of the connector at its EVSE; in 1.6 always 1.")
]

Identifier: TypeAlias = Annotated[int, Meta(ge=0, le=INT32_MAX)]
"""An id that a station or we gave out."""

Retries: TypeAlias = Annotated[
    int, Meta(ge=0, le=INT32_MAX, description="How often the station tries again; absent: as it likes.")
]
RetryInterval: TypeAlias = Annotated[
    int, Meta(ge=0, le=INT32_MAX, description="Seconds between two tries; absent: as the station likes.")
]


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a flow: a field that it does not know is an error."""


class IdToken(Body, frozen=True):
    """An id token: what identifies a driver. Most are cards, so that is what a type unsaid means. 1.6 has no types.

    Where a text may stand instead, it is the text of a card.
    """

    id_token: Annotated[str, Meta(description="Its text; at most 20 characters in 1.6.")]
    type: Annotated[str, Meta(description="Its type as in 2.x, such as `ISO14443`, `eMAID` or `Central`.")] = "ISO14443"


Token: TypeAlias = IdToken | str
"""An id token, or only its text."""


def id_token_2(token: Token) -> dict[str, str]:
    """Return an IdTokenType of 2.x."""
    token = IdToken(id_token=token) if isinstance(token, str) else token
    return {"idToken": token.id_token, "type": token.type}


def text_of(token: Token) -> str:
    """Return the text of a token."""
    return token if isinstance(token, str) else token.id_token


def id_tag_16(token: Token, path: str) -> str:
    """Return an IdToken of 1.6. Raises CommandError if it is too long for one (OCPP 1.6 section 7.28)."""
    text = text_of(token)
    if len(text) > 20:
        raise invalid("an id token of OCPP 1.6 has at most 20 characters", path)
    return text


def connector_16(evse: int | None, connector: int | None) -> int:
    """Return the connector of 1.6 that is connector 1 of an EVSE; 0 is the station. Raises CommandError for others."""
    require_evse(evse, connector)
    if connector not in (None, 1):
        raise invalid("in OCPP 1.6 an EVSE has one connector, number 1: what it numbers are EVSEs", "$.connector")
    return 0 if evse is None else evse


def evse_2(evse: int | None, connector: int | None) -> dict[str, int] | None:
    """Return an EVSEType of 2.x; None for the station. Raises CommandError."""
    require_evse(evse, connector)
    return None if evse is None else given(id=evse, connectorId=connector)


def require_evse(evse: int | None, connector: int | None) -> None:
    """Raise CommandError if a connector is named without its EVSE."""
    if connector is not None and evse is None:
        raise invalid("a connector is one of an EVSE: name that too", "$.evse")


def invalid(reason: str, path: str) -> CommandError:
    """Return the error for a body that cannot be said in the station's version."""
    return CommandError(Fault.INVALID, reason, path)


def is_16(operator: Operator, station: Station) -> bool:
    """Whether the station speaks 1.6. Raises CommandError if that is not known."""
    return operator.version(station) == OCPP16


def require_2(operator: Operator, station: Station, advice: str) -> None:
    """Raise CommandError with `advice` if the station speaks 1.6, which has nothing of the kind."""
    if is_16(operator, station):
        raise CommandError(Fault.ACTION_OF_OTHER_VERSION, f"the station speaks OCPP 1.6: {advice}")


def given(**properties: Any) -> dict[str, Any]:
    """Return the properties that are there: an absent one is left out and never null (OCPP 2.x Part 4 section 4.1)."""
    return {name: value for name, value in properties.items() if value is not None}


def stamp(time: datetime | None) -> str | None:
    """Return a time as OCPP writes it."""
    return None if time is None else timestamp(time)


def camel_case(value: Any) -> Any:
    """Return JSON with the names of properties as OCPP has them: `charging_schedule` becomes `chargingSchedule`."""
    match value:
        case dict():
            return {_SNAKE.sub(lambda match: match[1].upper(), name): camel_case(item) for name, item in value.items()}
        case list():
            return [camel_case(item) for item in value]
    return value


_SNAKE: Final = re.compile("_([a-z])")


def result_of(end: CallEnded, **body: Any) -> Result:
    """Return the result of a flow that is one call: the status that the station gave, and `body`."""
    if end.response is None or end.payload is None:
        result = failed(end)
        return Result(result.outcome, {**result.body, **body}, result.reason)
    response = msgspec.json.decode(end.response)
    status, said = response.get("status"), response.get("statusInfo")
    about = None if said is None else given(code=said["reasonCode"], text=said.get("additionalInfo"))
    body = {**given(status=status, status_info=about), **body}
    if end.outcome is Outcome.ACCEPTED:
        return Result(end.outcome, body)
    why = "" if about is None else f" ({', '.join(about.values())})"
    return Result(end.outcome, body, f"the station answered {status}{why}")


def refused(end: CallEnded) -> bool:
    """Whether it is sure that the station does not do what it was asked.

    It is not if no answer came, or one that cannot be read.
    """
    if end.outcome is Outcome.CALL_ERROR:
        return end.error_code is not None and end.response is None
    return end.outcome is Outcome.REJECTED or not end.sent


async def keep(operator: Operator, station: Station, records: Sequence[Record]) -> bool:
    """Record what a call brought, if anything; False if the journal has no room, for what the call did stands."""
    if not records:
        return True
    try:
        await operator.record(station, list(records))
    except CommandError as error:
        if error.fault is not Fault.JOURNAL_FULL:
            raise
        return False
    return True


def remembered(result: Result, kept: bool) -> Result:
    """Return `result`, which says so if the gateway could not `keep` what it changes."""
    if kept:
        return result
    reason = "the journal is full: the gateway will not remember this"
    return Result(result.outcome, {**result.body, "not_remembered": reason}, result.reason)


def response_of(end: CallEnded) -> dict[str, Any]:
    """Return the valid response of a call as JSON, empty where there is none."""
    if end.response is None or end.payload is None:
        return {}
    response: dict[str, Any] = msgspec.json.decode(end.response)
    return response
