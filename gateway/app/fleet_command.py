"""What `ocpp-gateway fleet` does: simulated stations against any OCPP server, and what came of it."""

import asyncio
import signal
import ssl
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop
from msgspec import Struct

from gateway.app.fleet_picture import fleet_figures, station_row
from gateway.app.resources import allow_connections
from gateway.app.side_files import read_entries
from gateway.app.signals import run_until_signalled
from gateway.app.terminal import Screen, Snapshot
from gateway.fleet import (
    Behaviour,
    ChargingFaults,
    ChargingFaultsError,
    DialFailure,
    Fleet,
    FleetStatistics,
    accelerated_clock,
    parse_charging_faults,
)
from gateway.fleet.link import BadUrl, check_url

OTHER_FILES: Final = 64
"""Open files that are no stations: the interpreter's own, and connections whose end is not seen yet."""

REDRAW_S: Final = 1.0
JSON_INTERVAL_S: Final = 2.0

HOPELESS_S: Final = 3.0
"""If nothing has connected by then and attempts have failed, the fleet gives up: it is the URL, not the load."""

PASSWORD_BYTES_MAX: Final = 256
"""How much of a password file is read; the longest password in OCPP has 64 characters."""

ID_TOKEN_CHARACTERS_MAX: Final = 20
"""Longest id token that every version can send: CiString20Type of 1.6."""

CLOCKS_AHEAD: Final = "the stations' clocks run ahead of real time: a server may not believe their timestamps"
"""What there is to know of a speed above 1."""

COUNTED: Final = ("calls", "results", "errors", "timeouts", "losses", "malformed")
"""Of FleetStatistics, what the picture counts."""


class FleetError(Exception):
    """The fleet cannot run, or could not connect: one line for each reason."""


class FleetOptions(Struct, frozen=True, kw_only=True):
    """The command line. `versions` are subprotocols, `ramp_per_s` connects a second, times real seconds."""

    url: str
    stations: int
    versions: tuple[str, ...]
    identities: str
    password: str | None
    id_tokens: tuple[str, ...]
    ca_file: Path | None
    insecure: bool
    seed: int
    speed: float
    ramp_per_s: float
    duration_s: float | None
    json: bool
    charging_faults: ChargingFaults = ChargingFaults()


def run_fleet(options: FleetOptions) -> None:
    """Run until Ctrl-C or for `duration_s`. Raises FleetError, also at the end if nothing ever connected."""
    run = FleetRun(options, _tls(options))
    allowed = allow_connections(options.stations, OTHER_FILES)
    if allowed < options.stations:
        raise FleetError(f"{options.stations} stations need as many open files, but only {allowed} are allowed")
    if options.speed > 1:
        print(f"ocpp-gateway: at --speed {options.speed:g} {CLOCKS_AHEAD}", file=sys.stderr)
    uvloop.run(run_until_signalled(run, lambda: None, duration_s=options.duration_s))
    run.report()


def read_password(file: Path) -> str:
    """Return the first line of `file`. Raises FleetError, or OSError where it cannot be read."""
    with file.open("rb") as opened:
        line = opened.read(PASSWORD_BYTES_MAX).split(b"\n", 1)[0].removesuffix(b"\r")
    try:
        password = line.decode()
    except UnicodeDecodeError:
        raise FleetError(f"{file}: the password is not UTF-8") from None
    if not password:
        raise FleetError(f"{file}: the first line holds no password")
    return password


def read_charging_faults(text: str) -> ChargingFaults:
    """Return the faults that the command line asks for. Raises FleetError."""
    try:
        return parse_charging_faults(text)
    except ChargingFaultsError as error:
        raise FleetError(f"--charging-faults: {error}") from None


def read_id_tokens(given: tuple[str, ...], file: Path | None) -> tuple[str, ...]:
    """Return the id tokens `given` and those in `file`, one a line. Raises FleetError, or ConfigError for the file."""
    entries = [("--id-token", id_token) for id_token in given]
    if file is not None:
        of_file = list(read_entries(file))
        if not of_file:
            raise FleetError(f"{file}: holds no id token")
        entries += of_file
    for where, id_token in entries:
        if not 1 <= len(id_token) <= ID_TOKEN_CHARACTERS_MAX:
            raise FleetError(f"{where}: an id token has 1 to {ID_TOKEN_CHARACTERS_MAX} characters")
    return tuple(id_token for _, id_token in entries)


