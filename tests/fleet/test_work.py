"""Facts about firmware updates and log uploads: which statuses are told, in which order, with which id."""

import pytest
from msgspec import structs

from gateway.fleet import Behaviour
from tests.fleet.csms import OCPP16
from tests.fleet.operator import VERSIONS, VERSIONS_2, operated
from tests.fleet.test_certificates import ELLIPTIC

HOUR_S = 3600
WELL = Behaviour(first_arrival_s_mean=1e9, idle_s_mean=1e9, offline_every_s_mean=None, work_fails=0.0)
PATIENT = structs.replace(WELL, stay_s=(5.0 * HOUR_S, 6.0 * HOUR_S))
NOW, TOMORROW = "2025-03-01T08:00:00Z", "2025-03-02T08:00:00Z"
PLAIN = ["Downloading", "Downloaded", "Installing", "Installed"]
SIGNED = ["Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting", "Installed"]


async def update(operator, *, location: str = "https://example.com/f", signed: bool = False, at: str = NOW) -> dict:
    if operator.version == OCPP16 and not signed:
        return await operator.ask("UpdateFirmware", {"location": location, "retrieveDate": at})
    firmware = {"location": location, "retrieveDateTime": at}
    if signed:
        firmware |= {"signingCertificate": ELLIPTIC, "signature": "c2lnbmF0dXJl"}
    action = "SignedUpdateFirmware" if operator.version == OCPP16 else "UpdateFirmware"
    return await operator.ask(action, {"requestId": 7, "firmware": firmware})


def told(operator, *, signed: bool = False) -> list[str]:
    action = (
        "SignedFirmwareStatusNotification" if signed and operator.version == OCPP16 else "FirmwareStatusNotification"
    )
    notified = operator.csms.of(action)
    if signed or operator.version != OCPP16:
        assert {notification["requestId"] for notification in notified} <= {7}
    return [notification["status"] for notification in notified]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("signed", [False, True])
async def test_an_update_is_followed_to_the_new_version(version, signed):
    async with operated(version, behaviour=WELL) as operator:
        before = operator.fleet.stations[0].firmware_version
        answer = await update(operator, signed=signed)
        assert answer == ({} if version == OCPP16 and not signed else {"status": "Accepted"})
        await operator.clock.turn(HOUR_S)
        assert told(operator, signed=signed) == (SIGNED if signed else PLAIN)
        first, second = operator.csms.of("BootNotification")
        if version == OCPP16:
            assert (first["firmwareVersion"], second["firmwareVersion"]) == (before, f"{before}+1")
        else:
            assert second["chargingStation"]["firmwareVersion"] == f"{before}+1"
            assert second["reason"] == "FirmwareUpdate"
        actions = [call.action for call in operator.csms.calls]
        (installed,) = [i for i, call in enumerate(operator.csms.calls) if call.payload.get("status") == "Installed"]
        assert "BootNotification" not in actions[installed:], "the new software tells that it is installed"
        assert operator.fleet.stations[0].firmware_version == f"{before}+1"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("location", "statuses"),
    [
        ("ftp://example.com/fail-download", ["Downloading", "DownloadFailed"]),
        ("ftp://example.com/fail-install", ["Downloading", "Downloaded", "Installing", "InstallationFailed"]),
    ],
)
async def test_an_update_that_fails_says_so_and_leaves_the_station_running(version, location, statuses):
    async with operated(version, behaviour=WELL) as operator:
        await update(operator, location=location)
        await operator.clock.turn(HOUR_S)
        assert told(operator) == statuses
        assert len(operator.csms.of("BootNotification")) == 1


