"""Facts about commands over HTTP: what a request becomes, what is refused before, and what an answer looks like."""

import asyncio
import gzip
import re
from urllib.parse import quote

import msgspec
import pytest
from msgspec import Struct

from gateway.core.flows import FLOWS, SHOWN
from gateway.core.flows.flow import Flow, Shown
from gateway.io.http import BODY_BYTES_MAX, AdminServer
from gateway.io.http_commands import command_routes
from gateway.io.problems import Answer
from tests.io.test_http import NAMES, serve

JSON = "Content-Type: application/json"
ACCEPTED = Answer(200, b'{"outcome":"accepted"}')


class Reserve(Struct, forbid_unknown_fields=True):
    """A request with all kinds of fields."""

    reservation: int
    id_token: str
    evse: int | None = None
    note: str = ""


class Nothing(Struct, forbid_unknown_fields=True):
    """A request that needs no body."""

    force: bool = False


async def never(operator, station, request):
    raise AssertionError("the flows of these tests are not carried out")


RESERVE = Flow("reservations/{reservation}", Reserve, never, "Reserve.", "PUT")
CANCEL = Flow("reservations/{reservation}", Nothing, never, "Cancel.", "DELETE")
SYNC = Flow("local-list/sync", Nothing, never, "Bring it in step.")
LIST = Flow("variables", Nothing, never, "List.", "GET")
JOBS = Shown("jobs", lambda station, parameters, now: None, "Jobs.", Nothing)
JOB = Shown("jobs/{job}", lambda station, parameters, now: None, "One job.", Nothing)


class Asked:
    """Commands that notes what it was asked, and gives the same answer to all."""

    timeout_s = 30.0
    timeout_max_s = 300.0

    def __init__(self, answer=ACCEPTED):
        self.answer = answer
        self.calls = []
        self.flows = []
        self.shown = []

    async def call(self, identity, action, payload, *, timeout_s, key):
        self.calls.append((identity, action, payload, timeout_s, key))
        return self.answer

    async def flow(self, identity, flow, request, *, timeout_s, key):
        self.flows.append((identity, flow, request, timeout_s, key))
        return self.answer

    def show(self, identity, shown, parameters):
        self.shown.append((identity, shown, dict(parameters)))
        return self.answer


def commanding(check, commands=None):
    """Run `check(ask, commands)`: `ask(target, method=..., body=..., headers=...)` below the stations."""
    commands = commands or Asked()

    async def checked(ask, view, logged):
        async def asking(target, *, method="POST", headers=(JSON,), body=b"{}"):
            return await ask(f"/api/v1/stations/{target}", method=method, headers=headers, body=body)

        await check(asking, commands)
        assert not [fields for _, fields in logged if fields["level"] != "debug"]

    flows = (RESERVE, Flow("reservations/{evse}/{reservation}", Reserve, never, "Other.", "DELETE"), SYNC, LIST)
    serve(checked, routes=command_routes(commands, flows, (JOBS, JOB)))


# Calls


def test_a_call_reaches_the_station_with_the_bytes_of_its_body():
    async def check(ask, commands):
        answer = await ask("CP1/calls/Reset", body=b' {"type" : "Soft"}\n')
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        assert answer.json == {"outcome": "accepted"}
        assert commands.calls == [("CP1", "Reset", b' {"type" : "Soft"}\n', 30.0, None)]

    commanding(check)


@pytest.mark.parametrize("name", NAMES)
def test_a_call_finds_a_station_whatever_its_identity_holds(name):
    async def check(ask, commands):
        assert (await ask(f"{quote(name, safe='')}/calls/Reset")).status == 200
        assert commands.calls[0][0] == name

    commanding(check)


@pytest.mark.parametrize(("text", "timeout_s"), [("0.001", 0.001), ("7", 7.0), ("300", 300.0), ("12.5", 12.5)])
def test_a_client_says_how_long_a_call_may_take(text, timeout_s):
    async def check(ask, commands):
        assert (await ask(f"CP1/calls/Reset?timeout_s={text}")).status == 200
        assert commands.calls[0][3] == timeout_s

    commanding(check)


