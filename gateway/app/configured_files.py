"""Every file that the configuration names, read at once, so that all that is wrong with them is told at once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from ssl import SSLContext
from typing import TypeVar

from msgspec import Struct

from gateway.app.certificates import load_certificates
from gateway.app.config import Config
from gateway.app.config_sources import ConfigError
from gateway.app.configured_store import check_database
from gateway.app.side_files import read_bearer_token, read_credentials, read_station_list
from gateway.app.site_files import read_sites
from gateway.app.token_file import read_tokens
from gateway.core.authorisation import Token
from gateway.core.charging.description import SiteDescription
from gateway.core.credentials import Credentials
from gateway.io.tls import empty_context

T = TypeVar("T")


class ConfiguredFiles(Struct, frozen=True, kw_only=True):
    """What the files hold; None for what the configuration names no file for.

    `tokens` are by their ids in lower case. `tls` serves the certificates, whose keys are of the kinds `tls_keys`.
    """

    listed: frozenset[str] | None
    credentials: Credentials | None
    tokens: Mapping[str, Token] | None
    bearer_token: str | None
    tls: SSLContext | None
    tls_keys: tuple[str, ...]
    sites: tuple[SiteDescription, ...]


def read_configured_files(config: Config) -> ConfiguredFiles:
    """Read them all. Raises ConfigError with the problems of all, each with its key and its file."""
    problems: list[str] = []

    def take(key: str, read: Callable[[Path], T], file: Path | None) -> T | None:
        try:
            return None if file is None else read(file)
        except ConfigError as error:
            problems.extend(f"{key}: {problem}" for problem in error.problems)
            return None

    listed = take("stations.list_file", read_station_list, config.stations.list_file)
    credentials = take("stations.credentials_file", read_credentials, config.stations.credentials_file)
    tokens = take("authorisation.token_file", read_tokens, config.authorisation.token_file)
    bearer_token = take("admin.token_file", read_bearer_token, config.admin.token_file)
    sites: tuple[SiteDescription, ...] = ()
    try:
        sites = read_sites(config.charging.site_files)
    except ConfigError as error:
        problems.extend(f"charging.site_files: {problem}" for problem in error.problems)
    try:
        check_database(config)
    except ConfigError as error:
        problems.extend(error.problems)
    tls = empty_context() if config.tls.certificate else None
    tls_keys: tuple[str, ...] = ()
    try:
        if tls is not None:
            tls_keys = load_certificates(tls, config.tls)
    except ConfigError as error:
        problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return ConfiguredFiles(
        listed=listed,
        credentials=credentials,
        tokens=tokens,
        bearer_token=bearer_token,
        tls=tls,
        tls_keys=tls_keys,
        sites=sites,
    )
