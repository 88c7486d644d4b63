"""Firmware updates and uploads of logs: asked for here, followed to their end in `core.facts.jobs`.

OCPP 1.6 sections 5.9 and 5.19 and its security whitepaper, OCPP 2.x use cases L01 to L04 and N01.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import Meta

from gateway.core.calls import CallEnded, Outcome
from gateway.core.commands import CommandError
from gateway.core.facts.jobs import (
    NOTHING_TO_UPLOAD,
    UNANSWERED,
    Job,
    records_of_answer,
    records_of_beginning,
    records_of_refusal,
    shown,
    shown_one,
    without_secrets,
)
from gateway.core.flows.flow import Flow, Operator, Result, Shown
from gateway.core.flows.words import (
    NOT_CONNECTED,
    Body,
    Retries,
    RetryInterval,
    given,
    invalid,
    is_16,
    keep,
    refused,
    remembered,
    require_2,
    response_of,
    result_of,
    stamp,
)
from gateway.core.stations import Station
from gateway.wire.messages import timestamp
from gateway.wire.schema_types import Timestamp

LOCATION_CHARACTERS_MAX: Final = 2000
"""2.1 takes so many, 2.0.1 and the 1.6 security whitepaper 512."""

FirmwareLocation: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=LOCATION_CHARACTERS_MAX, description="URL that the station fetches it from.")
]


class UpdateFirmware(Body, frozen=True):
    """Update the firmware. With a certificate and a signature the station checks it; 1.6 by SignedUpdateFirmware."""

    location: FirmwareLocation
    retrieve_at: Annotated[Timestamp | None, Meta(description="When to fetch it; absent: now.")] = None
    install_at: Annotated[
        Timestamp | None, Meta(description="When to install it; absent: when it is there. In 1.6 only if signed.")
    ] = None
    retries: Retries | None = None
    retry_interval_s: RetryInterval | None = None
    signing_certificate: Annotated[str | None, Meta(description="Certificate of who signed it, as PEM.")] = None
    signature: Annotated[str | None, Meta(description="Signature of the firmware, as Base64.")] = None


class UploadLog(Body, frozen=True):
    """Upload a log. In 1.6 a DiagnosticsLog is asked for by GetDiagnostics, others by GetLog."""

    remote_location: Annotated[
        str, Meta(min_length=1, max_length=LOCATION_CHARACTERS_MAX, description="URL that the station uploads it to.")
    ]
    log_type: Annotated[
        Literal["DiagnosticsLog", "SecurityLog", "DataCollectorLog"],
        Meta(description="Which log; `DataCollectorLog` is of 2.1."),
    ] = "DiagnosticsLog"
    oldest_at: Annotated[Timestamp | None, Meta(description="Time of the oldest entry wanted.")] = None
    latest_at: Annotated[Timestamp | None, Meta(description="Time of the latest entry wanted.")] = None
    retries: Retries | None = None
    retry_interval_s: RetryInterval | None = None


class PublishFirmware(Body, frozen=True):
    """Have a local controller fetch a firmware and offer it to the stations behind it."""

    location: FirmwareLocation
    checksum: Annotated[str, Meta(min_length=32, max_length=32, description="MD5 of the firmware, in hex.")]
    retries: Retries | None = None
    retry_interval_s: RetryInterval | None = None


class UnpublishFirmware(Body, frozen=True):
    """Have a local controller offer a firmware no longer."""

    checksum: Annotated[str, Meta(min_length=1, max_length=32, description="MD5 of the firmware, in hex.")]


async def update_firmware(operator: Operator, station: Station, body: UpdateFirmware) -> Result:
    """Ask for an update: the job `request_id` shows how it goes on."""
    if (body.signing_certificate is None) != (body.signature is None):
        raise invalid("a signature and the certificate of who signed go together", "$.signature")
    now = operator.now()
    retrieve_at = body.retrieve_at or now
    request_id = operator.next_request_id(station)
    action = "UpdateFirmware"
    again = given(retries=body.retries, retryInterval=body.retry_interval_s)
    request = {
        "requestId": request_id,
        "firmware": given(
            location=body.location,
            retrieveDateTime=timestamp(retrieve_at),
            installDateTime=stamp(body.install_at),
            signingCertificate=body.signing_certificate,
            signature=body.signature,
        ),
        **again,
    }
    if is_16(operator, station):
        if body.signature is not None:
            action = "SignedUpdateFirmware"
        elif body.install_at is not None:
            raise invalid("OCPP 1.6 installs as soon as it can, unless the update is signed", "$.install_at")
        else:
            request = {"location": body.location, "retrieveDate": timestamp(retrieve_at), **again}
    boot = station.state.boot
    job = Job(
        request_id=request_id,
        sort="firmware",
        action=action,
        location=without_secrets(body.location),
        asked_at=now,
        due_at=max(retrieve_at, body.install_at or retrieve_at),
        firmware_before=None if boot is None else boot.firmware,
    )
    return await _follow(operator, station, job, request)


async def upload_log(operator: Operator, station: Station, body: UploadLog) -> Result:
    """Ask for an upload: the job `request_id` shows how it goes on. The result has the name of the file."""
    request_id = operator.next_request_id(station)
    action = "GetLog"
    again = given(retries=body.retries, retryInterval=body.retry_interval_s)
    request: dict[str, Any] = {
        "requestId": request_id,
        "logType": body.log_type,
        "log": given(
            remoteLocation=body.remote_location,
            oldestTimestamp=stamp(body.oldest_at),
            latestTimestamp=stamp(body.latest_at),
        ),
        **again,
    }
    if is_16(operator, station) and body.log_type == "DiagnosticsLog":
        action = "GetDiagnostics"
        period = given(startTime=stamp(body.oldest_at), stopTime=stamp(body.latest_at))
        request = {"location": body.remote_location, **period, **again}
    location = without_secrets(body.remote_location)
    job = Job(request_id=request_id, sort="log", action=action, location=location, asked_at=operator.now())
    return await _follow(operator, station, job, request)


async def publish_firmware(operator: Operator, station: Station, body: PublishFirmware) -> Result:
    """Ask a local controller to publish a firmware: the job `request_id` shows how it goes on (use case L03)."""
    require_2(operator, station, "it publishes no firmware; update each station by POST firmware")
    request_id = operator.next_request_id(station)
    request = given(
        requestId=request_id,
        location=body.location,
        checksum=body.checksum,
        retries=body.retries,
        retryInterval=body.retry_interval_s,
    )
    job = Job(
        request_id=request_id,
        sort="firmware_publication",
        action="PublishFirmware",
        location=without_secrets(body.location),
        asked_at=operator.now(),
    )
    return await _follow(operator, station, job, request)


async def unpublish_firmware(operator: Operator, station: Station, body: UnpublishFirmware) -> Result:
    """Ask a local controller to unpublish a firmware (use case L04)."""
    require_2(operator, station, "it publishes no firmware")
    return result_of(await operator.call(station, "UnpublishFirmware", {"checksum": body.checksum}))


async def _follow(operator: Operator, station: Station, job: Job, request: dict[str, Any]) -> Result:
    """Begin a job, send its call, and let the job be what the answer says. A job that is refused never was."""
    if not operator.reaches(station, job.action, request):
        return result_of(NOT_CONNECTED)
    try:
        await operator.record(station, records_of_beginning(station, job, job.asked_at))
        end = await operator.call(station, job.action, request)
    except CommandError:
        await keep(operator, station, records_of_refusal(job.request_id, operator.now()))
        raise
    now = operator.now()
    if refused(end):
        kept = await keep(operator, station, records_of_refusal(job.request_id, now))
        return remembered(result_of(end), kept)
    state, file_name = _answered(job, end)
    records = records_of_answer(station, job.request_id, state, now, file_name=file_name)
    kept = await keep(operator, station, records)
    about = {"request_id": job.request_id, **given(file_name=file_name)}
    result = remembered(result_of(end, **about), kept)
    if state == NOTHING_TO_UPLOAD:
        return Result(Outcome.REJECTED, result.body, "the station named no file: it says that it has none to upload")
    return result


def _answered(job: Job, end: CallEnded) -> tuple[str, str | None]:
    """Return the state that the answer to a call brings, and the name of the file that is to come."""
    if end.payload is None:
        return UNANSWERED, None
    response = response_of(end)
    file_name = response.get("fileName", response.get("filename")) or None
    if job.action == "GetDiagnostics" and file_name is None:
        return NOTHING_TO_UPLOAD, None
    return response.get("status", "Accepted"), file_name


FLOWS: Final = (
    Flow(
        "firmware",
        UpdateFirmware,
        update_firmware,
        "Update the firmware",
        actions=("UpdateFirmware", "SignedUpdateFirmware"),
        answer={
            "request_id": "Id of the job, which `GET jobs/{request_id}` shows.",
        },
    ),
    Flow(
        "firmware/published",
        PublishFirmware,
        publish_firmware,
        "Have a local controller publish a firmware",
        actions=("PublishFirmware",),
        answer={
            "request_id": "Id of the job, which `GET jobs/{request_id}` shows.",
        },
    ),
    Flow(
        "firmware/published/{checksum}",
        UnpublishFirmware,
        unpublish_firmware,
        "Have a local controller unpublish a firmware",
        "DELETE",
        actions=("UnpublishFirmware",),
    ),
    Flow(
        "logs",
        UploadLog,
        upload_log,
        "Upload a log",
        actions=("GetLog", "GetDiagnostics"),
        answer={
            "request_id": "Id of the job, which `GET jobs/{request_id}` shows.",
            "file_name": "Name of the file that is to come, where the station told it.",
        },
    ),
)
MORE_OF_JOB: Final = {
    "ended": "Whether nothing more is to come, unless the station tries again.",
    "succeeded": "How it ended; null if it has not, or if a newer one took its place.",
    "stalled": "Whether it should have come to something by now.",
    "firmware_now": "Version that the station said that it runs when it booted last.",
}
SHOWN: Final = (
    Shown("jobs", shown, "Firmware updates and uploads, the newest first", Job, MORE_OF_JOB),
    Shown("jobs/{request_id}", shown_one, "One of them", Job, MORE_OF_JOB),
)
