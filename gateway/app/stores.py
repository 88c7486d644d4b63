"""From the configuration to the store."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateway.app.config import Config
from gateway.app.configured_store import configured_dsn, store_file, store_settings
from gateway.app.station_groups import site_of
from gateway.io.journal import Journal
from gateway.io.sqlite_store import SqliteStore
from gateway.io.stores import Store
from gateway.io.timescale.store import TimescaleStore

STORE: Final = "store"
"""The name of the store's reader of the journal."""

SET_ASIDE_NAME: Final = "set-aside"


def open_store(
    config: Config, journal: Journal, *, shared_site_of: Callable[[str], str | None], log: Callable[..., None]
) -> Store:
    """Return the configured store, behind `journal`. It has to be started.

    `shared_site_of` gives the site whose power is shared among stations of which this one is, if there is one. It is
    called in the store's threads.
    """

    def site(identity: str) -> str | None:
        return shared_site_of(identity) or site_of(config, identity)

    def failed(kind: str, error: str) -> None:
        log("store_failed", level="error", kind=kind, error=error)

    def connected(edition: str, warnings: tuple[str, ...]) -> None:
        log("store_connected", edition=edition)
        for warning in warnings:
            log("store_lacks", level="warning", what=warning)

    def set_aside(file: Path, entries: int, reason: str) -> None:
        log("entries_set_aside", level="error", file=str(file), entries=entries, reason=reason)

    reader = journal.reader(STORE)
    dsn = configured_dsn(config)
    if dsn is None:
        retention_days = config.store.retention_days
        return SqliteStore(store_file(config), reader, journal.uuid, retention_days=retention_days, on_error=failed)
    return TimescaleStore(
        dsn,
        reader,
        journal.uuid,
        store_settings(config),
        set_aside=config.data.directory / SET_ASIDE_NAME,
        site_of=site,
        on_error=failed,
        on_set_aside=set_aside,
        on_connected=connected,
    )
