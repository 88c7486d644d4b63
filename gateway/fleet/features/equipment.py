"""All features of one station together, and what touches several of them."""

from collections.abc import Sequence
from datetime import datetime

from gateway.fleet.dice import Dice
from gateway.fleet.faults import ORDINARY, Traits
from gateway.fleet.features.certificates import Certificates
from gateway.fleet.features.der_controls import DerControls
from gateway.fleet.features.displays import Displays
from gateway.fleet.features.firmware import Firmware
from gateway.fleet.features.local_list import LocalList
from gateway.fleet.features.monitors import Monitor, Monitors
from gateway.fleet.features.profiles import Profiles
from gateway.fleet.features.reservations import Reservations
from gateway.fleet.features.tariffs import Tariffs
from gateway.fleet.features.timed import Home, Timed
from gateway.fleet.features.uploads import Uploads
from gateway.fleet.intents import Step
from gateway.fleet.outlet import Outlet

STREAMING = "ocpp2.1"
"""The version that has streams."""


class Equipment:
    """The features by name. `networks` are connection profiles by slot, `costs` what transactions cost so far."""

    __slots__ = (
        "_home",
        "_outlets",
        "certificates",
        "costs",
        "der_controls",
        "displays",
        "firmware",
        "local_list",
        "monitors",
        "networks",
        "profiles",
        "reservations",
        "tariffs",
        "timed",
        "uploads",
    )

    def __init__(self, home: Home, outlets: Sequence[Outlet], dice: Dice, traits: Traits = ORDINARY) -> None:
        self._home = home
        self._outlets = outlets
        self.certificates = Certificates()
        self.costs: dict[str, float] = {}
        self.der_controls = DerControls()
        self.displays = Displays()
        self.firmware = Firmware(home, dice)
        self.local_list = LocalList()
        self.monitors = Monitors(home)
        self.networks: dict[int, object] = {}
        self.profiles = Profiles(outlets, traits)
        self.reservations = Reservations(home, outlets)
        self.tariffs = Tariffs()
        self.uploads = Uploads(home, dice)
        self.timed: tuple[Timed, ...] = (
            self.profiles,
            self.reservations,
            self.firmware,
            self.uploads,
            self.monitors,
        )

    def tick(self, now: datetime) -> None:
        """Do what has become due in any of them."""
        for feature in self.timed:
            at = feature.next_at
            if at is not None and at <= now:
                feature.tick(now)

    def accepted(self, now: datetime) -> None:
        """The server has registered the station: streams are opened, again or for the first time."""
        period_s = self._home.behaviour.stream_s
        if self._home.version == STREAMING and period_s and not self.monitors.matching(None, lambda place: True):
            for outlet in self._outlets:
                self.monitors.set(_power_monitor(outlet, period_s), now, is_new=True, stream=(10 * period_s, 10))
        else:
            self.monitors.streams.reopen(now)

    def transaction_step(self, step: Step) -> None:
        """A transaction has begun, gone on or ended."""
        if step.event == "Started":
            self.tariffs.begin(step.transaction, step.evse)
            self.profiles.changed(step.at)
        elif step.event == "Ended":
            self.displays.transaction_ended(step.transaction)
            self.profiles.transaction_ended(step.transaction, step.at)

    def transaction_answered(self, transaction: str) -> None:
        """The end of a transaction is told: nothing more will be said about it."""
        self.tariffs.end(transaction)
        self.costs.pop(transaction, None)


def _power_monitor(outlet: Outlet, period_s: int) -> Monitor:
    """As if a server had set it: the power of an EVSE, every `period_s`."""

    def measure(at: datetime) -> float:
        outlet.look(at)
        return outlet.evse.power_w

    place = {"component": {"name": "EVSE", "evse": {"id": outlet.number}}, "variable": {"name": "Power"}}
    return Monitor(
        monitor_id=0,
        place=place,
        kind="Periodic",
        value=float(period_s),
        severity=8,
        transaction=False,
        measure=measure,
        reference=0.0,
    )
