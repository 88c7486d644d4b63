"""Facts about the end of the process: Ctrl-C takes leave of every station, and a directory has one process."""

import asyncio
import json
import random
import subprocess

import pytest
from websockets.exceptions import ConnectionClosed

from tests.system.process import DEADLINE_S, GatewayProcess, environment, rows, running
from tests.system.stations import VERSIONS, Ledger, Station, event_201, meter_values_16

STATIONS = 20

SERVICE_RESTART = 1012

ACCEPT_ALL = {"mode": "accept_all"}


async def report_until_closed(station: Station) -> tuple[list[float], int]:
    """Report until the gateway closes the connection; return the values that were answered, and its close code."""
    connection = await station.connect()
    answered: list[float] = []
    try:
        while True:
            value = next(station.ledger.values)
            if station.version == "ocpp1.6":
                action, payload = "MeterValues", meter_values_16(None, value)
            else:
                action, payload = "TransactionEvent", event_201("T1", len(answered), value)
            await connection.send(json.dumps([2, str(value), action, payload]))
            answer = json.loads(await connection.recv())
            assert answer[:2] == [3, str(value)]
            answered.append(value)
    except ConnectionClosed as closed:
        assert closed.rcvd is not None, "the connection was cut without a Close frame"
        return answered, closed.rcvd.code


def test_ctrl_c_closes_every_connection_and_what_was_answered_is_stored(tmp_path):
    async def scenario() -> None:
        ledger = Ledger()
        stations = [
            Station(f"CP{number}", VERSIONS[number % 3], gateway.url(f"CP{number}"), ledger, random.Random(1))
            for number in range(STATIONS)
        ]
        await asyncio.gather(*[station.boot() for station in stations])
        reports = [asyncio.create_task(report_until_closed(station)) for station in stations]
        await gateway.until(lambda: gateway.metrics()["readings_accepted_total"] > 10 * STATIONS, "stations report")
        gateway.interrupt()
        ended = await asyncio.gather(*reports)
        assert {code for _, code in ended} == {SERVICE_RESTART}
        answered.update(value for values, _ in ended for value in values)

    answered: set[float] = set()
    with running(tmp_path, authorisation=ACCEPT_ALL) as gateway:
        asyncio.run(scenario())
        assert gateway.wait() == 0
        stored = [value for (value,) in rows(gateway.store_file, "SELECT value FROM reading")]
        assert len(stored) == len(set(stored))
        assert answered <= set(stored), "the store had everything before the process ended"
        assert gateway.log()[-1]["event"] == "stopped"


def test_a_withheld_answer_does_not_hold_the_process_longer_than_its_grace(tmp_path):
    """With a full journal there is no answer to wait for: the connection is cut, unanswered."""

    async def scenario() -> None:
        station = Station("CP1", "ocpp1.6", gateway.url("CP1"), Ledger(), random.Random(1))
        await station.boot()
        connection = await station.connect()
        payload = meter_values_16(None, 1, signed="0" * 60_000)
        for number in range(1000):
            await connection.send(json.dumps([2, str(number), "MeterValues", payload | {"connectorId": number}]))
            try:
                async with asyncio.timeout(1):
                    await connection.recv()
            except TimeoutError:
                break
        assert gateway.metrics()["journal_full"] == 1
        gateway.interrupt()
        with pytest.raises(ConnectionClosed):
            await connection.recv()

    (tmp_path / "store").write_text("a file where a directory should be")
    sections = {
        "journal": {"bytes_max": 16 * 1024 * 1024},
        "store": {"path": str(tmp_path / "store" / "store.sqlite")},
        "drain": {"grace_s": 0.5},
    }
    with running(tmp_path, **sections) as gateway:
        asyncio.run(scenario())
        assert gateway.wait() == 0


def test_a_second_ctrl_c_stops_at_once(tmp_path):
    """The drain would take for ever: it closes one connection in 1,000 seconds."""

    async def scenario() -> None:
        for number in range(3):
            await Station(f"CP{number}", "ocpp1.6", gateway.url(f"CP{number}"), Ledger(), random.Random(1)).boot()
        gateway.interrupt()
        await gateway.until(lambda: gateway.get_json("/readyz")["reasons"] != [], "it drains")
        assert gateway.get_json("/readyz")["reasons"] == ["the gateway is draining"]
        gateway.interrupt()
        assert await asyncio.to_thread(gateway.wait) == 0

    with running(tmp_path, drain={"closes_per_s": 0.001, "grace_s": 3600}) as gateway:
        asyncio.run(scenario())


def test_a_second_process_on_the_same_directory_is_refused_in_one_line(tmp_path):
    with running(tmp_path / "first") as first:
        second = GatewayProcess(tmp_path / "second", data={"directory": str(first.data)})
        ended = subprocess.run(
            second.command, env=environment(), capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )
        assert (ended.returncode, ended.stdout) == (1, "")
        told = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
        assert told == [f"ocpp-gateway: data directory {first.data}: in use by process {first.pid}"]
        assert first.is_ready()
