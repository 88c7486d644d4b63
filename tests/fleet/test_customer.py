"""Facts about display messages, customer information and the smaller commands."""

import pytest

from tests.fleet.csms import OCPP16, OCPP21
from tests.fleet.operator import VERSIONS, VERSIONS_2, operated

CARD = {"idToken": "CARD", "type": "ISO14443"}


def message(number: int, **more) -> dict:
    return {
        "id": number,
        "priority": "NormalCycle",
        "message": {"format": "UTF8", "language": "en", "content": "Hello"},
    } | more


async def show(operator, shown: dict) -> str:
    return (await operator.ask("SetDisplayMessage", {"message": shown}))["status"]


async def shown(operator, **wanted) -> list[int]:
    seen = len(operator.csms.of("NotifyDisplayMessages"))
    answer = await operator.ask("GetDisplayMessages", {"requestId": 1} | wanted)
    parts = operator.csms.of("NotifyDisplayMessages")[seen:]
    assert answer["status"] == ("Accepted" if parts else "Unknown")
    assert [part.get("tbc", False) for part in parts] == [True] * (len(parts) - 1) + [False] * bool(parts)
    return [told["id"] for part in parts for told in part["messageInfo"]]


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_messages_are_shown_told_and_cleared(version):
    async with operated(version) as operator:
        assert await shown(operator) == []
        for number in range(1, 13):
            state = "Charging" if number < 3 else "Idle"
            priority = "AlwaysFront" if number == 3 else "NormalCycle"
            assert await show(operator, message(number, state=state, priority=priority)) == "Accepted"
        assert await shown(operator) == list(range(1, 13))
        assert await shown(operator, state="Charging") == [1, 2]
        assert await shown(operator, priority="AlwaysFront") == [3]
        assert await shown(operator, id=[4, 99]) == [4]
        for status in ("Accepted", "Unknown"):
            assert (await operator.ask("ClearDisplayMessage", {"id": 4}))["status"] == status
        assert await shown(operator, id=[4]) == []


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_a_message_ends_at_its_time_or_with_its_transaction(version):
    async with operated(version) as operator:
        await operator.start()
        transaction = operator.fleet.transactions[-1].transaction
        assert await show(operator, message(1, endDateTime="2025-03-01T08:30:00Z")) == "Accepted"
        assert await show(operator, message(2, transactionId=transaction)) == "Accepted"
        assert await show(operator, message(3, transactionId="nobody")) == "UnknownTransaction"
        await operator.clock.turn(1700)
        assert await shown(operator) == [1, 2]
        await operator.clock.turn(200)
        assert await shown(operator) == [2]
        await operator.stop()
        assert await shown(operator) == []


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_a_display_has_room_for_so_many_and_shows_no_pages(version):
    async with operated(version) as operator:
        html = message(1) | {"message": {"format": "HTML", "content": "<b>"}}
        assert await show(operator, html) == "NotSupportedMessageFormat"
        for number in range(20):
            await show(operator, message(number))
        assert await show(operator, message(20)) == "Rejected"
        assert await show(operator, message(19, state="Idle")) == "Accepted", "the same id replaces"


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_what_is_known_of_a_customer_is_told_and_forgotten(version):
    async with operated(version) as operator:
        entry = {"idToken": CARD, "idTokenInfo": {"status": "Accepted"}}
        asked = {"versionNumber": 1, "updateType": "Full", "localAuthorizationList": [entry]}
        await operator.ask("SendLocalList", asked)
        await operator.start()

        async def information(**wanted) -> str:
            asked = {"requestId": 2, "report": True, "clear": False} | wanted
            return (await operator.ask("CustomerInformation", asked))["status"]

        assert await information(idToken=CARD) == "Accepted"
        (told,) = operator.csms.of("NotifyCustomerInformation")
        assert "local list" in told["data"]
        assert operator.fleet.transactions[-1].transaction in told["data"]
        assert await information(idToken=CARD, clear=True) == "Accepted"
        assert await information(idToken=CARD) == "Accepted"
        assert "local list" not in operator.csms.of("NotifyCustomerInformation")[-1]["data"]
        assert await information() == "Invalid"
        assert await information(idToken=CARD, customerIdentifier="me") == "Invalid"
        assert await information(idToken=CARD, report=False) == "Rejected"
        assert await information(customerIdentifier="me") == "Accepted"
        assert operator.csms.of("NotifyCustomerInformation")[-1]["data"] == ""


@pytest.mark.parametrize("version", VERSIONS)
async def test_data_is_transferred_for_its_own_vendor_only(version):
    async with operated(version) as operator:
        vendor = operator.fleet.stations[0].nameplate.vendor
        for asked, answer in (
            ({"vendorId": "nobody"}, {"status": "UnknownVendorId"}),
            ({"vendorId": vendor, "messageId": "Coffee"}, {"status": "UnknownMessageId"}),
            ({"vendorId": vendor, "messageId": "Echo", "data": "hi"}, {"status": "Accepted", "data": "hi"}),
            ({"vendorId": vendor, "messageId": "Echo"}, {"status": "Accepted"}),
        ):
            assert await operator.ask("DataTransfer", asked) == answer


@pytest.mark.parametrize("version", VERSIONS)
async def test_unlocking_ends_a_transaction_in_1_6_and_is_refused_in_2_x(version):
    async with operated(version) as operator:
        asked = {"connectorId": 1} if version == OCPP16 else {"evseId": 1, "connectorId": 1}
        assert (await operator.ask("UnlockConnector", asked))["status"] == "Unlocked"
        await operator.start()
        if version == OCPP16:
            assert (await operator.ask("UnlockConnector", asked))["status"] == "Unlocked"
            assert operator.csms.of("StopTransaction")[0]["reason"] == "UnlockCommand"
            assert (await operator.ask("UnlockConnector", {"connectorId": 9}))["status"] == "NotSupported"
        else:
            answer = await operator.ask("UnlockConnector", asked)
            assert answer["status"] == "OngoingAuthorizedTransaction"
            answer = await operator.ask("UnlockConnector", {"evseId": 1, "connectorId": 2})
            assert answer["status"] == "UnknownConnector"
            assert operator.fleet.statistics.transactions == 1


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_cache_can_always_be_cleared(version):
    async with operated(version) as operator:
        assert (await operator.ask("ClearCache", {}))["status"] == "Accepted"


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_a_transaction_is_told_to_run_or_not(version):
    async with operated(version) as operator:
        assert await operator.ask("GetTransactionStatus", {}) == {"messagesInQueue": False}
        await operator.start()
        transaction = operator.fleet.transactions[-1].transaction
        for name, runs in ((transaction, True), ("nobody", False)):
            answer = await operator.ask("GetTransactionStatus", {"transactionId": name})
            assert answer == {"ongoingIndicator": runs, "messagesInQueue": False}
        await operator.stop()
        answer = await operator.ask("GetTransactionStatus", {"transactionId": transaction})
        assert answer["ongoingIndicator"] is False


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_an_evse_alone_cannot_be_reset(version):
    async with operated(version) as operator:
        assert (await operator.ask("Reset", {"type": "Immediate", "evseId": 1}))["status"] == "Rejected"
        if version == OCPP21:
            assert (await operator.ask("Reset", {"type": "ImmediateAndResume"}))["status"] == "Rejected"
        await operator.clock.turn(120)
        assert len(operator.csms.of("BootNotification")) == 1
