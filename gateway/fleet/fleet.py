"""Thousands of simulated stations in one process."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from gateway.fleet.behaviour import Behaviour
from gateway.fleet.clock import Clock, seconds_from
from gateway.fleet.dice import Dice
from gateway.fleet.editions import DIALECTS
from gateway.fleet.faults import NO_FAULTS, ChargingFaults, Misbehaviour, SkewedClock
from gateway.fleet.link import Dial, dial_websocket
from gateway.fleet.runner import DialFailure, DialFailures, Runner, Tally
from gateway.fleet.serving import Serving
from gateway.fleet.station import SimulatedStation
from gateway.fleet.truth import TransactionTruth

DIALLING_MAX = 64
"""Handshakes open at one time; more would only wait in the server's backlog."""

TRANSACTIONS_KEPT_MAX = 50_000
"""Transactions of which the truth is kept: ten of each of 5,000 stations. Beyond it later ones are not."""

SETTLE_POLL_S = 0.05


def identity(pattern: str, number: int) -> str:
    """The identity of a station: `pattern` with its run of `#` replaced by as many digits, or four digits behind it."""
    start = pattern.find("#")
    if start < 0:
        return f"{pattern}{number:04d}"
    digits = len(pattern[start:]) - len(pattern[start:].lstrip("#"))
    return f"{pattern[:start]}{number:0{digits}d}{pattern[start + digits :]}"


class FleetStatistics(Struct, frozen=True):
    """The state of a fleet at a moment; the counters from `calls` on only grow.

    `energy_wh` is exactly what all vehicles have drawn. It and `power_w` are as of the last look at each outlet.
    """

    stations: int
    connected: int
    accepted: int
    """Connected, and registered by the server."""
    offline: int
    charging: int
    transactions: int
    power_w: float
    energy_wh: float
    steps_waiting: int
    """Transaction messages that no server has answered yet."""
    calls: int
    results: int
    errors: int
    timeouts: int
    served: int
    refused: int
    malformed: int
    sends: int
    """Messages without an answer: samples of streams (2.1)."""
    result_errors: int
    """Answers of stations that the server called wrong (2.1)."""
    connects: int
    losses: int
    steps_lost: int
    """Transaction messages that were given up after repeated errors."""
    steps_forgotten: int
    """Meter values that found a station's queue full."""


