"""What 2.1 adds around energy and money: DER controls, tariffs, battery swap (Part 2, blocks I, R, S)."""

from datetime import datetime

import msgspec

from gateway.fleet.commands2.answers import status
from gateway.fleet.dialect import Payload, Serve
from gateway.fleet.features.der_controls import FIELDS, Control
from gateway.fleet.payloads21 import (
    ChangeTransactionTariff,
    ClearDerControl,
    ClearTariffs,
    GetDerControl,
    GetTariffs,
    NotifyAllowedEnergyTransfer,
    NotifyWebPaymentStarted,
    RequestBatterySwap,
    SetDefaultTariff,
    SetDerControl,
)
from gateway.fleet.station import SimulatedStation

SWAPPED_SOC_PERCENT, SWAPPED_SOH_PERCENT = 95.0, 98.0
"""Of the battery that a swap gives out."""


def set_control(station: SimulatedStation, asked: SetDerControl, now: datetime) -> Payload:
    """R04."""
    field = FIELDS.get(asked.control_type, "curve")
    settings = {
        "curve": asked.curve,
        "enterService": asked.enter_service,
        "fixedPFAbsorb": asked.fixed_p_f_absorb,
        "fixedPFInject": asked.fixed_p_f_inject,
        "fixedVar": asked.fixed_var,
        "freqDroop": asked.freq_droop,
        "gradient": asked.gradient,
        "limitMaxDischarge": asked.limit_max_discharge,
    }
    setting = settings.pop(field)
    if setting is None or "priority" not in setting or any(other is not None for other in settings.values()):
        return status("Rejected", "InvalidMessage")
    control = Control(asked.control_id, asked.control_type, asked.is_default, setting)
    word, superseded = station.equipment.der_controls.set(control)
    return status(word) | ({"supersededIds": superseded} if superseded else {})


def get_control(station: SimulatedStation, asked: GetDerControl, now: datetime) -> Payload:
    """R04: a report for each kind of setting."""
    found = station.equipment.der_controls.matching(asked.is_default, asked.control_type, asked.control_id)
    if not found:
        return status("NotFound")
    fields = sorted({control.field for control in found})
    for field in fields:
        settings = [control.reported() for control in found if control.field == field]
        payload: Payload = {"requestId": asked.request_id, field: settings}
        station.report("ReportDERControl", payload | ({"tbc": True} if field != fields[-1] else {}))
    return status("Accepted")


def clear_control(station: SimulatedStation, asked: ClearDerControl, now: datetime) -> Payload:
    """R04."""
    controls = station.equipment.der_controls
    found = controls.matching(asked.is_default, asked.control_type, asked.control_id)
    controls.clear(found)
    return status("Accepted" if found else "NotFound")


def set_default_tariff(station: SimulatedStation, asked: SetDefaultTariff, now: datetime) -> Payload:
    """I08."""
    evses = _evses(station, asked.evse_id)
    if not evses or "tariffId" not in asked.tariff or "currency" not in asked.tariff:
        return status("Rejected", "InvalidValue")
    station.equipment.tariffs.set_default(evses, asked.tariff)
    return status("Accepted")


def get_tariffs(station: SimulatedStation, asked: GetTariffs, now: datetime) -> Payload:
    """I10."""
    evses = _evses(station, asked.evse_id)
    if not evses:
        return status("Rejected", "UnknownEvse")
    found = station.equipment.tariffs.defaults(evses)
    if not found:
        return status("NoTariff")
    assignments = [
        {"tariffId": tariff["tariffId"], "tariffKind": "DefaultTariff", "evseIds": evses}
        | ({"validFrom": tariff["validFrom"]} if "validFrom" in tariff else {})
        for tariff, evses in found
    ]
    return {"status": "Accepted", "tariffAssignments": assignments}


def clear_tariffs(station: SimulatedStation, asked: ClearTariffs, now: datetime) -> Payload:
    """I09: a result for each tariff; without ids all default tariffs go."""
    tariffs = station.equipment.tariffs
    evses = _evses(station, asked.evse_id or 0)
    ids: list[str] = asked.tariff_ids or [str(tariff["tariffId"]) for tariff, _ in tariffs.defaults(evses)]
    results = [
        {"tariffId": tariff_id, "status": "Accepted" if tariffs.clear(tariff_id, evses) else "NoTariff"}
        for tariff_id in ids
    ]
    return {"clearTariffsResult": results or [{"status": "NoTariff"}]}


def change_tariff(station: SimulatedStation, asked: ChangeTransactionTariff, now: datetime) -> Payload:
    """I11."""
    outlet = station.running_at(asked.transaction_id)
    if outlet is None:
        return status("TxNotFound")
    if "tariffId" not in asked.tariff or "currency" not in asked.tariff:
        return status("Rejected", "InvalidValue")
    word = station.equipment.tariffs.change(asked.transaction_id, asked.tariff)
    if word == "Accepted":
        outlet.sample(now, trigger="TariffChanged", context="Other")
    return status(word)


def battery_swap(station: SimulatedStation, asked: RequestBatterySwap, now: datetime) -> Payload:
    """S03: a charged battery comes out of the first EVSE, if that is free. The swap is told, not simulated."""
    outlet = station.outlets[0]
    if outlet.charge is not None:
        return status("Rejected", "NoBatteryAvailable")
    battery = {
        "evseId": outlet.number,
        "serialNumber": f"B{station.nameplate.serial}",
        "soC": SWAPPED_SOC_PERCENT,
        "soH": SWAPPED_SOH_PERCENT,
    }
    swapped = {"batteryData": [battery], "eventType": "BatteryOut", "idToken": msgspec.to_builtins(asked.id_token)}
    station.report("BatterySwap", swapped | {"requestId": asked.request_id})
    return status("Accepted")


def allowed_energy_transfer(station: SimulatedStation, asked: NotifyAllowedEnergyTransfer, now: datetime) -> Payload:
    """Q01: vehicles here only ever charge, which is always allowed."""
    return status("Accepted" if asked.transaction_id in station.transactions else "Rejected")


def web_payment_started(station: SimulatedStation, asked: NotifyWebPaymentStarted, now: datetime) -> Payload:
    """C25."""
    return {}


def _evses(station: SimulatedStation, evse: int) -> list[int]:
    """The EVSEs that are meant: with 0 all, and none where there is no such EVSE."""
    numbers = [outlet.number for outlet in station.outlets]
    return numbers if evse == 0 else [number for number in numbers if number == evse]


SERVED_21 = {
    "ChangeTransactionTariff": Serve(ChangeTransactionTariff, change_tariff),
    "ClearDERControl": Serve(ClearDerControl, clear_control),
    "ClearTariffs": Serve(ClearTariffs, clear_tariffs),
    "GetDERControl": Serve(GetDerControl, get_control),
    "GetTariffs": Serve(GetTariffs, get_tariffs),
    "NotifyAllowedEnergyTransfer": Serve(NotifyAllowedEnergyTransfer, allowed_energy_transfer),
    "NotifyWebPaymentStarted": Serve(NotifyWebPaymentStarted, web_payment_started),
    "RequestBatterySwap": Serve(RequestBatterySwap, battery_swap),
    "SetDERControl": Serve(SetDerControl, set_control),
    "SetDefaultTariff": Serve(SetDefaultTariff, set_default_tariff),
}
"""All of this is new in 2.1."""
