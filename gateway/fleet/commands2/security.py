"""Certificates, firmware and logs (Part 2, blocks A, L, M and N01)."""

from datetime import datetime

import msgspec

from gateway.fleet.commands2.answers import status
from gateway.fleet.dialect import Payload, Serve
from gateway.fleet.features.certificates import NotACertificate, parse_certificate
from gateway.fleet.intents import Secured
from gateway.fleet.payloads2 import (
    CertificateSigned,
    DeleteCertificate,
    GetInstalledCertificateIds,
    GetLog,
    InstallCertificate,
    UpdateFirmware,
)
from gateway.fleet.station import SimulatedStation

LOG_NAMES = {"DiagnosticsLog": "diagnostics", "SecurityLog": "security"}
"""The logs that a station keeps (LogEnumType)."""


def install(station: SimulatedStation, asked: InstallCertificate, now: datetime) -> Payload:
    """M05."""
    word = station.equipment.certificates.install(asked.certificate_type, asked.certificate)
    return status(word, "" if word == "Accepted" else "InvalidCertificate")


def installed(station: SimulatedStation, asked: GetInstalledCertificateIds, now: datetime) -> Payload:
    """M03."""
    found = station.equipment.certificates.hashes(asked.certificate_type)
    if not found:
        return status("NotFound")
    chains = [{"certificateType": use, "certificateHashData": hash_data} for use, hash_data in found]
    return {"status": "Accepted", "certificateHashDataChain": chains}


def delete(station: SimulatedStation, asked: DeleteCertificate, now: datetime) -> Payload:
    """M04."""
    hash_data = msgspec.to_builtins(asked.certificate_hash_data)
    return status(station.equipment.certificates.delete(hash_data))


def signed(station: SimulatedStation, asked: CertificateSigned, now: datetime) -> Payload:
    """A02: what is no certificate is refused, and that is a security event (A02.FR.07)."""
    if asked.certificate_type != "ChargingStationCertificate":
        return status("Rejected", "UnsupportedRequest")
    word = station.equipment.certificates.signed(asked.certificate_chain)
    if word == "Rejected":
        station.say(Secured("InvalidChargingStationCertificate", now))
    return status(word)


def update_firmware(station: SimulatedStation, asked: UpdateFirmware, now: datetime) -> Payload:
    """L01, L02: with a certificate and a signature it is a secure update."""
    firmware = asked.firmware
    is_signed = firmware.signing_certificate is not None and firmware.signature is not None
    if firmware.signing_certificate is not None:
        try:
            parse_certificate(firmware.signing_certificate)
        except NotACertificate:
            station.say(Secured("InvalidFirmwareSigningCertificate", now))
            return status("InvalidCertificate")
    word = station.equipment.firmware.update(
        asked.request_id,
        firmware.retrieve_date_time,
        firmware.install_date_time,
        now,
        signed=is_signed,
        location=firmware.location,
    )
    return status(word)


def get_log(station: SimulatedStation, asked: GetLog, now: datetime) -> Payload:
    """N01."""
    name = LOG_NAMES.get(asked.log_type)
    if name is None:
        return status("Rejected", "UnsupportedRequest")
    uploads = station.equipment.uploads
    word = uploads.upload(asked.request_id, asked.log.remote_location, now)
    return {"status": word, "filename": uploads.file_name(name, now)}


SERVED = {
    "CertificateSigned": Serve(CertificateSigned, signed),
    "DeleteCertificate": Serve(DeleteCertificate, delete),
    "GetInstalledCertificateIds": Serve(GetInstalledCertificateIds, installed),
    "GetLog": Serve(GetLog, get_log),
    "InstallCertificate": Serve(InstallCertificate, install),
    "UpdateFirmware": Serve(UpdateFirmware, update_firmware),
}
