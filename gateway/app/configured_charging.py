"""From the configuration to smart charging: who decides, who prepares stations, what the API does with sites."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from gateway.app.charging import LoopCharging
from gateway.app.charging_preparing import LoopPreparing
from gateway.app.charging_stations import ChargingStations
from gateway.app.config import Config
from gateway.app.config_sources import ConfigError
from gateway.app.operator import LoopOperator
from gateway.app.site_api import SiteApi
from gateway.app.site_files import read_sites
from gateway.core.authorisation import Token
from gateway.core.charging.controller import ControlSettings
from gateway.core.charging.description import SiteDescription
from gateway.core.commands import Commander
from gateway.core.recorder import Recorder
from gateway.core.registry import Registry
from gateway.core.stations import Station
from gateway.io.site_limits import SiteLimitsError, read_site_limits

SITE_LIMITS_NAME: Final = "site-limits.json"


class Charging(Struct, frozen=True):
    """Smart charging as a whole. `sites` are on the event loop, `api` is what the admin port can do with them."""

    sites: LoopCharging
    stations: ChargingStations
    preparing: LoopPreparing
    api: SiteApi

    def connected(self, station: Station) -> None:
        """Take note of a new connection."""
        self.sites.connected(station)

    def noted(self, station: Station, action: str) -> None:
        """Take note of a message of `service.NOTED` that was taken in."""
        self.sites.noted(station, action)

    def gone(self, station: Station) -> None:
        """Take note that a station is not connected any more."""
        self.sites.gone(station)
        self.stations.gone(station)

    async def stop(self) -> None:
        """Ask, decide and send nothing more."""
        await self.preparing.stop()
        await self.stations.stop()
        self.sites.stop()


def start_charging(
    config: Config,
    descriptions: Sequence[SiteDescription],
    directory: Path,
    *,
    commander: Commander,
    recorder: Recorder,
    registry: Registry,
    operator: Callable[[], LoopOperator],
    tokens: Mapping[str, Token],
    now: Callable[[], datetime],
    speed: float,
    log: Callable[..., None],
) -> Charging:
    """Take up the sites where they were left, before any station is connected.

    `directory` has what operators said of their nodes; ConfigError if it cannot be read.
    """
    settings = config.charging

    def group_of(token: str) -> str | None:
        known = tokens.get(token.lower())
        return None if known is None else known.group

    def seen() -> list[Station]:
        identities = (identity for site in sites.sites.values() for identity in site.stations)
        return [station for identity in identities if (station := registry.get(identity)) is not None]

    stations = ChargingStations(
        settings,
        site_of=lambda identity: sites.site_of(identity),
        stations=seen,
        operator=operator,
        now=now,
        speed=speed,
        log=log,
    )
    preparing = LoopPreparing(stations.prepare, speed=speed, log=log)
    sites = LoopCharging(
        commander,
        recorder,
        registry,
        settings=ControlSettings(deadband_ma=round(settings.deadband_a * 1000)),
        message=stations.message,
        terms=stations.terms,
        group_of=group_of,
        prepare=preparing.want,
        has_fallback=stations.has_fallback,
        note_end=stations.ended,
        heard=stations.heard,
        now=now,
        speed=speed,
        log=log,
    )
    limits_file = directory / SITE_LIMITS_NAME
    for description in descriptions:
        for identity in {evse.station for evse in description.evses}:
            if (station := registry.get(identity)) is not None:
                stations.load(station)
    try:
        sites.start(descriptions, read_site_limits(limits_file))
    except (SiteLimitsError, msgspec.DecodeError) as error:
        raise ConfigError([str(error) if isinstance(error, SiteLimitsError) else f"{limits_file}: {error}"]) from None
    api = SiteApi(
        sites,
        recorder,
        registry,
        limits_file=limits_file,
        read=partial(read_sites, settings.site_files),
        check=stations.check,
        now=now,
        log=log,
    )
    return Charging(sites, stations, preparing, api)
