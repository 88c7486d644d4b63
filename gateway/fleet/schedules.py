"""Composite schedules in words that all versions share (ChargingSchedulePeriod)."""

from datetime import datetime

from gateway.fleet.dialect import Payload
from gateway.fleet.features.profiles import Profiles


def told_schedule(profiles: Profiles, evse: int, now: datetime, duration_s: int, unit: str | None) -> Payload:
    """Duration, unit (A where the server leaves it open) and periods of what `evse` may draw from `now` on."""
    unit = unit or "A"
    circuit = profiles.circuit(evse)
    periods = [
        {
            "startPeriod": interval.start_s,
            "limit": round(interval.current_a if unit == "A" else circuit.watts(interval.current_a), 1),
            "numberPhases": circuit.phases,
        }
        for interval in profiles.composite(evse, now, duration_s)
    ]
    return {"duration": duration_s, "chargingRateUnit": unit, "chargingSchedulePeriod": periods}
