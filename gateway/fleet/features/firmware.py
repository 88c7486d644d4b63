"""Firmware updates: OCPP 1.6 section 6.19 and its security extension, 2.x use cases L01 and L02."""

from datetime import datetime

from gateway.fleet.dice import Dice
from gateway.fleet.features.timed import Home
from gateway.fleet.features.work import Phase, Work
from gateway.fleet.intents import FirmwareProgress, ProgressIntent

RESTARTED_S = 10.0
"""After this a station that restarts is off for certain, so that what is told next is told by the new software."""


class Firmware:
    """The station's software and its update. `installed` counts the updates that went well."""

    __slots__ = ("_dice", "_home", "_work", "installed", "request_id", "signed")

    def __init__(self, home: Home, dice: Dice) -> None:
        self._home = home
        self._dice = dice
        self._work = Work(home, self._tell, self._restart)
        self.request_id: int | None = None
        self.signed = False
        self.installed = 0

    @property
    def next_at(self) -> datetime | None:
        """See `Timed.next_at`."""
        return self._work.next_at

    def tick(self, now: datetime) -> None:
        """See `Timed.tick`."""
        self._work.tick(now)

    def update(
        self,
        request_id: int | None,
        retrieve_at: datetime,
        install_at: datetime | None,
        now: datetime,
        *,
        signed: bool,
        location: str,
    ) -> str:
        """Begin an update: Accepted, or AcceptedCanceled where it replaces one that was still running.

        A location with `fail-download` or `fail-install` in it fails there for certain, so that it can be rehearsed.
        """
        status = "AcceptedCanceled" if self._work.running else "Accepted"
        self.request_id, self.signed = request_id, signed
        self._work.begin(self._phases(retrieve_at, install_at, now, signed=signed, location=location), now)
        return status

    def progress(self) -> ProgressIntent:
        """What a triggered FirmwareStatusNotification says."""
        return FirmwareProgress(self._work.status if self._work.running else "Idle", self.request_id, self.signed)

    def _phases(
        self, retrieve_at: datetime, install_at: datetime | None, now: datetime, *, signed: bool, location: str
    ) -> list[Phase]:
        step_s = self._home.behaviour.work_step_s
        fails, at_download = self._dice.chance(self._home.behaviour.work_fails), self._dice.chance(0.5)
        wait_s = max(0.0, (retrieve_at - now).total_seconds())
        phases = [Phase("DownloadScheduled")] if wait_s and signed else []
        phases.append(Phase("Downloading", wait_s))
        if "fail-download" in location or (fails and at_download):
            return [*phases, Phase("DownloadFailed", self._dice.between(*step_s))]
        phases.append(Phase("Downloaded", self._dice.between(*step_s)))
        if signed:
            phases.append(Phase("SignatureVerified", 1.0))
        hold_s = 0.0 if install_at is None else max(0.0, (install_at - now).total_seconds() - wait_s)
        if hold_s and signed:
            phases.append(Phase("InstallScheduled"))
        phases.append(Phase("Installing", max(hold_s, 1.0), idle=True))
        if "fail-install" in location or fails:
            return [*phases, Phase("InstallationFailed", self._dice.between(*step_s))]
        rebooting = "InstallRebooting" if signed else ""
        phases.append(Phase(rebooting, self._dice.between(*step_s), restarts="FirmwareUpdate"))
        return [*phases, Phase("Installed", RESTARTED_S)]

    def _tell(self, status: str) -> None:
        self._home.say(FirmwareProgress(status, self.request_id, self.signed))

    def _restart(self, now: datetime, reason: str) -> None:
        self.installed += 1
        self._home.restart(now, reason=reason)
