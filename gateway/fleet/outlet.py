"""One EVSE and the visits of vehicles to it: plug in, authorise, charge, pause, stop, unplug."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum, auto
from hashlib import blake2b
from typing import Protocol

from gateway.fleet.behaviour import Behaviour, Visit, plan_visit
from gateway.fleet.clock import seconds_from
from gateway.fleet.dice import Dice
from gateway.fleet.evse import Evse
from gateway.fleet.intents import Ask, Intent, Stage, StageChanged, Step
from gateway.fleet.truth import SampleTruth, TransactionTruth

LOOK_S_MAX = 300.0
"""A charging vehicle is looked at this often at least, even where no meter values are wanted: it may be full."""

RETRY_ARRIVAL_S = 60.0
"""A driver who finds the station out of order comes back after this."""


class Due(Enum):
    """What an outlet waits for."""

    ARRIVE = auto()
    PRESENT = auto()
    SAMPLE = auto()
    LIMIT = auto()
    UNLIMIT = auto()
    LEAVE = auto()
    UNPLUG = auto()


class Surroundings(Protocol):
    """What an outlet knows of its station."""

    identity: str
    version: str
    behaviour: Behaviour
    meter_interval_s: int
    samples_kept_max: int

    @property
    def online(self) -> bool:
        """Whether the station is connected and accepted."""

    @property
    def in_service(self) -> bool:
        """Whether new transactions may begin."""

    def say(self, intent: Intent) -> bool:
        """Queue `intent` for the server; False where it found no room."""

    def trusts(self, id_token: str) -> bool:
        """Whether `id_token` may charge while nobody can be asked."""

    def reservation_used(self, evse: int, id_token: str) -> int | None:
        """Use up the reservation of `evse` if it is for `id_token`; its id."""

    def begin_truth(self, truth: TransactionTruth) -> None:
        """Keep `truth`, whose remaining fields are filled in as they become known."""


class Charge:
    """A running transaction: its number, the next seqNo, and the truth about it."""

    __slots__ = ("energy_start_wh", "id_token", "next_seq_no", "remote_start_id", "transaction", "truth")

    def __init__(self, truth: TransactionTruth, energy_start_wh: float, remote_start_id: int | None) -> None:
        self.transaction = truth.transaction
        self.id_token = truth.id_token
        self.next_seq_no = 0
        self.energy_start_wh = energy_start_wh
        self.remote_start_id = remote_start_id
        self.truth = truth


class Outlet:
    """Decides what happens at one EVSE. Knows no clock: `tick` does what has become due, at the time it was due."""

    def __init__(self, number: int, evse: Evse, station: Surroundings, dice: Dice, started_at: datetime) -> None:
        self.number = number
        self.evse = evse
        self.stage = Stage.AVAILABLE
        self.operative = True
        self.charge: Charge | None = None
        self._station = station
        self._dice = dice
        self._visit: Visit | None = None
        self._limit_a = evse.current_max_a
        self._paused = False
        self._advanced_at = started_at
        first_s = dice.exponential(station.behaviour.first_arrival_s_mean)
        self._due: dict[Due, datetime] = {Due.ARRIVE: seconds_from(started_at, first_s)}
        self._steps: dict[Due, Callable[[datetime], None]] = {
            Due.ARRIVE: self._arrive,
            Due.PRESENT: self._present,
            Due.SAMPLE: self._sample,
            Due.LIMIT: self._limit,
            Due.UNLIMIT: self._unlimit,
            Due.LEAVE: self._leave,
            Due.UNPLUG: self._unplug,
        }

    @property
    def soc(self) -> float | None:
        """State of charge of the vehicle that is plugged in, as a fraction; None without one."""
        return None if self.evse.vehicle is None else self.evse.vehicle.battery.soc

    @property
    def next_at(self) -> datetime | None:
        """When something happens next without anybody's doing."""
        return min(self._due.values(), default=None)

    @property
    def transaction_started_at(self) -> datetime | None:
        """When the running transaction began."""
        return None if self.charge is None else self.charge.truth.started_at

    def tick(self, now: datetime) -> None:
        """Do, in order, all that was due until `now`."""
        while self._due:
            due = min(self._due, key=self._due.__getitem__)
            at = self._due[due]
            if at > now:
                return
            del self._due[due]
            self._steps[due](at)

    def authorised(self, accepted: bool, at: datetime) -> None:
        """The verdict on the card of the driver who waits. Without a waiting driver it means nothing."""
        if self._visit is None or self.stage is not Stage.CONNECTED or self.charge is not None:
            return
        if accepted and self._station.in_service:
            self._start(at, self._visit.id_token, "Authorized")
        else:
            self._due[Due.UNPLUG] = seconds_from(at, self._visit.unplug_s)

    def deauthorised(self, transaction: str, at: datetime) -> None:
        """The server refuses the card after the fact: stop, as StopTxOnInvalidId says."""
        if self.charge is not None and self.charge.transaction == transaction:
            self.stop(at, reason="DeAuthorized", trigger="Deauthorized")

    def request_start(self, id_token: str, remote_start_id: int | None, at: datetime) -> bool:
        """Start for `id_token`, with the vehicle that is there or that comes next. False if the outlet is taken.

        A reserved outlet is free for whom it is reserved: the station has looked.
        """
        free = self.stage in (Stage.AVAILABLE, Stage.RESERVED)
        if self.charge is not None or not self.operative or not (free or self.stage is Stage.CONNECTED):
            return False
        if free:
            self._plug_in(at)
        self._due.pop(Due.PRESENT, None)
        self._due.pop(Due.UNPLUG, None)
        self._start(at, id_token, "RemoteStart", remote_start_id)
        return True

    def request_stop(self, at: datetime) -> None:
        """Stop the running transaction for the operator."""
        self.stop(at, reason="Remote", trigger="RemoteStop")

    def set_operative(self, operative: bool, at: datetime) -> bool:
        """Take the outlet out of service or back. False if that has to wait until the vehicle has left."""
        self.operative = operative
        if self.stage in (Stage.AVAILABLE, Stage.RESERVED) and not operative:
            self._enter(Stage.UNAVAILABLE, at)
        elif self.stage is Stage.UNAVAILABLE and operative:
            self._enter(Stage.AVAILABLE, at)
        return operative or self.stage is Stage.UNAVAILABLE

    def set_reserved(self, reserved: bool, at: datetime) -> None:
        """Be kept for somebody, or be free again; otherwise engaged, it is only the station that keeps book."""
        if reserved and self.stage is Stage.AVAILABLE:
            self._enter(Stage.RESERVED, at)
        elif not reserved and self.stage is Stage.RESERVED:
            self._enter(Stage.AVAILABLE, at)

    def set_limit(self, limit_a: float, at: datetime) -> None:
        """Obey `limit_a` per conductor from now on: the place where charging profiles take effect."""
        if limit_a != self._limit_a:
            self._limit_a = limit_a
            self._offer(at)

    def unlock(self, at: datetime) -> None:
        """Let the cable go. The vehicle leaves soon; a transaction that runs ends first (1.6 section 5.18)."""
        self.stop(at, reason="UnlockCommand", trigger="UnlockCommand")
        if self._visit is not None:
            self._due.pop(Due.PRESENT, None)
            self._due[Due.UNPLUG] = seconds_from(at, self._visit.unplug_s)

    def look(self, at: datetime) -> None:
        """Bring the meter to `at`, and report a charging state that has changed."""
        self._advance(at)
        self._follow(at)

    def sample(self, at: datetime, *, trigger: str, context: str) -> None:
        """Report a reading of the running transaction."""
        self.look(at)
        self._step("Updated", at, trigger, context=context)

    def stop(self, at: datetime, *, reason: str, trigger: str) -> None:
        """End the running transaction, if there is one, and wait for the driver to unplug."""
        charge = self.charge
        if charge is None:
            return
        self._advance(at)
        self.evse.open()
        for due in (Due.SAMPLE, Due.LIMIT, Due.UNLIMIT, Due.LEAVE):
            self._due.pop(due, None)
        self._paused = False
        self._offer(at)
        self._step("Ended", at, trigger, context="Transaction.End", stopped_reason=reason)
        truth = charge.truth
        truth.ended_at = at
        truth.register_end_wh = self.evse.meter.register_wh
        truth.energy_wh = self.evse.meter.energy_wh - charge.energy_start_wh
        truth.stopped_reason = reason
        self.charge = None
        self._enter(Stage.FINISHING, at)
        assert self._visit is not None
        self._due[Due.UNPLUG] = seconds_from(at, self._visit.unplug_s)

    def status(self, at: datetime) -> StageChanged:
        """The present stage, to be told again."""
        return StageChanged(self.number, at, None, self.stage)

    def _arrive(self, at: datetime) -> None:
        if not self._station.in_service or self.stage is not Stage.AVAILABLE:
            self._due[Due.ARRIVE] = seconds_from(at, RETRY_ARRIVAL_S)
            return
        self._plug_in(at)

    def _plug_in(self, at: datetime) -> None:
        self._due.pop(Due.ARRIVE, None)
        self._visit = plan_visit(self._station.behaviour, self._dice, dc=self.evse.dc)
        self._advance(at)
        self.evse.plug(self._visit.vehicle)
        self._enter(Stage.CONNECTED, at)
        self._due[Due.PRESENT] = seconds_from(at, self._visit.authorise_s)

    def _present(self, at: datetime) -> None:
        """The driver presents a card, of which the server is asked, or offline the station."""
        assert self._visit is not None
        if not (self._station.online and self._station.say(Ask(self.number, self._visit.id_token))):
            self.authorised(self._station.trusts(self._visit.id_token), at)

    def _start(self, at: datetime, id_token: str, trigger: str, remote_start_id: int | None = None) -> None:
        visit = self._visit
        assert visit is not None
        self._advance(at)
        name = f"{self._station.identity}\0{self.number}\0{at.isoformat()}"
        truth = TransactionTruth(
            station=self._station.identity,
            version=self._station.version,
            evse=self.number,
            transaction=blake2b(name.encode(), digest_size=16).hexdigest(),
            id_token=id_token,
            started_at=at,
            register_start_wh=self.evse.meter.register_wh,
        )
        self.charge = Charge(truth, self.evse.meter.energy_wh, remote_start_id)
        self._station.begin_truth(truth)
        reservation_id = self._station.reservation_used(self.number, id_token)
        self._step("Started", at, trigger, context="Transaction.Begin", reservation_id=reservation_id)
        self.evse.close()
        self._follow(at)
        self._due[Due.LEAVE] = seconds_from(at, visit.stay_s)
        if visit.limited_after_s is not None:
            self._due[Due.LIMIT] = seconds_from(at, visit.limited_after_s)
        self._look_again(at)

    def _sample(self, at: datetime) -> None:
        if self._station.meter_interval_s:
            self.sample(at, trigger="MeterValuePeriodic", context="Sample.Periodic")
        else:
            self.look(at)
        self._look_again(at)

    def _look_again(self, at: datetime) -> None:
        self._due[Due.SAMPLE] = seconds_from(at, self._station.meter_interval_s or LOOK_S_MAX)

    def _limit(self, at: datetime) -> None:
        assert self._visit is not None
        self._paused = True
        self._offer(at)
        self._due[Due.UNLIMIT] = seconds_from(at, self._visit.limited_s)

    def _unlimit(self, at: datetime) -> None:
        self._paused = False
        self._offer(at)

    def _leave(self, at: datetime) -> None:
        assert self._visit is not None
        if self._visit.unplugs_first:
            self.stop(at, reason="EVDisconnected", trigger="EVDeparted")
            self._unplug(at)
        else:
            self.stop(at, reason="Local", trigger="StopAuthorized")

    def _unplug(self, at: datetime) -> None:
        self._due.pop(Due.UNPLUG, None)
        self._advance(at)
        self.evse.unplug()
        self._visit = None
        self._enter(Stage.AVAILABLE if self.operative else Stage.UNAVAILABLE, at)
        self._due[Due.ARRIVE] = seconds_from(at, self._dice.exponential(self._station.behaviour.idle_s_mean))

    def _advance(self, at: datetime) -> None:
        """Let the current flow until `at`. A moment before the last one is taken as that one."""
        elapsed_s = (at - self._advanced_at).total_seconds()
        if elapsed_s > 0:
            self.evse.advance(elapsed_s)
            self._advanced_at = at

    def _offer(self, at: datetime) -> None:
        """Offer the vehicle what the profiles leave, or nothing while the station itself pauses."""
        self._advance(at)
        self.evse.set_limit(0.0 if self._paused else self._limit_a)
        self._follow(at)

    def _follow(self, at: datetime) -> None:
        """See what the vehicle does, and report a new charging state."""
        if self.charge is None or self.evse.vehicle is None:
            return
        if self.evse.power_w > 0:
            stage = Stage.CHARGING
        elif self.evse.vehicle.full or self.evse.offers:
            stage = Stage.SUSPENDED_EV
        else:
            stage = Stage.SUSPENDED_EVSE
        if stage is not self.stage:
            self._enter(stage, at)
            self._step("Updated", at, "ChargingStateChanged")

    def _enter(self, stage: Stage, at: datetime) -> None:
        before, self.stage = self.stage, stage
        self._station.say(StageChanged(self.number, at, before, stage))

    def _step(
        self,
        event: str,
        at: datetime,
        trigger: str,
        *,
        context: str | None = None,
        stopped_reason: str | None = None,
        reservation_id: int | None = None,
    ) -> None:
        """Say one TransactionEvent, with a reading if it has a `context` for one."""
        charge = self.charge
        assert charge is not None
        reading = self.evse.reading() if context else None
        started, offline = event == "Started", not self._station.online
        queued = self._station.say(
            Step(
                event=event,
                transaction=charge.transaction,
                evse=self.number,
                at=at,
                trigger=trigger,
                seq_no=charge.next_seq_no,
                charging_state=_charging_state(self.stage, stopped_reason),
                reading=reading,
                context=context or "",
                id_token=charge.id_token if started or stopped_reason == "Local" else None,
                stopped_reason=stopped_reason,
                remote_start_id=charge.remote_start_id if started else None,
                offline=offline,
                reservation_id=reservation_id,
            )
        )
        charge.next_seq_no += 1
        truth = charge.truth
        truth.sent_offline += offline
        truth.energy_wh = self.evse.meter.energy_wh - charge.energy_start_wh
        if (
            queued
            and reading is not None
            and context == "Sample.Periodic"
            and len(truth.samples) < self._station.samples_kept_max
        ):
            truth.samples.append(SampleTruth(at, reading.register_wh, reading.power_w, reading.soc_percent))


def _charging_state(stage: Stage, stopped_reason: str | None) -> str:
    """The ChargingStateEnumType of a step. At the end `stage` is still that of the moment before."""
    if stopped_reason is not None:
        return "Idle" if stopped_reason == "EVDisconnected" else "EVConnected"
    return str(stage) if stage in (Stage.CHARGING, Stage.SUSPENDED_EV, Stage.SUSPENDED_EVSE) else "EVConnected"
