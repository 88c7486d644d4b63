"""What must hold between the keys of a configuration, beyond each key's own type and range."""

from collections.abc import Callable, Container, Iterator

from msgspec import Struct

from gateway.app.config import Config
from gateway.core.quirks import BY_NAME
from gateway.io.loopback import is_loopback
from gateway.io.timescale.dsn import DsnError, parse_dsn


class BrokenRule(Struct, frozen=True):
    """A key that does not fit the others, and what would be right."""

    key: tuple[str, ...]
    text: str


def broken_rules(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    """Yield each rule that `config` breaks; `explicit` holds the keys that were set rather than left at defaults."""
    for rule in _RULES:
        yield from rule(config, explicit)


def _stations_off_loopback(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    """Who may reach the listener must be decided by somebody, not by a default."""
    key, host = next(_hosts_off_loopback(config), ("", ""))
    if not host:
        return
    reason = f'must be set, because {key} = "{host}" is not loopback'
    for name, choices in (("unknown", '"reject", "pending" or "accept"'), ("credentials", '"basic" or "none"')):
        if ("stations", name) not in explicit:
            yield BrokenRule(("stations", name), f"{reason}: {choices}")


def _hosts_off_loopback(config: Config) -> Iterator[tuple[str, str]]:
    """Yield key and value of each address on which others than this machine can reach the listener."""
    if config.listener.plain and not is_loopback(config.listener.host):
        yield "listener.host", config.listener.host
    if config.tls.certificate and not is_loopback(config.tls.host):
        yield "tls.host", config.tls.host


def _somewhere_to_listen(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    if not config.listener.plain and not config.tls.certificate:
        yield BrokenRule(
            ("tls", "certificate"), "must be given, because listener.plain = false: stations could not connect at all"
        )


def _stations_known(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    stations = config.stations
    if stations.credentials == "basic" and stations.credentials_file is None:
        yield BrokenRule(("stations", "credentials_file"), 'must be set, because stations.credentials = "basic"')
    if stations.credentials == "none" and stations.credentials_file is not None:
        yield BrokenRule(
            ("stations", "credentials_file"), 'is not used; set stations.credentials = "basic" or remove it'
        )
    if stations.unknown == "reject" and stations.list_file is None and stations.credentials == "none":
        yield BrokenRule(
            ("stations", "list_file"), 'must be set, because stations.unknown = "reject" would refuse every station'
        )


def _groups_differ(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    names = [group.name for group in config.stations.group]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield BrokenRule(("stations", "group"), f"the name {name!r} stands twice; names of groups are unique")


def _quirks_known(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    names = [group.name for group in config.quirks.group]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield BrokenRule(("quirks", "group"), f"the name {name!r} stands twice; names of groups are unique")
    for index, group in enumerate(config.quirks.group):
        path = f"group[{index}]"
        if (group.identity, group.vendor, group.model, group.firmware) == (None, None, None, None):
            yield BrokenRule(("quirks", path), "needs one of identity, vendor, model and firmware")
        for key, quirks in (("enable", group.enable), ("disable", group.disable)):
            for quirk in quirks:
                if quirk not in BY_NAME:
                    text = f'"{quirk}" is no quirk; known are {", ".join(sorted(BY_NAME))}'
                    yield BrokenRule(("quirks", path, key), text)
        for quirk in sorted(set(group.enable) & set(group.disable)):
            yield BrokenRule(("quirks", path, "disable"), f'"{quirk}" is enabled too')


def _echo_path(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    path, prefix = config.listener.echo_path, config.listener.path_prefix
    if path is None:
        return
    if not _is_plain_path(path):
        yield BrokenRule(("listener", "echo_path"), f'is "{path}", must be a plain path such as "/echo"')
    elif path.rpartition("/")[0] == prefix:
        yield BrokenRule(("listener", "echo_path"), f'is "{path}", where a station could be; must be a path elsewhere')
    for key, host in _hosts_off_loopback(config):
        yield BrokenRule(("listener", "echo_path"), f'is for tests only; remove it, because {key} = "{host}"')


def _path_prefix(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    prefix = config.listener.path_prefix
    if prefix and not _is_plain_path(prefix):
        yield BrokenRule(
            ("listener", "path_prefix"),
            f'is "{prefix}", must be empty or a plain path such as "/ocpp" or "/a/b"',
        )


def _is_plain_path(path: str) -> bool:
    """Whether `path` is one that nothing between a station and us would write otherwise."""
    first, *segments = path.split("/")
    named = bool(segments) and all(segment and segment not in {".", ".."} for segment in segments)
    return not first and named and path.isascii() and path.isprintable() and not any(c in path for c in " ?#%{}")


def _authorisation(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    if config.authorisation.mode == "accept_all" and config.authorisation.token_file is not None:
        yield BrokenRule(
            ("authorisation", "token_file"), 'is not used; set authorisation.mode = "token_file" or remove it'
        )


def _local_lists(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    """A local list is made of listed tokens; without any, stations would be told to forget theirs."""
    named = [group.name for group in config.stations.group if group.local_list]
    if named and config.authorisation.token_file is None:
        yield BrokenRule(
            ("authorisation", "token_file"), f"must be set, because the group {named[0]!r} has local_list = true"
        )


def _admin_off_loopback(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    if not is_loopback(config.admin.host) and config.admin.token_file is None:
        yield BrokenRule(
            ("admin", "token_file"), f'must be set, because admin.host = "{config.admin.host}" is not loopback'
        )


def _call_timeouts(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    commands = config.commands
    if commands.timeout_s > commands.timeout_max_s:
        yield BrokenRule(
            ("commands", "timeout_max_s"),
            f"is {commands.timeout_max_s:g}, must be at least commands.timeout_s, which is {commands.timeout_s:g}",
        )


def _unbooted_asked_first(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    if config.upkeep.reset_unbooted and not config.upkeep.trigger_boot:
        yield BrokenRule(
            ("upkeep", "reset_unbooted"),
            "is true, but only who refuses to boot is reset: set upkeep.trigger_boot = true or remove it",
        )


def _one_store(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    store = config.store
    if store.dsn is not None and store.dsn_file is not None:
        yield BrokenRule(("store", "dsn_file"), "says where the database is, as store.dsn does; remove one of them")
    database = next((key for key in ("dsn", "dsn_file") if getattr(store, key) is not None), None)
    if database is not None and store.path is not None:
        yield BrokenRule(
            ("store", "path"), f"is the file of the SQLite store, but store.{database} is set; remove one of them"
        )
    if store.dsn is not None:
        try:
            parse_dsn(store.dsn)
        except DsnError as error:
            yield BrokenRule(("store", "dsn"), str(error))


def _ports_differ(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    ports = [("admin", config.admin.port)]
    if config.tls.certificate:
        ports.insert(0, ("tls", config.tls.port))
    if config.listener.plain:
        ports.insert(0, ("listener", config.listener.port))
    for index, (section, port) in enumerate(ports):
        same = next((other for other, taken in ports[:index] if taken == port != 0), None)
        if same is not None:
            yield BrokenRule((section, "port"), f"is {port}, the same as {same}.port; must be another")


_RULES: tuple[Callable[[Config, Container[tuple[str, ...]]], Iterator[BrokenRule]], ...] = (
    _stations_off_loopback,
    _somewhere_to_listen,
    _stations_known,
    _groups_differ,
    _quirks_known,
    _path_prefix,
    _echo_path,
    _authorisation,
    _local_lists,
    _admin_off_loopback,
    _call_timeouts,
    _unbooted_asked_first,
    _one_store,
    _ports_differ,
)
