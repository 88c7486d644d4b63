"""Dashboards and alerts on what really runs: every query gives rows, and what is broken makes the right alert fire.

The drills come last, in this file's order: they break what the queries look at.
"""

import json
import math
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from grafana.dashboards.__main__ import FOLDER
from tests.grafana.expansion import Choices, Query, expanded, queries
from tests.grafana.running import POLL_S, WAIT_S_MAX, Observed, observed

pytestmark = pytest.mark.timeout(240)

BOARDS: list[dict[str, Any]] = [json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))]

STEP = "1"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not on PATH (Debian package prometheus)")
    with observed(tmp_path_factory.mktemp("observed")) as everything:
        yield everything


def has_rows(running: Observed, query: Query, choices: Choices) -> bool:
    """Say whether some choice of the variables gives rows; from Prometheus, with a number among them."""
    return any(_answers(running, query, text) for text in expanded(query, choices))


def _answers(running: Observed, query: Query, text: str) -> bool:
    if query.is_sql:
        return running.database.fetch(running.database_name, text) != []
    if query.is_instant:
        result = running.prometheus.ask("query", query=text)["result"]
        values = [series["value"] for series in result]
    else:
        now = time.time()
        result = running.prometheus.ask("query_range", query=text, start=str(now - 60), end=str(now), step=STEP)[
            "result"
        ]
        values = [value for series in result for value in series["values"]]
    return any(math.isfinite(float(value)) for _, value in values)


def test_every_query_of_every_panel_gives_rows(running: Observed) -> None:
    waiting = {query: board for board in BOARDS for query in queries(board)}
    assert len(waiting) > 70
    deadline = time.monotonic() + WAIT_S_MAX
    while waiting:
        time.sleep(POLL_S)
        choices = {board["uid"]: running.choices(board) for board in BOARDS}
        waiting = {q: b for q, b in waiting.items() if not has_rows(running, q, choices[b["uid"]])}
        assert time.monotonic() < deadline or not waiting, "no rows:\n" + "\n".join(map(str, waiting))


def test_misspelt_metric_gives_none(running: Observed) -> None:
    board = next(board for board in BOARDS if board["uid"] == "ocpp-gateway-fleet")
    query = next(query for query in queries(board) if "ocpp_gateway_stations{" in query.text)
    choices = running.choices(board)
    assert has_rows(running, query, choices)
    misspelt = replace(query, text=query.text.replace("ocpp_gateway_stations", "ocpp_gateway_station"))
    assert not has_rows(running, misspelt, choices)


def test_misspelt_column_is_an_error(running: Observed) -> None:
    board = next(board for board in BOARDS if board["uid"] == "ocpp-gateway-business")
    query = next(query for query in queries(board) if "energy_wh" in query.text)
    misspelt = replace(query, text=query.text.replace("energy_wh", "energy_kwh"))
    with pytest.raises(asyncpg.UndefinedColumnError):
        has_rows(running, misspelt, running.choices(board))


def test_every_metric_that_rules_name_exists(running: Observed) -> None:
    names = set(running.prometheus.ask("label/__name__/values"))
    groups = running.prometheus.ask("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert all(rule["health"] in ("ok", "unknown") for rule in rules), [r for r in rules if r["health"] == "err"]
    named = {name for rule in rules for name in re.findall(r"\b(?:ocpp_gateway|process)_\w+", rule["query"])}
    assert {name for name in named if not name.startswith("ocpp_gateway:")} <= names


def test_nothing_that_pages_fires_while_all_is_well(running: Observed) -> None:
    running.until(lambda: not running.prometheus.firing(), "no alert fires")


def test_drill_of_a_dropped_cap(running: Observed) -> None:
    running.cap(running.rated_a / 2)
    running.until(lambda: "OcppGatewayLinksLowered" in running.prometheus.firing(), "lowered limits are told")


def test_drill_of_stations_that_leave(running: Observed) -> None:
    running.leave()
    running.until(lambda: "OcppGatewayStationsGone" in running.prometheus.firing(), "stations are missed")


def test_drill_of_a_stopped_database(running: Observed) -> None:
    running.database.stop()
    running.until(lambda: "OcppGatewayStoreDisconnected" in running.prometheus.firing(), "the database is missed")


def test_drill_of_a_killed_gateway(running: Observed) -> None:
    running.gateway.kill()
    running.until(lambda: "OcppGatewayDown" in running.prometheus.firing(), "the gateway is missed")
