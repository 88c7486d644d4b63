"""Facts about the admin port, seen by a client that sends exactly the bytes it is told to."""

import asyncio
import json
from urllib.parse import quote

import pytest
from aiohttp import web

from gateway.io.http import CURSOR_CHARACTERS_MAX, LIMIT_DEFAULT, LIMIT_MAX, AdminServer

TOKEN = "a-token-of-the-api-0123456789"
NAMES = ["CP1", "DE*ABC*E1", "a b", "a%2Fb", "a?b#c", "{x}", "é", "x.y", "|@+=", "CP\u200b"]


class Shown:
    """A View over a few stations."""

    def __init__(self, names=NAMES):
        self.reasons: list[str] = []
        self.alive = True
        self.broken = False
        self.names = sorted(names)

    def live(self):
        return self.alive

    def ready(self):
        return self.reasons

    def metrics(self):
        if self.broken:
            raise RuntimeError("secret of the database")
        return b"ocpp_gateway_connections 3\n"

    def stations(self, after, limit, connected):
        names = [name for name in self.names if after is None or name > after]
        return [{"identity": name, "connected": connected} for name in names][:limit]

    def station(self, identity):
        return {"identity": identity} if identity in self.names else None


class Answer:
    def __init__(self, raw: bytes):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        self.status = int(first.split(" ")[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}

    @property
    def json(self):
        return json.loads(self.body)


async def ask(url: str, target: str, *, method="GET", host=None, headers=(), body=b"") -> Answer:
    address, port = url.removeprefix("http://").rsplit(":", 1)
    reader, writer = await asyncio.open_connection(address, int(port))
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host or f'{address}:{port}'}", "Connection: close", *headers]
    writer.write("\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body)
    raw = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return Answer(raw)


async def open_connection(port, said):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    return reader, writer


def serve(check, *, view=None, token=None, host="127.0.0.1", routes=()):
    """Run `check(ask_server, view, logged)` against a server on a free port."""
    view = view or Shown()
    logged = []

    def log(event, **fields):
        logged.append((event, fields))

    async def run():
        server = AdminServer(view, host=host, port=0, token=token, log=log, routes=routes)
        await server.start()
        url = server.url.replace("0.0.0.0", "127.0.0.1")
        try:
            await check(lambda target, **how: ask(url, target, **how), view, logged)
        finally:
            await server.stop()

    asyncio.run(run())


# Metrics and health


def test_metrics_are_the_bytes_of_the_view():
    async def check(ask, view, logged):
        answer = await ask("/metrics")
        assert (answer.status, answer.body) == (200, b"ocpp_gateway_connections 3\n")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"

    serve(check)


def test_liveness_follows_the_view():
    async def check(ask, view, logged):
        assert (await ask("/livez")).status == 200
        view.alive = False
        answer = await ask("/livez")
        assert (answer.status, answer.json) == (503, {"live": False})

    serve(check)


def test_readiness_says_why_not():
    async def check(ask, view, logged):
        answer = await ask("/readyz")
        assert (answer.status, answer.json) == (200, {"ready": True, "reasons": []})
        view.reasons = ["journal is full", "draining"]
        answer = await ask("/readyz")
        assert (answer.status, answer.json) == (503, {"ready": False, "reasons": ["journal is full", "draining"]})

    serve(check)


# Stations


def test_stations_are_paged_in_order_until_none_is_left():
    async def check(ask, view, logged):
        seen, cursor, pages = [], None, 0
        while pages < 100:
            target = "/api/v1/stations?limit=3" + ("" if cursor is None else f"&cursor={quote(cursor, safe='')}")
            page = (await ask(target)).json
            assert 1 <= len(page["stations"]) <= 3
            seen += [station["identity"] for station in page["stations"]]
            pages += 1
            if (cursor := page["next_cursor"]) is None:
                break
        assert seen == sorted(NAMES)
        assert pages == -(-len(NAMES) // 3)

    serve(check)


def test_a_last_page_that_is_exactly_full_has_no_next():
    async def check(ask, view, logged):
        page = (await ask(f"/api/v1/stations?limit={len(NAMES)}")).json
        assert (len(page["stations"]), page["next_cursor"]) == (len(NAMES), None)

    serve(check)


def test_a_page_has_a_bounded_size_by_default():
    async def check(ask, view, logged):
        assert len((await ask("/api/v1/stations")).json["stations"]) == LIMIT_DEFAULT
        assert len((await ask(f"/api/v1/stations?limit={LIMIT_MAX}")).json["stations"]) == LIMIT_MAX

    serve(check, view=Shown([f"CP{number:05}" for number in range(2000)]))


@pytest.mark.parametrize(("text", "connected"), [("", None), ("&connected=true", True), ("&connected=false", False)])
def test_the_connected_filter_reaches_the_view(text, connected):
    async def check(ask, view, logged):
        page = (await ask(f"/api/v1/stations?limit=1{text}")).json
        assert page["stations"][0]["connected"] is connected

    serve(check)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=1001",
        "limit=abc",
        "limit=",
        "limit=1e2",
        "limit=%D9%A3",
        "limit=" + "9" * 5000,
        "connected=yes",
        "connected=",
        "cursor=" + "x" * (CURSOR_CHARACTERS_MAX + 1),
        "conected=true",
        "limit=1&limit=2",
    ],
)
def test_a_wrong_query_is_a_problem_that_says_what_would_be_right(query):
    async def check(ask, view, logged):
        answer = await ask(f"/api/v1/stations?{query}")
        assert answer.status == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json["status"] == 400
        assert query.split("=")[0] in answer.json["detail"]

    serve(check)


