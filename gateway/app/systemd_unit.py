"""The unit that `ocpp-gateway print systemd-unit` prints: how systemd runs this gateway, and what it may not do.

Written for systemd 252 (Debian 12): `Type=notify-reload` came with 253, so the reload is told by SIGHUP and answered
by RELOADING=1 and READY=1, which both understand.
"""

import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from gateway.app.cli import EXIT_CONFIG
from gateway.app.config import Config
from gateway.app.config_sources import ConfigError, Configuration
from gateway.app.configured_store import configured_dsn, store_file
from gateway.app.resources import OTHER_FILES
from gateway.app.supervisor import CLOSING_S

STATE_ROOT: Final = Path("/var/lib")
"""What systemd makes for a service below this, with StateDirectory=, is the service's own."""

LOGS_ROOT: Final = Path("/var/log")

DEFAULT_DATA: Final = STATE_ROOT / "ocpp-gateway"
"""Where the data is if the configuration does not say: a service has no working directory to speak of."""

WATCHDOG_S: Final = 30
"""Silence of the event loop after which it is restarted. Stations wait for their answers as long, and retry then."""

RESTART_S: Final = 5
"""Pause before a restart. With fewer than five in ten seconds systemd never gives up: a full disk may take hours."""

EXIT_USAGE: Final = 2

PRIVILEGED_PORTS: Final = range(1, 1024)

HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))
"""What ProtectHome= hides."""

TEMPORARY: Final = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - what PrivateTmp= hides

HARDENING: Final = """\
NoNewPrivileges=yes
ProtectSystem=strict
PrivateDevices=yes
PrivateMounts=yes
DevicePolicy=closed
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
UMask=0077"""
"""What holds whatever is configured. ProcSubset=pid is missing: the metric of the start time reads /proc/stat."""

_USER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,30}|[0-9]{1,9}")


def systemd_unit(configuration: Configuration, *, file: Path | None, user: str) -> str:
    """Return the unit of a gateway that serves with `configuration`, read from `file`, as `user`.

    Raises ConfigError for a name or a path that no unit can hold.
    """
    if _USER.fullmatch(user) is None:
        raise ConfigError([f"--user: {user!r} is no name of a user"])
    config = configuration.config
    options = [] if file is None else ["--config", file.absolute()]
    if ("data", "directory") not in configuration.sources:
        config = msgspec.structs.replace(config, data=msgspec.structs.replace(config.data, directory=DEFAULT_DATA))
        options += ["--data", DEFAULT_DATA]
    program = _program()
    needed = [Path(sys.prefix), Path(sys.base_prefix), *_paths(config)]
    needed += [Path(word).absolute() for word in [*program, *options] if isinstance(word, Path)]
    lines = [
        "[Unit]",
        "Description=OCPP edge gateway",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"User={user}",
        f"ExecStart={' '.join(_word(str(word), in_command=True) for word in [*program, 'serve', *options])}",
        "ExecReload=kill -HUP $MAINPID",
        f"WatchdogSec={WATCHDOG_S}",
        f"TimeoutStopSec={math.ceil(2 * config.drain.grace_s + CLOSING_S)}",
        "Restart=on-failure",
        f"RestartSec={RESTART_S}",
        f"RestartPreventExitStatus={EXIT_USAGE} {EXIT_CONFIG}",
        "Environment=PYTHONFAULTHANDLER=1",
        f"LimitNOFILE={config.listener.connections_max + OTHER_FILES}",
        "",
        *_written(config),
        f"ProtectHome={'read-only' if _any_below(needed, HOMES) else 'yes'}",
        f"PrivateTmp={'no' if _any_below(needed, TEMPORARY) else 'yes'}",
        *_capabilities(config),
        HARDENING,
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    ]
    return "\n".join(lines) + "\n"


def _program() -> list[Path | str]:
    """Return how this very installation is called."""
    script = Path(sys.executable).absolute().with_name("ocpp-gateway")
    return [script] if script.exists() else [Path(sys.executable).absolute(), "-m", "gateway"]


def _paths(section: msgspec.Struct) -> Iterator[Path]:
    """Yield every path that is configured in `section`."""
    for name in section.__struct_fields__:
        value = getattr(section, name)
        for member in value if isinstance(value, tuple) else [value]:
            if isinstance(member, Path):
                yield member.absolute()
            elif isinstance(member, msgspec.Struct):
                yield from _paths(member)


def _written(config: Config) -> Iterator[str]:
    """Yield what the service may write: what systemd makes for it, and what must be there already."""
    directories = [config.data.directory.absolute()]
    if configured_dsn(config) is None and not _is_below(store := store_file(config).absolute().parent, directories[0]):
        directories.append(store)  # SQLite writes files beside it
    state = [path for path in directories if _is_inside(path, STATE_ROOT)]
    if state:
        names = " ".join(_word(str(path.relative_to(STATE_ROOT))) for path in state)
        yield from (f"StateDirectory={names}", "StateDirectoryMode=0700")
    others = [path for path in directories if path not in state]
    log = config.log.file.absolute() if config.log.file is not None else None
    if log is not None and _is_inside(log.parent, LOGS_ROOT):
        yield from (f"LogsDirectory={_word(str(log.parent.relative_to(LOGS_ROOT)))}", "LogsDirectoryMode=0750")
    elif log is not None and not any(_is_below(log, path) for path in directories):
        others.append(log)
    if others:
        yield "# These have to exist, and the user has to be allowed to write them."
        yield f"ReadWritePaths={' '.join(_word(str(path)) for path in others)}"


def _capabilities(config: Config) -> Iterator[str]:
    ports = [config.admin.port]
    ports += [config.listener.port] if config.listener.plain else []
    ports += [config.tls.port] if config.tls.certificate else []
    if any(port in PRIVILEGED_PORTS for port in ports):
        yield from ("AmbientCapabilities=CAP_NET_BIND_SERVICE", "CapabilityBoundingSet=CAP_NET_BIND_SERVICE")
    else:
        yield from ("AmbientCapabilities=", "CapabilityBoundingSet=", "PrivateUsers=yes")


def _is_below(path: Path, parent: Path) -> bool:
    return path == parent or parent in path.parents


def _is_inside(path: Path, parent: Path) -> bool:
    return parent in path.parents and ".." not in path.parts


def _any_below(paths: list[Path], parents: tuple[Path, ...]) -> bool:
    return any(_is_below(path, parent) for path in paths for parent in parents)


def _word(text: str, *, in_command: bool = False) -> str:
    """Return `text` as one word of a unit: quoted if it has to be, with nothing in it that systemd would expand."""
    if not text.isprintable():
        raise ConfigError([f"{text!r}: a unit cannot hold such a path"])
    text = text.replace("%", "%%")
    if in_command:
        text = text.replace("$", "$$")
    if any(character in " \"'\\;" for character in text):
        text = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text