@pytest.mark.parametrize(
    "query",
    [
        "timeout_s=0",
        "timeout_s=-1",
        "timeout_s=300.001",
        "timeout_s=1e2",
        "timeout_s=nan",
        "timeout_s=inf",
        "timeout_s=",
        "timeout_s=%D9%A3",
        "timeout_s=" + "9" * 5000,
        "timeout_s=1&timeout_s=2",
        "timeout=1",
    ],
)
def test_another_timeout_is_refused(query):
    async def check(ask, commands):
        answer = await ask(f"CP1/calls/Reset?{query}")
        assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
        assert "timeout_s" in answer.json["detail"]
        assert not commands.calls

    commanding(check)


@pytest.mark.parametrize(
    "headers", [(), ("Content-Type: text/plain",), ("Content-Type: application/x-www-form-urlencoded",)]
)
def test_a_body_that_is_not_said_to_be_json_is_refused(headers):
    async def check(ask, commands):
        for target in ("CP1/calls/Reset", "CP1/local-list/sync"):
            assert (await ask(target, headers=headers)).status == 415
            assert (await ask(target, headers=headers, body=b"")).status == 415
        assert not commands.calls
        assert not commands.flows

    commanding(check)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "x", ""])
def test_a_compressed_body_is_refused_unread(encoding):
    async def check(ask, commands):
        for body in (gzip.compress(b"{}"), b"garbage"):
            assert (
                await ask("CP1/calls/Reset", headers=(JSON, f"Content-Encoding: {encoding}"), body=body)
            ).status == 415
        assert not commands.calls

    commanding(check)


@pytest.mark.parametrize(
    "rest",
    [
        "Content-Length: 10\r\n\r\n{",
        "Transfer-Encoding: chunked\r\n\r\n2\r\n{",
        "Transfer-Encoding: chunked\r\n\r\n2\r\n{}",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    ],
)
def test_a_body_that_is_not_whole_reaches_nobody(rest):
    async def run():
        commands, logged = Asked(), []
        server = AdminServer(
            None,
            host="127.0.0.1",
            port=0,
            token=None,
            log=lambda event, **fields: logged.append((event, fields)),
            routes=command_routes(commands, (), ()),
        )
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
        head = f"POST /api/v1/stations/CP1/calls/Reset HTTP/1.1\r\nHost: localhost\r\n{JSON}\r\n"
        writer.write(f"{head}{rest}".encode())
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await server.stop()
        assert not commands.calls
        assert not [fields for _, fields in logged if fields["level"] == "error"]

    asyncio.run(run())


def test_a_body_that_is_too_large_is_refused():
    async def check(ask, commands):
        assert (await ask("CP1/calls/Reset", body=b" " * BODY_BYTES_MAX)).status == 200
        answer = await ask("CP1/calls/Reset", body=b" " * (BODY_BYTES_MAX + 1))
        assert (answer.status, answer.json["title"]) == (413, "Request Entity Too Large")
        assert len(commands.calls) == 1

    commanding(check)


def test_a_body_that_does_not_arrive_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr("gateway.io.http_commands.BODY_S", 0.05)

    async def run():
        commands = Asked()
        routes = command_routes(commands, (), ())
        server = AdminServer(None, host="127.0.0.1", port=0, token=None, log=print, routes=routes)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
        head = f"POST /api/v1/stations/CP1/calls/Reset HTTP/1.1\r\nHost: localhost\r\n{JSON}\r\n"
        writer.write(f"{head}Content-Length: 10\r\n\r\n{{".encode())
        assert b" 408 " in await asyncio.wait_for(reader.readline(), 10)
        assert not commands.calls
        writer.close()
        await server.stop()

    asyncio.run(run())


def test_calls_are_asked_for_with_post_only():
    async def check(ask, commands):
        answer = await ask("CP1/calls/Reset", method="GET", headers=(), body=b"")
        assert (answer.status, answer.headers["allow"]) == (405, "POST")

    commanding(check)


# Idempotency keys


