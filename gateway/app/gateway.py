"""The composition root: a configuration becomes a running gateway."""

import asyncio
import gc
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from ssl import SSLContext
from typing import Final, TypeAlias

from gateway import __version__
from gateway.app.command_api import CommandApi
from gateway.app.config import Config
from gateway.app.config_sources import UnavailableError
from gateway.app.configured_charging import Charging, start_charging
from gateway.app.configured_files import read_configured_files
from gateway.app.lookups import variables_of
from gateway.app.operator import Known, LoopOperator
from gateway.app.pulse import Pulse
from gateway.app.resources import allow_connections
from gateway.app.station_groups import group_of
from gateway.app.stores import open_store
from gateway.app.upkeep import LoopUpkeep
from gateway.app.view import GatewayView
from gateway.core.admission import Admission
from gateway.core.authorisation import Authoriser, Token
from gateway.core.clock import ClockPolicy
from gateway.core.commands import Commander
from gateway.core.csms import Csms
from gateway.core.flows import FLOWS, SHOWN
from gateway.core.protocols import PROTOCOLS
from gateway.core.quirks.policy import QuirkGroup, QuirkPolicy
from gateway.core.quirks.second_look import SecondLook
from gateway.core.recorder import Recorder
from gateway.core.registry import TRANSACTION_ID_EPOCH_S, Registry, Restored, Saver, restore
from gateway.core.service import Service
from gateway.core.stations import Station
from gateway.core.tally import Tally
from gateway.core.token_history import TokenHistory
from gateway.core.upkeep import UpkeepPolicy
from gateway.io.data_directory import DataDirectory, open_data_directory
from gateway.io.http import AdminServer
from gateway.io.http_commands import command_routes
from gateway.io.http_sites import NotKeptError, site_routes
from gateway.io.journal import Journal
from gateway.io.listener import ListenerSettings, StationListener
from gateway.io.stores import Store
from gateway.io.timers import TimerWheel
from gateway.io.token_lists import open_token_history
from gateway.io.turning_away import TurningAway
from gateway.wire.versions import VERSIONS
from gateway.wire.websocket import WebSocketSettings

SWITCH_INTERVAL_S: Final = 0.001
"""How long the event loop may keep the interpreter from the journal's thread, which holds every answer. Python's
default of 5 ms would be most of the time that a station waits."""

HEARTBEATS_MISSED_MAX: Final = 2
"""Heartbeat intervals of silence after which a station that never answered a ping is taken for gone."""

GC_THRESHOLDS: Final = (50_000, 20, 50)
"""Python looks for cycles after this many more containers than before, and hot paths make none. The default of 700
would walk over everything that waits for the store, several times a second."""

PROGRESS_ENTRIES: Final = 10_000
"""What a restart replays between two words about its progress."""

LIVE_STATE: Final = "live_state"
JOURNAL_NAME: Final = "journal.sqlite"
TOKEN_LISTS_NAME: Final = "token-lists"  # noqa: S105 - a directory

EXIT_JOURNAL_FAILED: Final = 70
"""Exit status after a failed commit (EX_SOFTWARE of sysexits.h)."""

Now: TypeAlias = Callable[[], datetime]


def system_now() -> datetime:
    """Return the time of this machine's clock."""
    return datetime.now(UTC)


@contextmanager
def _address_named(section: str, host: str, port: int) -> Iterator[None]:
    """Turn the OSError of an address that cannot be had into an UnavailableError that names it and its keys."""
    try:
        yield
    except OSError as error:
        number = error.errno or 0  # negative for a name that cannot be resolved
        why = os.strerror(number) if number > 0 else error.strerror
        where = f"{section}.host, {section}.port: cannot listen on {host} port {port}"
        raise UnavailableError([f"{where}: {why}"]) from error


def quirk_policy(config: Config) -> QuirkPolicy:
    """Return which stations have which quirks."""
    groups = [
        QuirkGroup(
            identity=group.identity,
            vendor=group.vendor,
            model=group.model,
            firmware=group.firmware,
            enable=frozenset(group.enable),
            disable=frozenset(group.disable),
            mode=group.mode,
        )
        for group in config.quirks.group
    ]
    return QuirkPolicy(config.quirks.mode, groups)