class FleetRun:
    """A `Service`: the fleet, and its picture, its lines or its JSON on standard output."""

    def __init__(self, options: FleetOptions, tls: ssl.SSLContext | None) -> None:
        self._options = options
        self._tls = tls
        self._clock = accelerated_clock(options.speed)
        self._screen = Screen(sys.stdout)
        self._fleet: Fleet | None = None
        self._running: asyncio.Task[None] | None = None
        self._showing: asyncio.Task[None] | None = None
        self._started_monotonic_s = time.monotonic()
        self._elapsed_s = 0.0
        self._final: FleetStatistics | None = None

    async def start(self) -> None:
        """Let the stations connect."""
        options = self._options
        self._fleet = fleet = Fleet(
            options.url,
            stations=options.stations,
            seed=options.seed,
            versions=options.versions,
            clock=self._clock,
            password=options.password,
            tls=self._tls,
            behaviour=Behaviour(stream_s=60, id_tokens=options.id_tokens),
            charging_faults=options.charging_faults,
            identities=options.identities,
            connects_per_s=options.ramp_per_s,
        )
        self._running = asyncio.create_task(fleet.run())
        self._showing = asyncio.create_task(self._show(fleet))

    async def drain(self) -> None:
        """Let the stations hang up, which the picture does not show: it stays as it was before."""
        if self._showing is not None:
            self._showing.cancel()
        if self._fleet is not None and self._running is not None:
            self._final = self._fleet.statistics
            self._elapsed_s = time.monotonic() - self._started_monotonic_s
            self._fleet.stop()
            await asyncio.wait({self._running})

    async def stop(self) -> None:
        """Stop everything and give the terminal back. Raises what went wrong in the fleet."""
        tasks = [task for task in (self._running, self._showing) if task is not None]
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        self._screen.close()
        for error in ended:
            if isinstance(error, Exception):
                raise error

    def report(self) -> None:
        """Print the summary. Raises FleetError if nothing ever connected."""
        fleet = self._fleet
        assert fleet is not None
        now = self._final or fleet.statistics
        if self._options.json:
            print(_json(now, self._elapsed_s, failures=fleet.failures, faults=fleet.faults, summary=True))
        elif now.connects:
            print("\n".join(summary(now, self._elapsed_s, fleet.failures, fleet.faults)))
        if not now.connects:
            raise FleetError("\n".join(told(fleet.failures)) or "no station has connected")

    async def _show(self, fleet: Fleet) -> None:
        """Tell how it goes, again and again. Where it is hopeless, or nobody is left to see it, stop as by Ctrl-C."""
        due_s = 0.0
        try:
            while not _hopeless(fleet, time.monotonic() - self._started_monotonic_s):
                elapsed_s = time.monotonic() - self._started_monotonic_s
                if not self._options.json:
                    self._screen.show(self._snapshot(fleet, elapsed_s))
                elif elapsed_s >= due_s:
                    due_s = elapsed_s + JSON_INTERVAL_S
                    print(_json(fleet.statistics, elapsed_s), flush=True)
                await asyncio.sleep(REDRAW_S)
        except OSError:
            pass
        signal.raise_signal(signal.SIGINT)

    def _snapshot(self, fleet: Fleet, elapsed_s: float) -> Snapshot:
        now = fleet.statistics
        connected, *others = fleet_figures(now)
        return Snapshot(
            title=f"ocpp-gateway fleet   {self._options.url}",
            at=self._clock.now(),
            elapsed_s=elapsed_s,
            speed=self._clock.speed,
            figures=[
                [connected, f"accepted {now.accepted}", *others],
                [f"{name} {getattr(now, name):,}" for name in COUNTED],
            ],
            stations=[station_row(station) for station in fleet.stations],
            footer=[*told(fleet.failures), *([CLOCKS_AHEAD] if self._clock.speed > 1 else []), "Ctrl-C stops"],
        )


def told(failures: list[DialFailure]) -> list[str]:
    """One line for each reason why stations could not connect, with who met it first."""
    return [
        f"{failure.station} ({failure.version}): {failure.reason}"
        + (f" ({failure.count} times)" if failure.count > 1 else "")
        for failure in failures
    ]


def summary(
    now: FleetStatistics, elapsed_s: float, failures: list[DialFailure], faults: Mapping[str, int]
) -> list[str]:
    """What came of a run, as lines for people."""
    return [
        "",
        f"{now.stations} stations for {elapsed_s:.0f} s: {now.connects:,} connects, {now.losses:,} connections lost",
        f"calls {now.calls:,}: results {now.results:,}, errors {now.errors:,}, timeouts {now.timeouts:,},"
        f" malformed {now.malformed:,}",
        f"served {now.served:,} calls of the server, refused {now.refused:,}; sent {now.sends:,} without an answer",
        f"delivered {now.energy_wh / 1000:,.2f} kWh; transaction messages unanswered {now.steps_waiting:,},"
        f" given up {now.steps_lost + now.steps_forgotten:,}",
        *([f"faults in smart charging: {_counted(faults)}"] if faults else []),
        *told(failures),
    ]


def _counted(faults: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(faults.items()))


def _hopeless(fleet: Fleet, elapsed_s: float) -> bool:
    return elapsed_s >= HOPELESS_S and bool(fleet.failures) and fleet.statistics.connects == 0


def _json(
    now: FleetStatistics,
    elapsed_s: float,
    *,
    failures: list[DialFailure] | None = None,
    faults: Mapping[str, int] | None = None,
    summary: bool = False,
) -> str:
    line: dict[str, Any] = {"elapsed_s": round(elapsed_s, 3), "summary": summary} | msgspec.to_builtins(now)
    if failures is not None:
        line["failures"] = msgspec.to_builtins(failures)
    if faults:
        line["charging_faults"] = dict(faults)
    return msgspec.json.encode(line).decode()


def _tls(options: FleetOptions) -> ssl.SSLContext | None:
    """What connects to a `wss` URL: the system's certificate authorities, those of `ca_file`, or without check."""
    try:
        is_secure = check_url(options.url)
    except BadUrl as error:
        raise FleetError(str(error)) from None
    if not is_secure:
        if options.ca_file is not None or options.insecure:
            raise FleetError("--tls and --insecure are for a URL that begins with wss")
        return None
    try:
        context = ssl.create_default_context(cafile=options.ca_file)
    except ssl.SSLError as error:
        raise FleetError(f"{options.ca_file}: no certificates: {error.reason}") from None
    except OSError as error:
        raise FleetError(f"{options.ca_file}: {error.strerror}") from None
    if options.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
