"""Facts about charging profiles: what is taken, what is told of them, and what the outlet does."""

from datetime import timedelta
from itertools import count

import pytest

from gateway.fleet import Behaviour
from gateway.fleet.dialect import timestamp
from tests.fleet.csms import OCPP16, OCPP21
from tests.fleet.operator import VERSIONS, VERSIONS_2, operated

STAYS = Behaviour(
    first_arrival_s_mean=1e9, idle_s_mean=1e9, offline_every_s_mean=None, limited=0.0, stay_s=(40_000, 50_000)
)
IDS = count(1)


class Profiles:
    """Builds and sets profiles in the words of the version."""

    def __init__(self, operator) -> None:
        self.operator = operator
        self.is_16 = operator.version == OCPP16

    def made(
        self,
        purpose: str,
        *periods: tuple[int, float],
        unit: str = "A",
        level: int = 0,
        start: float | None = 0,
        **more,
    ) -> dict:
        schedule = {
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": [{"startPeriod": start_s, "limit": limit} for start_s, limit in periods],
        }
        if start is not None:
            schedule["startSchedule"] = timestamp(self.operator.clock.now() + timedelta(seconds=start))
        common = {
            "stackLevel": level,
            "chargingProfilePurpose": purpose,
            "chargingProfileKind": "Relative" if start is None else "Absolute",
        }
        number = next(IDS)
        if self.is_16:
            return common | {"chargingProfileId": number, "chargingSchedule": schedule} | more
        return common | {"id": number, "chargingSchedule": [schedule | {"id": 1}]} | more

    @property
    def whole(self) -> str:
        return "ChargePointMaxProfile" if self.is_16 else "ChargingStationMaxProfile"

    def of_transaction(self) -> dict:
        truth = self.operator.fleet.transactions[-1]
        return {"transactionId": truth.server_id if self.is_16 else truth.transaction}

    async def set(self, evse: int, profile: dict) -> str:
        if self.is_16:
            asked = {"connectorId": evse, "csChargingProfiles": profile}
        else:
            asked = {"evseId": evse, "chargingProfile": profile}
        return (await self.operator.ask("SetChargingProfile", asked))["status"]

    async def composite(self, evse: int = 1, duration: int = 7200, unit: str = "A") -> list[tuple[int, float]]:
        asked = {"connectorId" if self.is_16 else "evseId": evse, "duration": duration, "chargingRateUnit": unit}
        answer = await self.operator.ask("GetCompositeSchedule", asked)
        assert answer["status"] == "Accepted"
        schedule = answer["chargingSchedule"] if self.is_16 else answer["schedule"]
        return [(period["startPeriod"], period["limit"]) for period in schedule["chargingSchedulePeriod"]]

    def drawn_a(self, evse: int = 1) -> float:
        outlet = self.operator.fleet.stations[0].outlets[evse - 1]
        outlet.look(self.operator.clock.now())
        return max(outlet.evse.reading().amperes)


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_outlet_obeys_period_by_period(version):
    async with operated(version, behaviour=STAYS) as operator:
        profiles = Profiles(operator)
        await operator.start()
        free_a = profiles.drawn_a()
        assert free_a > 8
        stairs = profiles.made("TxDefaultProfile", (0, 6.0), (600, 0.0), (1200, 7.0), (1800, 100.0))
        assert await profiles.set(1, stairs) == "Accepted"
        drawn = []
        for seconds in (1, 598, 2, 598, 2, 598, 2):
            await operator.clock.turn(seconds)
            drawn.append(profiles.drawn_a())
        assert drawn == [6.0, 6.0, 0.0, 0.0, 7.0, 7.0, pytest.approx(free_a, abs=1.0)]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_limit_in_watts_is_a_limit_in_amperes_on_all_phases(version):
    async with operated(version, behaviour=STAYS) as operator:
        profiles = Profiles(operator)
        phases = operator.fleet.stations[0].outlets[0].evse.phases
        await profiles.set(1, profiles.made("TxDefaultProfile", (0, 230.0 * phases * 7), unit="W"))
        await operator.start()
        await operator.clock.turn(1)
        assert profiles.drawn_a() == pytest.approx(7.0)
        hardware_a = operator.fleet.stations[0].outlets[0].evse.current_max_a
        assert await profiles.composite(unit="W") == [(0, 230.0 * phases * 7)]
        assert (await operator.ask("ClearChargingProfile", {}))["status"] == "Accepted"
        assert await profiles.composite() == [(0, hardware_a)]


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_profile_of_a_transaction_overrides_the_default_and_ends_with_it(version):
    async with operated(version, behaviour=STAYS) as operator:
        profiles = Profiles(operator)
        await profiles.set(0, profiles.made("TxDefaultProfile", (0, 10.0), level=5))
        await operator.start()
        assert await profiles.set(1, profiles.made("TxProfile", (0, 6.0), **profiles.of_transaction())) == "Accepted"
        await operator.clock.turn(1)
        assert profiles.drawn_a() == 6.0
        assert await profiles.composite() == [(0, 6.0)]
        await operator.stop()
        await operator.clock.turn(1)
        assert await profiles.composite() == [(0, 10.0)]
        assert len(operator.fleet.stations[0].equipment.profiles) == 1


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_default_for_one_evse_overrides_that_for_all(version):
    async with operated(version, behaviour=STAYS) as operator:
        profiles = Profiles(operator)
        await profiles.set(0, profiles.made("TxDefaultProfile", (0, 10.0), level=5))
        await profiles.set(1, profiles.made("TxDefaultProfile", (0, 12.0), level=0))
        assert await profiles.composite() == [(0, 12.0)]


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_limit_of_the_station_caps_and_is_shared(version):
    async with operated(version, behaviour=STAYS) as operator:
        profiles = Profiles(operator)
        station = operator.fleet.stations[0]
        await operator.start()
        assert await profiles.set(0, profiles.made(profiles.whole, (0, 9.0), (3600, 400.0))) == "Accepted"
        await operator.clock.turn(1)
        assert sum(profiles.drawn_a(outlet.number) for outlet in station.outlets) <= 9.0
        hardware_a = station.outlets[0].evse.current_max_a
        first, *rest = await profiles.composite()
        assert first == (0, 9.0)
        assert [limit for _, limit in rest] == [hardware_a]
        assert (await profiles.composite(evse=0))[0] == (0, 9.0)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_remote_start_brings_its_profile(version):
    async with operated(version, behaviour=STAYS) as operator:
        profiles = Profiles(operator)
        made = profiles.made("TxProfile", (0, 6.0), start=None)
        wrong = profiles.made("TxDefaultProfile", (0, 6.0), start=None)
        if version == OCPP16:
            action, asked = "RemoteStartTransaction", {"connectorId": 1, "idTag": "CARD"}
        else:
            token = {"idToken": "CARD", "type": "Central"}
            action, asked = "RequestStartTransaction", {"evseId": 1, "remoteStartId": 7, "idToken": token}
        assert (await operator.ask(action, asked | {"chargingProfile": wrong}))["status"] == "Rejected"
        assert (await operator.ask(action, asked | {"chargingProfile": made}))["status"] == "Accepted"
        await operator.clock.turn(60)
        assert profiles.drawn_a() == 6.0


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_profile_that_cannot_be_is_rejected(version):
    async with operated(version, behaviour=STAYS) as operator:
        profiles = Profiles(operator)
        made = profiles.made
        refused = [
            (1, made("TxProfile", (0, 6.0))),
            (0, made("TxProfile", (0, 6.0), transactionId=4711 if version == OCPP16 else "nobody")),
            (9, made("TxDefaultProfile", (0, 6.0))),
            (1, made(profiles.whole, (0, 6.0))),
            (1, made("TxDefaultProfile", (0, 6.0), level=11)),
            (1, made("TxDefaultProfile", (5, 6.0))),
            (1, made("TxDefaultProfile", (0, 6.0), (0, 7.0))),
            (1, made("TxDefaultProfile", *((60 * minute, 6.0) for minute in range(25)))),
        ]
        if version != OCPP16:
            refused.append((1, made("TxDefaultProfile", (0, 6.0), start=None) | {"chargingProfileKind": "Absolute"}))
            refused.append((0, made("ChargingStationExternalConstraints", (0, 6.0))))
        for evse, profile in refused:
            assert await profiles.set(evse, profile) == "Rejected", profile
        assert len(operator.fleet.stations[0].equipment.profiles) == 0


