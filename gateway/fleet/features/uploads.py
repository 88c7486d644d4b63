"""Log uploads: OCPP 1.6 section 6.1 (diagnostics) and its security extension, 2.x use case N01."""

from datetime import datetime

from gateway.fleet.dice import Dice
from gateway.fleet.features.timed import Home
from gateway.fleet.features.work import Phase, Work
from gateway.fleet.intents import ProgressIntent, UploadProgress


class Uploads:
    """One upload at a time. Nothing leaves the machine: only its progress is told."""

    __slots__ = ("_dice", "_home", "_work", "request_id")

    def __init__(self, home: Home, dice: Dice) -> None:
        self._home = home
        self._dice = dice
        self._work = Work(home, self._tell)
        self.request_id: int | None = None

    @property
    def next_at(self) -> datetime | None:
        """See `Timed.next_at`."""
        return self._work.next_at

    def tick(self, now: datetime) -> None:
        """See `Timed.tick`."""
        self._work.tick(now)

    def upload(self, request_id: int | None, location: str, now: datetime) -> str:
        """Begin an upload: Accepted, or AcceptedCanceled where it replaces one (N01.FR.12 and .20).

        `request_id` is None for the diagnostics of 1.6. A location with `fail-upload` in it fails for certain.
        """
        status = "Accepted"
        if self._work.running:
            status = "AcceptedCanceled"
            if self.request_id is not None:
                self._home.say(UploadProgress("AcceptedCanceled", self.request_id))
        self.request_id = request_id
        fails = self._dice.chance(self._home.behaviour.work_fails) or "fail-upload" in location
        last = Phase("UploadFailure" if fails else "Uploaded", self._dice.between(*self._home.behaviour.work_step_s))
        self._work.begin([Phase("Uploading"), last], now)
        return status

    def file_name(self, kind: str, now: datetime) -> str:
        """The name of the uploaded file."""
        return f"{kind}-{now:%Y%m%dT%H%M%S}Z.log"

    def progress(self) -> ProgressIntent:
        """What a triggered LogStatusNotification says."""
        return (
            UploadProgress(self._work.status, self.request_id) if self._work.running else UploadProgress("Idle", None)
        )

    def _tell(self, status: str) -> None:
        self._home.say(UploadProgress(status, self.request_id))
