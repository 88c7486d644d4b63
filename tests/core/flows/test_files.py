from datetime import timedelta

import pytest

from gateway.core.calls import Outcome
from gateway.core.facts.jobs import ENDED_MAX, HISTORY_MAX, STALLED_AFTER, without_secrets
from tests.core.flows.flow_bench import ALL, BOTH_2, GONE, SILENCE, FlowBench, StationError
from tests.core.said import at
from tests.core.station_bench import BEGIN, BOOTS, MESSAGES, OCPP16, OCPP21, OCPP201

URL = "ftp://user:secret@files.example:2121/firmware/v2.bin?token=secret"
SIGNED = {"signing_certificate": "-----BEGIN CERTIFICATE-----", "signature": "c2lnbmVk"}

FIRMWARE_SUCCESS = ("Downloading", "Downloaded", "Installing", "Installed")


def updating(version, **more):
    """A station whose update has just begun, and the id of the job."""
    flows = FlowBench(version)
    result = flows.ask("POST firmware", {"location": URL, **more})
    assert result.outcome is Outcome.ACCEPTED
    return flows, result.body["request_id"]


def uploading(version, **more):
    flows = FlowBench(version)
    result = flows.ask("POST logs", {"remote_location": URL, **more})
    assert result.outcome is Outcome.ACCEPTED
    return flows, result.body["request_id"]


def job(flows, request_id):
    return flows.show("jobs/{request_id}", request_id=str(request_id))


def say_firmware(flows, status, request_id=None):
    """What a station of this version says of an update; the plain message of 1.6 has no request id."""
    flows.say(
        "FirmwareStatusNotification", {"status": status, **({} if request_id is None else {"requestId": request_id})}
    )


def test_an_update_of_16_is_said_in_its_words():
    flows, _ = updating(OCPP16, retrieve_at="2026-03-02T03:00:00Z", retries=2, retry_interval_s=60)
    assert flows.sent == [
        (
            "UpdateFirmware",
            {"location": URL, "retrieveDate": "2026-03-02T03:00:00.000Z", "retries": 2, "retryInterval": 60},
        )
    ]


def test_a_signed_update_of_16_is_that_of_its_security_extension():
    flows, request_id = updating(OCPP16, install_at="2026-03-02T03:00:00Z", **SIGNED)
    assert flows.sent == [
        (
            "SignedUpdateFirmware",
            {
                "requestId": request_id,
                "firmware": {
                    "location": URL,
                    "retrieveDateTime": "2026-03-01T12:00:00.000Z",
                    "installDateTime": "2026-03-02T03:00:00.000Z",
                    "signingCertificate": SIGNED["signing_certificate"],
                    "signature": SIGNED["signature"],
                },
            },
        )
    ]


@pytest.mark.parametrize("version", BOTH_2)
def test_an_update_of_2_is_for_now_unless_a_time_is_given(version):
    flows, request_id = updating(version, retries=3)
    assert flows.sent == [
        (
            "UpdateFirmware",
            {
                "requestId": request_id,
                "firmware": {"location": URL, "retrieveDateTime": "2026-03-01T12:00:00.000Z"},
                "retries": 3,
            },
        )
    ]


@pytest.mark.parametrize("version", ALL)
def test_an_update_is_followed_to_its_end_over_reboots_of_station_and_gateway(version):
    flows, request_id = updating(version)
    assert (job(flows, request_id)["state"], job(flows, request_id)["ended"]) == ("Accepted", False)
    named = None if version == OCPP16 else request_id
    for status in FIRMWARE_SUCCESS[:-1]:
        flows.bench.now += timedelta(minutes=1)
        say_firmware(flows, status, named)
        assert job(flows, request_id)["state"] == status
    flows.restart()
    flows.bench.now = BEGIN + timedelta(minutes=4)
    boot = dict(BOOTS[version])
    if version == OCPP16:
        boot["firmwareVersion"] = "2.0"
    else:
        boot["chargingStation"] = {**boot["chargingStation"], "firmwareVersion": "2.0"}
    flows.say("BootNotification", boot)
    assert not job(flows, request_id)["ended"]
    say_firmware(flows, "Installed", named)
    shown = job(flows, request_id)
    assert (shown["ended"], shown["succeeded"], shown["firmware_before"], shown["firmware_now"]) == (
        True,
        True,
        None,
        "2.0",
    )
    assert [(step["at"], step["state"]) for step in shown["history"]] == [
        (at(BEGIN + timedelta(minutes=minute)), state) for minute, state in enumerate(("Accepted", *FIRMWARE_SUCCESS))
    ]


