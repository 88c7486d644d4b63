"""Flows over a real API to simulated stations of each version on real sockets: what was asked for comes about."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.fleet import Behaviour, Fleet, accelerated_clock
from tests.system.process import DEADLINE_S, POLL_S, GatewayProcess, running

VERSIONS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
VERSIONS_2 = VERSIONS[1:]
STATION = "SIM-0001"

NOBODY_COMES = Behaviour(
    first_arrival_s_mean=1e9, idle_s_mean=1e9, offline_every_s_mean=None, work_step_s=(1.0, 2.0), work_fails=0.0
)
SPEED = 30.0

PLAIN_STEPS = ["Downloading", "Downloaded", "Installing", "Installed"]
"""What a station of every version says of an update; some say more."""

FAR = "2099-01-01T00:00:00Z"


class Api:
    """The API of one station."""

    def __init__(self, gateway: GatewayProcess, client: aiohttp.ClientSession) -> None:
        self._url = f"http://127.0.0.1:{gateway.admin_port}/api/v1/stations/{STATION}"
        self._client = client

    async def get(self, path: str = "") -> Any:
        async with self._client.get(self._url + path) as answer:
            return await answer.json(content_type=None) if answer.status == 200 else None

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        async with self._client.request(method, self._url + path, json={} if body is None else body) as answer:
            return answer.status, await answer.json(content_type=None)

    async def accepted(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Ask, and return the body of an answer that says accepted."""
        status, said = await self.ask(method, path, body)
        assert (status, said.get("outcome")) == (200, "accepted"), said
        return said

    async def until(self, is_so: Callable[[Any], bool], path: str = "") -> Any:
        """Wait until what the API shows is so, and return it."""
        shown = None
        try:
            async with asyncio.timeout(DEADLINE_S):
                while (shown := await self.get(path)) is None or not is_so(shown):
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise AssertionError(shown) from None
        return shown

    async def job_ends(self, request_id: int) -> dict[str, Any]:
        ended: dict[str, Any] = await self.until(lambda job: job["ended"], f"/jobs/{request_id}")
        return ended


def connector_is(status: str) -> Callable[[Any], bool]:
    return lambda shown: any(one["evse"] == 1 and one["status"] == status for one in shown["connectors"] if one["evse"])


@contextlib.asynccontextmanager
async def station(gateway: GatewayProcess, version: str) -> AsyncIterator[Api]:
    """A simulated station that has booted and told of its connectors."""
    url = f"ws://127.0.0.1:{gateway.port}/ocpp"
    clock = accelerated_clock(SPEED)
    fleet = Fleet(url, stations=1, seed=7, versions=[version], clock=clock, behaviour=NOBODY_COMES)
    playing = asyncio.create_task(fleet.run())
    try:
        async with aiohttp.ClientSession() as client:
            api = Api(gateway, client)
            await api.until(connector_is("Available"))
            yield api
        assert fleet.statistics.malformed == 0
        assert fleet.statistics.refused == 0, "the station called a request of the gateway wrong"
    finally:
        fleet.stop()
        await playing


def with_station(tmp_path: Path, version: str, play: Callable[[Api], Awaitable[None]]) -> None:
    async def main(gateway: GatewayProcess) -> None:
        async with station(gateway, version) as api:
            await play(api)

    with running(tmp_path, authorisation={"mode": "accept_all"}) as gateway:
        asyncio.run(main(gateway))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_reservation_is_used_by_a_start_with_its_token_and_the_charge_stops_when_asked(tmp_path, version):
    async def play(api: Api) -> None:
        cancelled = (await api.accepted("POST", "/reservations", {"id_token": "A", "expires_at": FAR, "evse": 1}))[
            "reservation_id"
        ]
        await api.until(connector_is("Reserved"))
        await api.accepted("DELETE", f"/reservations/{cancelled}")
        await api.until(connector_is("Available"))
        used = (await api.accepted("POST", "/reservations", {"id_token": "B", "expires_at": FAR, "evse": 1}))[
            "reservation_id"
        ]
        status, refused = await api.ask("POST", "/start", {"id_token": "C", "evse": 1})
        assert (status, refused["outcome"]) == (409, "rejected")
        await api.accepted("POST", "/start", {"id_token": {"id_token": "B", "type": "ISO14443"}, "evse": 1})
        shown = await api.until(lambda shown: shown["transactions"])
        (transaction,) = [one["transaction"] for one in shown["transactions"]]
        reservations = {one["reservation_id"]: one for one in await api.get("/reservations")}
        assert (reservations[used]["state"], reservations[used]["transaction"]) == ("used", transaction)
        assert reservations[cancelled]["state"] == "cancelled"
        status, stopped = await api.ask("POST", "/stop", {"transaction": transaction})
        while status == 409:  # a 1.6 station knows its transaction once it has the answer, which may still wait
            status, stopped = await api.ask("POST", "/stop", {"transaction": transaction})
        assert (status, stopped["running"]) == (200, True)
        await api.until(lambda shown: not shown["transactions"])

    with_station(tmp_path, version, play)


