"""What a server may ask of a station in OCPP 1.6 (section 5, and section 4 of its security extension).

Each function gets the dialect, the part of the payload that matters, and the time.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.fleet.configuration16 import KEYS, KEYS_PER_MESSAGE_MAX, change, read
from gateway.fleet.dialect import Payload, Refusal, Serve, timestamp
from gateway.fleet.features.certificates import NotACertificate, parse_certificate
from gateway.fleet.features.local_list import ENTRIES_PER_MESSAGE_MAX, ListEntry
from gateway.fleet.features.reservations import Reservation
from gateway.fleet.intents import Secured, UploadProgress
from gateway.fleet.payloads16 import (
    CancelReservation,
    CertificateSigned,
    ChangeAvailability,
    ChangeConfiguration,
    ChargingProfile,
    ClearChargingProfile,
    DataTransfer,
    DeleteCertificate,
    GetCompositeSchedule,
    GetConfiguration,
    GetDiagnostics,
    GetInstalledCertificateIds,
    GetLog,
    InstallCertificate,
    Nothing,
    RemoteStart,
    RemoteStop,
    ReserveNow,
    Reset,
    SendLocalList,
    SetChargingProfile,
    SignedUpdateFirmware,
    TriggerMessage,
    UnlockConnector,
    UpdateFirmware,
)
from gateway.fleet.schedules import told_schedule
from gateway.fleet.triggers import trigger as send_triggered
from gateway.wire.composite import RECURS, STATION_MAX, TX, Period, Profile

if TYPE_CHECKING:
    from gateway.fleet.ocpp16 import Ocpp16

USES = {"CentralSystemRootCertificate": "CSMSRootCertificate"}
"""CertificateUse where 2.x has another word."""

BASIC_TRIGGERS = frozenset({"DiagnosticsStatusNotification"})
"""What the basic trigger may ask and the extended one may not."""


def _status(word: str) -> Payload:
    return {"status": word}


# Core profile


def change_availability(dialect: "Ocpp16", asked: ChangeAvailability, now: datetime) -> Payload:
    """Section 5.2."""
    return _status(dialect.station.change_availability(asked.connector_id, asked.type == "Operative", now))


def change_configuration(dialect: "Ocpp16", asked: ChangeConfiguration, now: datetime) -> Payload:
    """Section 5.3."""
    return _status(change(dialect.station, asked.key, asked.value))


def get_configuration(dialect: "Ocpp16", asked: GetConfiguration, now: datetime) -> Payload:
    """Section 5.8: at most GetConfigurationMaxKeys by name; without names all."""
    wanted = asked.key or KEYS
    if len(asked.key or ()) > KEYS_PER_MESSAGE_MAX:
        raise Refusal("OccurenceConstraintViolation", f"key: {len(wanted)} items, at most {KEYS_PER_MESSAGE_MAX}")
    found = [read(dialect.station, key) for key in wanted if key in KEYS]
    unknown = [key for key in wanted if key not in KEYS]
    return {"configurationKey": found} | ({"unknownKey": unknown} if unknown else {})


def clear_cache(dialect: "Ocpp16", asked: Nothing, now: datetime) -> Payload:
    """Section 5.4. The cache is always empty: a station asks each time."""
    return _status("Accepted")


def data_transfer(dialect: "Ocpp16", asked: DataTransfer, now: datetime) -> Payload:
    """Section 5.6. The vendor's own message `Echo` is known, and answered with what it brought."""
    if asked.vendor_id != dialect.station.nameplate.vendor:
        return _status("UnknownVendorId")
    if asked.message_id != "Echo":
        return _status("UnknownMessageId")
    return _status("Accepted") | ({} if asked.data is None else {"data": asked.data})


