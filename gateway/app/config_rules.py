"""What must hold between the keys of a configuration, beyond each key's own type and range."""

from collections.abc import Callable, Container, Iterator

from msgspec import Struct

from gateway.app.config import Config
from gateway.io.loopback import is_loopback


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
    if is_loopback(config.listener.host):
        return
    reason = f'must be set, because listener.host = "{config.listener.host}" is not loopback'
    for name, choices in (("unknown", '"reject", "pending" or "accept"'), ("credentials", '"basic" or "none"')):
        if ("stations", name) not in explicit:
            yield BrokenRule(("stations", name), f"{reason}: {choices}")


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


def _path_prefix(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    prefix = config.listener.path_prefix
    segments = prefix.split("/")
    plain = all(segment and segment not in {".", ".."} and segment.isprintable() for segment in segments[1:])
    if prefix and (segments[0] or not plain or not prefix.isascii() or any(c in prefix for c in " ?#%{}")):
        yield BrokenRule(
            ("listener", "path_prefix"),
            f'is "{prefix}", must be empty or a plain path such as "/ocpp" or "/a/b"',
        )


def _authorisation(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    if config.authorisation.mode == "accept_all" and config.authorisation.token_file is not None:
        yield BrokenRule(
            ("authorisation", "token_file"), 'is not used; set authorisation.mode = "token_file" or remove it'
        )


def _admin_off_loopback(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    if not is_loopback(config.admin.host) and config.admin.token_file is None:
        yield BrokenRule(
            ("admin", "token_file"), f'must be set, because admin.host = "{config.admin.host}" is not loopback'
        )


def _ports_differ(config: Config, explicit: Container[tuple[str, ...]]) -> Iterator[BrokenRule]:
    if config.admin.port == config.listener.port != 0:
        yield BrokenRule(("admin", "port"), f"is {config.admin.port}, the same as listener.port; must be another")


_RULES: tuple[Callable[[Config, Container[tuple[str, ...]]], Iterator[BrokenRule]], ...] = (
    _stations_off_loopback,
    _stations_known,
    _groups_differ,
    _path_prefix,
    _authorisation,
    _admin_off_loopback,
    _ports_differ,
)