@pytest.mark.parametrize("version", VERSIONS)
async def test_of_one_purpose_and_level_1_6_replaces_and_2_x_refuses(version):
    async with operated(version, behaviour=STAYS) as operator:
        profiles = Profiles(operator)
        await profiles.set(1, profiles.made("TxDefaultProfile", (0, 6.0)))
        second = await profiles.set(1, profiles.made("TxDefaultProfile", (0, 7.0)))
        assert second == ("Accepted" if version == OCPP16 else "Rejected")
        assert await profiles.composite() == [(0, 7.0 if version == OCPP16 else 6.0)]
        same = profiles.made("TxDefaultProfile", (0, 8.0), level=3)
        for limit in (8.0, 9.0):
            schedule = same["chargingSchedule"] if version == OCPP16 else same["chargingSchedule"][0]
            schedule["chargingSchedulePeriod"][0]["limit"] = limit
            assert await profiles.set(1, same) == "Accepted", "the same id replaces"
        assert await profiles.composite() == [(0, 9.0)]
        assert len(operator.fleet.stations[0].equipment.profiles) == 2


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_cleared_profile_is_gone_and_another_stays(version):
    async with operated(version, behaviour=STAYS) as operator:
        profiles = Profiles(operator)
        one, other = profiles.made("TxDefaultProfile", (0, 6.0)), profiles.made("TxDefaultProfile", (0, 7.0), level=1)
        await profiles.set(1, one)
        await profiles.set(1, other)
        number = one["chargingProfileId"] if version == OCPP16 else one["id"]
        field = "id" if version == OCPP16 else "chargingProfileId"
        for status in ("Accepted", "Unknown"):
            assert (await operator.ask("ClearChargingProfile", {field: number}))["status"] == status
        assert await profiles.composite() == [(0, 7.0)]
        assert (await operator.ask("ClearChargingProfile", {}))["status"] == "Accepted"
        assert len(operator.fleet.stations[0].equipment.profiles) == 0


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_composite_schedule_of_no_evse_is_rejected(version):
    asked = {"connectorId" if version == OCPP16 else "evseId": 9, "duration": 60}
    async with operated(version) as operator:
        assert (await operator.ask("GetCompositeSchedule", asked))["status"] == "Rejected"


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_profiles_are_reported_as_they_came_evse_by_evse(version):
    async with operated(version, behaviour=STAYS) as operator:
        profiles = Profiles(operator)
        asked = {"requestId": 3, "chargingProfile": {"chargingProfilePurpose": "TxDefaultProfile"}}
        assert (await operator.ask("GetChargingProfiles", asked))["status"] == "NoProfiles"
        everywhere, here = profiles.made("TxDefaultProfile", (0, 6.0)), profiles.made("TxDefaultProfile", (0, 7.0))
        await profiles.set(0, everywhere)
        await profiles.set(1, here)
        assert (await operator.ask("GetChargingProfiles", asked))["status"] == "Accepted"
        first, second = operator.csms.of("ReportChargingProfiles")
        assert (first["evseId"], first["chargingProfile"], first["tbc"]) == (0, [everywhere], True)
        assert (second["evseId"], second["chargingProfile"], second.get("tbc", False)) == (1, [here], False)
        nobody = asked | {"chargingProfile": {"chargingLimitSource": ["EMS"]}}
        assert (await operator.ask("GetChargingProfiles", nobody))["status"] == "NoProfiles"