@pytest.mark.parametrize("version", ALL)
def test_a_job_hears_what_came_before_its_answer(version):
    def answer(request):
        flows.line.call("FirmwareStatusNotification", {"status": "Downloading", **named(request)})
        return {} if version == OCPP16 else {"status": "Accepted"}

    def named(request):
        return {} if version == OCPP16 else {"requestId": request["requestId"]}

    flows = FlowBench(version, UpdateFirmware=answer)
    result = flows.ask("POST firmware", {"location": URL})
    assert job(flows, result.body["request_id"])["state"] == "Downloading"


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("status", ["DownloadFailed", "InstallationFailed"])
def test_a_failure_ends_an_update_until_the_station_tries_again(version, status):
    flows, request_id = updating(version)
    named = None if version == OCPP16 else request_id
    say_firmware(flows, status, named)
    assert (job(flows, request_id)["ended"], job(flows, request_id)["succeeded"]) == (True, False)
    say_firmware(flows, "Downloading", named)
    assert (job(flows, request_id)["ended"], job(flows, request_id)["succeeded"]) == (False, None)


def test_signed_updates_of_16_go_by_their_request_id():
    flows, first = updating(OCPP16, **SIGNED)
    flows.bench.now += timedelta(seconds=1)
    second = flows.ask("POST firmware", {"location": URL, **SIGNED}).body["request_id"]
    flows.say("SignedFirmwareStatusNotification", {"status": "InvalidSignature", "requestId": first})
    flows.say("SignedFirmwareStatusNotification", {"status": "SignatureVerified", "requestId": second})
    assert (job(flows, first)["succeeded"], job(flows, second)["state"]) == (False, "SignatureVerified")


@pytest.mark.parametrize("version", ALL)
def test_news_without_an_id_are_of_the_newest_job_under_way(version):
    flows, first = updating(version)
    flows.bench.now += timedelta(seconds=1)
    second = flows.ask("POST firmware", {"location": URL}).body["request_id"]
    log = flows.ask("POST logs", {"remote_location": URL}).body["request_id"]
    say_firmware(flows, "Installed")
    say_firmware(flows, "Downloading")
    say_firmware(flows, "Installed")
    say_firmware(flows, "Installed")
    assert [job(flows, one)["state"] for one in (first, second, log)] == ["Installed", "Installed", "Accepted"]
    assert [len(job(flows, one)["history"]) for one in (first, second)] == [3, 2]


@pytest.mark.parametrize("version", ALL)
def test_news_without_an_id_do_not_wake_a_job_that_went_well(version):
    flows, request_id = updating(version)
    say_firmware(flows, "Installed")
    say_firmware(flows, "Downloading")
    assert job(flows, request_id)["state"] == "Installed"


@pytest.mark.parametrize("version", BOTH_2)
def test_news_of_a_job_that_nobody_here_asked_for_change_none(version):
    flows, request_id = updating(version)
    say_firmware(flows, "Installed", request_id + 1)
    flows.say("LogStatusNotification", {"status": "Uploaded", "requestId": request_id})
    assert job(flows, request_id)["state"] == "Accepted"
    assert len(flows.show("jobs")) == 1


@pytest.mark.parametrize("version", ALL)
def test_idle_ends_nothing(version):
    flows, request_id = updating(version)
    say_firmware(flows, "Downloading")
    say_firmware(flows, "Idle")
    shown = job(flows, request_id)
    assert (shown["state"], shown["ended"], shown["history"][-1]["state"]) == ("Downloading", False, "Idle")


def test_diagnostics_of_16_are_asked_for_by_get_diagnostics():
    flows, request_id = uploading(OCPP16, oldest_at="2026-02-01T00:00:00Z", retries=1)
    assert flows.sent == [("GetDiagnostics", {"location": URL, "startTime": "2026-02-01T00:00:00.000Z", "retries": 1})]
    assert job(flows, request_id)["file_name"] == "diagnostics.zip"
    flows.say("DiagnosticsStatusNotification", {"status": "Uploading"})
    flows.say("DiagnosticsStatusNotification", {"status": "UploadFailed"})
    shown = job(flows, request_id)
    assert (shown["state"], shown["succeeded"]) == ("UploadFailure", False)
    flows.say("DiagnosticsStatusNotification", {"status": "Uploaded"})
    assert job(flows, request_id)["succeeded"]


def test_a_station_of_16_that_names_no_file_has_none_until_it_uploads_one_all_the_same():
    flows = FlowBench(OCPP16, GetDiagnostics={})
    result = flows.ask("POST logs", {"remote_location": URL})
    assert (result.outcome, job(flows, result.body["request_id"])["ended"]) == (Outcome.REJECTED, True)
    flows.say("DiagnosticsStatusNotification", {"status": "Uploaded"})
    assert job(flows, result.body["request_id"])["succeeded"]


