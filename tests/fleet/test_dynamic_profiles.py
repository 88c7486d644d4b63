"""Facts about Dynamic profiles of simulated stations (2.1, use case K28)."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import msgspec

from gateway.fleet.commands2.charging import install, update_dynamic
from gateway.fleet.features.profiles import Profiles
from gateway.fleet.payloads21 import UpdateDynamicSchedule
from gateway.wire.composite import period_at

NOW = datetime(2026, 3, 1, tzinfo=UTC)

DYNAMIC = {
    "id": 7,
    "stackLevel": 1,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Dynamic",
    "chargingSchedule": [
        {
            "id": 1,
            "duration": 60,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0, "numberPhases": 1}],
        }
    ],
}


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_an_update_lets_a_dynamic_profile_last_anew():
    profiles = Profiles([])
    station = SimpleNamespace(takes_dynamic=True, equipment=SimpleNamespace(profiles=profiles))
    assert install(station, 0, DYNAMIC, NOW) == ""
    (held,) = profiles.matching(ids=[7])
    assert period_at(held.profile, None, after(59.9)).limit == 16.0
    assert period_at(held.profile, None, after(60)) is None, "it was not updated for its duration"
    update = msgspec.convert({"chargingProfileId": 7, "scheduleUpdate": {"limit": 9.0}}, UpdateDynamicSchedule)
    assert update_dynamic(station, update, after(50))["status"] == "Accepted"
    (held,) = profiles.matching(ids=[7])
    period = period_at(held.profile, None, after(100))
    assert (period.limit, period.phases) == (9.0, 1)
    assert period_at(held.profile, None, after(110)) is None
