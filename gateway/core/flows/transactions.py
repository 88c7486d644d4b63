"""Remote start and stop, by id token and EVSE, whatever the version (OCPP 2.x use cases F01 to F03)."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from msgspec import Meta

from gateway.core.flows.flow import Flow, Operator, Result
from gateway.core.flows.words import (
    INT32_MAX,
    Body,
    Evse,
    Identifier,
    Token,
    camel_case,
    given,
    id_tag_16,
    id_token_2,
    invalid,
    is_16,
    response_of,
    result_of,
)
from gateway.core.stations import Station

_DIGITS: Final = re.compile(r"[0-9]{1,10}")
"""A number that may be an int32."""


class Start(Body, frozen=True):
    """Start charging for an id token."""

    id_token: Annotated[Token, Meta(description="Who charges.")]
    evse: Annotated[
        Evse | None,
        Meta(description="Number of the EVSE; absent: the station, or the driver, chooses, and it may refuse to."),
    ] = None
    remote_start_id: Annotated[
        Identifier | None,
        Meta(description="What the transaction says that it was started by (2.x); absent: a new one."),
    ] = None
    charging_profile: Annotated[
        dict[str, Any] | None,
        Meta(description="ChargingProfileType of 2.x, of purpose TxProfile, its names in snake_case or as they are."),
    ] = None
    group_id_token: Annotated[Token | None, Meta(description="Group of the token (2.x).")] = None


class Stop(Body, frozen=True):
    """Stop a transaction. Not only those known as running: the station knows best."""

    transaction: Annotated[
        str | int, Meta(description="Its id; in 1.6 the number that the gateway gave it, which may stand as text.")
    ]


async def start(operator: Operator, station: Station, body: Start) -> Result:
    """Ask for a start. The body of the result has the transaction if the station named it: 1.6 never does."""
    profile = None if body.charging_profile is None else camel_case(body.charging_profile)
    if profile is not None and profile.get("chargingProfilePurpose") != "TxProfile":
        raise invalid("a start takes a charging profile of purpose TxProfile", "$.charging_profile")
    if profile is not None and "transactionId" in profile:
        raise invalid("a transaction that is to be started has no id yet", "$.charging_profile.transaction_id")
    if is_16(operator, station):
        if body.group_id_token is not None:
            raise invalid("OCPP 1.6 starts without a group: the station learns it by Authorize", "$.group_id_token")
        request = given(
            idTag=id_tag_16(body.id_token, "$.id_token"),
            connectorId=body.evse,
            chargingProfile=None if profile is None else profile_16(profile),
        )
        return result_of(await operator.call(station, "RemoteStartTransaction", request))
    remote_start_id = operator.next_request_id(station) if body.remote_start_id is None else body.remote_start_id
    request = given(
        idToken=id_token_2(body.id_token),
        remoteStartId=remote_start_id,
        evseId=body.evse,
        chargingProfile=profile,
        groupIdToken=None if body.group_id_token is None else id_token_2(body.group_id_token),
    )
    end = await operator.call(station, "RequestStartTransaction", request)
    transaction = response_of(end).get("transactionId")
    return result_of(end, remote_start_id=remote_start_id, **given(transaction=transaction))


async def stop(operator: Operator, station: Station, body: Stop) -> Result:
    """Ask for a stop; `running` says whether the gateway knew the transaction as running."""
    transaction = str(body.transaction)
    known = station.transaction(transaction)
    about = {"transaction": transaction, "running": known is not None and known.ended_at is None}
    if is_16(operator, station):
        number = int(transaction) if _DIGITS.fullmatch(transaction) else None
        if number is None or number > INT32_MAX:
            raise invalid("a transaction of OCPP 1.6 has a number, which was given out by the gateway", "$.transaction")
        request: dict[str, Any] = {"transactionId": number}
        return result_of(await operator.call(station, "RemoteStopTransaction", request), **about)
    request = {"transactionId": transaction}
    return result_of(await operator.call(station, "RequestStopTransaction", request), **about)


def profile_16(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return a TxProfile of 1.6 for one of 2.x. Raises CommandError for more schedules than one."""
    schedules = profile.get("chargingSchedule")
    if not isinstance(schedules, list) or len(schedules) != 1 or not isinstance(schedules[0], dict):
        raise invalid("a charging profile of OCPP 1.6 has one schedule", "$.charging_profile.charging_schedule")
    said = {name: value for name, value in profile.items() if name not in ("id", "chargingSchedule")}
    schedule = {name: value for name, value in schedules[0].items() if name != "id"}
    return {
        **said,
        **given(chargingProfileId=profile.get("id")),
        "chargingSchedule": schedule,
    }


FLOWS: Final = (
    Flow(
        "start",
        Start,
        start,
        "Start a transaction for an id token",
        actions=("RequestStartTransaction", "RemoteStartTransaction"),
        answer={
            "remote_start_id": "What the transaction will say that it was started by (2.x).",
            "transaction": "Id of the transaction, where the station named it; 1.6 never does.",
        },
    ),
    Flow(
        "stop",
        Stop,
        stop,
        "Stop a transaction",
        actions=("RequestStopTransaction", "RemoteStopTransaction"),
        answer={
            "transaction": "As asked, as text.",
            "running": "Whether the gateway knew it as running.",
        },
    ),
)
