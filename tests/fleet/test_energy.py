"""Facts about what 2.1 adds: DER controls, tariffs, battery swap."""

from tests.fleet.csms import OCPP21
from tests.fleet.operator import operated

CARD = {"idToken": "CARD", "type": "ISO14443"}


def droop(number: int, priority: int, *, default: bool = False) -> dict:
    setting = {"overFreq": 50.2, "underFreq": 49.8, "overDroop": 5.0, "underDroop": 5.0, "responseTime": 2.0}
    control = {"isDefault": default, "controlId": f"control {number}", "controlType": "FreqDroop"}
    return control | {"freqDroop": {"priority": priority} | setting}


def curve(number: int, kind: str = "VoltVar") -> dict:
    setting = {"curveData": [{"x": 1.0, "y": 2.0}], "priority": 1, "yUnit": "PctMaxVar"}
    return {"isDefault": False, "controlId": f"control {number}", "controlType": kind, "curve": setting}


async def controls(operator, **wanted) -> dict[str, list]:
    seen = len(operator.csms.of("ReportDERControl"))
    answer = await operator.ask("GetDERControl", {"requestId": 4} | wanted)
    parts = operator.csms.of("ReportDERControl")[seen:]
    assert answer["status"] == ("Accepted" if parts else "NotFound")
    assert [part.get("tbc", False) for part in parts] == [True] * (len(parts) - 1) + [False] * bool(parts)
    return {field: part[field] for part in parts for field in part if field not in ("requestId", "tbc")}


async def test_controls_are_kept_superseded_reported_and_cleared():
    async with operated(OCPP21) as operator:
        assert await controls(operator) == {}
        assert await operator.ask("SetDERControl", droop(1, 5)) == {"status": "Accepted"}
        answer = await operator.ask("SetDERControl", droop(2, 3))
        assert answer == {"status": "Accepted", "supersededIds": ["control 1"]}
        assert await operator.ask("SetDERControl", droop(3, 1, default=True)) == {"status": "Accepted"}
        assert await operator.ask("SetDERControl", curve(4)) == {"status": "Accepted"}
        told = await controls(operator)
        superseded = {control["id"]: control["isSuperseded"] for control in told["freqDroop"]}
        assert superseded == {"control 1": True, "control 2": False, "control 3": False}
        assert told["curve"][0]["curveType"] == "VoltVar"
        assert set(await controls(operator, controlType="VoltVar")) == {"curve"}
        assert [control["id"] for control in (await controls(operator, isDefault=True))["freqDroop"]] == ["control 3"]
        cleared = {"isDefault": False, "controlId": "control 2"}
        for status in ("Accepted", "NotFound"):
            assert (await operator.ask("ClearDERControl", cleared))["status"] == status
        (first,) = (await controls(operator, controlId="control 1"))["freqDroop"]
        assert first["isSuperseded"] is False, "what it superseded holds again"


async def test_a_control_without_its_setting_is_rejected():
    async with operated(OCPP21) as operator:
        asked = droop(1, 5) | {"controlType": "VoltVar"}
        assert (await operator.ask("SetDERControl", asked))["status"] == "Rejected"
        assert await controls(operator) == {}


def tariff(name: str, currency: str = "EUR") -> dict:
    return {"tariffId": name, "currency": currency, "energy": {"prices": [{"priceKwh": 0.3}]}}


async def test_a_default_tariff_is_told_applies_to_new_transactions_and_is_cleared():
    async with operated(OCPP21) as operator:
        evses = [outlet.number for outlet in operator.fleet.stations[0].outlets]
        assert (await operator.ask("GetTariffs", {"evseId": 0}))["status"] == "NoTariff"
        assert (await operator.ask("SetDefaultTariff", {"evseId": 0, "tariff": tariff("day")}))["status"] == "Accepted"
        assert (await operator.ask("SetDefaultTariff", {"evseId": 9, "tariff": tariff("x")}))["status"] == "Rejected"
        answer = await operator.ask("GetTariffs", {"evseId": 0})
        told = {"tariffId": "day", "tariffKind": "DefaultTariff", "evseIds": evses}
        assert answer["tariffAssignments"] == [told]
        await operator.start()
        await operator.clock.turn(120)
        assert {e["transactionInfo"]["tariffId"] for e in operator.csms.of("TransactionEvent")} == {"day"}
        answer = await operator.ask("ClearTariffs", {"tariffIds": ["night", "day"]})
        assert [result["status"] for result in answer["clearTariffsResult"]] == ["NoTariff", "Accepted"]
        assert (await operator.ask("GetTariffs", {"evseId": 1}))["status"] == "NoTariff"
        assert (await operator.ask("ClearTariffs", {}))["clearTariffsResult"] == [{"status": "NoTariff"}]


async def test_the_tariff_of_a_transaction_changes_within_its_currency():
    async with operated(OCPP21) as operator:
        await operator.ask("SetDefaultTariff", {"evseId": 1, "tariff": tariff("day")})
        await operator.start()
        transaction = operator.fleet.transactions[-1].transaction

        async def change(name: str, wanted: dict) -> str:
            asked = {"transactionId": name, "tariff": wanted}
            return (await operator.ask("ChangeTransactionTariff", asked))["status"]

        assert await change("nobody", tariff("night")) == "TxNotFound"
        assert await change(transaction, tariff("night", "SEK")) == "NoCurrencyChange"
        assert await change(transaction, tariff("night")) == "Accepted"
        told = operator.csms.of("TransactionEvent")[-1]
        assert told["triggerReason"] == "TariffChanged"
        assert told["transactionInfo"]["tariffId"] == "night"


async def test_a_battery_comes_out_where_nobody_charges():
    async with operated(OCPP21) as operator:
        asked = {"requestId": 8, "idToken": CARD}
        assert (await operator.ask("RequestBatterySwap", asked))["status"] == "Accepted"
        (swap,) = operator.csms.of("BatterySwap")
        assert (swap["eventType"], swap["requestId"], swap["idToken"]) == ("BatteryOut", 8, CARD)
        await operator.start()
        assert (await operator.ask("RequestBatterySwap", asked))["status"] == "Rejected"


async def test_what_discharges_is_not_supported():
    async with operated(OCPP21) as operator:
        answer = await operator.raw("AFRRSignal", {"timestamp": "2025-03-01T08:00:00Z", "signal": 1})
        assert answer[0] == "NotSupported"


async def test_energy_transfer_is_allowed_in_a_running_transaction():
    async with operated(OCPP21) as operator:
        await operator.start()
        transaction = operator.fleet.transactions[-1].transaction
        for name, status in ((transaction, "Accepted"), ("nobody", "Rejected")):
            asked = {"transactionId": name, "allowedEnergyTransfer": ["AC_three_phase"]}
            assert (await operator.ask("NotifyAllowedEnergyTransfer", asked))["status"] == status
