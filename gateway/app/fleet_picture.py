"""What the live picture tells of a simulated fleet."""

from collections.abc import Mapping

from gateway.app.terminal import StationRow, kilowatt_hours, kilowatts
from gateway.fleet import FleetStatistics
from gateway.fleet.station import SimulatedStation


def fleet_figures(now: FleetStatistics) -> list[str]:
    """Return what there is to say of all stations together, in a few words each."""
    return [
        f"connected {now.connected}/{now.stations}",
        f"charging {now.charging}",
        f"power {kilowatts(now.power_w)}",
        f"delivered {kilowatt_hours(now.energy_wh)}",
    ]


def station_row(station: SimulatedStation, limits: Mapping[tuple[str, int], str] | None = None) -> StationRow:
    """Return the row of a station, with the state of its busiest EVSE, and of `limits` the one that this has."""
    numbered = enumerate(station.outlets, start=1)
    number, busiest = max(numbered, key=lambda pair: (pair[1].evse.power_w, pair[1].soc is not None))
    soc = busiest.soc
    return StationRow(
        identity=station.identity,
        version=station.version.removeprefix("ocpp"),
        state=str(busiest.stage) if station.online else "offline",
        soc_percent=None if soc is None else soc * 100,
        power_w=sum(outlet.evse.power_w for outlet in station.outlets),
        power_max_w=sum(outlet.evse.power_max_w for outlet in station.outlets),
        energy_wh=sum(outlet.evse.meter.energy_wh for outlet in station.outlets),
        limit=None if limits is None else limits.get((station.identity, number), "-"),
    )