@pytest.mark.parametrize("name", NAMES)
def test_a_station_is_found_whatever_its_identity_holds(name):
    async def check(ask, view, logged):
        answer = await ask(f"/api/v1/stations/{quote(name, safe='')}")
        assert (answer.status, answer.json) == (200, {"identity": name})

    serve(check)


@pytest.mark.parametrize("name", ["api/v1/stations/NOBODY", "api/v1/stations/%FF", "api/v1/stations/%00", "nowhere"])
def test_what_is_not_there_is_a_problem(name):
    async def check(ask, view, logged):
        answer = await ask(f"/{name}")
        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
        assert answer.json["title"] == "Not Found"

    serve(check)


def test_another_method_is_told_which_are_allowed():
    async def check(ask, view, logged):
        answer = await ask("/api/v1/stations", method="POST", body=b"{}")
        assert (answer.status, answer.headers["content-type"]) == (405, "application/problem+json")
        assert answer.headers["allow"] == "GET,HEAD"

    serve(check)


def test_our_own_error_is_logged_and_tells_the_client_nothing():
    async def check(ask, view, logged):
        view.broken = True
        answer = await ask("/metrics")
        assert (answer.status, answer.json) == (
            500,
            {"type": "about:blank", "title": "Internal Server Error", "status": 500},
        )
        assert b"secret" not in answer.body
        ((event, fields),) = logged
        assert event == "admin_request_failed"
        assert str(fields["error"]) == "secret of the database"
        assert "test_http.py:" in fields["place"]
        view.broken = False
        assert (await ask("/metrics")).status == 200

    serve(check)


# Who may


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:9999", "LOCALHOST", "[::1]:8080"])
def test_on_loopback_the_api_answers_to_loopback_names(host):
    async def check(ask, view, logged):
        assert (await ask("/api/v1/stations", host=host)).status == 200

    serve(check)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "[", "10.0.0.1", "@"],
)
def test_on_loopback_the_api_refuses_other_names(host):
    async def check(ask, view, logged):
        for target in ("/api/v1/stations", "/api/v1/stations/CP1", "/nowhere"):
            answer = await ask(target, host=host)
            assert answer.status in {400, 403}
            assert b"CP1" not in answer.body
        assert (await ask("/metrics", host="prometheus.example")).status == 200

    serve(check)


