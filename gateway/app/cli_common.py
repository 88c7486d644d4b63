"""What commands of the command line share: options, the configuration, and how failures are told."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gateway.app.config_sources import Configuration

FILE = click.Path(path_type=Path, readable=False)
"""A path that is looked at only when it is opened: then the error says why it cannot be."""

CONFIG_OPTION = click.option(
    "--config",
    "file",
    type=FILE,
    envvar="OCPP_GATEWAY_CONFIG",
    help="TOML file. Without one the gateway listens on loopback only.",
)


def load(file: Path | None, options: Mapping[str, tuple[str, Any]] | None = None) -> "Configuration":
    """Return the configuration. `options` are keys and values by the name of the option that sets them."""
    from gateway.app.config_sources import load_config

    given = {name: (key, value) for name, (key, value) in (options or {}).items() if value is not None}
    return load_config(file, environment=os.environ, options=given)


@contextmanager
def failures_told(status_of_invalid: int = 1) -> Iterator[None]:
    """Say in lines without a traceback why a command cannot work, and end with status 1.

    An invalid configuration ends with `status_of_invalid`.
    """
    try:
        yield
    except BrokenPipeError:  # who reads the output has enough; click ends quietly
        raise
    except _expected_failures() as error:
        for reason in str(error).splitlines():
            click.echo(f"ocpp-gateway: {reason}", err=True)
        sys.exit(status_of_invalid if _is_invalid(error) else 1)
    finally:
        _drop_unwritable_output()


def _drop_unwritable_output() -> None:
    """Forget what standard output would not take, or the interpreter would try again at its end, and complain."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def _is_invalid(error: Exception) -> bool:
    """Whether the configuration is wrong, rather than what it names out of reach for now."""
    from gateway.app.config_sources import ConfigError, UnavailableError

    return isinstance(error, ConfigError) and not isinstance(error, UnavailableError)


def _expected_failures() -> tuple[type[Exception], ...]:
    """Return the errors that are no fault of the program. Called only once one was raised."""
    from gateway.app.admin_client import AdminError
    from gateway.app.config_sources import ConfigError
    from gateway.app.fleet_command import FleetError
    from gateway.app.migrate_command import MigrateError
    from gateway.app.query import QueryError
    from gateway.core.credentials import CredentialsError
    from gateway.io.data_directory import DataDirectoryError
    from gateway.io.journal_batch import JournalError

    told = (
        AdminError,
        ConfigError,
        CredentialsError,
        DataDirectoryError,
        FleetError,
        JournalError,
        MigrateError,
        QueryError,
    )
    return *told, OSError
