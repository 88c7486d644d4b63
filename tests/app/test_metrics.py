"""The metrics page of a running gateway: complete from the start, closed, true, and clean by Prometheus' own rules."""

import asyncio
import json
import math
import shutil
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.app.config import AuthorisationSection
from gateway.app.metrics import METRICS, PREFIX, Exposition
from gateway.core.calls import Outcome
from gateway.core.csms import Deviation
from gateway.core.idempotency import key_of
from gateway.core.protocols import PROTOCOLS
from tests.app.running import call, run, running, until
from tests.core import said

LABELS = {
    "version",
    "result",
    "state",
    "ending",
    "event",
    "reason",
    "action",
    "outcome",
    "deviation",
    "quirk",
    "mode",
    "reader",
    "kind",
    "le",
}
PROMTOOL = shutil.which("promtool")


def read(gateway):
    """Our series with their values: {(name, labels): value}."""
    page = Exposition(gateway).page().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name.startswith(PREFIX)
    }


def value(series, name, **labels):
    return series[PREFIX + name, tuple(sorted(labels.items()))]


async def say_everything(gateway):
    """Stations that do what can be counted."""
    for identity, version in (("CP-secret-1", "ocpp1.6"), ("CP-secret-2", "ocpp2.0.1")):
        async with gateway.station(identity, version) as station:
            await call(station, "Heartbeat")
            await call(station, "MakeCoffee-secret")
            await call(station, "MeterValues", {"secret": 1})
            await call(station, "Authorize", {"idTag": "TOKEN-secret"})
            await station.send("garbage")
            await station.send('[3,"no call",{}]')
            if version == "ocpp1.6":
                await call(station, "StartTransaction", said.start_16(idTag="TOKEN-secret"))
                await call(station, "StartTransaction", said.start_16(idTag="TOKEN-secret"))
    async with gateway.connect("CP-secret-3", "ocpp1.5"):
        pass


def test_every_series_is_there_from_the_start_and_none_comes_later(tmp_path):
    async def story():
        async with running(tmp_path) as gateway:
            before = read(gateway)
            await say_everything(gateway)
            after = read(gateway)
        assert before.keys() == after.keys()
        assert after != before

    run(story())


def test_every_action_deviation_and_reader_has_its_series(tmp_path):
    async def story():
        async with running(tmp_path) as gateway:
            series = read(gateway)
        for version, protocol in PROTOCOLS.items():
            for action in (*protocol.rules, "unknown"):
                for outcome in ("answered", "repeat", "kept_raw", "refused"):
                    assert value(series, "messages_total", version=version, action=action, outcome=outcome) == 0
            for action in protocol.version.to_station:
                for outcome in Outcome:
                    assert value(series, "calls_total", version=version, action=action, outcome=outcome.value) == 0
        for deviation in Deviation:
            assert value(series, "deviations_total", deviation=deviation.value) == 0
        assert value(series, "journal_waiting_entries", reader="store") == 0

    run(story())


def test_labels_are_few_and_hold_nothing_that_a_station_said(tmp_path):
    async def story():
        async with running(tmp_path) as gateway:
            await say_everything(gateway)
            page = Exposition(gateway).page()
            assert b"secret" not in page
            assert {name for _, labels in read(gateway) for name, _ in labels} <= LABELS
        assert {name for metric in METRICS for name in metric.labels} <= LABELS

    run(story())


def test_names_have_base_units_and_counters_end_in_total():
    for metric in METRICS:
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert not any(unit in metric.name.split("_") for unit in ("ms", "milliseconds", "kb", "mb", "percent"))
        assert metric.help.endswith(".")
    assert len({metric.name for metric in METRICS}) == len(METRICS)


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_promtool_finds_nothing(tmp_path):
    async def story():
        async with running(tmp_path) as gateway:
            await say_everything(gateway)
            page = Exposition(gateway).page()
        lines = [line for line in page.splitlines(keepends=True) if PREFIX.encode() in line]
        checked = subprocess.run([PROMTOOL, "check", "metrics"], input=b"".join(lines), capture_output=True, timeout=20)
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")

    run(story())


