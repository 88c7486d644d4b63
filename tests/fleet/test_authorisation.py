"""Facts about local lists and reservations."""

from datetime import timedelta

import pytest

from gateway.fleet import Behaviour
from gateway.fleet.dialect import timestamp
from gateway.fleet.features.local_list import ENTRIES_MAX, ListEntry, LocalList
from tests.fleet.csms import OCPP16, OCPP21
from tests.fleet.operator import VERSIONS, VERSIONS_2, operated


def listed(*tokens: str, status: str = "Accepted") -> list[ListEntry]:
    return [ListEntry(token, status) for token in tokens]


def test_a_full_list_replaces_and_a_differential_one_changes():
    local_list = LocalList()
    assert local_list.update(5, listed("A", "B"), differential=False) == "Accepted"
    changes = [ListEntry("a", None), ListEntry("B", "Blocked"), ListEntry("C", "Accepted")]
    assert local_list.update(6, changes, differential=True) == "Accepted"
    assert [local_list.verdict(token) for token in "ABC"] == [None, "Blocked", "Accepted"]
    assert local_list.update(2, listed("D"), differential=False) == "Accepted"
    assert [local_list.verdict(token) for token in "ABCD"] == [None, None, None, "Accepted"]
    assert local_list.version == 2


@pytest.mark.parametrize("version", [4, 5])
def test_a_differential_list_must_be_newer(version):
    local_list = LocalList()
    local_list.update(5, listed("A"), differential=False)
    assert local_list.update(version, listed("B"), differential=True) == "VersionMismatch"
    assert (local_list.version, local_list.verdict("B")) == (5, None)


@pytest.mark.parametrize(
    "entries",
    [listed("A", "a"), [ListEntry("A", None)], listed(*(str(number) for number in range(ENTRIES_MAX + 1)))],
)
def test_a_list_that_cannot_be_is_refused_whole(entries):
    local_list = LocalList()
    local_list.update(5, listed("X"), differential=False)
    assert local_list.update(6, entries, differential=False) == "Failed"
    assert (local_list.version, local_list.size, local_list.verdict("X")) == (5, 1, "Accepted")


def test_a_full_list_without_entries_clears_it():
    local_list = LocalList()
    local_list.update(5, listed("A"), differential=False)
    assert local_list.update(6, [], differential=False) == "Accepted"
    assert (local_list.version, local_list.size) == (0, 0)


async def send_list(operator, number: int, tokens: list[str], *, kind: str = "Full", status: str = "Accepted") -> list:
    if operator.version == OCPP16:
        entries = [{"idTag": token, "idTagInfo": {"status": status}} for token in tokens]
        asked = {"listVersion": number, "updateType": kind, "localAuthorizationList": entries}
    else:
        entries = [
            {"idToken": {"idToken": token, "type": "ISO14443"}, "idTokenInfo": {"status": status}} for token in tokens
        ]
        asked = {"versionNumber": number, "updateType": kind, "localAuthorizationList": entries}
    return await operator.raw("SendLocalList", asked)


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_version_of_the_list_is_told(version):
    field = "listVersion" if version == OCPP16 else "versionNumber"
    async with operated(version) as operator:
        assert (await operator.ask("GetLocalListVersion", {}))[field] == 0
        assert (await send_list(operator, 9, ["A"]))[0]["status"] == "Accepted"
        assert (await operator.ask("GetLocalListVersion", {}))[field] == 9
        (answer,) = await send_list(operator, 9, ["B"], kind="Differential")
        assert answer["status"] == "VersionMismatch"


@pytest.mark.parametrize("version", VERSIONS)
async def test_more_entries_than_a_message_may_hold_are_refused(version):
    async with operated(version) as operator:
        answer = await send_list(operator, 1, [str(number) for number in range(51)])
        if version == OCPP16:
            assert answer[0] == {"status": "Failed"}
        else:
            assert answer[0] == "OccurrenceConstraintViolation"
        assert (await send_list(operator, 1, [str(number) for number in range(50)]))[0]["status"] == "Accepted"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("status", "charges"), [("Accepted", True), ("Blocked", False)])
async def test_offline_the_list_decides(version, status, charges):
    """One driver, one card, who comes while the network is away."""
    alone = Behaviour(
        first_arrival_s_mean=1800, offline_every_s_mean=60, offline_s=(80_000, 90_000), id_tokens=["CARD"]
    )
    async with operated(version, behaviour=alone) as operator:
        await send_list(operator, 1, ["card"], status=status)
        await operator.clock.turn(4 * 3600)
        assert operator.fleet.statistics.connected == 0
        assert operator.csms.of("Authorize") == []
        assert bool(operator.fleet.transactions) is charges