def remote_start(dialect: "Ocpp16", asked: RemoteStart, now: datetime) -> Payload:
    """Section 5.11. A charging profile in it must be a TxProfile, and applies to the new transaction."""
    profile = asked.charging_profile
    if profile is not None and profile.charging_profile_purpose != TX:
        return _status("Rejected")
    started = dialect.station.request_start(asked.connector_id, asked.id_tag, None, now)
    outlet = None if started is None else dialect.station.running_at(started)
    if outlet is None:
        return _status("Rejected")
    if profile is not None:
        _install(dialect, outlet.number, profile, started, now)
    return _status("Accepted")


def remote_stop(dialect: "Ocpp16", asked: RemoteStop, now: datetime) -> Payload:
    """Section 5.12."""
    ours = dialect.ours(asked.transaction_id)
    stopped = ours is not None and dialect.station.request_stop(ours, now)
    return _status("Accepted" if stopped else "Rejected")


def reset(dialect: "Ocpp16", asked: Reset, now: datetime) -> Payload:
    """Section 5.14. Both kinds stop what runs at once; a soft reset only gives another reason."""
    reason = "ImmediateReset" if asked.type == "Hard" else "Reboot"
    return _status(dialect.station.reset(now, on_idle=False, reason=reason))


def unlock(dialect: "Ocpp16", asked: UnlockConnector, now: datetime) -> Payload:
    """Section 5.18: a transaction that runs ends first."""
    outlets = dialect.station.outlets
    if not 1 <= asked.connector_id <= len(outlets):
        return _status("NotSupported")
    outlets[asked.connector_id - 1].unlock(now)
    return _status("Unlocked")


def trigger(dialect: "Ocpp16", asked: TriggerMessage, now: datetime) -> Payload:
    """Section 5.17."""
    if asked.requested_message == "DiagnosticsStatusNotification":
        progress = dialect.station.equipment.uploads.progress()
        status = progress.status if progress.request_id is None else "Idle"
        dialect.station.outbox.put(UploadProgress(status, None), triggered=True)
        return _status("Accepted")
    if asked.requested_message == "BootNotification":
        dialect.station.boot_again(now)  # also of a station that is accepted: only 2.x forbids it
        return _status("Accepted")
    return _status(send_triggered(dialect.station, asked.requested_message, asked.connector_id, now))


def trigger_extended(dialect: "Ocpp16", asked: TriggerMessage, now: datetime) -> Payload:
    """Security extension, section 4.1: the same with more messages."""
    if asked.requested_message in BASIC_TRIGGERS:
        return _status("NotImplemented")
    return _status(send_triggered(dialect.station, asked.requested_message, asked.connector_id, now))


# Local list and reservations


def list_version(dialect: "Ocpp16", asked: Nothing, now: datetime) -> Payload:
    """Section 5.10."""
    return {"listVersion": dialect.station.equipment.local_list.version}


def send_list(dialect: "Ocpp16", asked: SendLocalList, now: datetime) -> Payload:
    """Section 5.15."""
    if len(asked.local_authorization_list) > ENTRIES_PER_MESSAGE_MAX:
        return _status("Failed")
    entries = [
        ListEntry(listed.id_tag, listed.id_tag_info.status if listed.id_tag_info else None)
        for listed in asked.local_authorization_list
    ]
    local_list = dialect.station.equipment.local_list
    return _status(local_list.update(asked.list_version, entries, differential=asked.update_type == "Differential"))


def reserve(dialect: "Ocpp16", asked: ReserveNow, now: datetime) -> Payload:
    """Section 5.13. Connector 0 cannot be reserved (ReserveConnectorZeroSupported false)."""
    wanted = Reservation(asked.reservation_id, asked.connector_id, asked.id_tag, asked.expiry_date)
    return _status(dialect.station.equipment.reservations.reserve(wanted, now))


def cancel_reservation(dialect: "Ocpp16", asked: CancelReservation, now: datetime) -> Payload:
    """Section 5.1."""
    return _status(dialect.station.equipment.reservations.cancel(asked.reservation_id, now))


# Smart charging