class Fleet:
    """Stations of which each is connected to `url`/identity. `run` it; look at it at any moment."""

    def __init__(
        self,
        url: str,
        *,
        stations: int,
        seed: int,
        versions: Sequence[str],
        clock: Clock,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        behaviour: Behaviour | None = None,
        charging_faults: ChargingFaults = NO_FAULTS,
        identities: str = "SIM-",
        connects_per_s: float = 200.0,
        answer_timeout_s: float = 30.0,
        samples_kept_max: int = 1000,
        dial: Dial | None = None,
    ) -> None:
        """Stations take turns with `versions` (of `editions.DIALECTS`). The same `seed` makes the same fleet.

        `identities` is their pattern (see `identity`). The first connects are spread at `connects_per_s`; it and
        `answer_timeout_s` count real seconds. `dial` replaces the WebSocket connections to `url`. Raises ValueError for
        an unknown version or for less than one station.
        """
        unknown = [version for version in versions if version not in DIALECTS]
        if unknown or not versions:
            raise ValueError(f"versions must be some of {', '.join(DIALECTS)}, not {', '.join(unknown) or 'none'}")
        if stations < 1:
            raise ValueError(f"a fleet has at least one station, not {stations}")
        self._clock = clock
        self._tally = Tally()
        self._failures = DialFailures()
        self._tasks: list[asyncio.Task[None]] = []
        self.faults: Counter[str] = Counter()
        """How many faults there were, by kind."""
        self.transactions: list[TransactionTruth] = []
        """The truth about every transaction, in order of their starts."""
        self._began_at = clock.now()
        dial = dial or dial_websocket(url, password=password, tls=tls)
        dialling = asyncio.Semaphore(DIALLING_MAX)
        self._runners = [
            self._runner(
                identity(identities, index + 1),
                versions[index % len(versions)],
                seed=seed,
                behaviour=behaviour or Behaviour(),
                charging_faults=charging_faults,
                samples_kept_max=samples_kept_max,
                dial=dial,
                dialling=dialling,
                dial_after_s=index / connects_per_s * clock.speed,
                answer_timeout_s=answer_timeout_s,
            )
            for index in range(stations)
        ]

    @property
    def stations(self) -> list[SimulatedStation]:
        """All stations, to look at."""
        return [runner.station for runner in self._runners]

    @property
    def failures(self) -> list[DialFailure]:
        """Why connects have failed so far."""
        return self._failures.all()

    @property
    def statistics(self) -> FleetStatistics:
        """How the fleet is now."""
        outlets = [outlet for runner in self._runners for outlet in runner.station.outlets]
        connected = sum(runner.connected for runner in self._runners)
        tally = self._tally
        return FleetStatistics(
            stations=len(self._runners),
            connected=connected,
            accepted=sum(runner.station.online for runner in self._runners),
            offline=len(self._runners) - connected,
            charging=sum(outlet.evse.power_w > 0 for outlet in outlets),
            transactions=sum(outlet.charge is not None for outlet in outlets),
            power_w=sum(outlet.evse.power_w for outlet in outlets),
            energy_wh=sum(outlet.evse.meter.energy_wh for outlet in outlets),
            steps_waiting=sum(runner.station.outbox.steps_waiting for runner in self._runners),
            calls=tally.calls,
            results=tally.results,
            errors=tally.errors,
            timeouts=tally.timeouts,
            served=tally.served,
            sends=tally.sends,
            result_errors=tally.result_errors,
            refused=tally.refused,
            malformed=tally.malformed,
            connects=tally.connects,
            losses=tally.losses,
            steps_lost=sum(runner.station.steps_lost for runner in self._runners),
            steps_forgotten=sum(runner.station.outbox.steps_forgotten for runner in self._runners),
        )

    async def run(self) -> None:
        """Run all stations until `stop`. An error in one of them is a bug here, and ends all with an ExceptionGroup."""
        async with asyncio.TaskGroup() as group:
            self._tasks = [group.create_task(runner.run()) for runner in self._runners]

    def stop(self) -> None:
        """Hang up in good order and let `run` return. What stations still had to say is lost."""
        for task in self._tasks:
            task.cancel()

    async def finish(self) -> None:
        """End every transaction, begin none, and return once the server has answered all that stations had to say.

        The fleet goes on running. May take as long as the server does; put a timeout around it.
        """
        for runner in self._runners:
            runner.finish()
        while not all(runner.idle for runner in self._runners):
            await self._clock.sleep(SETTLE_POLL_S * self._clock.speed)

    def _runner(
        self,
        identity: str,
        version: str,
        *,
        seed: int,
        behaviour: Behaviour,
        charging_faults: ChargingFaults,
        samples_kept_max: int,
        dial: Dial,
        dialling: asyncio.Semaphore,
        dial_after_s: float,
        answer_timeout_s: float,
    ) -> Runner:
        misbehaviour = Misbehaviour(charging_faults, seed, identity, self.faults)
        skew_s = misbehaviour.traits.clock_skew_s
        clock = SkewedClock(self._clock, skew_s) if skew_s else self._clock
        started_at = seconds_from(self._began_at, skew_s)
        station = SimulatedStation(
            identity,
            version,
            seed=seed,
            behaviour=behaviour,
            started_at=started_at,
            begin_truth=self._keep,
            samples_kept_max=samples_kept_max,
            misbehaviour=misbehaviour,
        )
        dialect = DIALECTS[version](station)
        return Runner(
            station,
            dialect,
            dial=dial,
            dialling=dialling,
            clock=clock,
            tally=self._tally,
            failures=self._failures,
            dice=Dice(seed, identity, "link"),
            dial_at=seconds_from(started_at, dial_after_s),
            answer_timeout_s=answer_timeout_s,
            serving=Serving(station, dialect, misbehaviour),
        )

    def _keep(self, truth: TransactionTruth) -> None:
        if len(self.transactions) < TRANSACTIONS_KEPT_MAX:
            self.transactions.append(truth)