async def reserve(operator, *, number: int = 1, evse: int = 1, token: str = "CARD", minutes: float = 30) -> str:
    expires = timestamp(operator.clock.now() + timedelta(minutes=minutes))
    if operator.version == OCPP16:
        asked = {"reservationId": number, "connectorId": evse, "idTag": token, "expiryDate": expires}
    else:
        id_token = {"idToken": token, "type": "ISO14443"}
        asked = {"id": number, "evseId": evse, "idToken": id_token, "expiryDateTime": expires}
    return (await operator.ask("ReserveNow", asked))["status"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_reserved_outlet_is_for_whom_it_is_reserved(version):
    async with operated(version) as operator:
        assert await reserve(operator, number=3, token="OTHER") == "Accepted"
        assert operator.connector_states()[-1] == "Reserved"
        assert await reserve(operator, number=4) == "Occupied"
        assert (await operator.start())["status"] == "Rejected", "it is kept for somebody else"
        assert await reserve(operator, number=3, token="CARD") == "Accepted", "the same id replaces"
        assert (await operator.start())["status"] == "Accepted"
        started = operator.csms.of("StartTransaction" if version == OCPP16 else "TransactionEvent")[0]
        assert started["reservationId"] == 3
        assert (await operator.ask("CancelReservation", {"reservationId": 3}))["status"] == "Rejected", "it is used up"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_reservation_expires_and_that_is_told(version):
    async with operated(version) as operator:
        await reserve(operator, number=3, minutes=10)
        await operator.clock.turn(599)
        assert operator.connector_states()[-1] == "Reserved"
        await operator.clock.turn(2)
        assert operator.connector_states()[-1] == "Available"
        ended = operator.csms.of("ReservationStatusUpdate")
        assert ended == ([] if version == OCPP16 else [{"reservationId": 3, "reservationUpdateStatus": "Expired"}])


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_cancelled_reservation_frees_the_outlet_without_a_message(version):
    async with operated(version) as operator:
        await reserve(operator, number=3)
        assert (await operator.ask("CancelReservation", {"reservationId": 4}))["status"] == "Rejected"
        assert (await operator.ask("CancelReservation", {"reservationId": 3}))["status"] == "Accepted"
        assert operator.connector_states()[-1] == "Available"
        assert operator.csms.of("ReservationStatusUpdate") == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_outlet_that_is_taken_or_out_of_service_cannot_be_reserved(version):
    out = {"connectorId": 0, "type": "Inoperative"} if version == OCPP16 else {"operationalStatus": "Inoperative"}
    async with operated(version) as operator:
        await operator.start()
        assert await reserve(operator) == "Occupied"
        await operator.stop()
        await operator.clock.turn(300)
        assert await reserve(operator, minutes=-1) == "Rejected", "it is over already"
        assert await reserve(operator, evse=9) == "Rejected"
        assert await reserve(operator, number=5) == "Accepted"
        await operator.ask("ChangeAvailability", out)
        assert operator.connector_states()[-1] == "Unavailable"
        assert await reserve(operator) == "Unavailable"
        removed = operator.csms.of("ReservationStatusUpdate")
        assert removed == ([] if version == OCPP16 else [{"reservationId": 5, "reservationUpdateStatus": "Removed"}])


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_a_reservation_of_any_evse_is_refused(version):
    async with operated(version) as operator:
        asked = {"id": 1, "idToken": {"idToken": "A", "type": "Central"}, "expiryDateTime": "2025-03-01T09:00:00Z"}
        assert (await operator.ask("ReserveNow", asked))["status"] == "Rejected"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_driver_who_finds_an_outlet_reserved_comes_back(version):
    soon = Behaviour(first_arrival_s_mean=300, offline_every_s_mean=None)
    async with operated(version, behaviour=soon) as operator:
        outlet = operator.fleet.stations[0].outlets[0]
        if outlet.stage == "Available":
            assert await reserve(operator, minutes=600) == "Accepted"
            await operator.clock.turn(9 * 3600)
            assert all(truth.evse != 1 for truth in operator.fleet.transactions)
        await operator.clock.turn(4 * 3600)
        assert any(truth.evse == 1 for truth in operator.fleet.transactions)


async def test_the_state_of_a_2_1_connector_is_an_event():
    async with operated(OCPP21) as operator:
        await reserve(operator)
        assert operator.csms.of("StatusNotification") == []
        events = [event for told in operator.csms.of("NotifyEvent") for event in told["eventData"]]
        assert [event["eventId"] for event in events] == list(range(1, len(events) + 1))
        assert {event["eventNotificationType"] for event in events} == {"HardWiredNotification"}