async def test_a_dynamic_profile_takes_a_new_limit():
    async with operated(OCPP21, behaviour=STAYS) as operator:
        profiles = Profiles(operator)
        dynamic = profiles.made("TxDefaultProfile", (0, 16.0), start=None) | {"chargingProfileKind": "Dynamic"}
        assert await profiles.set(1, dynamic) == "Accepted"
        await operator.start()
        for number, status in ((dynamic["id"], "Accepted"), (4711, "Rejected")):
            asked = {"chargingProfileId": number, "scheduleUpdate": {"limit": 8.0}}
            assert (await operator.ask("UpdateDynamicSchedule", asked))["status"] == status
        await operator.clock.turn(1)
        assert profiles.drawn_a() == 8.0
        await operator.ask("GetChargingProfiles", {"requestId": 3, "chargingProfile": {}})
        (report,) = operator.csms.of("ReportChargingProfiles")
        assert report["chargingProfile"][0]["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] == 8.0


async def test_priority_charging_uses_its_profile_while_it_lasts():
    async with operated(OCPP21, behaviour=STAYS) as operator:
        profiles = Profiles(operator)
        await profiles.set(0, profiles.made("TxDefaultProfile", (0, 6.0)))
        await operator.start()
        transaction = profiles.of_transaction()

        async def use(active: bool) -> str:
            return (await operator.ask("UsePriorityCharging", transaction | {"activate": active}))["status"]

        assert await use(True) == "NoProfile"
        await profiles.set(0, profiles.made("PriorityCharging", (0, 9.0)))
        drawn = []
        for active in (True, False):
            assert await use(active) == "Accepted"
            await operator.clock.turn(1)
            drawn.append(profiles.drawn_a())
        assert drawn == [9.0, 6.0]
        unknown = {"transactionId": "nobody", "activate": True}
        assert (await operator.ask("UsePriorityCharging", unknown))["status"] == "Rejected"