@pytest.mark.parametrize("version", VERSIONS)
async def test_some_updates_fail_by_themselves(version):
    unlucky = Behaviour(first_arrival_s_mean=1e9, offline_every_s_mean=None, work_fails=1.0)
    async with operated(version, behaviour=unlucky) as operator:
        await update(operator)
        await operator.clock.turn(HOUR_S)
        assert told(operator)[-1] in ("DownloadFailed", "InstallationFailed")


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_update_waits_for_its_time_and_for_the_end_of_a_transaction(version):
    async with operated(version, behaviour=PATIENT) as operator:
        await update(operator, at=TOMORROW)
        await operator.clock.turn(23 * HOUR_S)
        assert told(operator) == []
        await operator.start()
        await operator.clock.turn(1.5 * HOUR_S)
        assert told(operator) == ["Downloading", "Downloaded"]
        await operator.stop()
        await operator.clock.turn(HOUR_S)
        assert told(operator) == PLAIN


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_a_second_update_replaces_the_first(version):
    async with operated(version, behaviour=WELL) as operator:
        assert (await update(operator, at=TOMORROW))["status"] == "Accepted"
        assert (await update(operator))["status"] == "AcceptedCanceled"
        await operator.clock.turn(HOUR_S)
        assert told(operator)[-4:] == PLAIN


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_signing_certificate_that_is_none_is_refused_and_told(version):
    firmware = {"location": "https://x", "retrieveDateTime": NOW, "signingCertificate": "no", "signature": "no"}
    action = "SignedUpdateFirmware" if version == OCPP16 else "UpdateFirmware"
    async with operated(version, behaviour=WELL) as operator:
        answer = await operator.ask(action, {"requestId": 7, "firmware": firmware})
        assert answer["status"] == "InvalidCertificate"
        (event,) = operator.csms.of("SecurityEventNotification")
        assert event["type"] == "InvalidFirmwareSigningCertificate"


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_status_of_an_update_is_told_when_asked(version):
    async with operated(version, behaviour=WELL) as operator:
        await update(operator)
        before = len(operator.csms.of("FirmwareStatusNotification"))
        await operator.ask("TriggerMessage", {"requestedMessage": "FirmwareStatusNotification"})
        statuses = [notified["status"] for notified in operator.csms.of("FirmwareStatusNotification")[before:]]
        assert statuses == ["Downloading"]


async def log(operator, *, request_id: int = 5, location: str = "https://example.com/logs") -> dict:
    asked = {"logType": "SecurityLog", "requestId": request_id, "log": {"remoteLocation": location}}
    return await operator.ask("GetLog", asked)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("location", "last"), [("https://x", "Uploaded"), ("https://x/fail-upload", "UploadFailure")])
async def test_a_log_upload_is_followed_to_its_end(version, location, last):
    async with operated(version, behaviour=WELL) as operator:
        answer = await log(operator, location=location)
        assert answer["status"] == "Accepted"
        assert answer["filename"].startswith("security-2025")
        await operator.clock.turn(HOUR_S)
        expected = [{"status": status, "requestId": 5} for status in ("Uploading", last)]
        assert operator.csms.of("LogStatusNotification") == expected


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_second_upload_cancels_the_first(version):
    async with operated(version, behaviour=WELL) as operator:
        await log(operator, request_id=5)
        await operator.clock.turn(1)
        assert (await log(operator, request_id=6))["status"] == "AcceptedCanceled"
        await operator.clock.turn(HOUR_S)
        ended = [(s["status"], s["requestId"]) for s in operator.csms.of("LogStatusNotification")]
        cancelled = [] if version == OCPP16 else [("AcceptedCanceled", 5)]
        assert ended == [("Uploading", 5), *cancelled, ("Uploading", 6), ("Uploaded", 6)]


async def test_diagnostics_of_1_6_have_their_own_words():
    async with operated(OCPP16, behaviour=WELL) as operator:
        answer = await operator.ask("GetDiagnostics", {"location": "ftp://example.com/fail-upload"})
        assert answer["fileName"].endswith(".log")
        await operator.clock.turn(HOUR_S)
        statuses = [s["status"] for s in operator.csms.of("DiagnosticsStatusNotification")]
        assert statuses == ["Uploading", "UploadFailed"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_work_goes_on_where_it_was_after_an_outage(version):
    often = Behaviour(
        first_arrival_s_mean=1e9, offline_every_s_mean=30, offline_s=(20, 40), work_step_s=(60, 90), work_fails=0.0
    )
    async with operated(version, behaviour=often) as operator:
        await operator.clock.turn(60, until=lambda: operator.fleet.stations[0].online)
        operator.fleet.stations[0].equipment.uploads.upload(5, "https://x", operator.clock.now())
        await operator.clock.turn(HOUR_S)
        assert operator.csms.connections > 5
        assert operator.csms.of("LogStatusNotification")[-1]["status"] == "Uploaded"