@pytest.mark.parametrize("version", ALL)
def test_a_security_log_is_asked_for_by_get_log_and_followed_by_its_id(version):
    flows = FlowBench(version, GetLog={"status": "Accepted", "filename": "security.log"})
    body = {"log_type": "SecurityLog", "remote_location": URL, "latest_at": "2026-03-01T00:00:00Z"}
    result = flows.ask("POST logs", body)
    request_id = result.body["request_id"]
    assert flows.sent == [
        (
            "GetLog",
            {
                "requestId": request_id,
                "logType": "SecurityLog",
                "log": {"remoteLocation": URL, "latestTimestamp": "2026-03-01T00:00:00.000Z"},
            },
        )
    ]
    assert result.body == {"status": "Accepted", "request_id": request_id, "file_name": "security.log"}
    flows.say("LogStatusNotification", {"status": "Uploading", "requestId": request_id})
    assert not job(flows, request_id)["ended"]
    flows.say("LogStatusNotification", {"status": "Uploaded", "requestId": request_id})
    assert job(flows, request_id)["succeeded"]


@pytest.mark.parametrize("version", BOTH_2)
@pytest.mark.parametrize("kind", ["firmware", "logs"])
def test_a_request_that_cancels_the_one_before_ends_its_job(version, kind):
    action, body = {
        "firmware": ("UpdateFirmware", {"location": URL}),
        "logs": ("GetLog", {"remote_location": URL}),
    }[kind]
    flows = FlowBench(version)
    others = ["POST logs", {"remote_location": URL}] if kind == "firmware" else ["POST firmware", {"location": URL}]
    other = flows.ask(*others).body["request_id"]
    first = flows.ask(f"POST {kind}", body).body["request_id"]
    flows.answers[action] = {"status": "AcceptedCanceled"}
    result = flows.ask(f"POST {kind}", body)
    second = result.body["request_id"]
    assert (result.outcome, result.body["status"]) == (Outcome.ACCEPTED, "AcceptedCanceled")
    assert (job(flows, first)["state"], job(flows, first)["ended"]) == ("AcceptedCanceled", True)
    assert (job(flows, second)["state"], job(flows, second)["ended"]) == ("Accepted", False)
    assert job(flows, other)["state"] == "Accepted"


@pytest.mark.parametrize("version", BOTH_2)
@pytest.mark.parametrize(
    "answer",
    [{"status": "Rejected"}, {"status": "InvalidCertificate"}, {"status": "RevokedCertificate"}, StationError("X")],
)
def test_an_update_that_is_refused_is_no_job(version, answer):
    flows = FlowBench(version, UpdateFirmware=answer)
    result = flows.ask("POST firmware", {"location": URL})
    assert result.outcome in (Outcome.REJECTED, Outcome.CALL_ERROR)
    assert flows.show("jobs") == []


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("answer", [SILENCE, GONE, {"status": 7}])
def test_an_update_whose_answer_is_lost_may_be_under_way(version, answer):
    flows = FlowBench(version, UpdateFirmware=answer)
    result = flows.ask("POST firmware", {"location": URL})
    assert result.outcome in (Outcome.TIMEOUT, Outcome.UNKNOWN, Outcome.CALL_ERROR)
    assert result.body["request_id"]
    (shown,) = flows.show("jobs")
    assert (shown["state"], shown["ended"], shown["heard_at"]) == ("Unanswered", False, None)
    if answer is not GONE:
        say_firmware(flows, "Installed")
        assert flows.show("jobs")[0]["succeeded"]


@pytest.mark.parametrize("version", ALL)
def test_nothing_is_recorded_for_a_station_that_is_away(version):
    flows = FlowBench(version)
    flows.station.session = None
    assert flows.ask("POST firmware", {"location": URL}).outcome is Outcome.OFFLINE
    assert flows.bench.journal.entries == []


@pytest.mark.parametrize("version", ALL)
def test_a_job_that_is_silent_for_long_after_it_was_due_is_shown_as_stalled(version):
    flows, request_id = updating(version, retrieve_at=at(BEGIN + timedelta(hours=10)))
    flows.bench.now = BEGIN + timedelta(hours=10) + STALLED_AFTER
    assert not job(flows, request_id)["stalled"]
    flows.bench.now += timedelta(seconds=1)
    assert job(flows, request_id)["stalled"]
    say_firmware(flows, "Downloading")
    assert not job(flows, request_id)["stalled"]
    say_firmware(flows, "Installed")
    flows.bench.now += timedelta(days=1)
    assert not job(flows, request_id)["stalled"]


@pytest.mark.parametrize("version", BOTH_2)
def test_an_update_that_is_to_be_installed_later_is_due_later(version):
    flows, request_id = updating(version, install_at=at(BEGIN + timedelta(hours=10)))
    flows.bench.now = BEGIN + timedelta(hours=10) + STALLED_AFTER
    assert not job(flows, request_id)["stalled"]


