"""A gateway with stations, a site, a TimescaleDB and a Prometheus: what the dashboards and alerts are tried on.

What alerts wait for is sixty times shorter, so that a drill takes seconds.
"""

import asyncio
import contextlib
import json
import random
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from bench.charging.sockets import as_toml, describe
from gateway.fleet import Behaviour, Fleet
from gateway.fleet.clock import ScaledClock
from tests.grafana.expansion import LABEL_VALUES, Choices
from tests.grafana.test_rules import RULES
from tests.servers.prometheus import PrometheusServer
from tests.servers.timescale import TimescaleServer, new_server
from tests.system.process import GatewayProcess
from tests.system.stations import Ledger, Station

VERSIONS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")

STATIONS, GOING = 9, 3
"""Stations that stay, and those that a drill takes away: a quarter of all."""

WAIT_S_MAX = 60.0

POLL_S = 0.2

SHORTER = 60

BEHAVIOUR = Behaviour(
    first_arrival_s_mean=1.0,
    idle_s_mean=3.0,
    authorise_s=(0.1, 0.5),
    stay_s=(8.0, 20.0),
    unplug_s=(0.2, 0.5),
    limited=0.0,
    meter_interval_s=1,
    offline_every_s_mean=None,
)

SECONDS = {"s": 1, "m": 60, "h": 3600}


def hasty_rules() -> list[dict[str, Any]]:
    """Return the groups of all rules, evaluated each second, with shorter waits and finer subqueries."""
    groups: list[dict[str, Any]] = [g for file in RULES for g in yaml.safe_load(file.read_text())["groups"]]
    for group in groups:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule["expr"] = rule["expr"].replace(":1m]", ":1s]")
            if "for" in rule:
                wait_s = int(rule["for"][:-1]) * SECONDS[rule["for"][-1]]
                rule["for"] = f"{wait_s * 1000 // SHORTER}ms"
    return groups


class Observed:
    """All of it, running. `leave` takes a quarter of the stations away."""

    def __init__(self, folder: Path, database: TimescaleServer) -> None:
        self.database = database
        self.database_name = database.create_database()
        self.gateway = GatewayProcess(folder)
        self.prometheus = PrometheusServer(
            folder / "prometheus", [f"127.0.0.1:{self.gateway.admin_port}"], hasty_rules()
        )
        self.began_at = datetime.now(UTC)
        url = f"ws://127.0.0.1:{self.gateway.port}/ocpp"
        clock = ScaledClock()
        self.fleets = [
            Fleet(
                url,
                stations=count,
                seed=seed,
                versions=VERSIONS,
                clock=clock,
                behaviour=BEHAVIOUR,
                identities=identities,
            )
            for seed, (count, identities) in enumerate(((STATIONS, "STAY-"), (GOING, "GO-")))
        ]
        description = describe(self.fleets[0].stations, 0.3)
        self.site = description.name
        self.rated_a = (description.nodes[0].limit_ma or (0,))[0] / 1000
        site_file = folder / "site.toml"
        site_file.write_text(as_toml(description))
        self.gateway.configure(
            authorisation={"mode": "accept_all"},
            charging={"site_files": [str(site_file)], "lease_s": 120, "settle_s": 10, "clock_skew_s": 30},
            store={"dsn": database.dsn(self.database_name), "timeout_s": 2},
        )
        with self.gateway.config_file.open("a") as file:
            file.write('\n[[charging.model]]\nname = "all"\nleases = "trusted"\n')
            file.write(f'\n[[stations.group]]\nname = "all"\nmatch = "STAY-*"\nsite = "{self.site}"\n')
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)

    @contextlib.contextmanager
    def running(self) -> Iterator["Observed"]:
        """Start everything; end it whatever happens."""
        try:
            self.prometheus.start()
            self.gateway.start()
            self.gateway.wait_until(lambda: self.gateway.metrics()["store_connected"] == 1, "there is a schema")
            self._thread.start()
            yield self
        finally:
            if self._thread.is_alive():
                for fleet in self.fleets:
                    self._loop.call_soon_threadsafe(fleet.stop)
                self._thread.join()
            self.gateway.end()
            self.prometheus.stop()

    def leave(self) -> None:
        """Take a quarter of the stations away, for good."""
        self._loop.call_soon_threadsafe(self.fleets[1].stop)

    def cap(self, limit_a: float) -> None:
        """Lower what the site's grid connection carries, for ten minutes."""
        body = json.dumps({"limit_a": limit_a, "valid_s": 600}).encode()
        path = f"http://127.0.0.1:{self.gateway.admin_port}/api/v1/sites/{self.site}/nodes/grid/limit"
        request = urllib.request.Request(path, body, {"Content-Type": "application/json"}, method="PUT")
        urllib.request.urlopen(request, timeout=10).read()

    def choices(self, board: dict[str, Any]) -> Choices:
        """Return what the variables of a dashboard offer, as of now."""
        end = datetime.now(UTC) + timedelta(seconds=1)
        choices = Choices(self.began_at - timedelta(minutes=5), end)
        for variable in board["templating"]["list"]:
            if variable["type"] != "query":
                continue
            if isinstance(variable["query"], str):
                rows = self.database.fetch(self.database_name, variable["query"])
                choices.values[variable["name"]] = [str(row[0]) for row in rows]
            else:
                found = LABEL_VALUES.fullmatch(variable["query"]["query"])
                assert found is not None, variable["query"]
                selector = found[1]
                for name, values in choices.values.items():
                    selector = selector.replace(f"${name}", "|".join(values))
                series = self.prometheus.ask("series", **{"match[]": selector})
                choices.values[variable["name"]] = sorted({one[found[2]] for one in series})
        return choices

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Return once `condition` holds; fail at the deadline."""
        deadline = time.monotonic() + WAIT_S_MAX
        while not condition():
            assert time.monotonic() < deadline, f"not in {WAIT_S_MAX:g} s: {what}"
            time.sleep(POLL_S)

    def _run(self) -> None:
        async def run() -> None:
            await _odd_station(self.gateway)
            await asyncio.gather(*(fleet.run() for fleet in self.fleets))

        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(run())


async def _odd_station(gateway: GatewayProcess) -> None:
    """A station that says what has to be kept raw, and an event."""
    station = Station("ODD", "ocpp1.6", gateway.url("ODD"), Ledger(), random.Random(1))
    await station.boot()
    now = datetime.now(UTC).isoformat()
    await station.call("StopTransaction", {"transactionId": "one", "meterStop": 1, "timestamp": now})
    await station.call("SecurityEventNotification", {"type": "FirmwareUpdated", "timestamp": now})
    await station.close()


@contextlib.contextmanager
def observed(folder: Path) -> Iterator[Observed]:
    """Everything on a database server of its own, which drills may stop. Skips the test where there is none."""
    server = new_server()
    try:
        server.start()
        with Observed(folder, server).running() as running:
            yield running
    finally:
        server.remove()
