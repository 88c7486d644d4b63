"""What the admin port shows: stations, and whether the gateway is alive and ready."""

import asyncio
import json
from datetime import UTC, datetime

from gateway.app.config import StationGroup, StationsSection
from gateway.app.view import GatewayView
from gateway.core.idempotency import key_of
from tests.app.running import call, run, running, until
from tests.core import said

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_station_is_shown_with_all_that_is_known_of_it(tmp_path):
    async def story():
        async with running(tmp_path, now=lambda: NOON) as gateway:
            view = GatewayView(gateway)
            async with gateway.station("CP1", "ocpp2.0.1") as station:
                await call(station, "StatusNotification", said.status_201("Occupied", 2, 1))
                await call(station, "StatusNotification", said.status_201("Faulted", 1, 1))
                event = said.event_201("Updated", 2, evse={"id": 2}, idToken={"idToken": "TOKEN", "type": "ISO14443"})
                await call(station, "TransactionEvent", event)
                await call(station, "MeterValues", {"broken": 1})
                shown = view.station("CP1")
            assert (shown["identity"], shown["connected"], shown["version"]) == ("CP1", True, "ocpp2.0.1")
            assert (shown["registration"], shown["strict"], shown["running_transactions"]) == ("Accepted", False, 1)
            assert shown["last_received_at"] == shown["boot"]["at"] == "2026-03-01T12:00:00.000Z"
            assert (shown["boot"]["vendor"], shown["boot"]["model"]) == ("Vendor", "Model")
            assert (shown["boot"]["reason"], shown["boot"]["serial"]) == ("PowerUp", None)
            assert [(one["evse"], one["connector"], one["status"]) for one in shown["connectors"]] == [
                (1, 1, "Faulted"),
                (2, 1, "Occupied"),
            ]
            (transaction,) = shown["transactions"]
            assert (transaction["transaction"], transaction["evse"], transaction["missing_seq_nos"]) == (
                "T1",
                2,
                [0, 1],
            )
            assert [message["action"] for message in shown["last_messages"]] == [
                "MeterValues",
                "TransactionEvent",
                "StatusNotification",
                "StatusNotification",
                "BootNotification",
            ]
            assert shown["last_messages"][0]["outcome"] == "kept_raw"
            assert shown["raw_messages"]["total"] == 1
            assert shown["raw_messages"]["last"][0]["error"] == "$.broken: unknown property"
            assert "TOKEN" not in json.dumps(shown)

    run(story())


def test_a_station_that_left_is_shown_as_it_was(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1"):
            pass
        async with running(tmp_path) as gateway:
            shown = GatewayView(gateway).station("CP1")
            assert (shown["connected"], shown["version"], shown["strict"]) == (False, "ocpp1.6", False)
            assert (shown["registration"], shown["last_messages"]) == ("Accepted", [])

    run(story())


def test_whether_a_station_is_strict_is_shown_while_it_is_away(tmp_path):
    async def story():
        lab = StationGroup(name="lab", match="LAB*", strict=True)
        async with running(tmp_path, stations=StationsSection(group=(lab,))) as gateway:
            async with gateway.station("LAB1"), gateway.station("CP1"):
                pass
            view = GatewayView(gateway)
            assert (view.station("LAB1")["strict"], view.station("CP1")["strict"]) == (True, False)

    run(story())


def test_what_quirks_mended_is_counted_apart_from_what_could_not_be_read(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            await call(station, "StartTransaction", said.start_16(connectorId="1"))
            await call(station, "MeterValues", {"broken": 1})
            shown = GatewayView(gateway).station("CP1")
            assert (shown["mended_total"], shown["raw_messages_total"], shown["raw_messages"]["total"]) == (1, 1, 1)
            assert [raw["action"] for raw in shown["raw_messages"]["last"]] == ["MeterValues"]

    run(story())


def test_a_station_is_found_in_any_case_if_nobody_else_is_called_so(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("Cp1", "ocpp2.0.1"), gateway.station("cp1"):
            view = GatewayView(gateway)
            assert view.station("CP1")["identity"] == view.station("Cp1")["identity"] == "Cp1"
            assert view.station("cp1")["identity"] == "cp1"

    run(story())


def test_what_is_asked_of_a_station_is_shown(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            view = GatewayView(gateway)
            assert view.station("CP1")["calls"] == {"open": None, "waiting": 0}
            commands = [
                asyncio.create_task(gateway.commands.call("CP1", "ClearCache", b"{}", timeout_s=20, key=key))
                for key in (key_of("one", b""), key_of("two", b""), None)
            ]
            await until(lambda: view.station("CP1")["calls"] == {"open": "ClearCache", "waiting": 2})
            assert {shown["status"] for shown in view.station("CP1")["last_commands"]} == {None}
            for _ in commands:
                await station.send(json.dumps([3, json.loads(await station.recv())[1], {"status": "Accepted"}]))
            await asyncio.gather(*commands)
            shown = view.station("CP1")
            assert shown["calls"] == {"open": None, "waiting": 0}
            assert {(one["key"], one["status"]) for one in shown["last_commands"]} == {("one", 200), ("two", 200)}
        async with running(tmp_path) as gateway:
            assert len(GatewayView(gateway).station("CP1")["last_commands"]) == 2

    run(story())


def test_a_station_that_was_never_seen_is_none(tmp_path):
    async def story():
        async with running(tmp_path) as gateway:
            assert GatewayView(gateway).station("NOBODY") is None

    run(story())


def test_what_a_station_says_of_itself_is_shown_as_json_can_hold_it(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.connect("CP1") as station:
            odd = '<script>"\\\u20ac\U0001f50c'
            await call(station, "BootNotification", {"chargePointVendor": odd, "chargePointModel": "\x00\x1f"})
            shown = json.loads(json.dumps(GatewayView(gateway).station("CP1")))
            assert (shown["boot"]["vendor"], shown["boot"]["model"]) == (odd, "\x00\x1f")

    run(story())


def test_pages_are_in_order_and_complete(tmp_path):
    names = ["B", "a", "C*1", "Z", "É", "10", "9", "b"]

    async def story():
        async with running(tmp_path) as gateway:
            view = GatewayView(gateway)
            for name in names:
                async with gateway.station(name.replace("É", "%C3%89")):
                    pass
            seen, after = [], None
            while page := view.stations(after, 3, None):
                assert len(page) <= 3
                seen += [shown["identity"] for shown in page]
                after = seen[-1]
            assert seen == sorted(names)

    run(story())


def test_pages_can_be_of_connected_stations_only(tmp_path):
    async def story():
        async with running(tmp_path) as gateway:
            view = GatewayView(gateway)
            async with gateway.station("GONE"):
                pass
            async with gateway.station("HERE"):
                shown = {
                    wanted: [s["identity"] for s in view.stations(None, 10, wanted)] for wanted in (True, False, None)
                }
            assert shown == {True: ["HERE"], False: ["GONE"], None: ["GONE", "HERE"]}

    run(story())


def test_a_running_gateway_is_live_and_ready(tmp_path):
    async def story():
        async with running(tmp_path) as gateway:
            view = GatewayView(gateway)
            assert view.live()
            assert list(view.ready()) == []

    run(story())


def test_readiness_says_why_no_station_should_come(tmp_path):
    async def story():
        async with running(tmp_path, listener={"connections_max": 1}) as gateway:
            view = GatewayView(gateway)
            async with gateway.station("CP1"):
                assert ["connections_max" in reason for reason in view.ready()] == [True]
                await gateway.drain()
            assert ["draining" in reason for reason in view.ready()] == [True]
            assert view.live()

    run(story())
