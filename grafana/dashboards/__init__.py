"""The dashboards, as code. `python -m grafana.dashboards` writes their JSON, which a test checks."""

from typing import Final

from grafana.dashboards import business, charging, fleet, ingest, saturation, station
from grafana.dashboards.panels import Page

PAGES: Final[tuple[Page, ...]] = (
    fleet.PAGE,
    saturation.PAGE,
    ingest.PAGE,
    charging.PAGE,
    station.PAGE,
    business.PAGE,
)