def test_what_happened_is_counted(tmp_path):
    async def story():
        async with running(tmp_path, authorisation=AuthorisationSection(mode="accept_all")) as gateway:
            async with gateway.station("CP1") as station, gateway.connect("CP2", "ocpp2.0.1"):
                start = said.start_16()
                await call(station, "StartTransaction", start)
                await call(station, "StartTransaction", start)
                await call(station, "MeterValues", said.meter_values_16({"value": "1"}, {"value": "2"}, {"value": "x"}))
                await call(station, "MeterValues", {})
                await call(station, "Nonsense", {})
                await until(lambda: gateway.stored("reading") == 3)
                series = read(gateway)
            await until(lambda: not gateway.listener.open)
            later = read(gateway)

        def messages(action, outcome):
            return value(series, "messages_total", version="ocpp1.6", action=action, outcome=outcome)

        assert messages("StartTransaction", "answered") == 1
        assert messages("StartTransaction", "repeat") == 1
        assert messages("MeterValues", "answered") == 1
        assert messages("MeterValues", "kept_raw") == 1
        assert messages("unknown", "refused") == 1
        assert value(series, "deviations_total", deviation="value_unreadable") == 1
        assert value(series, "readings_accepted_total") == value(series, "readings_stored_total") == 3
        assert value(series, "connections", version="ocpp1.6") == value(series, "connections", version="ocpp2.0.1") == 1
        assert value(series, "stations") == 2
        assert (value(series, "transactions_running"), value(later, "transactions_running")) == (1, 0)
        assert value(series, "readings_waiting") == 0
        assert value(series, "journal_entries_total") == 4  # boot, start, two meter values
        assert value(series, "handshakes_total", result="accepted") == 2
        assert value(later, "connections", version="ocpp1.6") == 0
        assert value(later, "disconnects_total", reason="closed_by_station") == 2
        assert value(later, "stations") == 1  # CP2 said nothing

    run(story())


def test_calls_and_commands_are_counted(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            key = key_of("k", b"")
            asked = [
                asyncio.create_task(gateway.commands.call("CP1", "ClearCache", b"{}", timeout_s=20, key=key))
                for _ in range(2)
            ]
            message = json.loads(await station.recv())
            assert value(read(gateway), "commands_under_way") == 1
            assert (value(read(gateway), "calls_open"), value(read(gateway), "calls_waiting")) == (1, 0)
            await station.send(json.dumps([3, message[1], {"status": "Rejected"}]))
            await asyncio.gather(*asked)
            series = read(gateway)
        assert value(series, "calls_total", version="ocpp1.6", action="ClearCache", outcome="rejected") == 1
        assert sum(count for (name, _), count in series.items() if name == f"{PREFIX}calls_total") == 1
        assert (value(series, "commands_under_way"), value(series, "commands_repeated_total")) == (0, 1)

    run(story())


def test_histograms_are_cumulative_and_end_at_their_count(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            for number in range(5):
                await call(station, "MeterValues", said.meter_values_16({"value": str(number)}))
            series = read(gateway)
        for name, least in (("answer_seconds", 6), ("journal_commit_seconds", 6)):
            buckets = {
                float(dict(labels)["le"]): count
                for (full, labels), count in series.items()
                if full == f"{PREFIX}{name}_bucket"
            }
            counts = [buckets[bound] for bound in sorted(buckets)]
            assert counts == sorted(counts)
            assert buckets[math.inf] == value(series, f"{name}_count") >= least
            assert value(series, f"{name}_sum") > 0

    run(story())


def test_what_outlives_a_restart_goes_on_counting(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            await call(station, "MeterValues", said.meter_values_16())
            await until(lambda: gateway.stored("reading") == 1)
        async with running(tmp_path) as gateway:
            assert value(read(gateway), "readings_accepted_total") == 1
            assert value(read(gateway), "stations") == 1
            await until(lambda: value(read(gateway), "readings_stored_total") == 1)  # once the store is open

    run(story())


def test_series_are_at_most_2000(tmp_path):
    async def story():
        async with running(tmp_path) as gateway:
            await say_everything(gateway)
            page = Exposition(gateway).page().decode()
        assert sum(not line.startswith("#") for line in page.splitlines()) <= 2000

    run(story())


def test_readings_that_a_failing_store_has_not_taken_wait(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            await until(lambda: gateway.store.connected)
            gateway.store.close()
            await call(station, "MeterValues", said.meter_values_16({"value": "1"}, {"value": "2"}))
            series = read(gateway)
            assert value(series, "readings_waiting") == 2
            assert value(series, "journal_waiting_entries", reader="store") >= 1

    run(story())


def test_limits_are_metrics_too(tmp_path):
    async def story():
        async with running(tmp_path, listener={"connections_max": 7}) as gateway:
            series = read(gateway)
            assert value(series, "connections_max") == 7
            assert value(series, "journal_max_bytes") == gateway.config.journal.bytes_max

    run(story())
