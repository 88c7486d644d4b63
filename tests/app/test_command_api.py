"""Facts about commands in a whole gateway: each goes to its end, once per key, and what came of it is kept."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from gateway.app.config import CommandsSection
from gateway.app.view import GatewayView
from gateway.core import idempotency
from gateway.core.calls import Outcome
from gateway.core.commands import CommandError, Fault
from gateway.core.flows import FLOWS
from gateway.core.flows.flow import Flow, Result
from gateway.core.flows.request import flow_request
from gateway.core.idempotency import KEPT, key_of
from gateway.core.stations import FACTS_MAX
from tests.app.running import run, running, until
from tests.io.test_http import ask

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOFT = b'{"type":"Soft"}'
ACCEPTED = {"status": "Accepted"}


def reset(gateway, key=None, *, identity="CP1", payload=SOFT, timeout_s=20.0):
    """Ask for a reset of the station, with a key."""
    made = None if key is None else key_of(key, payload)
    return gateway.commands.call(identity, "Reset", payload, timeout_s=timeout_s, key=made)


def carry_out(gateway, work, key):
    """Carry out a flow that is `work(operator, station)`."""

    class Nothing(Struct):
        pass

    async def run_it(operator, station, request):
        return await work(operator, station)

    flow = Flow("test", Nothing, run_it, "Test.")
    return gateway.commands.flow("CP1", flow, Nothing(), timeout_s=20.0, key=key_of(key, b""))


async def hear(station):
    """The next call that the station hears."""
    message = json.loads(await station.recv())
    assert message[0] == 2
    return message


async def answer(station, response=None):
    """Hear a call and answer it."""
    message = await hear(station)
    await station.send(json.dumps([3, message[1], ACCEPTED if response is None else response]))
    return message


async def answered(station, command, response=None):
    """The answer to a command that the station answers."""
    answering = asyncio.create_task(answer(station, response))
    told = await command
    await answering
    return told


async def silent(station):
    """Whether the station hears nothing: a call of its own is answered, with nothing before."""
    await station.send('[2,"silent?","Heartbeat",{}]')
    return json.loads(await station.recv())[:2] == [3, "silent?"]


def said(answer):
    return json.loads(answer.body)


def test_the_same_key_gets_the_first_answer_and_the_station_hears_once(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            first = await answered(station, reset(gateway, "k"))
            assert (first.status, said(first)) == (200, {"outcome": "accepted", "response": ACCEPTED})
            again = await reset(gateway, "k")
            assert (again.status, again.body, again.repeated) == (200, first.body, True)
            assert await silent(station)
            assert gateway.commands.repeats == 1

    run(story())


def test_the_first_answer_outlives_a_restart(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            first = await answered(station, reset(gateway, "k"), {"status": "Rejected"})
            assert first.status == 409
        async with running(tmp_path) as gateway, gateway.connect("CP1") as station:
            again = await reset(gateway, "k")
            assert (again.status, again.body) == (409, first.body)
            assert await silent(station)

    run(story())


def test_without_a_key_every_request_is_carried_out(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            for _ in range(2):
                assert (await answered(station, reset(gateway))).status == 200
            assert gateway.registry.get("CP1").state.facts == {}

    run(story())


def test_a_request_of_null_is_sent_as_an_empty_object(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            asked = gateway.commands.call("CP1", "ClearCache", b" null\n", timeout_s=20, key=None)
            answering = asyncio.create_task(answer(station))
            assert (await asked).status == 200
            assert (await answering)[2:] == ["ClearCache", {}]

    run(story())


def test_who_asks_again_meanwhile_waits_for_the_first_answer(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            asked = [asyncio.create_task(reset(gateway, "k")) for _ in range(5)]
            message = await hear(station)
            assert await silent(station)
            assert not any(task.done() for task in asked)
            await station.send(json.dumps([3, message[1], ACCEPTED]))
            told = await asyncio.gather(*asked)
            assert {(one.status, one.body) for one in told} == {(200, told[0].body)}
            assert [one.repeated for one in told] == [False, True, True, True, True]
            assert gateway.commands.under_way == 0

    run(story())


def test_the_same_key_for_another_request_is_refused_meanwhile_and_later(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            first = asyncio.create_task(reset(gateway, "k"))
            message = await hear(station)
            assert (await reset(gateway, "k", payload=b'{"type":"Hard"}')).status == 422
            await station.send(json.dumps([3, message[1], ACCEPTED]))
            assert (await first).status == 200
            other = await reset(gateway, "k", payload=b'{"type":"Hard"}')
            assert (other.status, said(other)["type"]) == (422, "urn:ocpp-gateway:problem:key-reused")
            assert await silent(station)

    run(story())


def test_a_key_is_one_stations_own(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as one, gateway.station("CP2") as two:
            assert (await answered(one, reset(gateway, "k"))).status == 200
            assert (await answered(two, reset(gateway, "k", identity="CP2"))).status == 200

    run(story())


def test_a_command_cut_off_by_a_crash_is_unknown_and_never_sent_again(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1"):
            station = gateway.registry.get("CP1")
            durable = asyncio.Event()
            begun = idempotency.begun(key_of("k", SOFT), gateway.commands._now())
            gateway.recorder.record(station, [begun], gateway.commands._now(), durable.set)
            await durable.wait()
        async with running(tmp_path) as gateway, gateway.connect("CP1") as station:
            for _ in range(2):
                told = await reset(gateway, "k")
                assert (told.status, said(told)["outcome"], told.repeated) == (504, "unknown", True)
            assert (await reset(gateway, "k", payload=b'{"type":"Hard"}')).status == 422
            assert await silent(station)

    run(story())


def test_an_offline_station_is_an_outcome_too(tmp_path):
    async def story():
        async with running(tmp_path) as gateway:
            async with gateway.station("CP1"):
                pass
            await until(lambda: gateway.registry.get("CP1").session is None)
            first = await reset(gateway, "k")
            assert (first.status, said(first)["outcome"], said(first)["sent"]) == (503, "offline", False)
            async with gateway.connect("CP1") as station:
                assert (await reset(gateway, "k")).body == first.body
                assert await silent(station)

    run(story())


def test_a_command_that_is_refused_leaves_its_key_free(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            refused = await reset(gateway, "k", payload=b'{"type":"Lukewarm"}')
            assert (refused.status, said(refused)["path"]) == (422, "$.type")
            assert gateway.registry.get("CP1").state.facts == {}
            assert (await answered(station, reset(gateway, "k"))).status == 200

    run(story())


def test_a_key_that_is_too_old_is_a_new_one(tmp_path):
    async def story():
        times = [NOON]
        async with running(tmp_path, now=lambda: times[-1]) as gateway, gateway.station("CP1") as station:
            assert (await answered(station, reset(gateway, "k"))).status == 200
            times.append(NOON + KEPT - timedelta(seconds=1))
            assert (await reset(gateway, "k")).repeated
            times.append(NOON + KEPT)
            assert not (await answered(station, reset(gateway, "k"))).repeated

    run(story())


def test_the_last_keys_are_kept_and_none_that_is_under_way_is_pushed_out(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            held = asyncio.create_task(reset(gateway, "held"))
            message = await hear(station)

            async def nothing(operator, station):
                return Result(Outcome.ACCEPTED)

            for number in range(FACTS_MAX - 1):
                assert (await carry_out(gateway, nothing, f"k{number}")).status == 200
            assert (await carry_out(gateway, nothing, "one more")).status == 429
            assert (await carry_out(gateway, nothing, "k0")).repeated
            await station.send(json.dumps([3, message[1], ACCEPTED]))
            assert (await held).status == 200
            assert (await carry_out(gateway, nothing, "one more")).status == 200
            assert not (await carry_out(gateway, nothing, "k0")).repeated
            assert (await reset(gateway, "held")).repeated

    run(story())


def test_a_client_that_leaves_does_not_lose_the_outcome(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            asked = asyncio.create_task(reset(gateway, "k"))
            message = await hear(station)
            asked.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asked
            await station.send(json.dumps([3, message[1], ACCEPTED]))
            await until(lambda: gateway.commands.under_way == 0)
            told = await reset(gateway, "k")
            assert (told.status, said(told)["response"], told.repeated) == (200, ACCEPTED, True)

    run(story())


def test_who_asks_again_and_leaves_does_not_end_the_command_of_the_first(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            first = asyncio.create_task(reset(gateway, "k"))
            message = await hear(station)
            second = asyncio.create_task(reset(gateway, "k"))
            await until(lambda: gateway.commands.repeats == 1)
            second.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await second
            await station.send(json.dumps([3, message[1], ACCEPTED]))
            assert (await first).status == 200

    run(story())


def test_a_flow_that_does_not_end_is_cut_off_by_the_stop_and_unknown_ever_after(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.app.command_api.DURABLE_S", 0.5)
    begun = asyncio.Event()

    async def endless(operator, station):
        begun.set()
        await asyncio.Event().wait()

    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1"):
            asked = asyncio.create_task(carry_out(gateway, endless, "k"))
            await begun.wait()
        with contextlib.suppress(asyncio.CancelledError):
            await asked
        assert gateway.commands.under_way == 0
        async with running(tmp_path) as gateway:
            told = await carry_out(gateway, endless, "k")
            assert (told.status, said(told)["outcome"]) == (504, "unknown")

    run(story())


def test_a_call_takes_as_long_as_the_configuration_or_the_client_says(tmp_path):
    async def story():
        commands = CommandsSection(timeout_s=0.05, timeout_max_s=1)
        async with running(tmp_path, commands=commands) as gateway, gateway.station("CP1"):
            target = "/api/v1/stations/CP1/calls/ClearCache"
            how = {"method": "POST", "headers": ["Content-Type: application/json"], "body": b"{}"}
            told = await ask(gateway.admin_url, target, **how)
            assert (told.status, told.json["outcome"]) == (504, "timeout")
            told = await ask(gateway.admin_url, f"{target}?timeout_s=0.02", **how)
            assert (told.status, told.json["outcome"]) == (504, "timeout")
            assert (await ask(gateway.admin_url, f"{target}?timeout_s=1.001", **how)).status == 400

    run(story())


def test_draining_lets_commands_end_and_takes_no_new_ones(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            asked = asyncio.create_task(reset(gateway, "k"))
            message = await hear(station)
            draining = asyncio.create_task(gateway.drain())
            await until(lambda: gateway.draining)
            refused = await reset(gateway, "other")
            assert (refused.status, said(refused)["type"]) == (503, "urn:ocpp-gateway:problem:stopping")
            await station.send(json.dumps([3, message[1], ACCEPTED]))
            assert (await asked).status == 200
            await draining
            assert (await reset(gateway, "k")).repeated

    run(story())


def test_what_is_not_on_disk_in_time_is_not_sent_later(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.app.operator.DURABLE_S", 0.1)
    reserving = next(flow for flow in FLOWS if (flow.method, flow.path) == ("POST", "reservations"))
    body = flow_request(reserving.request_type, b'{"id_token":"T","evse":1,"expires_at":"2099-01-01T00:00:00Z"}', {})

    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            durable = []
            record = gateway.recorder.record

            def keep_waiting(about, records, now, done=lambda: None):
                record(about, records, now)
                durable.append(done)

            with monkeypatch.context() as patch:
                patch.setattr(gateway.recorder, "record", keep_waiting)
                for asking in (
                    reset(gateway, "k"),
                    gateway.commands.flow("CP1", reserving, body, timeout_s=20.0, key=None),
                ):
                    told = await asking
                    assert (told.status, said(told)["type"]) == (503, "urn:ocpp-gateway:problem:journal-full")
                for done in durable:
                    done()
            assert await silent(station)
            assert gateway.registry.station("CP1").state.facts == {}
            assert (await answered(station, reset(gateway, "k"))).status == 200

    run(story())


def test_only_so_many_commands_are_under_way_whoever_has_left(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.app.command_api.UNDER_WAY_MAX", 2)

    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            asking = [asyncio.create_task(reset(gateway)), asyncio.create_task(reset(gateway, "k"))]
            message = await hear(station)
            await until(lambda: gateway.commands.under_way == 2)
            asking[0].cancel()
            told = await reset(gateway, "other")
            assert (told.status, said(told)["type"]) == (503, "urn:ocpp-gateway:problem:crowded")
            await station.send(json.dumps([3, message[1], ACCEPTED]))
            await answered(station, asking[1])
            assert (await answered(station, reset(gateway, "other"))).status == 200

    run(story())


def test_a_command_that_the_stop_cuts_off_is_unknown_and_kept_as_such(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            asked = asyncio.create_task(reset(gateway, "k"))
            await hear(station)
            await gateway.stop()
            told = await asked
            assert (told.status, said(told)["outcome"], said(told)["sent"]) == (504, "unknown", True)
        async with running(tmp_path) as gateway:
            assert (await reset(gateway, "k")).body == told.body

    run(story())


def test_a_flow_that_fails_by_our_own_error_is_logged_and_not_done_twice(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1"):
            tries = []

            async def broken(operator, station):
                tries.append(1)
                raise RuntimeError("secret")

            for _ in range(2):
                told = await carry_out(gateway, broken, "k")
                assert told.status == 500
                assert b"secret" not in told.body
            assert len(tries) == 1

    run(story())


def test_a_flow_that_cannot_go_on_in_the_middle_is_not_begun_again(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:

            async def stuck(operator, station):
                await operator.call(station, "Reset", {"type": "Soft"})
                raise CommandError(Fault.TOO_MANY, "too many")

            told = await answered(station, carry_out(gateway, stuck, "k"))
            assert told.status == 429
            assert (await carry_out(gateway, stuck, "k")).body == told.body
            assert await silent(station)

    run(story())


def test_a_flow_that_cannot_begin_leaves_its_key_free(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1"):
            tries = []

            async def refused(operator, station):
                tries.append(1)
                raise CommandError(Fault.TOO_MANY, "too many")

            for _ in range(2):
                assert (await carry_out(gateway, refused, "k")).status == 429
            assert len(tries) == 2

    run(story())


def test_with_a_full_journal_nothing_with_a_key_is_sent(tmp_path, monkeypatch):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            with monkeypatch.context() as patch:
                patch.setattr(type(gateway.journal), "has_room", property(lambda journal: False))
                told = await reset(gateway, "k")
                assert (told.status, said(told)["type"]) == (503, "urn:ocpp-gateway:problem:journal-full")
                assert (await answered(station, reset(gateway))).status == 200  # this one needs no room
            assert (await answered(station, reset(gateway, "k"))).status == 200

    run(story())


def test_a_command_to_a_station_that_never_spoke_is_kept_when_it_leaves(tmp_path):
    async def story():
        async with running(tmp_path) as gateway:
            async with gateway.connect("CP1"):
                await until(lambda: "CP1" in gateway.registry)
                first = await reset(gateway, "k", timeout_s=0.05)
                assert said(first)["outcome"] == "timeout"
            await until(lambda: gateway.registry.get("CP1").session is None)
            assert (await reset(gateway, "k")).body == first.body

    run(story())


def test_a_command_that_ended_is_logged_and_shown_by_its_name(tmp_path):
    async def story():
        logged = []
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            gateway.commands._log = lambda event, **fields: logged.append((event, fields))
            await answered(station, reset(gateway, "k"))
            await answered(station, reset(gateway), {"status": "Rejected"})
            (shown,) = GatewayView(gateway).station("CP1")["last_commands"]
            assert (shown["command"], shown["key"], shown["status"]) == ("calls/Reset", "k", 200)
        ends = [fields for event, fields in logged if event == "command_ended"]
        assert [(end["command"], end["status"], end["with_key"]) for end in ends] == [
            ("calls/Reset", 200, True),
            ("calls/Reset", 409, False),
        ]
        assert all(end["station"] == "CP1" and end["level"] == "info" and end["seconds"] >= 0 for end in ends)
        assert "Soft" not in str(logged)

    run(story())
