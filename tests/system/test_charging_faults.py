"""A site of stations that misbehave, on real sockets: no circuit carries more than it may, and the gateway knows why.

What flows is the vehicles' own truth. Three books are kept (`bench.charging.sockets`): what flows, what could flow by
the limits that stations really have in force, and whether the gateway reserves at least that at every EVSE. That they
see anything is shown by gateways that are unsafe on purpose.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bench.charging.endurance import BUSY
from bench.charging.mutants import SILENCE, UNANSWERED
from bench.charging.sockets import (
    LEASE_S,
    SETTLE_S,
    SKEW_S,
    VERSIONS,
    SocketOutcome,
    SocketPlan,
    evses_of,
    on_sockets,
)
from gateway.fleet import parse_charging_faults

pytestmark = pytest.mark.timeout(120)

FAULTS = parse_charging_faults("many,loses_answer=0.15,stalls=0.1,rejects=0.15,errors=0.1,reboot_every_s=600")
PLAN = SocketPlan(stations=14, share=0.2, slot_s=60.0, behaviour=BUSY, faults=FAULTS)
CAP_S = 200.0

SINGLE = {"rejects", "errors", "loses_answer", "answers_late", "stalls", "applies_late", "reboots"}


def test_no_circuit_is_overloaded_by_stations_that_misbehave(tmp_path: Path) -> None:
    outcome = asyncio.run(_misbehaving(tmp_path))
    assert outcome.overload_s == {}
    # what could flow is looked at between steps of the fleet: what lasts no longer than a look was not there
    assert all(seconds <= outcome.longest_look_s for seconds in outcome.allowed_over_s.values())
    assert outcome.unreserved == {}
    assert outcome.compared > 20
    assert outcome.disobedient == 0
    assert outcome.lives == 2
    assert outcome.reactions_s[0] <= LEASE_S + SKEW_S + SETTLE_S
    assert outcome.faults.keys() >= SINGLE
    assert outcome.energy_wh > 1000


async def _misbehaving(folder: Path) -> SocketOutcome:
    async with on_sockets(PLAN, folder) as run:
        assert {station.version for station in run.fleet.stations} == set(VERSIONS)
        await run.until_nothing_is_missing()
        await run.until(lambda view: sum(run.fleet.faults.values()) > 30, "there were faults")
        cap_a = run.rated_a // 2
        await run.set_limit(cap_a, CAP_S)
        await run.until(lambda view: _reserved_a(view) <= cap_a, "the cap is kept")
        await run.kill()
        await run.until(lambda view: run.fleet.faults.keys() >= SINGLE, "there was each kind of fault")
        await run.until(lambda view: _reserved_a(view) > cap_a, "what was capped is used again")
        return run.outcome()


@pytest.mark.parametrize("policy", [SILENCE, UNANSWERED])
def test_a_ledger_that_does_not_count_what_was_not_answered_is_found_out(tmp_path: Path, policy: str) -> None:
    asyncio.run(_found_out(tmp_path, policy))


async def _found_out(folder: Path, policy: str) -> None:
    plan = SocketPlan(stations=14, share=0.2, slot_s=60.0, behaviour=BUSY, faults=FAULTS, policy=policy)
    async with on_sockets(plan, folder) as run:
        await run.until_nothing_is_missing()
        await run.until(lambda view: bool(run.unreserved), "a vehicle may take more than is reserved for it")


def test_a_station_that_ignores_limits_is_found_out_and_all_that_it_can_take_is_reserved(tmp_path: Path) -> None:
    asyncio.run(_ignoring(tmp_path))


async def _ignoring(folder: Path) -> None:
    plan = SocketPlan(stations=9, seed=1, share=0.2, behaviour=BUSY, faults=parse_charging_faults("ignores=0.4"))
    async with on_sockets(plan, folder) as run:
        ignoring = {station.identity for station in run.fleet.stations if station.ignores_limits}
        maximum_a = {evse.key: evse.maximum_ma / 1000 for evse in run.description.evses}
        await run.until_nothing_is_missing()
        await run.until(lambda view: bool(_disobedient(view)), "one is found out")
        found = _disobedient(run.view())
        assert {evse["station"] for evse in found} <= ignoring
        assert all(max(evse["reserved_a"]) == maximum_a[evse["station"], evse["evse"]] for evse in found)


def _disobedient(view: Any) -> list[Any]:
    return [evse for evse in evses_of(view) if evse["state"] == "disobedient"]


def _reserved_a(view: Any) -> float:
    return max(float(phase["reserved_a"]) for phase in view["tree"]["phases"])
