"""Charging profiles (Part 2, block K), with what 2.1 adds: dynamic profiles and priority charging."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from gateway.fleet.commands2.answers import status
from gateway.fleet.dialect import Payload, Refusal, Serve, timestamp
from gateway.fleet.features.profiles import Installed
from gateway.fleet.payloads2 import (
    ChargingProfile,
    ClearChargingProfile,
    GetChargingProfiles,
    GetCompositeSchedule,
    ProfileCriteria,
    SchedulePeriod,
    SetChargingProfile,
)
from gateway.fleet.payloads21 import UpdateDynamicSchedule, UsePriorityCharging
from gateway.fleet.schedules import told_schedule
from gateway.fleet.station import SimulatedStation
from gateway.wire.composite import RECURS, TX, Period, Profile

SOURCE = "CSO"
"""ChargingLimitSourceEnumType of all that a server sets."""


def set_profile(station: SimulatedStation, asked: SetChargingProfile, now: datetime) -> Payload:
    """K01 to K05."""
    reason = install(station, asked.evse_id, asked.charging_profile, now)
    return status("Rejected", reason) if reason else status("Accepted")


def install(station: SimulatedStation, evse: int, verbatim: Payload, now: datetime) -> str:
    """Install a ChargingProfileType: an empty string, or the reason why not. Raises Refusal where it is none."""
    try:
        asked = msgspec.convert(verbatim, ChargingProfile)
    except msgspec.ValidationError as error:
        raise Refusal("FormatViolation", str(error)) from error
    reason = _refusal(asked)
    if asked.charging_profile_kind == "Dynamic" and not station.takes_dynamic:
        reason = "UnsupportedKind"
    if reason:
        return reason
    return station.equipment.profiles.install(evse, _profile(asked, now), verbatim, now, replaces=False)


def clear_profile(station: SimulatedStation, asked: ClearChargingProfile, now: datetime) -> Payload:
    """K10."""
    criteria = asked.charging_profile_criteria or ProfileCriteria()
    cleared = station.equipment.profiles.clear(
        now,
        profile_id=asked.charging_profile_id,
        evse=criteria.evse_id,
        purpose=criteria.charging_profile_purpose,
        stack_level=criteria.stack_level,
    )
    return status("Accepted" if cleared else "Unknown")


def get_profiles(station: SimulatedStation, asked: GetChargingProfiles, now: datetime) -> Payload:
    """K09: a report for each EVSE that has a fitting profile."""
    wanted = asked.charging_profile
    found = station.equipment.profiles.matching(
        evse=asked.evse_id,
        purpose=wanted.charging_profile_purpose,
        stack_level=wanted.stack_level,
        ids=wanted.charging_profile_id,
    )
    if wanted.charging_limit_source is not None and SOURCE not in wanted.charging_limit_source:
        found = []
    if not found:
        return status("NoProfiles")
    evses = sorted({held.evse for held in found})
    for evse in evses:
        _report(station, asked.request_id, evse, [h for h in found if h.evse == evse], more=evse != evses[-1])
    return status("Accepted")


def composite(station: SimulatedStation, asked: GetCompositeSchedule, now: datetime) -> Payload:
    """K08."""
    if not 0 <= asked.evse_id <= len(station.outlets):
        return status("Rejected", "UnknownEvse")
    schedule = told_schedule(station.equipment.profiles, asked.evse_id, now, asked.duration, asked.charging_rate_unit)
    schedule |= {"evseId": asked.evse_id, "scheduleStart": timestamp(now)}
    return {"status": "Accepted", "schedule": schedule}


def update_dynamic(station: SimulatedStation, asked: UpdateDynamicSchedule, now: datetime) -> Payload:
    """K28 of 2.1: a new limit for a dynamic profile, whose duration begins anew (K28.FR.13)."""
    found = station.equipment.profiles.matching(ids=[asked.charging_profile_id])
    if not found or found[0].verbatim["chargingProfileKind"] != "Dynamic":
        return status("Rejected", "UnknownProfile")
    held = found[0]
    schedule = held.verbatim["chargingSchedule"][0]
    period = {**schedule["chargingSchedulePeriod"][0], "limit": asked.schedule_update.limit}
    if asked.schedule_update.limit is None:
        return status("Rejected", "UnsupportedRequest")
    verbatim = held.verbatim | {
        "chargingSchedule": [schedule | {"chargingSchedulePeriod": [period]}],
        "dynUpdateTime": timestamp(now),
    }
    phases = held.profile.periods[0].phases
    periods = (Period(0, asked.schedule_update.limit, phases),)
    profile = msgspec.structs.replace(held.profile, periods=periods, start_at=now)
    station.equipment.profiles.update(profile, verbatim, now)
    return status("Accepted")


def use_priority(station: SimulatedStation, asked: UsePriorityCharging, now: datetime) -> Payload:
    """K21 of 2.1."""
    if asked.transaction_id not in station.transactions:
        return status("Rejected", "TxNotFound")
    used = station.equipment.profiles.prioritise(asked.transaction_id, active=asked.activate, now=now)
    return status("Accepted" if used else "NoProfile")


def _report(station: SimulatedStation, request_id: int, evse: int, held: Sequence[Installed], *, more: bool) -> None:
    payload: Payload = {
        "requestId": request_id,
        "chargingLimitSource": SOURCE,
        "evseId": evse,
        "chargingProfile": [one.verbatim for one in held],
    }
    station.report("ReportChargingProfiles", payload | ({"tbc": True} if more else {}))


def _refusal(asked: ChargingProfile) -> str:
    """Why a profile cannot be taken, as far as it depends on nothing else."""
    if len(asked.charging_schedule) != 1:
        return "InvalidSchedule"  # alternatives are for ISO 15118, which no simulated vehicle speaks
    schedule = asked.charging_schedule[0]
    if any(_beyond_charging(period) for period in schedule.charging_schedule_period):
        return "UnsupportedRequest"
    if asked.charging_profile_kind == "Recurring" and (
        asked.recurrency_kind is None or schedule.start_schedule is None
    ):
        return "InvalidProfile"
    if asked.charging_profile_kind == "Absolute" and schedule.start_schedule is None:
        return "InvalidProfile"
    if asked.charging_profile_kind == "Relative" and schedule.start_schedule is not None:
        return "InvalidProfile"
    if asked.charging_profile_kind == "Dynamic" and len(schedule.charging_schedule_period) != 1:
        return "InvalidSchedule"
    if asked.charging_profile_purpose == TX and asked.transaction_id is None:
        return "MissingParam"
    return ""


def _beyond_charging(period: SchedulePeriod) -> bool:
    """Whether it asks for what no simulated EVSE does: set points, discharging."""
    asked = (period.setpoint, period.discharge_limit)
    return period.operation_mode != "ChargingOnly" or asked != (None, None)


def _profile(asked: ChargingProfile, now: datetime) -> Profile:
    schedule = asked.charging_schedule[0]
    start_at = schedule.start_schedule
    if asked.charging_profile_kind == "Dynamic" and start_at is None:
        start_at = now
    return Profile(
        profile_id=asked.id,
        stack_level=asked.stack_level,
        purpose=asked.charging_profile_purpose,
        unit=schedule.charging_rate_unit,
        periods=tuple(
            Period(period.start_period, period.limit, period.number_phases)
            for period in schedule.charging_schedule_period
        ),
        start_at=start_at,
        duration_s=schedule.duration,
        recurs=RECURS.get(asked.recurrency_kind or "") if asked.charging_profile_kind == "Recurring" else None,
        valid_from=asked.valid_from,
        valid_to=asked.valid_to,
        transaction=asked.transaction_id,
    )


SERVED = {
    "ClearChargingProfile": Serve(ClearChargingProfile, clear_profile),
    "GetChargingProfiles": Serve(GetChargingProfiles, get_profiles),
    "GetCompositeSchedule": Serve(GetCompositeSchedule, composite),
    "SetChargingProfile": Serve(SetChargingProfile, set_profile),
}

SERVED_21 = {
    "UpdateDynamicSchedule": Serve(UpdateDynamicSchedule, update_dynamic),
    "UsePriorityCharging": Serve(UsePriorityCharging, use_priority),
}
"""What only 2.1 has."""