class Gateway:
    """One gateway: `start`, then `drain` and `stop`.

    `now` is the clock of everything that stations say and hear; it runs `speed` times as fast as time. `before_journal`
    is called once the data directory is this process's own, before anything in it is opened. `progress` is told what
    long work is doing, "" at its end.
    """

    def __init__(
        self,
        config: Config,
        *,
        log: Callable[..., None],
        now: Now = system_now,
        speed: float = 1.0,
        before_journal: Callable[[], None] = lambda: None,
        progress: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.config: Final[Config] = config
        self.log = log
        self.wall_clock = time.time
        self.tally: Final[Tally] = Tally(PROTOCOLS)
        self.pulse: Final[Pulse] = Pulse()
        self.draining: bool = False
        self.connections_max: int = config.listener.connections_max
        """Stations that may be connected at once: as configured, unless the limit of open files allows fewer."""
        self.registry: Registry
        self.recorder: Recorder
        self.commander: Commander
        self.commands: CommandApi
        self.upkeep: LoopUpkeep
        self.charging: Charging
        self.journal: Journal
        self.store: Store
        self.listener: StationListener
        self._now = now
        self._speed: Final = speed
        self._token_history: TokenHistory | None = None
        self._stored_variables: Final = variables_of(config)
        self._turning_away: TurningAway | None = None
        self._run_id: Final = secrets.token_hex(4)
        """Begins the ids of our calls: they must not come again after a restart."""
        self._before_journal = before_journal
        self._progress = progress
        self._services: dict[str, Service] = {}
        self._admin: AdminServer | None = None
        self._release = AsyncExitStack()
        """What `stop` undoes: all that `start` took so far, the last first."""
        self._stations_urls: list[str] = []
        self._tls_context: SSLContext | None = None
        self._started = False
        self._reloading: asyncio.Task[None] | None = None
        self._reload_wanted = False

    @property
    def stations_url(self) -> str:
        """Where stations connect, without TLS if that can be; they append their identity."""
        return self._stations_urls[0]

    @property
    def stations_urls(self) -> tuple[str, ...]:
        """Where stations connect, with and without TLS."""
        return tuple(self._stations_urls)

    @property
    def admin_url(self) -> str:
        """Where metrics, health and the API are."""
        assert self._admin is not None
        return self._admin.url

    async def start(self) -> None:
        """Take the data directory, restore the live state, and listen.

        Raises DataDirectoryError, JournalError, and ConfigError for a side file or an address that cannot be had.
        """
        config = self.config
        self.connections_max = allow_connections(config.listener.connections_max)
        if self.connections_max < config.listener.connections_max:
            self.log("connections_max_lowered", level="warning", to=self.connections_max, by="limit of open files")
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        directory = open_data_directory(config.data.directory)
        self._release.callback(directory.close)
        files = read_configured_files(config)
        admission = Admission(
            listed=files.listed or frozenset(), credentials=files.credentials, unknown=config.stations.unknown
        )
        tokens = None if config.authorisation.mode == "accept_all" else files.tokens or {}
        authoriser = Authoriser(tokens)
        self._tls_context = files.tls
        if files.tls is not None:
            self.log("certificates_loaded", kinds=files.tls_keys)
        self._before_journal()
        self.journal = self._open_journal(directory)
        self._release.callback(self.journal.close)
        self._restore()
        self._token_history = self._open_token_history(directory, tokens)
        self.store = open_store(config, self.journal, shared_site_of=self._shared_site_of, log=self.log)
        self._release.callback(self.store.close)
        wheel = TimerWheel(time.monotonic, asyncio.get_running_loop().call_later)
        self.upkeep = self._make_upkeep(wheel)
        self._release.push_async_callback(self.upkeep.stop)
        self.charging = start_charging(
            config,
            files.sites,
            directory.path,
            commander=self.commander,
            recorder=self.recorder,
            registry=self.registry,
            operator=partial(self._operator, config.commands.timeout_s),
            tokens=files.tokens or {},
            now=self._now,
            speed=self._speed,
            log=self.log,
        )
        self._release.push_async_callback(self.charging.stop)
        self.listener = self._make_listener(admission, authoriser, wheel)
        if config.journal.when_full == "disconnect":
            self._turning_away = TurningAway(self.listener, closes_per_s=config.drain.closes_per_s)
            self._release.callback(self._turning_away.stop)
        self.journal.start()
        self.store.start()
        self.pulse.start()
        self._release.callback(self.pulse.stop)
        listen, admin = config.listener, config.admin
        self.commands = self._command_api()
        self._admin = AdminServer(
            GatewayView(self),
            host=admin.host,
            port=admin.port,
            token=files.bearer_token,
            log=self.log,
            routes=[*command_routes(self.commands, FLOWS, SHOWN), *site_routes(self.charging.api)],
        )
        self._release.push_async_callback(self._admin.stop)
        self._release.push_async_callback(self.commands.stop)
        with _address_named("admin", admin.host, admin.port):
            await self._admin.start()
        self._release.push_async_callback(self.listener.drain, closes_per_s=float("inf"), grace_s=0)
        if listen.plain:
            await self._listen("ws", "listener", listen.host, listen.port)
        if self._tls_context is not None:
            await self._listen("wss", "tls", config.tls.host, config.tls.port)
        self._started = True
        self.log(
            "started",
            version=__version__,
            data=str(directory.path),
            stations_url=" ".join(self.stations_urls),
            admin_url=self.admin_url,
            stations=len(self.registry),
        )

    def _shared_site_of(self, identity: str) -> str | None:
        site = self.charging.sites.site_of(identity)
        return None if site is None else site.description.name

    async def _listen(self, scheme: str, section: str, host: str, port: int) -> None:
        context = self._tls_context if scheme == "wss" else None
        with _address_named(section, host, port):
            host, port = await self.listener.start(host, port, backlog=self.config.listener.backlog, context=context)
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._stations_urls.append(f"{scheme}://{authority}{self.config.listener.path_prefix.rstrip('/')}/")

    async def drain(self) -> None:
        """Take leave of the stations at the configured pace, each after the answer it waits for."""
        self.draining = True
        self.log("draining", connections=self.listener.connections)
        drain = self.config.drain
        await self.upkeep.stop()
        await self.charging.stop()
        await self.commands.drain(drain.grace_s)
        await self.listener.drain(
            closes_per_s=drain.closes_per_s,
            grace_s=drain.grace_s,
            progress=lambda left: self._progress(f"draining: {left:,} stations still connected"),
        )
        self._progress("")

    async def stop(self) -> None:
        """Release everything, also after a start that failed: what was answered is on disk before this is called."""
        await self._release.aclose()
        if self._started:
            self.log("stopped")

    def reload(self) -> asyncio.Task[None] | None:
        """Read the files of the sites again, and go on with what they say; what is wrong with them is logged.

        If they are being read already, they are read once more after that: they may have changed since. Returns the
        reload that is under way, None while the gateway drains.
        """
        if self.draining:
            return None
        self._reload_wanted = True
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.get_running_loop().create_task(self._reload())
        return self._reloading

    async def _reload(self) -> None:
        while self._reload_wanted:
            self._reload_wanted = False
            with suppress(NotKeptError):  # it is logged
                await self.charging.api.reload()

    def log_lines_lost(self) -> int:
        """Return how many log lines could not be written."""
        return int(getattr(self.log, "lines_lost", 0))

    def _open_token_history(self, directory: DataDirectory, tokens: Mapping[str, Token] | None) -> TokenHistory | None:
        """Return what local lists should hold, if there are groups whose lists are kept."""
        if tokens is None or not any(group.local_list for group in self.config.stations.group):
            return None
        path = directory.path / TOKEN_LISTS_NAME
        try:
            return open_token_history(path, tokens.values(), self._now())
        except OSError as error:
            raise UnavailableError([f"{path}: cannot be used: {error.strerror}"]) from error

    def _token_history_of(self, station: Station) -> TokenHistory | None:
        """Return what the station's local list should hold; None if it is not kept in step."""
        group = group_of(self.config, station.identity)
        return self._token_history if group is not None and group.local_list else None

    def _operator(self, timeout_s: float) -> LoopOperator:
        """Return one who carries out flows, whose calls may take `timeout_s`."""
        known = Known(self._stored_variables, self._token_history_of)
        return LoopOperator(self.commander, self.recorder, now=self._now, timeout_s=timeout_s, known=known)

    def _make_upkeep(self, wheel: TimerWheel) -> LoopUpkeep:
        upkeep = self.config.upkeep
        policy = UpkeepPolicy(
            trigger_boot_after_s=upkeep.boot_wait_s if upkeep.trigger_boot else None,
            reset_unbooted=upkeep.reset_unbooted,
            read_limits=upkeep.read_limits,
            name_streams=upkeep.name_streams,
            concurrent_max=upkeep.concurrent_max,
            starts_per_s=upkeep.starts_per_s,
        )
        operator = partial(self._operator, self.config.commands.timeout_s)
        return LoopUpkeep(policy, operator, schedule=wheel.schedule, monotonic=time.monotonic, log=self.log)

    def _open_journal(self, directory: DataDirectory) -> Journal:
        loop = asyncio.get_running_loop()
        journal = Journal(
            directory.path / JOURNAL_NAME,
            bytes_max=self.config.journal.bytes_max,
            retention_s=self.config.journal.retention_s,
            call_in_loop=loop.call_soon_threadsafe,
            schedule=loop.call_soon,
            call_later=loop.call_later,
            wall_clock=self.wall_clock,
            fatal=self._journal_failed,
            take_snapshot=lambda batch: self._save(batch),
        )
        journal.on_room = self._room
        journal.on_full = self._journal_full
        return journal

    def _restore(self) -> None:
        """Bring the live state to where the journal ends."""
        first_id = max(1, int(self._now().timestamp()) - TRANSACTION_ID_EPOCH_S)
        restored: Restored = restore(self.journal.load_states(), first_id)
        replayed = replayed_bytes = 0
        for batch in self.journal.read_batches(restored.floor):
            restored.replay(batch.id, batch.entries)
            replayed += len(batch.entries)
            replayed_bytes += batch.size_bytes
            self._progress(f"restoring: {replayed // PROGRESS_ENTRIES * PROGRESS_ENTRIES:,} messages")
        self._progress("")
        self.registry = restored.registry
        self.journal.set_floor(LIVE_STATE, restored.floor)
        saver = Saver(self.registry, restored.floor, journal_bytes_max=self.config.journal.bytes_max)
        saver.note_replayed(replayed, replayed_bytes)
        self._saver = saver
        self.recorder = Recorder(self.journal, self.registry, saver.note_entry)
        self.commander = Commander(self.registry, VERSIONS, time.monotonic)
        self.log("restored", stations=len(self.registry), entries_replayed=replayed)

    def _command_api(self) -> CommandApi:
        commands = self.config.commands
        return CommandApi(
            self.commander,
            self.recorder,
            self._operator,
            now=self._now,
            timeout_s=commands.timeout_s,
            timeout_max_s=commands.timeout_max_s,
            log=self.log,
        )

    def _save(self, batch: int) -> list[tuple[str, bytes]]:
        rows = self._saver.take(batch, self.journal.appended_bytes)
        if rows:  # what they replace may be pruned once they are on disk, not before
            self.journal.barrier(partial(self.journal.set_floor, LIVE_STATE, self._saver.floor))
        return rows

    def _make_listener(self, admission: Admission, authoriser: Authoriser, wheel: TimerWheel) -> StationListener:
        config = self.config
        csms = Csms(
            registry=self.registry,
            authoriser=authoriser,
            clock=ClockPolicy(
                earliest_at=config.clock.earliest,
                future_tolerance=timedelta(seconds=config.clock.future_tolerance_s),
            ),
            registration=admission.registration,
            heartbeat_interval_s=config.stations.heartbeat_interval_s,
            retry_interval_s=config.stations.retry_interval_s,
            deviated=self.tally.deviated,
        )
        second_look = SecondLook(quirk_policy(config), counted=self.tally.quirk, log=self.log)
        message_ids = count(1)
        self._services = {
            subprotocol: Service(
                protocol,
                csms=csms,
                recorder=self.recorder,
                tally=self.tally,
                schedule=wheel.schedule,
                next_message_id=lambda: f"{self._run_id}-{next(message_ids)}",
                now=self._now,
                monotonic=time.monotonic,
                log=self.log,
                noted=self._noted,
                second_look=second_look,
            )
            for subprotocol, protocol in PROTOCOLS.items()
        }
        listen = config.listener
        settings = ListenerSettings(
            path_prefix=listen.path_prefix,
            connections_max=self.connections_max,
            stations_max=config.stations.remembered_max,
            handshake_timeout_s=listen.handshake_timeout_s,
            deflate=listen.deflate,
            echo_path=listen.echo_path,
            web_socket=WebSocketSettings(
                message_bytes_max=listen.message_bytes_max,
                ping_interval_s=listen.ping_interval_s,
                pong_timeout_s=listen.pong_timeout_s,
                silence_max_s=max(
                    listen.ping_interval_s + listen.pong_timeout_s,
                    HEARTBEATS_MISSED_MAX * config.stations.heartbeat_interval_s,
                ),
            ),
        )
        return StationListener(
            settings,
            admission=admission,
            registry=self.registry,
            services=self._services,
            is_strict=self._is_strict,
            wheel=wheel,
            monotonic=time.monotonic,
            log=self.log,
            connected=self._connected,
            gone=self._gone,
        )

    def _connected(self, station: Station) -> None:
        self.upkeep.stations.connected(station)
        self.charging.connected(station)

    def _noted(self, station: Station, action: str) -> None:
        self.upkeep.stations.noted(station, action)
        self.charging.noted(station, action)

    def _gone(self, station: Station) -> None:
        self.upkeep.stations.gone(station)
        self.charging.gone(station)

    def _is_strict(self, identity: str) -> bool:
        group = group_of(self.config, identity)
        return self.config.stations.strict if group is None or group.strict is None else group.strict

    def _room(self) -> None:
        """Let the sessions go on that waited for the journal."""
        for service in self._services.values():
            service.go_on()

    def _journal_full(self, full: bool) -> None:
        if full:
            away = "" if self._turning_away is None else ", and stations are sent away"
            self.log(
                "journal_full", level="error", effect=f"answers to stations are withheld until there is room{away}"
            )
        else:
            self.log("journal_has_room")
        if self._turning_away is not None:
            self._turning_away.journal_full(full)

    def _journal_failed(self, error: BaseException) -> None:
        """End the process at once: nobody knows what is on disk, so nobody may be answered. Called by the writer."""
        self.log("journal_failed", level="error", error=repr(error))
        os._exit(EXIT_JOURNAL_FAILED)
