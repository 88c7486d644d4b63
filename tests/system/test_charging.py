"""A site on real sockets: no circuit carries more than it may while stations obey, whatever happens to the gateway.

What flows is known from the vehicles of the fleet, and what circuits carry from the site's file (`bench.charging`).
Time runs twenty times as fast; of what the gateway says, nothing counts but when it begins to know of no deficit.
"""

import asyncio
import json
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bench.charging.sockets import (
    LEASE_S,
    SETTLE_S,
    SITE,
    SKEW_S,
    VERSIONS,
    SocketOutcome,
    SocketPlan,
    SocketRun,
    evses_of,
    on_sockets,
)
from gateway.fleet.station import SimulatedStation
from tests.system.process import DEADLINE_S

pytestmark = pytest.mark.timeout(120)

CAP_S = 240.0


def test_no_circuit_is_overloaded_while_the_site_is_capped_and_the_gateway_killed(tmp_path: Path) -> None:
    outcome = asyncio.run(_capped_and_killed(tmp_path))
    assert outcome.overload_s == {}
    assert outcome.lives == 3
    assert len(outcome.reactions_s) == 1
    assert outcome.reactions_s[0] <= LEASE_S + SKEW_S + SETTLE_S
    assert outcome.disobedient == 0
    assert outcome.limits["accepted"] > 50
    assert outcome.energy_wh > 1000


async def _capped_and_killed(folder: Path) -> SocketOutcome:
    async with on_sockets(SocketPlan(stations=12), folder) as run:
        await run.until_nothing_is_missing()
        await run.until(lambda view: limited(run, view) == set(VERSIONS), "stations of all versions have limits")
        rated_a = capacity_a(run.view())
        cap_a = rated_a // 2
        await run.set_limit(cap_a, CAP_S)
        await run.until(lambda view: capacity_a(view) == cap_a and reserved_a(view) <= cap_a, "the cap is kept")
        await run.kill()
        await run.until(lambda view: limited(run, view) != set(), "limits are given after a kill")
        assert capacity_a(run.view()) == cap_a
        await run.kill()
        await run.until(lambda view: capacity_a(view) == rated_a, "the cap is over")
        await run.until(lambda view: reserved_a(view) > cap_a, "what was capped is used again")
        await run.until(lambda view: limited(run, view) == set(VERSIONS), "stations of all versions have limits again")
        return run.outcome()


def test_each_model_is_tried_out_before_its_leases_are_trusted_and_then_kept_alive_by_updates(tmp_path: Path) -> None:
    outcome = asyncio.run(_tried_out(tmp_path))
    assert outcome.overload_s == {}
    assert outcome.disobedient == 0


async def _tried_out(folder: Path) -> SocketOutcome:
    async with on_sockets(SocketPlan(stations=9, share=0.8, leases="probe"), folder) as run:
        await run.until_nothing_is_missing()
        models = {(station.nameplate.model, station.version) for station in run.fleet.stations if is_ac(run, station)}

        def probed(_view: Any) -> bool:
            return sum(line["event"] == "model_probed" for line in run.gateway.log()) >= len(models)

        await run.until(probed, f"{len(models)} models are tried out")
        verdicts = [line for line in run.gateway.log() if line["event"] == "model_probed"]
        assert [line for line in verdicts if not line["obeys"]] == []
        await run.until(lambda _view: calls(run, "UpdateDynamicSchedule") > 0, "a Dynamic profile is updated")
        async with asyncio.timeout(DEADLINE_S):
            told: set[str] = set()
            while told != set(VERSIONS):  # a vehicle may leave, or its limit change, while its station is asked
                told |= await asyncio.to_thread(lambda: checked(run, run.view()))
        return run.outcome()


def checked(run: SocketRun, view: Any) -> set[str]:
    """Return the versions of which a station that charges tells what follows from the profiles that it has."""
    versions = {station.identity: station.version for station in run.fleet.stations}
    found = set()
    for evse in evses_of(view):
        if evse["state"] == "charging" and evse["limit_a"] > 0:
            path = f"/api/v1/sites/{SITE}/evses/{evse['station']}/{evse['evse']}/check"
            url = f"http://127.0.0.1:{run.gateway.admin_port}{path}"
            with suppress(urllib.error.HTTPError):  # it has left meanwhile
                with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=10) as answer:
                    verdict = json.load(answer)["verdict"]
                if verdict == "same":
                    found.add(versions[evse["station"]])
    return found


def is_ac(run: SocketRun, station: SimulatedStation) -> bool:
    """Whether a station is part of the site."""
    return any(evse.station == station.identity for evse in run.description.evses)


def calls(run: SocketRun, action: str) -> float:
    """Return how many calls of an action were accepted."""
    counted = run.gateway.metrics().items()
    wanted = (f'action="{action}"', 'outcome="accepted"')
    return sum(count for name, count in counted if name.startswith("calls_total{") and all(w in name for w in wanted))


def limited(run: SocketRun, view: Any) -> set[str]:
    """Return the versions of which a station charges under a limit."""
    versions = {station.identity: station.version for station in run.fleet.stations}
    evses = evses_of(view)
    return {versions[evse["station"]] for evse in evses if evse["state"] == "charging" and evse["limit_a"] > 0}


def capacity_a(view: Any) -> float:
    """Return what the grid connection carries on a phase, as the gateway knows it."""
    return min(float(phase["capacity_a"]) for phase in view["tree"]["phases"])


def reserved_a(view: Any) -> float:
    return max(float(phase["reserved_a"]) for phase in view["tree"]["phases"])
