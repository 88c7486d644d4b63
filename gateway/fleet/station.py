"""A simulated charging station, decided in OCPP 2.x words: no version, no socket and no clock in here."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Any

from msgspec import structs

from gateway.fleet.behaviour import Behaviour
from gateway.fleet.clock import seconds_from
from gateway.fleet.dice import Dice
from gateway.fleet.faults import NO_FAULTS, ChargingFaults, Misbehaviour
from gateway.fleet.features.equipment import Equipment
from gateway.fleet.intents import (
    Answer,
    Ask,
    Authorised,
    Beat,
    Boot,
    Intent,
    Nameplate,
    Registered,
    Report,
    Stage,
    StageChanged,
    Step,
    StreamAnswered,
    StreamOpened,
)
from gateway.fleet.models import build_evses, pick_model, stamp
from gateway.fleet.outbox import Outbox, Outgoing
from gateway.fleet.outlet import Outlet
from gateway.fleet.truth import TransactionTruth
from gateway.fleet.variables import AUTHORIZE_OFFLINE, UNKNOWN_OFFLINE, Variable

HEARTBEAT_S = 300
"""Used where the server leaves the heartbeat interval to the station (interval 0)."""

BOOT_RETRY_S = 30
"""Used where the server leaves the retry of a boot that is not accepted to the station (interval 0)."""

RESET_GRACE_S = 5.0
"""Between a reset's answer and the restart, so that the last messages may leave."""

RESTART_S = (20.0, 60.0)
"""How long a station takes to start."""


