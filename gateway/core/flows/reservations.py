"""Reservations: made, cancelled, and remembered (OCPP 1.6 sections 5.1 and 5.13, 2.x use cases H01 to H04)."""

from typing import Annotated, Any, Final

from msgspec import Meta

from gateway.core.calls import Outcome
from gateway.core.commands import CommandError
from gateway.core.facts.reservations import (
    RESERVATIONS,
    Reservation,
    records_of_acceptance,
    records_of_end,
    records_of_made,
    records_of_refusal,
    shown,
)
from gateway.core.flows.flow import Flow, Operator, Result, Shown
from gateway.core.flows.words import (
    NOT_CONNECTED,
    Body,
    Evse,
    Identifier,
    Token,
    given,
    id_tag_16,
    id_token_2,
    invalid,
    is_16,
    keep,
    refused,
    remembered,
    result_of,
    text_of,
)
from gateway.core.records import Record
from gateway.core.stations import Station
from gateway.wire.messages import timestamp
from gateway.wire.schema_types import Timestamp


class Reserve(Body, frozen=True):
    """Reserve an EVSE, or any, for a token or its group."""

    id_token: Annotated[Token, Meta(description="Whom it is for.")]
    expires_at: Annotated[Timestamp, Meta(description="When it ends, in the future.")]
    id: Annotated[Identifier | None, Meta(description="Reservation that it replaces; absent: a new one.")] = None
    group_id_token: Annotated[Token | None, Meta(description="Group whose other tokens may use it too.")] = None
    evse: Annotated[Evse | None, Meta(description="Number of the EVSE; absent: any.")] = None
    connector_type: Annotated[
        Annotated[str, Meta(min_length=1, max_length=20)] | None,
        Meta(description="Type of connector that the EVSE must have, such as `cCCS2` (2.x)."),
    ] = None


class CancelReservation(Body, frozen=True):
    """Cancel a reservation, known to the gateway or not."""

    reservation_id: Annotated[Identifier, Meta(description="The id that the answer to its request told.")]


async def reserve(operator: Operator, station: Station, body: Reserve) -> Result:
    """Ask for a reservation. The status says why a station has none to give: Occupied, Faulted, Unavailable."""
    now = operator.now()
    if body.expires_at <= now:
        raise invalid("the reservation would be over already", "$.expires_at")
    reservation_id = operator.next_request_id(station) if body.id is None else body.id
    action, request = "ReserveNow", _request(operator, station, body, reservation_id)
    reservation = Reservation(
        reservation_id=reservation_id,
        id_token=text_of(body.id_token),
        expires_at=body.expires_at,
        made_at=now,
        state="unanswered",
        evse=body.evse,
        connector_type=body.connector_type,
        group_id_token=None if body.group_id_token is None else text_of(body.group_id_token),
    )
    if not operator.reaches(station, action, request):
        return result_of(NOT_CONNECTED)
    before = RESERVATIONS.get(station, str(reservation_id))
    try:
        await operator.record(station, records_of_made(station, reservation, now))
        end = await operator.call(station, action, request)
    except CommandError:
        await keep(operator, station, records_of_refusal(station, reservation_id, before, operator.now()))
        raise
    records: list[Record] = []
    if end.outcome is Outcome.ACCEPTED:
        records = records_of_acceptance(station, reservation_id, operator.now())
    elif refused(end):
        records = records_of_refusal(station, reservation_id, before, operator.now())
    kept = await keep(operator, station, records)
    return remembered(result_of(end, reservation_id=reservation_id), kept)


async def cancel(operator: Operator, station: Station, body: CancelReservation) -> Result:
    """Cancel. A station that rejects this says that it has no such reservation (1.6 section 7.9, 2.x use case H02)."""
    end = await operator.call(station, "CancelReservation", {"reservationId": body.reservation_id})
    records: list[Record] = []
    if end.outcome is Outcome.ACCEPTED:
        records = records_of_end(station, body.reservation_id, "cancelled", operator.now())
    elif end.outcome is Outcome.REJECTED:
        records = records_of_end(station, body.reservation_id, "removed", operator.now())
    kept = await keep(operator, station, records)
    return remembered(result_of(end, reservation_id=body.reservation_id), kept)


def _request(operator: Operator, station: Station, body: Reserve, reservation_id: int) -> dict[str, Any]:
    group = body.group_id_token
    if is_16(operator, station):
        if body.connector_type is not None:
            raise invalid("OCPP 1.6 reserves no type of connector: name an EVSE", "$.connector_type")
        return given(
            reservationId=reservation_id,
            connectorId=body.evse or 0,
            expiryDate=timestamp(body.expires_at),
            idTag=id_tag_16(body.id_token, "$.id_token"),
            parentIdTag=None if group is None else id_tag_16(group, "$.group_id_token"),
        )
    return given(
        id=reservation_id,
        evseId=body.evse,
        expiryDateTime=timestamp(body.expires_at),
        connectorType=body.connector_type,
        idToken=id_token_2(body.id_token),
        groupIdToken=None if group is None else id_token_2(group),
    )


FLOWS: Final = (
    Flow(
        "reservations",
        Reserve,
        reserve,
        "Reserve an EVSE for an id token",
        actions=("ReserveNow",),
        answer={
            "reservation_id": "Id of the reservation.",
        },
    ),
    Flow(
        "reservations/{reservation_id}",
        CancelReservation,
        cancel,
        "Cancel a reservation",
        "DELETE",
        actions=("CancelReservation",),
        answer={
            "reservation_id": "As asked.",
        },
    ),
)
SHOWN: Final = (Shown("reservations", shown, "Reservations, and what became of the last ones", Reservation),)