@pytest.mark.parametrize("version", VERSIONS)
def test_updates_and_uploads_are_followed_to_their_ends(tmp_path, version):
    async def play(api: Api) -> None:
        update = await api.accepted("POST", "/firmware", {"location": "https://files.example/v2.bin"})
        job = await api.job_ends(update["request_id"])
        assert (job["state"], job["succeeded"]) == ("Installed", True)
        history = [step["state"] for step in job["history"] if step["state"] in PLAIN_STEPS]
        assert history == PLAIN_STEPS
        await api.until(connector_is("Available"))
        failing = await api.accepted("POST", "/firmware", {"location": "https://files.example/fail-download"})
        assert (await api.job_ends(failing["request_id"]))["state"] == "DownloadFailed"
        log = await api.accepted("POST", "/logs", {"remote_location": "https://files.example/logs"})
        assert log["file_name"]
        assert (await api.job_ends(log["request_id"]))["state"] == "Uploaded"
        security = {"remote_location": "https://files.example/fail-upload", "log_type": "SecurityLog"}
        log = await api.accepted("POST", "/logs", security)
        assert (await api.job_ends(log["request_id"]))["state"] == "UploadFailure"
        assert len(await api.get("/jobs")) == 4

    with_station(tmp_path, version, play)


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.1"])
def test_an_update_is_followed_over_the_death_of_the_gateway(tmp_path, version):
    async def main(gateway: GatewayProcess) -> None:
        async with station(gateway, version) as api:
            later = datetime.now(UTC) + timedelta(seconds=3 * SPEED)
            body = {"location": "https://files.example/v2.bin", "retrieve_at": later.isoformat()}
            update = await api.accepted("POST", "/firmware", body)
            gateway.kill()
            await asyncio.to_thread(gateway.start)
            job = await api.get(f"/jobs/{update['request_id']}")
            assert not job["ended"]
            job = await api.job_ends(update["request_id"])
            assert job["state"] == "Installed"
            assert job["firmware_before"] != job["firmware_now"] == (await api.get())["boot"]["firmware"]

    with running(tmp_path) as gateway:
        asyncio.run(main(gateway))


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_one_call_has_its_effect(tmp_path, version):
    async def play(api: Api) -> None:
        await api.accepted("POST", "/availability", {"operative": False, "evse": 1})
        await api.until(connector_is("Unavailable"))
        await api.accepted("POST", "/availability", {"operative": True, "evse": 1, "connector": 1})
        await api.until(connector_is("Available"))
        await api.accepted("POST", "/unlock", {"evse": 1})
        await api.accepted("POST", "/cache/clear")
        await api.accepted("POST", "/trigger", {"message": "Heartbeat"})
        await api.accepted("POST", "/trigger", {"message": "StatusNotification", "evse": 1, "connector": 1})
        booted_at = (await api.get())["boot"]["at"]
        await api.accepted("POST", "/reset", {"type": "OnIdle"})
        await api.until(lambda shown: shown["boot"]["at"] > booted_at)

    with_station(tmp_path, version, play)


@pytest.mark.parametrize("version", VERSIONS_2)
def test_monitors_and_messages_are_set_reported_and_cleared(tmp_path, version):
    async def play(api: Api) -> None:
        power = {"component": "EVSE", "evse": 1, "variable": "Power", "type": "UpperThreshold"}
        said = await api.accepted("POST", "/monitors", {"monitors": [{**power, "value": 1e6, "severity": 5}]})
        (row,) = said["monitors"]
        assert row["monitor_id"] in [one["monitor_id"] for one in await api.get("/monitors")]
        reported = await api.accepted("POST", "/monitors/report")
        (found,) = [one for one in reported["monitors"] if one["monitor_id"] == row["monitor_id"]]
        assert (found["component"], found["evse"], found["value"]) == ("EVSE", 1, 1e6)
        await api.accepted("DELETE", f"/monitors/{row['monitor_id']}")
        assert row["monitor_id"] not in [one["monitor_id"] for one in await api.get("/monitors")]

        shown = await api.accepted("POST", "/display-messages", {"content": "Hello", "priority": "InFront"})
        reported = await api.accepted("POST", "/display-messages/report")
        assert [one["content"] for one in reported["messages"]] == ["Hello"]
        await api.accepted("DELETE", f"/display-messages/{shown['message_id']}")
        assert (await api.accepted("POST", "/display-messages/report"))["messages"] == []
        assert await api.get("/display-messages") == []

    with_station(tmp_path, version, play)