class SimulatedStation:
    """One station. `tick` lets time pass; `next_call` is what to send; answers and commands come in as calls.

    Whoever owns it calls `tick` when `next_after` has come, and takes the socket away while `link_wanted` is False.
    """

    def __init__(
        self,
        identity: str,
        version: str,
        *,
        seed: int,
        behaviour: Behaviour,
        started_at: datetime,
        begin_truth: Callable[[TransactionTruth], None],
        samples_kept_max: int,
        misbehaviour: Misbehaviour | None = None,
    ) -> None:
        """The same `seed` and `identity` make the same station, whose drivers have the same plans."""
        self.identity = identity
        self.version = version
        self.behaviour = behaviour
        self.samples_kept_max = samples_kept_max
        self.outbox = Outbox()
        self.registration: str | None = None
        self.heartbeat_s = HEARTBEAT_S
        self.meter_interval_s = behaviour.meter_interval_s
        self.attempts_max = 3
        self.attempt_interval_s = 20
        self.steps_lost = 0
        """Transaction messages given up after `attempts_max` errors: billing data that the server threw away."""

        self._misbehaviour = misbehaviour or Misbehaviour(NO_FAULTS, seed, identity, Counter())
        traits = self._misbehaviour.traits
        dice = Dice(seed, identity, "station")
        model = pick_model(dice)
        self.model = model
        self.phases = model.phases
        plate = stamp(model, dice)
        self.nameplate = structs.replace(plate, firmware=plate.firmware + traits.firmware)
        self.outlets = [
            Outlet(number, evse, self, Dice(seed, identity, "visits", number), started_at)
            for number, evse in enumerate(build_evses(model, dice, seed, identity), start=1)
        ]
        self.equipment = Equipment(self, self.outlets, Dice(seed, identity, "equipment"), traits)
        self.settings: dict[Variable, str] = {}
        """Variables that have been set and live nowhere else."""
        self._outage_dice = Dice(seed, identity, "outages")
        self._keep_truth = begin_truth
        self._truths: dict[str, TransactionTruth] = {}
        self._told: dict[int, Stage] = {}
        self._linked = False
        self._accepted_once = False
        self._closing = False
        self._boot_reason = "PowerUp"
        self._boot_at: datetime | None = started_at
        self._beat_at: datetime | None = None
        self._outage_at = self._next_outage(started_at)
        self._linkless_until_at: datetime | None = None
        self._restart_at: datetime | None = None
        self._restart_when_idle = False
        self._restart_reason = "RemoteReset"
        self._breakdown_at = self._misbehaviour.next_boot_at(started_at)

    # What its owner asks

    @property
    def charging(self) -> bool:
        """Whether any transaction runs."""
        return any(outlet.charge is not None for outlet in self.outlets)

    @property
    def online(self) -> bool:
        """Whether it is connected and accepted."""
        return self._linked and self.registration == "Accepted"

    @property
    def firmware_version(self) -> str:
        """Its software: that on the nameplate, and one more for each update."""
        installed = self.equipment.firmware.installed
        return self.nameplate.firmware + (f"+{installed}" if installed else "")

    @property
    def ignores_limits(self) -> bool:
        """Whether it accepts limits and does as it pleases."""
        return self._misbehaviour.traits.ignores

    @property
    def takes_dynamic(self) -> bool:
        """Whether it takes them."""
        return self._misbehaviour.traits.dynamic

    @property
    def in_service(self) -> bool:
        """Whether new transactions may begin: it has been accepted once, and it has room for their messages."""
        restarting = self._restart_at is not None or self._restart_when_idle
        return self._accepted_once and not self._closing and not restarting and not self.outbox.full

    @property
    def link_wanted(self) -> bool:
        """Whether it has a network and power; while False its owner keeps it disconnected."""
        return self._linkless_until_at is None

    def next_after(self, now: datetime) -> datetime | None:
        """When something is due without anybody's doing. What was due until `now` is done, or waits for an answer."""
        moments = [outlet.next_at for outlet in self.outlets]
        moments += [feature.next_at for feature in self.equipment.timed]
        moments += [self._linkless_until_at, self._restart_at, self._breakdown_at]
        if self._linked:
            moments += [self._boot_at, self._beat_at, self._outage_at, self.outbox.next_at]
        return min((at for at in moments if at is not None and at > now), default=None)

    def tick(self, now: datetime) -> None:
        """Do what has become due. The outlets go first, up to the moment at which the station itself does something."""
        for outlet in self.outlets:
            outlet.tick(now)
        self.equipment.tick(now)
        if self._linkless_until_at is not None and self._linkless_until_at <= now:
            self._linkless_until_at = None
        if self._linked and self._outage_at is not None and self._outage_at <= now:
            self.link_down(now)
            until_at = seconds_from(now, self._outage_dice.between(*self.behaviour.offline_s))
            self._linkless_until_at = until_at
            self._outage_at = self._next_outage(until_at)
        if self._breakdown_at is not None and self._breakdown_at <= now:
            self._break_down(now)
        if self._restart_when_idle and not self.charging:
            self._restart_when_idle = False
            self._restart_at = now
        if self._restart_at is not None and self._restart_at <= now:
            self._restart(now)
        if self._beat_at is not None and self._beat_at <= now:
            self._beat_at = seconds_from(now, self.heartbeat_s)
            if not self.outbox.holds(Beat):
                self.say(Beat())

    def next_call(self, now: datetime) -> Outgoing | None:
        """The message to send now, if there is one. The same until it is answered or has failed."""
        if not self._linked:
            return None
        if self._boot_at is not None and self._boot_at <= now:
            return Outgoing(Boot(self._plate(), self._boot_reason), ordinal=-1)
        if self.registration == "Accepted":
            return self.outbox.first(now)
        return self.outbox.first_triggered() if self.registration == "Pending" else None

    # What its owner tells

    def link_up(self, now: datetime) -> None:
        """It is connected. If it was accepted before, it does not boot again but tells what has changed meanwhile."""
        self._linked = True
        if self._outage_at is not None and self._outage_at <= now:
            self._outage_at = self._next_outage(now)
        if self.registration == "Accepted":
            self._beat_at = seconds_from(now, self.heartbeat_s)
            self._tell_stages(now)

    def link_down(self, now: datetime) -> None:
        """The connection is gone. Drivers who wait for an answer are trusted, steps stay in the queue."""
        self._linked = False
        self._beat_at = None
        for ask in self.outbox.forget_notices():
            self.outlets[ask.evse - 1].authorised(self.trusts(ask.id_token), now)

    def answered(self, outgoing: Outgoing, answer: Answer, now: datetime) -> None:
        """The server has answered `outgoing` with a CALLRESULT."""
        self.outbox.remove(outgoing)
        intent = outgoing.intent
        if isinstance(answer, Registered):
            self._registered(answer, now)
        elif isinstance(intent, Ask) and isinstance(answer, Authorised):
            self.outlets[intent.evse - 1].authorised(answer.accepted is True, now)
        elif isinstance(intent, Step):
            self._truths[intent.transaction].acknowledged += 1
            if isinstance(answer, Authorised) and answer.accepted is False:
                self.outlets[intent.evse - 1].deauthorised(intent.transaction, now)
            if intent.event == "Ended":
                del self._truths[intent.transaction]
                self.equipment.transaction_answered(intent.transaction)
        elif isinstance(intent, StreamOpened) and isinstance(answer, StreamAnswered):
            self.equipment.monitors.streams.answered(intent.stream_id, answer.accepted)
        elif isinstance(intent, StageChanged):
            self._told[intent.evse] = intent.after

    def failed(self, outgoing: Outgoing, now: datetime, *, speed: float) -> bool:
        """The server has answered with an error or not in time. True if that was the last attempt and a step is lost.

        Retries are for the other side's sake, so their intervals are real seconds: `speed` simulated ones each.
        """
        intent = outgoing.intent
        if isinstance(intent, Boot):
            self._boot_at = seconds_from(now, BOOT_RETRY_S * speed)
            return False
        if isinstance(intent, Step):
            outgoing.sendings += 1
            if outgoing.sendings < self.attempts_max:
                outgoing.not_before_at = seconds_from(now, self.attempt_interval_s * outgoing.sendings * speed)
                return False
            self.steps_lost += 1
            if intent.event == "Ended":
                self._truths.pop(intent.transaction, None)
                self.equipment.transaction_answered(intent.transaction)
        if isinstance(intent, StreamOpened):
            self.equipment.monitors.streams.answered(intent.stream_id, accepted=False)
        self.outbox.remove(outgoing)
        if isinstance(intent, Ask):
            self.outlets[intent.evse - 1].authorised(False, now)
        return isinstance(intent, Step)

    def finish(self, now: datetime) -> None:
        """End what runs, and let nothing begin or break any more, so that the queue can run empty."""
        self._closing = True
        self._outage_at = self._breakdown_at = None
        if self._linkless_until_at is not None:
            self._linkless_until_at = now
        for outlet in self.outlets:
            outlet.stop(now, reason="Other", trigger="AbnormalCondition")

    # What the server commands, in OCPP 2.x words

    def misbehave(self, faults: ChargingFaults) -> None:
        """Have these faults from now on, as far as they befall single messages."""
        self._misbehaviour.faults = faults

    def request_start(self, evse: int | None, id_token: str, remote_start_id: int | None, now: datetime) -> str | None:
        """Start at `evse` or at any free outlet; the transaction's id, or None where that is refused."""
        if not self.in_service or self.registration != "Accepted":
            return None
        for outlet in self.outlets_of(evse):
            holder = self.equipment.reservations.holder(outlet.number)
            if holder not in (None, id_token):
                continue
            if outlet.request_start(id_token, remote_start_id, now) and outlet.charge is not None:
                return outlet.charge.transaction
        return None

    def request_stop(self, transaction: str, now: datetime) -> bool:
        """Stop `transaction`; False where it does not run here."""
        outlet = self.running_at(transaction)
        if outlet is not None:
            outlet.request_stop(now)
        return outlet is not None

    @property
    def transactions(self) -> list[str]:
        """The transactions that run."""
        return [outlet.charge.transaction for outlet in self.outlets if outlet.charge is not None]

    def running_at(self, transaction: str) -> Outlet | None:
        """The outlet where `transaction` runs."""
        for outlet in self.outlets:
            if outlet.charge is not None and outlet.charge.transaction == transaction:
                return outlet
        return None

    def reset(self, now: datetime, *, on_idle: bool, reason: str = "ImmediateReset") -> str:
        """Restart, at once or when no transaction runs: Accepted or Scheduled."""
        if on_idle and self.charging:
            self._restart_when_idle = True
            return "Scheduled"
        for outlet in self.outlets:
            outlet.stop(now, reason=reason, trigger="ResetCommand")
        self.restart(now, reason="RemoteReset")
        return "Accepted"

    def restart(self, now: datetime, *, reason: str) -> None:
        """Switch off and on again soon; `reason` is that of the next boot."""
        self._restart_reason = reason
        self._restart_at = seconds_from(now, RESET_GRACE_S)

    def change_availability(self, evse: int | None, operative: bool, now: datetime) -> str:
        """Take `evse`, or with None or 0 all, out of service or back: Accepted, Scheduled or Rejected."""
        chosen = self.outlets_of(evse or None)
        if not chosen:
            return "Rejected"
        done = [outlet.set_operative(operative, now) for outlet in chosen]
        if not operative:
            for outlet in chosen:
                self.equipment.reservations.withdrawn(outlet.number, now)
        return "Accepted" if all(done) else "Scheduled"

    def boot_again(self, now: datetime) -> None:
        """Send a BootNotification that was asked for; the station does not restart for it."""
        self._boot_at, self._boot_reason = now, "Triggered"

    def report(self, action: str, payload: dict[str, Any]) -> None:
        """Send what a server has asked for soon, also while registration is Pending."""
        self.outbox.put(Report(action, payload), triggered=True)

    def variable(self, variable: Variable) -> str:
        """The value of `variable`."""
        if variable.attribute is not None:
            return str(attrgetter(variable.attribute)(self))
        return self.settings.get(variable, variable.default)

    def set_variable(self, variable: Variable, value: str) -> str:
        """Set `variable`: Accepted, RebootRequired, or Rejected where it cannot be set, or not to this."""
        if not (variable.mutable and variable.allows(value)):
            return "Rejected"
        if variable.attribute is not None:
            setattr(self, variable.attribute, int(value))
        else:
            self.settings[variable] = value
        return "RebootRequired" if variable.reboots else "Accepted"

    # What its outlets say

    def say(self, intent: Intent) -> bool:
        """Queue `intent`. Offline only the steps of transactions are kept."""
        if isinstance(intent, Step):
            self.equipment.transaction_step(intent)
        return (isinstance(intent, Step) or self.online) and self.outbox.put(intent)

    def begin_truth(self, truth: TransactionTruth) -> None:
        """Keep `truth` for whoever compares."""
        self._truths[truth.transaction] = truth
        self._keep_truth(truth)

    def truth(self, transaction: str) -> TransactionTruth | None:
        """The truth about `transaction`, until the answer to its end."""
        return self._truths.get(transaction)

    def trusts(self, id_token: str) -> bool:
        """Whether `id_token` may charge while the server cannot be asked: what the local list says, else a setting."""
        verdict = self.equipment.local_list.verdict(id_token)
        if verdict is not None and self.variable(AUTHORIZE_OFFLINE) == "true":
            return verdict == "Accepted"
        return self.variable(UNKNOWN_OFFLINE) == "true"

    def reservation_used(self, evse: int, id_token: str) -> int | None:
        """Use up the reservation of `evse` if it is for `id_token`; its id."""
        return self.equipment.reservations.use(evse, id_token)

    # Its own affairs

    def _registered(self, answer: Registered, now: datetime) -> None:
        self.registration = answer.status
        if answer.status != "Accepted":
            self._boot_at = seconds_from(now, answer.interval_s or BOOT_RETRY_S)
            return
        self._boot_at = None
        self._accepted_once = True
        self.heartbeat_s = answer.interval_s or HEARTBEAT_S
        self._beat_at = seconds_from(now, self.heartbeat_s)
        self._told.clear()
        self.equipment.accepted(now)
        self.say(StageChanged(0, now, None, Stage.AVAILABLE))
        self._tell_stages(now)

    def _plate(self) -> Nameplate:
        return structs.replace(self.nameplate, firmware=self.firmware_version)

    def _tell_stages(self, now: datetime) -> None:
        for outlet in self.outlets:
            if self._told.get(outlet.number) is not outlet.stage:
                self.say(outlet.status(now))

    def _break_down(self, now: datetime) -> None:
        """Boot by itself. It is the computer that does; where it does not end what runs, contactors stay closed."""
        self._breakdown_at = self._misbehaviour.next_boot_at(now)
        if self._misbehaviour.boot_ends():
            for outlet in self.outlets:
                outlet.stop(now, reason="Reboot", trigger="AbnormalCondition")
        self._restart_reason = "Watchdog"
        self._restart_at = now

    def _restart(self, now: datetime) -> None:
        self._restart_at = None
        self.equipment.profiles.booted(now, loses=self._misbehaviour.boot_loses())
        self.link_down(now)
        self.registration = None
        self._boot_reason = self._restart_reason
        self._linkless_until_at = seconds_from(now, self._outage_dice.between(*RESTART_S))
        self._boot_at = self._linkless_until_at

    def _next_outage(self, now: datetime) -> datetime | None:
        mean_s = self.behaviour.offline_every_s_mean
        return None if mean_s is None else seconds_from(now, self._outage_dice.exponential(mean_s))

    def outlets_of(self, evse: int | None) -> list[Outlet]:
        """The outlet of this number, with None all; none where there is no such."""
        if evse is None:
            return self.outlets
        return [outlet for outlet in self.outlets if outlet.number == evse]