def test_the_same_request_has_the_same_key_quoted_or_bare():
    async def check(ask, commands):
        for key in ("k-1", '"k-1"', "k-1"):
            await ask("CP1/calls/Reset", headers=(JSON, f"Idempotency-Key: {key}"))
        keys = [call[4] for call in commands.calls]
        assert keys[0].text == "k-1"
        assert keys[0] == keys[1] == keys[2]

    commanding(check)


def test_another_body_target_or_method_has_another_fingerprint():
    async def check(ask, commands):
        headers = (JSON, "Idempotency-Key: k")
        await ask("CP1/calls/Reset", headers=headers)
        await ask("CP1/calls/Reset", headers=headers, body=b"{ }")
        await ask("CP1/calls/Reset?timeout_s=3", headers=headers)
        await ask("CP2/calls/Reset", headers=headers)
        await ask("CP1/calls/ClearCache", headers=headers)
        await ask("CP1/local-list/sync", headers=headers)
        await ask("CP1/reservations/1/2", method="DELETE", body=b'{"id_token":"A"}', headers=headers)
        await ask("CP1/reservations/2", method="PUT", body=b'{"id_token":"A"}', headers=headers)
        keys = [call[4] for call in commands.calls] + [flow[4] for flow in commands.flows]
        assert {key.text for key in keys} == {"k"}
        assert len({key.fingerprint for key in keys}) == len(keys) == 8

    commanding(check)


@pytest.mark.parametrize(
    "header", ["", '"', '""', "é", "x" * 256, "x" * 10_000, '"' + "x" * 256 + '"', "a\tb", '"a" b']
)
def test_what_is_no_key_is_refused(header):
    async def check(ask, commands):
        answer = await ask("CP1/calls/Reset", headers=(JSON, f"Idempotency-Key: {header}"))
        assert answer.status == 400
        assert not commands.calls

    commanding(check)


def test_two_keys_are_none():
    async def check(ask, commands):
        headers = (JSON, "Idempotency-Key: a", "Idempotency-Key: b")
        assert (await ask("CP1/calls/Reset", headers=headers)).status == 400
        assert not commands.calls

    commanding(check)


def test_an_answer_that_was_given_before_says_so():
    async def check(ask, commands):
        answer = await ask("CP1/calls/Reset")
        assert answer.headers["idempotent-replayed"] == "true"

    commanding(check, Asked(Answer(200, b"{}", repeated=True)))


def test_who_shall_ask_again_later_is_told_when():
    async def check(ask, commands):
        answer = await ask("CP1/calls/Reset")
        assert (answer.status, answer.headers["retry-after"]) == (429, "7")
        assert answer.headers["content-type"].startswith("application/problem+json")

    commanding(check, Asked(Answer(429, b"{}", retry_after_s=7)))


# Flows


def test_path_and_body_become_one_request():
    async def check(ask, commands):
        answer = await ask("CP1/reservations/7", method="PUT", body=b'{"id_token":"TAG","evse":2}')
        assert answer.status == 200
        (asked,) = commands.flows
        assert asked[:4] == ("CP1", RESERVE, Reserve(7, "TAG", 2), 30.0)

    commanding(check)


def test_a_body_may_be_empty_where_every_field_has_a_default():
    async def check(ask, commands):
        assert (await ask("CP1/local-list/sync", body=b"")).status == 200
        assert commands.flows[0][2] == Nothing()

    commanding(check)