@pytest.mark.parametrize("version", ALL)
def test_no_secret_of_a_location_is_kept(version):
    flows, request_id = updating(version)
    assert job(flows, request_id)["location"] == "ftp://files.example:2121/firmware/v2.bin"
    assert b"secret" not in b"".join(repr(record).encode() for record in flows.bench.records)


@pytest.mark.parametrize(
    ("location", "kept"),
    [
        ("https://a.example/x.bin", "https://a.example/x.bin"),
        ("sftp://me:pass@[2001:db8::1]:22/x#k", "sftp://[2001:db8::1]:22/x"),
        ("http://[broken", ""),
        ("http://a:port/x", ""),
        ("/uploads", "/uploads"),
    ],
)
def test_a_location_is_kept_without_what_may_be_secret(location, kept):
    assert without_secrets(location) == kept


@pytest.mark.parametrize("version", ALL)
def test_histories_and_ended_jobs_are_bounded(version):
    flows, request_id = updating(version)
    for _ in range(HISTORY_MAX):
        say_firmware(flows, "Downloading")
        say_firmware(flows, "DownloadFailed")
    assert len(job(flows, request_id)["history"]) == HISTORY_MAX
    for _ in range(ENDED_MAX + 3):
        flows.bench.now += timedelta(seconds=10)
        flows.ask("POST firmware", {"location": URL})
        say_firmware(flows, "Installed")
    assert len(flows.show("jobs")) == ENDED_MAX
    assert job(flows, request_id) is None


@pytest.mark.parametrize("version", ALL)
def test_every_status_of_the_specification_is_taken(version):
    for action, start in (("FirmwareStatusNotification", updating), ("LogStatusNotification", uploading)):
        schema = MESSAGES[version, action, "request"].schema
        status = schema["properties"]["status"]
        if "$ref" in status:
            status = schema["definitions"][status["$ref"].rsplit("/", 1)[1]]
        for word in status["enum"]:
            flows, request_id = start(version)
            flows.say(action, {"status": word})
            shown = job(flows, request_id)
            assert shown["history"][-1]["state"] == word
            assert shown["ended"] == (
                word in ("Installed", "Uploaded", "AcceptedCanceled", "BadMessage", "PermissionDenied")
                or word.endswith(("Failed", "Failure"))
                or word in ("InvalidSignature", "NotSupportedOperation")
            )


@pytest.mark.parametrize("version", BOTH_2)
def test_a_publication_is_a_job_of_its_own(version):
    flows = FlowBench(version)
    body = {"location": URL, "checksum": "0" * 32}
    request_id = flows.ask("POST firmware/published", body).body["request_id"]
    update = flows.ask("POST firmware", {"location": URL}).body["request_id"]
    assert flows.sent[0] == ("PublishFirmware", {"requestId": request_id, "location": URL, "checksum": "0" * 32})
    said = {"status": "Published", "location": ["https://10.0.0.1/fw"], "requestId": request_id}
    flows.say("PublishFirmwareStatusNotification", said)
    assert (job(flows, request_id)["succeeded"], job(flows, update)["ended"]) == (True, False)
    result = flows.ask("DELETE firmware/published/{checksum}", checksum="0" * 32)
    assert (flows.sent[-1], result.outcome) == (("UnpublishFirmware", {"checksum": "0" * 32}), Outcome.ACCEPTED)
    flows.answers["UnpublishFirmware"] = {"status": "DownloadOngoing"}
    assert flows.ask("DELETE firmware/published/{checksum}", checksum="0" * 32).outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    ("version", "route", "body", "path"),
    [
        (OCPP16, "POST firmware", {"location": URL, "install_at": at()}, "$.install_at"),
        (OCPP16, "POST firmware", {"location": URL, "signature": "x"}, "$.signature"),
        (OCPP201, "POST firmware", {"location": URL, "signing_certificate": "x"}, "$.signature"),
        (OCPP201, "POST firmware", {"location": "h" * 513}, "$.firmware.location"),
        (OCPP21, "POST firmware", {"location": "h" * 2001}, "$.location"),
        (OCPP21, "POST firmware", {"location": URL, "retries": -1}, "$.retries"),
        (OCPP16, "POST logs", {"log_type": "DataCollectorLog", "remote_location": URL}, "$.logType"),
        (OCPP201, "POST logs", {"log_type": "DataCollectorLog", "remote_location": URL}, "$.logType"),
    ],
)
def test_what_the_version_cannot_say_is_refused_with_its_place(version, route, body, path):
    assert FlowBench(version).refusal(route, body) == ("invalid", path)


def test_what_16_has_nothing_of_is_refused():
    flows = FlowBench(OCPP16)
    fault = ("action_of_other_version", None)
    assert flows.refusal("POST firmware/published", {"location": URL, "checksum": "0" * 32}) == fault
    assert flows.refusal("DELETE firmware/published/{checksum}", checksum="0" * 32) == fault