def test_off_loopback_only_metrics_and_health_answer_without_a_token():
    async def check(ask, view, logged):
        for target in ("/metrics", "/livez", "/readyz"):
            assert (await ask(target, host="gateway.example")).status == 200
        for target in (
            "/api/v1/stations",
            "/api/v1/stations/CP1",
            "/nowhere",
            "/metrics/",
            "//metrics",
            "/api/../metrics/x",
        ):
            answer = await ask(target, host="gateway.example")
            assert answer.status == 401, target
            assert answer.headers["www-authenticate"] == "Bearer"
            assert b"CP1" not in answer.body

    serve(check, token=TOKEN, host="0.0.0.0")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_the_token_opens_the_api(scheme):
    async def check(ask, view, logged):
        headers = [f"Authorization: {scheme} {TOKEN}"]
        assert (await ask("/api/v1/stations", host="gateway.example", headers=headers)).status == 200

    serve(check, token=TOKEN, host="0.0.0.0")


@pytest.mark.parametrize(
    "authorization",
    ["", TOKEN, f"Basic {TOKEN}", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer \xff\xfe"],
)
def test_anything_but_the_token_does_not(authorization):
    async def check(ask, view, logged):
        answer = await ask("/api/v1/stations/CP1", headers=[f"Authorization: {authorization}"])
        assert answer.status == 401
        assert TOKEN.encode() not in answer.body

    serve(check, token=TOKEN, host="0.0.0.0")


def test_a_token_on_loopback_is_asked_for_too():
    async def check(ask, view, logged):
        assert (await ask("/api/v1/stations")).status == 401
        assert (await ask("/api/v1/stations", headers=[f"Authorization: Bearer {TOKEN}"])).status == 200

    serve(check, token=TOKEN)


def test_off_loopback_without_a_token_it_is_not_even_built():
    with pytest.raises(ValueError, match="needs a token"):
        AdminServer(Shown(), host="0.0.0.0", port=0, token=None, log=print)


def change(reached):
    """A route that changes something: it notes that it was reached."""

    async def handle(request):
        reached.append(request.method)
        return web.Response()

    return [web.route("*", "/api/v1/change", handle)]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "https://127.0.0.1:1", "http://127.0.0.1"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_page_of_another_origin_changes_nothing(origin, method):
    reached = []

    async def check(ask, view, logged):
        answer = await ask("/api/v1/change", method=method, host="127.0.0.1:8080", headers=[f"Origin: {origin}"])
        assert (answer.status, answer.headers["content-type"]) == (403, "application/problem+json")
        assert not reached

    serve(check, routes=change(reached))


@pytest.mark.parametrize("headers", [[], ["Origin: http://127.0.0.1:8080"], ["Origin: HTTPS://127.0.0.1:8080"]])
def test_our_own_origin_and_what_is_no_browser_may(headers):
    reached = []

    async def check(ask, view, logged):
        assert (await ask("/api/v1/change", method="POST", host="127.0.0.1:8080", headers=headers)).status == 200
        assert reached == ["POST"]

    serve(check, routes=change(reached))


def test_nothing_is_changed_without_the_token():
    reached = []

    async def check(ask, view, logged):
        for headers in ([], ["Authorization: Bearer wrong"]):
            answer = await ask("/api/v1/change", method="POST", host="gateway.example", headers=headers)
            assert answer.status == 401
        assert not reached
        headers = [f"Authorization: Bearer {TOKEN}"]
        assert (await ask("/api/v1/change", method="POST", host="gateway.example", headers=headers)).status == 200

    serve(check, token=TOKEN, host="0.0.0.0", routes=change(reached))


def test_reading_is_open_to_any_origin_that_may_ask():
    async def check(ask, view, logged):
        assert (await ask("/api/v1/stations", headers=["Origin: http://evil.example"])).status == 200

    serve(check)


# Every answer, and the server itself


def test_connections_beyond_the_limit_are_turned_away_and_room_comes_back(monkeypatch):
    monkeypatch.setattr("gateway.io.http.CONNECTIONS_MAX", 3)

    async def run():
        server = AdminServer(Shown(), host="127.0.0.1", port=0, token=None, log=print)
        await server.start()
        port = int(server.url.rsplit(":", 1)[1])
        held = []
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200" in await asyncio.wait_for(reader.readline(), 10)
            held.append(writer)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 503 ")
        writer.close()
        held.pop().close()
        async with asyncio.timeout(10):
            while (await ask(server.url, "/livez")).status != 200:
                pass
        for writer in held:
            writer.close()
        await server.stop()

    asyncio.run(run())


@pytest.mark.parametrize("said", [b"", b"GET /livez HTTP/1.1\r\nHost: x\r\n"])
def test_a_connection_that_asks_for_nothing_is_closed_and_one_that_asked_is_not(monkeypatch, said):
    monkeypatch.setattr("gateway.io.http.FIRST_REQUEST_S", 0.2)

    async def run():
        server = AdminServer(Shown(), host="127.0.0.1", port=0, token=None, log=print)
        await server.start()
        port = int(server.url.rsplit(":", 1)[1])
        asking, answers = await open_connection(port, b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.wait_for(asking.readuntil(b'{"live":true}'), 10)
        idle, _ = await open_connection(port, said)
        assert await asyncio.wait_for(idle.read(), 10) == b""
        answers.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.wait_for(asking.readuntil(b'{"live":true}'), 10)
        await server.stop()

    asyncio.run(run())


def test_every_answer_forbids_caching_and_guessing():
    async def check(ask, view, logged):
        for target in ("/metrics", "/readyz", "/api/v1/stations", "/nowhere"):
            answer = await ask(target)
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["server"] == "ocpp-gateway"

    serve(check)


def test_in_a_crowd_connections_are_closed_after_their_answer(monkeypatch):
    monkeypatch.setattr("gateway.io.http.CROWDED", 2)

    async def run():
        server = AdminServer(Shown(), host="127.0.0.1", port=0, token=None, log=print)
        await server.start()
        port = int(server.url.rsplit(":", 1)[1])
        said, held = [], []
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            held.append(writer)
            writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            said.append(b"\r\nConnection: close\r\n" in head)
        assert said == [False, False, True]
        assert await asyncio.wait_for(reader.read(), 10) == b'{"live":true}'
        for writer in held:
            writer.close()
        await server.stop()

    asyncio.run(run())


@pytest.mark.parametrize(
    "garbage", [b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"GET /" + b"a" * 100_000, b"\x16\x03\x01" * 100]
)
def test_garbage_is_answered_400_without_a_traceback(garbage, capfd):
    logged = []

    async def run():
        server = AdminServer(
            Shown(), host="127.0.0.1", port=0, token=None, log=lambda event, **fields: logged.append(fields["level"])
        )
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
        writer.write(garbage)
        writer.write_eof()
        raw = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        assert not raw or b" 400 " in raw.split(b"\r\n")[0]
        assert b"Traceback" not in raw
        assert (await ask(server.url, "/livez")).status == 200
        await server.stop()

    asyncio.run(run())
    assert set(logged) <= {"debug"}
    assert capfd.readouterr() == ("", "")


def test_a_port_in_use_is_an_os_error_and_stopping_is_harmless():
    async def run():
        first = AdminServer(Shown(), host="127.0.0.1", port=0, token=None, log=print)
        await first.start()
        second = AdminServer(Shown(), host="127.0.0.1", port=int(first.url.rsplit(":", 1)[1]), token=None, log=print)
        with pytest.raises(OSError, match="address already in use"):
            await second.start()
        await second.stop()
        await second.stop()
        await first.stop()

    asyncio.run(run())