@pytest.mark.parametrize(
    ("target", "body", "path", "words"),
    [
        ("CP1/reservations/7", b'{"id_token":1}', "$.id_token", "Expected `str`, got `int`"),
        ("CP1/reservations/7", b'{"id_token":"A","evse":"2"}', "$.evse", "got `str`"),
        ("CP1/reservations/7", b'{"id_token":"A","evse":true}', "$.evse", "got `bool`"),
        ("CP1/reservations/7", b"{}", "$", "missing required field `id_token`"),
        ("CP1/reservations/7", b"", "$", "missing required field `id_token`"),
        ("CP1/reservations/7", b'{"id_token":"A","evs":2}', "$", "unknown field `evs`"),
        ("CP1/reservations/x", b'{"id_token":"A"}', "$.reservation", "Expected `int`"),
        ("CP1/reservations/7", b'{"id_token":"A","reservation":8}', "$.reservation", "differs from what the path"),
        ("CP1/reservations/7", b'["A"]', "$", "must be an object"),
        ("CP1/reservations/7", b"null", "$", "must be an object"),
    ],
)
def test_a_flow_that_is_wrong_says_where(target, body, path, words):
    async def check(ask, commands):
        answer = await ask(target, method="PUT", body=body)
        assert (answer.status, answer.json["type"]) == (422, "urn:ocpp-gateway:problem:invalid")
        assert answer.json["path"] == path
        assert words in answer.json["detail"]
        assert not commands.flows

    commanding(check)


@pytest.mark.parametrize("body", [b"{", b"{}{}", b'{"a":1,"a":2}', b"\xff", b"NaN", b"[" * 5000])
def test_a_flow_that_is_not_json_is_refused(body):
    async def check(ask, commands):
        answer = await ask("CP1/reservations/7", method="PUT", body=body)
        assert (answer.status, answer.json["type"]) == (400, "urn:ocpp-gateway:problem:not-json")

    commanding(check)


def test_a_flow_that_only_looks_takes_its_fields_from_the_query():
    async def check(ask, commands):
        assert (await ask("CP1/variables?force=true", method="GET", headers=(), body=b"")).status == 200
        assert commands.flows == [("CP1", LIST, Nothing(force=True), 30.0, None)]
        for query in ("force=maybe", "farce=true"):
            answer = await ask(f"CP1/variables?{query}", method="GET", headers=(), body=b"")
            assert (answer.status, answer.json["path"]) == (422, f"$.{query.split('=')[0]}")
        assert (await ask("CP1/variables?force=true&force=true", method="GET", headers=(), body=b"")).status == 400

    commanding(check)


def test_a_flow_is_deleted_without_a_body():
    async def check(ask, commands):
        answer = await ask("CP1/reservations/2/7", method="DELETE", headers=(), body=b"")
        assert (answer.status, answer.json["path"]) == (422, "$")  # no id token
        assert (await ask("CP1/reservations/2/7", method="DELETE", body=b'{"id_token":"A"}')).status == 200
        assert commands.flows[0][2] == Reserve(7, "A", 2)

    commanding(check)


def test_every_flow_refuses_fields_that_it_does_not_know():
    for flow in FLOWS:
        assert flow.request_type.__struct_config__.forbid_unknown_fields, flow.path


def test_no_two_flows_and_nothing_shown_share_a_route():
    routes = [(flow.method, re.sub(r"\{\w+\}", "{}", flow.path)) for flow in FLOWS]
    routes += [("GET", re.sub(r"\{\w+\}", "{}", one.path)) for one in SHOWN]
    assert len(set(routes)) == len(routes)


def test_every_parameter_of_a_path_is_a_field_of_its_request():
    for flow in FLOWS:
        fields = {field.encode_name for field in msgspec.structs.fields(flow.request_type)}
        assert set(re.findall(r"\{(\w+)\}", flow.path)) <= fields - {"identity"}, flow.path


# What can be looked at


def test_what_can_be_looked_at_gets_what_stands_in_the_path():
    async def check(ask, commands):
        await ask("CP%2A1/jobs", method="GET", headers=(), body=b"")
        await ask("CP1/jobs/4%2F2", method="GET", headers=(), body=b"")
        assert commands.shown == [("CP*1", JOBS, {}), ("CP1", JOB, {"job": "4/2"})]
        assert (await ask("CP1/jobs?x=1", method="GET", headers=(), body=b"")).status == 400

    commanding(check)


def test_what_is_not_there_is_not_found():
    async def check(ask, commands):
        answer = await ask("CP1/jobs/1", method="GET", headers=(), body=b"")
        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")

    commands = Asked()
    commands.answer = None
    commanding(check, commands)
