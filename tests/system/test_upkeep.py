"""Facts about what a gateway does by itself and for an operator at many stations: boots, local lists, variables."""

import asyncio
import contextlib
import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.fleet import Behaviour, Fleet, accelerated_clock
from gateway.fleet.station import SimulatedStation
from gateway.fleet.variables import VARIABLES
from tests.system.process import DEADLINE_S, POLL_S, GatewayProcess

VERSIONS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")

QUIET = Behaviour(first_arrival_s_mean=1e9, offline_every_s_mean=None)
"""Nobody comes to charge, and the network holds."""

SPEED = 10
"""Stations reconnect ten times as fast as real ones do."""


class OperatedGateway(GatewayProcess):
    """A gateway that keeps the lists of all stations in step with `tokens`."""

    def __init__(self, folder: Path, tokens: Iterable[str]) -> None:
        self.token_file = folder / "tokens.toml"
        super().__init__(
            folder,
            authorisation={"token_file": str(self.token_file)},
            upkeep={"boot_wait_s": 1.0, "reset_unbooted": True, "read_limits": True},
        )
        with self.config_file.open("a") as file:
            file.write('[[stations.group]]\nname = "all"\nmatch = "*"\nlocal_list = true\n')
        self.list_tokens(tokens)

    def list_tokens(self, tokens: Iterable[str]) -> None:
        self.token_file.write_text("".join(f'[[token]]\nid = "{token}"\n' for token in tokens))

    def post(self, path: str, body: object) -> Any:
        """Return the answer of a command that is accepted, once the gateway is done with what it does by itself."""
        headers = {"Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.admin_port}/api/v1/stations/{path}"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        answers: list[Any] = []

        def is_answered() -> bool:
            try:
                with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                    answers.append(json.load(answer))
            except urllib.error.HTTPError as error:
                with error:
                    if error.code != 429:
                        raise
            return bool(answers)

        self.wait_until(is_answered, "the station has no list under way")
        return answers[0]

    def station(self, path: str) -> Any:
        return self.get_json(f"/api/v1/stations/{path}")


@contextlib.asynccontextmanager
async def fleet_at(gateway: GatewayProcess, stations: int) -> AsyncIterator[Fleet]:
    """A fleet of all versions."""
    fleet = Fleet(
        f"ws://127.0.0.1:{gateway.port}/ocpp",
        stations=stations,
        seed=7,
        versions=VERSIONS,
        clock=accelerated_clock(SPEED),
        behaviour=QUIET,
    )
    running = asyncio.create_task(fleet.run())
    try:
        yield fleet
    finally:
        fleet.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def eventually(fact: Any, what: str) -> None:
    until = time.monotonic() + 2 * DEADLINE_S
    while not fact():
        assert time.monotonic() < until, what
        await asyncio.sleep(POLL_S)


def listed(station: SimulatedStation, tokens: Sequence[str]) -> bool:
    """Whether the station's list holds exactly these tokens."""
    known = station.equipment.local_list
    return known.size == len(tokens) and all(known.verdict(token) == "Accepted" for token in tokens)


@pytest.fixture
def tokens() -> list[str]:
    return [f"TOKEN-{number:04d}" for number in range(120)]


def test_lists_of_all_versions_follow_the_operators_over_restarts(tmp_path: Path, tokens: list[str]) -> None:
    async def story(gateway: OperatedGateway) -> None:
        gateway.start()
        async with fleet_at(gateway, 6) as fleet:
            await eventually(lambda: all(listed(one, tokens) for one in fleet.stations), "all have the list")
            versions = {one.equipment.local_list.version for one in fleet.stations}
            assert len(versions) == 1

            gateway.kill()
            later = [*tokens[5:], "NEW-1", "NEW-2"]
            gateway.list_tokens(later)
            gateway.start()
            await eventually(lambda: all(listed(one, later) for one in fleet.stations), "all have the new list")
            for one in fleet.stations:
                shown = await asyncio.to_thread(gateway.station, f"{one.identity}/local-list")
                assert shown["in_step"] is True, shown
                assert (shown["entries"], shown["version"]) == (len(later), one.equipment.local_list.version)
                result = await asyncio.to_thread(gateway.post, f"{one.identity}/local-list/sync", {})
                assert result["update_type"] == "None"
            await asyncio.to_thread(meddle, gateway, fleet.stations[0], later)
            statistics = fleet.statistics
            assert (statistics.malformed, statistics.refused) == (0, 0)
            sent = 'calls_total{action="SendLocalList",outcome="accepted",version="ocpp1.6"}'
            # Seven tokens of difference fit one message to each of two stations; then one meddled, and got it all.
            assert gateway.metrics()[sent] == 2 + 1 + 3

    def meddle(gateway: OperatedGateway, one: SimulatedStation, tokens: list[str]) -> None:
        """Write a list by a raw call under the very version that the gateway keeps: it is not taken for its own."""
        version = one.equipment.local_list.version
        body = {"listVersion": version, "updateType": "Full", "localAuthorizationList": []}
        assert gateway.post(f"{one.identity}/calls/SendLocalList", body)["outcome"] == "accepted"
        assert one.equipment.local_list.size == 0
        assert gateway.station(f"{one.identity}/local-list")["in_step"] is False
        result = gateway.post(f"{one.identity}/local-list/sync", {})
        assert (result["update_type"], result["messages"]) == ("Full", 3)
        assert listed(one, tokens)

    gateway = OperatedGateway(tmp_path, tokens)
    try:
        asyncio.run(story(gateway))
    finally:
        gateway.end()


def test_stations_that_booted_elsewhere_are_asked_to_boot(tmp_path: Path, tokens: list[str]) -> None:
    async def story(gateway: OperatedGateway) -> None:
        gateway.start()
        async with fleet_at(gateway, 3) as fleet:
            await eventually(lambda: fleet.statistics.accepted == 3, "all are accepted")
            gateway.kill()
            shutil.rmtree(gateway.data)
            gateway.start()

            def registrations() -> list[str | None]:
                return [gateway.station(one.identity).get("registration") for one in fleet.stations]

            async with asyncio.timeout(2 * DEADLINE_S):
                while await asyncio.to_thread(registrations) != ["Accepted"] * 3:
                    await asyncio.sleep(POLL_S)
            await eventually(lambda: all(listed(one, tokens) for one in fleet.stations), "all have the list again")

    gateway = OperatedGateway(tmp_path, tokens)
    try:
        asyncio.run(story(gateway))
    finally:
        gateway.end()


def test_variables_of_all_versions_are_reported_set_and_looked_up(tmp_path: Path) -> None:
    async def story(gateway: OperatedGateway) -> None:
        gateway.start()
        async with fleet_at(gateway, 3) as fleet:
            await eventually(lambda: fleet.statistics.accepted == 3, "all are accepted")
            for one in fleet.stations:
                await asyncio.to_thread(operate, gateway, one)
            assert fleet.statistics.malformed == 0

    def operate(gateway: OperatedGateway, one: SimulatedStation) -> None:
        at = one.identity
        report = gateway.post(f"{at}/variables/report", {})
        assert report["outcome"] == "accepted"
        name = {"component": "SampledDataCtrlr", "variable": "TxUpdatedInterval"}
        done = gateway.post(f"{at}/variables/set", {"variables": [{**name, "value": "77"}]})
        assert (done["outcome"], done["refused"]) == ("accepted", 0)
        assert one.meter_interval_s == 77
        many = [{"component": known.component, "variable": known.name} for known in VARIABLES if not known.instance]
        found = gateway.post(f"{at}/variables/get", {"variables": many})
        assert len(found["variables"]) == len(many)
        (interval,) = [row for row in found["variables"] if row["variable"] == "TxUpdatedInterval"]
        assert (interval["status"], interval["value"]) == ("Accepted", "77")
        gateway.wait_until_stored()

        kept: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = gateway.station(f"{at}/variables?limit=7{cursor}")
            kept += page["variables"]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert len(kept) >= report["variables"]
        values = {(row["component"], row["variable"]): row.get("value") for row in kept if "evse" not in row}
        assert values["SampledDataCtrlr", "TxUpdatedInterval"] == "77"
        assert values["OCPPCommCtrlr", "HeartbeatInterval"] == str(one.heartbeat_s)
        (row,) = gateway.station(f"{at}/variables?component=ocppcommctrlr&variable=heartbeatinterval")["variables"]
        assert row["value"] == str(one.heartbeat_s)

    gateway = OperatedGateway(tmp_path, ["A"])
    try:
        asyncio.run(story(gateway))
    finally:
        gateway.end()
