"""Jobs: what a station was asked to do in its own time, such as a firmware update, followed to its end.

A job begins before its call is sent, so that no notification finds it missing, and then goes by what the station says
of it. A reboot ends no job: most updates contain one. Status words are those of OCPP 2.x (FirmwareStatusEnumType,
UploadLogStatusEnumType, PublishFirmwareStatusEnumType).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Struct

from gateway.core.facts.kind import FactKind, in_full
from gateway.core.records import Record
from gateway.core.stations import Station

Sort: TypeAlias = Literal["firmware", "log", "firmware_publication"]

HISTORY_MAX: Final = 32
"""Steps kept per job, the last ones; an update with a retry takes about a dozen."""

ENDED_MAX: Final = 8
"""Ended jobs remembered per station; the store has more."""

STALLED_AFTER: Final = timedelta(hours=1)
"""How long a job that is due may be silent. An update over a slow mobile link takes tens of minutes."""

REQUESTED: Final = "Requested"
"""The state of a job whose call is not answered yet."""

UNANSWERED: Final = "Unanswered"
"""The state of a job of which nobody knows whether the station has heard."""

NOTHING_TO_UPLOAD: Final = "NothingToUpload"
"""The state of a job whose station named no file, which says that there is none (OCPP 1.6 section 5.9)."""

CANCELED: Final = "AcceptedCanceled"
"""A newer request of the same sort took the place of this one."""

_SUCCEEDED: Final = frozenset({"Installed", "Uploaded", "Published"})
_FAILED: Final = frozenset(
    {
        "BadMessage",
        "DownloadFailed",
        "InstallVerificationFailed",
        "InstallationFailed",
        "InvalidChecksum",
        "InvalidSignature",
        "NotSupportedOperation",
        "PermissionDenied",
        "PublishFailed",
        "UploadFailure",
        NOTHING_TO_UPLOAD,
    }
)
"""Ends of a job. After a failure a station may try again: so who failed hears on."""

_IDLE: Final = "Idle"
"""What a station says that was asked for a status while it does nothing. It neither ends a job nor begins it."""

_WORDS_16: Final = {"UploadFailed": "UploadFailure"}

_SORTS: Final[Mapping[str, Sort]] = {
    "DiagnosticsStatusNotification": "log",
    "FirmwareStatusNotification": "firmware",
    "LogStatusNotification": "log",
    "PublishFirmwareStatusNotification": "firmware_publication",
    "SignedFirmwareStatusNotification": "firmware",
}


class Step(Struct, frozen=True):
    """What a job came to, and when the gateway heard of it."""

    at: datetime
    state: str


class Job(Struct, frozen=True, omit_defaults=True):
    """One job. `due_at` is when the station may begin with the last part of it; `location` is without secrets.

    `firmware_before` is the version at the time of asking: some stations only show by their next boot that an update
    is done. `heard_at` is when the station last said anything of it.
    """

    request_id: int
    sort: Sort
    action: str
    location: str
    asked_at: datetime
    state: str = REQUESTED
    heard_at: datetime | None = None
    due_at: datetime | None = None
    file_name: str | None = None
    firmware_before: str | None = None
    history: list[Step] = []

    @property
    def succeeded(self) -> bool | None:
        """How it ended; None if it has not, or was ended by a newer one."""
        return True if self.state in _SUCCEEDED else False if self.state in _FAILED else None

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come, unless the station tries again."""
        return self.succeeded is not None or self.state == CANCELED

    def stalled(self, now: datetime) -> bool:
        """Whether it should have come to something by now."""
        since = max(time for time in (self.asked_at, self.heard_at, self.due_at) if time is not None)
        return not self.ended and now - since > STALLED_AFTER

    def came_to(self, state: str, now: datetime) -> "Job":
        """Return the job after news of it."""
        history = self.history
        if not history or history[-1].state != state:
            history = [*history, Step(now, state)][-HISTORY_MAX:]
        return msgspec.structs.replace(
            self, state=self.state if state == _IDLE else state, heard_at=now, history=history
        )


JOBS: Final = FactKind("job", Job)


def records_of_status(station: Station, action: str, request: Any, now: datetime) -> list[Record]:
    """Return what a status notification changes: `action` is its name in the station's version.

    Without a request id it is about the newest job of its sort that is under way, or else about the newest if that
    failed. A notification that belongs to no job changes nothing.
    """
    sort = _SORTS[action]
    request_id = getattr(request, "request_id", UNSET)
    jobs = [job for job in JOBS.of(station).values() if job.sort == sort]
    if request_id is not UNSET:
        jobs = [job for job in jobs if job.request_id == request_id]
    else:
        jobs = [job for job in jobs if not job.ended] or jobs
    if not jobs:
        return []
    job = max(jobs, key=lambda job: job.asked_at)
    if request_id is UNSET and job.ended and job.succeeded is not False:
        return []
    return [_said(job.came_to(_WORDS_16.get(request.status, request.status), now), now)]


def records_of_beginning(station: Station, job: Job, now: datetime) -> list[Record]:
    """Return the records by which a job begins. The oldest that have ended are forgotten."""
    ended = [other for other in JOBS.of(station).values() if other.ended]
    return [_said(job, now), *(_forgotten(other, now) for other in ended[: -(ENDED_MAX - 1)])]


def records_of_answer(
    station: Station, request_id: int, state: str, now: datetime, *, file_name: str | None = None
) -> list[Record]:
    """Return the records by which a job goes on after the answer to its call, whatever it came to meanwhile.

    An answer that cancels what was under way ends the older jobs of its sort.
    """
    job = JOBS.get(station, str(request_id))
    if job is None:
        return []
    records: list[Record] = []
    if state == CANCELED:
        state = "Accepted"
        for other in JOBS.of(station).values():
            if other.sort == job.sort and other.request_id != request_id and not other.ended:
                records.append(_said(other.came_to(CANCELED, now), now))
    if job.state == REQUESTED:
        job = msgspec.structs.replace(job, state=state) if state == UNANSWERED else job.came_to(state, now)
    return [*records, _said(msgspec.structs.replace(job, file_name=file_name), now)]


def records_of_refusal(request_id: int, now: datetime) -> list[Record]:
    """Return the records by which a job never was: the station refused it, or was never asked."""
    return [JOBS.ends(str(request_id), now)]


def without_secrets(location: str) -> str:
    """Return a URL without what may be secret in it: user, password, query and fragment."""
    try:
        parts = urlsplit(location)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return ""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{port}{parts.path}" if parts.scheme else parts.path


def shown(station: Station, parameters: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
    """Return all jobs, the newest first."""
    jobs = sorted(JOBS.of(station).values(), key=lambda job: job.asked_at, reverse=True)
    return [_shown(station, job, now) for job in jobs]


def shown_one(station: Station, parameters: Mapping[str, str], now: datetime) -> dict[str, Any] | None:
    """Return the job `request_id`, None if there is none."""
    job = JOBS.get(station, parameters["request_id"])
    return None if job is None else _shown(station, job, now)


def _shown(station: Station, job: Job, now: datetime) -> dict[str, Any]:
    boot = station.state.boot
    return {
        **in_full(job),
        "ended": job.ended,
        "succeeded": job.succeeded,
        "stalled": job.stalled(now),
        "firmware_now": None if boot is None else boot.firmware,
    }


def _said(job: Job, now: datetime) -> Record:
    return JOBS.holds(str(job.request_id), job, now)


def _forgotten(job: Job, now: datetime) -> Record:
    return JOBS.ends(str(job.request_id), now)