def set_profile(dialect: "Ocpp16", asked: SetChargingProfile, now: datetime) -> Payload:
    """Section 5.16."""
    profile = asked.cs_charging_profiles
    transaction = None if profile.transaction_id is None else dialect.ours(profile.transaction_id)
    if profile.transaction_id is not None and transaction is None:
        return _status("Rejected")
    return _status("Rejected" if _install(dialect, asked.connector_id, profile, transaction, now) else "Accepted")


def clear_profile(dialect: "Ocpp16", asked: ClearChargingProfile, now: datetime) -> Payload:
    """Section 5.5."""
    cleared = dialect.station.equipment.profiles.clear(
        now,
        profile_id=asked.id,
        evse=asked.connector_id,
        purpose=_purpose(asked.charging_profile_purpose),
        stack_level=asked.stack_level,
    )
    return _status("Accepted" if cleared else "Unknown")


def composite(dialect: "Ocpp16", asked: GetCompositeSchedule, now: datetime) -> Payload:
    """Section 5.7."""
    if not 0 <= asked.connector_id <= len(dialect.station.outlets):
        return _status("Rejected")
    profiles = dialect.station.equipment.profiles
    schedule = told_schedule(profiles, asked.connector_id, now, asked.duration, asked.charging_rate_unit)
    return {
        "status": "Accepted",
        "connectorId": asked.connector_id,
        "scheduleStart": timestamp(now),
        "chargingSchedule": schedule,
    }


def _install(dialect: "Ocpp16", connector: int, asked: ChargingProfile, transaction: str | None, now: datetime) -> str:
    schedule = asked.charging_schedule
    recurs = RECURS.get(asked.recurrency_kind or "") if asked.charging_profile_kind == "Recurring" else None
    start_at = None if asked.charging_profile_kind == "Relative" else schedule.start_schedule
    if asked.charging_profile_kind == "Recurring" and (recurs is None or start_at is None):
        return "InvalidProfile"
    purpose = _purpose(asked.charging_profile_purpose)
    assert purpose is not None
    if purpose == STATION_MAX and start_at is None and asked.charging_profile_kind == "Absolute":
        start_at = now  # section 3.13.3: absolute without a start begins at once
    profile = Profile(
        profile_id=asked.charging_profile_id,
        stack_level=asked.stack_level,
        purpose=purpose,
        unit=schedule.charging_rate_unit,
        periods=tuple(Period(p.start_period, p.limit, p.number_phases) for p in schedule.charging_schedule_period),
        start_at=start_at,
        duration_s=schedule.duration,
        recurs=recurs,
        valid_from=asked.valid_from,
        valid_to=asked.valid_to,
        transaction=transaction,
    )
    verbatim: dict[str, Any] = msgspec.to_builtins(asked)
    return dialect.station.equipment.profiles.install(connector, profile, verbatim, now, replaces=True)


def _purpose(word: str | None) -> str | None:
    return STATION_MAX if word == "ChargePointMaxProfile" else word


# Firmware, diagnostics, security


def update_firmware(dialect: "Ocpp16", asked: UpdateFirmware, now: datetime) -> Payload:
    """Section 5.19."""
    firmware = dialect.station.equipment.firmware
    firmware.update(None, asked.retrieve_date, None, now, signed=False, location=asked.location)
    return {}


def signed_update_firmware(dialect: "Ocpp16", asked: SignedUpdateFirmware, now: datetime) -> Payload:
    """Security extension, section 4.2."""
    firmware = asked.firmware
    try:
        parse_certificate(firmware.signing_certificate)
    except NotACertificate:
        dialect.station.say(Secured("InvalidFirmwareSigningCertificate", now))
        return _status("InvalidCertificate")
    word = dialect.station.equipment.firmware.update(
        asked.request_id,
        firmware.retrieve_date_time,
        firmware.install_date_time,
        now,
        signed=True,
        location=firmware.location,
    )
    return _status(word)


def get_diagnostics(dialect: "Ocpp16", asked: GetDiagnostics, now: datetime) -> Payload:
    """Section 5.9."""
    uploads = dialect.station.equipment.uploads
    uploads.upload(None, asked.location, now)
    return {"fileName": uploads.file_name("diagnostics", now)}


