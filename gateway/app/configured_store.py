"""The store that a configuration names: an SQLite file, or a database."""

from pathlib import Path
from typing import Final

from gateway.app.config import Config
from gateway.app.config_sources import ConfigError
from gateway.io.timescale.dsn import FILE_PARAMETERS, Dsn, DsnError
from gateway.io.timescale.settings import StoreSettings

STORE_NAME: Final = "store.sqlite"


def configured_dsn(config: Config) -> Dsn | None:
    """Return where the database is; None if the store is an SQLite file."""
    store = config.store
    if store.dsn is None and store.dsn_file is None:
        return None
    return Dsn(store.dsn, file=store.dsn_file)


def store_file(config: Config) -> Path:
    """Return the file of the SQLite store."""
    return config.store.path or config.data.directory / STORE_NAME


def shown_store(config: Config) -> str:
    """Return which store it is, for people, without any password."""
    dsn = configured_dsn(config)
    return f"SQLite, {store_file(config).absolute()}" if dsn is None else f"TimescaleDB, {dsn.shown}"


def check_database(config: Config) -> None:
    """Check the DSN and the files that it names, but connect to nothing. Raises ConfigError."""
    dsn = configured_dsn(config)
    if dsn is None:
        return
    key = "store.dsn" if config.store.dsn_file is None else "store.dsn_file"
    try:
        parameters = dsn.parse().parameters
    except DsnError as error:
        raise ConfigError([f"{key}: {error}"]) from None
    problems = []
    for name in FILE_PARAMETERS:
        try:
            with Path(parameters.get(name, "/dev/null")).open("rb"):
                pass
        except OSError as error:
            problems.append(f"{key}: {name} {parameters[name]}: cannot be read: {error.strerror}")
    if problems:
        raise ConfigError(problems)


def store_settings(config: Config) -> StoreSettings:
    """Return what is configured of a TimescaleDB store."""
    store = config.store
    return StoreSettings(
        retention_days=store.retention_days,
        rollup_retention_days=store.rollup_retention_days,
        compress_after_days=store.compress_after_days,
        chunk_hours=store.chunk_hours,
        rows_max=store.rows_max,
        timeout_s=store.timeout_s,
    )
