"""Which group of the configuration a station belongs to."""

from fnmatch import fnmatchcase

from gateway.app.config import Config, StationGroup


def group_of(config: Config, identity: str) -> StationGroup | None:
    """Return the first group whose pattern fits the identity."""
    return next((group for group in config.stations.group if fnmatchcase(identity, group.match)), None)


def site_of(config: Config, identity: str) -> str | None:
    """Return the site at which the station stands, if its group says so."""
    group = group_of(config, identity)
    return None if group is None else group.site