def get_log(dialect: "Ocpp16", asked: GetLog, now: datetime) -> Payload:
    """Security extension, section 4.3."""
    uploads = dialect.station.equipment.uploads
    word = uploads.upload(asked.request_id, asked.log.remote_location, now)
    name = "security" if asked.log_type == "SecurityLog" else "diagnostics"
    return {"status": word, "filename": uploads.file_name(name, now)}


def install_certificate(dialect: "Ocpp16", asked: InstallCertificate, now: datetime) -> Payload:
    """Security extension, section 4.4."""
    use = USES.get(asked.certificate_type, asked.certificate_type)
    return _status(dialect.station.equipment.certificates.install(use, asked.certificate))


def installed_certificates(dialect: "Ocpp16", asked: GetInstalledCertificateIds, now: datetime) -> Payload:
    """Security extension, section 4.4."""
    use = USES.get(asked.certificate_type, asked.certificate_type)
    found = dialect.station.equipment.certificates.hashes([use])
    if not found:
        return _status("NotFound")
    return {"status": "Accepted", "certificateHashData": [hash_data for _, hash_data in found]}


def delete_certificate(dialect: "Ocpp16", asked: DeleteCertificate, now: datetime) -> Payload:
    """Security extension, section 4.4."""
    hash_data = msgspec.to_builtins(asked.certificate_hash_data)
    return _status(dialect.station.equipment.certificates.delete(hash_data))


def certificate_signed(dialect: "Ocpp16", asked: CertificateSigned, now: datetime) -> Payload:
    """Security extension, section 4.5."""
    word = dialect.station.equipment.certificates.signed(asked.certificate_chain)
    if word == "Rejected":
        dialect.station.say(Secured("InvalidChargePointCertificate", now))
    return _status(word)


SERVED = {
    "CancelReservation": Serve(CancelReservation, cancel_reservation),
    "CertificateSigned": Serve(CertificateSigned, certificate_signed),
    "ChangeAvailability": Serve(ChangeAvailability, change_availability),
    "ChangeConfiguration": Serve(ChangeConfiguration, change_configuration),
    "ClearCache": Serve(Nothing, clear_cache),
    "ClearChargingProfile": Serve(ClearChargingProfile, clear_profile),
    "DataTransfer": Serve(DataTransfer, data_transfer),
    "DeleteCertificate": Serve(DeleteCertificate, delete_certificate),
    "ExtendedTriggerMessage": Serve(TriggerMessage, trigger_extended),
    "GetCompositeSchedule": Serve(GetCompositeSchedule, composite),
    "GetConfiguration": Serve(GetConfiguration, get_configuration),
    "GetDiagnostics": Serve(GetDiagnostics, get_diagnostics),
    "GetInstalledCertificateIds": Serve(GetInstalledCertificateIds, installed_certificates),
    "GetLocalListVersion": Serve(Nothing, list_version),
    "GetLog": Serve(GetLog, get_log),
    "InstallCertificate": Serve(InstallCertificate, install_certificate),
    "RemoteStartTransaction": Serve(RemoteStart, remote_start),
    "RemoteStopTransaction": Serve(RemoteStop, remote_stop),
    "ReserveNow": Serve(ReserveNow, reserve),
    "Reset": Serve(Reset, reset),
    "SendLocalList": Serve(SendLocalList, send_list),
    "SetChargingProfile": Serve(SetChargingProfile, set_profile),
    "SignedUpdateFirmware": Serve(SignedUpdateFirmware, signed_update_firmware),
    "TriggerMessage": Serve(TriggerMessage, trigger),
    "UnlockConnector": Serve(UnlockConnector, unlock),
    "UpdateFirmware": Serve(UpdateFirmware, update_firmware),
}

KNOWN = frozenset(SERVED)
"""All that a server may ask in 1.6 is served."""
