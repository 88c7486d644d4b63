"""The admin HTTP port: metrics and health for whoever can reach it, the API for those who may.

On loopback the API asks for a `Host` of this machine, so that a web page in somebody's browser cannot reach it by a
name that it lets point here (DNS rebinding), and what changes anything asks for no foreign `Origin`. Off loopback, or
where a token is configured, it asks for the token. Errors are `application/problem+json` (RFC 9457).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hmac import compare_digest
from typing import Any, Final, Protocol, TypeAlias, cast
from urllib.parse import urlsplit

import orjson
from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from gateway.io.loopback import is_loopback

Log: TypeAlias = Callable[..., None]

PAGE_PARAMETERS: Final = frozenset({"cursor", "limit", "connected"})
"""What `/api/v1/stations` takes. Anything else is refused: a misspelt filter would filter nothing."""

LIMIT_DEFAULT: Final = 100
LIMIT_MAX: Final = 1000
"""Most stations on one page: about 0.5 MB of JSON and some milliseconds of the event loop."""

CURSOR_CHARACTERS_MAX: Final = 255
"""Longest identity, so longest cursor."""

BODY_BYTES_MAX: Final = 256 * 1024
"""Largest body of a request. A local list of 1,000 id tokens is about 100 KiB."""

CONNECTIONS_MAX: Final = 1024
"""Connections open at once; one more is answered 503 and closed. A command holds one until it has ended, so this is
more than the commands that may be under way: health and metrics have places left."""

CROWDED: Final = CONNECTIONS_MAX // 2
"""Connections beyond which each is closed after its answer."""

TOO_MANY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
"""What is said on a connection for which there is no room."""

BACKLOG: Final = 128
"""Connections that the kernel holds until they are accepted."""

KEEPALIVE_S: Final = 75.0
"""How long an idle connection is kept: longer than Prometheus' usual interval of 60 s."""

FIRST_REQUEST_S: Final = 20.0
"""How long a new connection may take to say what it wants. aiohttp would wait for ever, and places are few."""

SHUTDOWN_S: Final = 2.0
"""How long requests under way may take when the server stops."""

OPEN_PATHS: Final = frozenset({"/metrics", "/livez", "/readyz"})
"""What answers without a token: it names no station."""

SAFE_METHODS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
"""What changes nothing."""

METRICS_CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class View(Protocol):
    """What the admin port shows. Every method is called in the event loop and must be quick."""

    def live(self) -> bool:
        """Whether the process works at all; if not, it should be restarted."""

    def ready(self) -> Sequence[str]:
        """Return why stations should not be sent here; nothing if they should."""

    def metrics(self) -> bytes:
        """Return the metrics in the Prometheus text format 0.0.4."""

    def stations(self, after: str | None, limit: int, connected: bool | None) -> Sequence[Mapping[str, Any]]:
        """Return at most `limit` stations with identities above `after`, in order; each has the key `identity`."""

    def station(self, identity: str) -> Mapping[str, Any] | None:
        """Return all that is known of one station, None if it was never seen."""


class AdminServer:
    """Serves a View and `routes`. `token` is the bearer token of the API; None is for loopback only."""

    def __init__(
        self,
        view: View,
        *,
        host: str,
        port: int,
        token: str | None,
        log: Log,
        routes: Sequence[web.AbstractRouteDef] = (),
    ) -> None:
        if token is None and not is_loopback(host):
            raise ValueError(f"the admin port off loopback ({host}) needs a token")
        self._view = view
        self._host = host
        self._port = port
        self._token = None if token is None else token.encode()
        self._log = log
        self._routes = routes
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._newcomers: dict[web.RequestHandler, float] = {}
        """Connections that had not sent a whole head of a request yet, and until when they may; some are gone."""
        self._watching = False

    async def start(self) -> None:
        """Listen. Raises OSError if the address cannot be had."""
        app = web.Application(middlewares=[self._hang_up, self._explain, self._guard], client_max_size=BODY_BYTES_MAX)
        app.add_routes(
            [
                web.get("/metrics", self._get_metrics),
                web.get("/livez", self._get_livez),
                web.get("/readyz", self._get_readyz),
                web.get("/api/v1/stations", self._get_stations),
                web.get("/api/v1/stations/{identity:[^/]+}", self._get_station),
                *self._routes,
            ]
        )
        app.on_response_prepare.append(_set_headers)
        logger = logging.Logger("aiohttp.server")
        logger.addFilter(self._note)
        self._runner = web.AppRunner(
            app,
            logger=logger,
            access_log=None,
            auto_decompress=False,
            handle_signals=False,
            keepalive_timeout=KEEPALIVE_S,
            shutdown_timeout=SHUTDOWN_S,
        )
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, self._host, self._port, backlog=BACKLOG)

    async def stop(self) -> None:
        """Stop listening and close every connection. Does nothing if it was never started."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """The URL with the port really taken, such as `http://127.0.0.1:8080`. Only while it listens."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{port}"

    def _protocol(self) -> asyncio.Protocol:
        """Return what serves a new connection."""
        server = self._web_server
        if len(server.connections) >= CONNECTIONS_MAX:
            return _TooMany()
        if len(self._newcomers) > 2 * CONNECTIONS_MAX:
            self._forget_gone()
        loop = asyncio.get_running_loop()
        if not self._watching:
            self._watching = True
            loop.call_later(FIRST_REQUEST_S, self._close_silent)
        newcomer = server()
        self._newcomers[newcomer] = loop.time() + FIRST_REQUEST_S
        return newcomer

    def _close_silent(self) -> None:
        """Close the connections that should have asked for something by now."""
        self._watching = False
        if self._runner is None:
            return
        self._forget_gone()
        loop = asyncio.get_running_loop()
        for newcomer in [newcomer for newcomer, until in self._newcomers.items() if until <= loop.time()]:
            del self._newcomers[newcomer]
            newcomer.force_close()
        if self._newcomers:
            self._watching = True
            loop.call_at(min(self._newcomers.values()), self._close_silent)

    def _forget_gone(self) -> None:
        here = set(self._web_server.connections)
        self._newcomers = {newcomer: until for newcomer, until in self._newcomers.items() if newcomer in here}

    @property
    def _web_server(self) -> web.Server:
        assert self._runner is not None
        assert self._runner.server is not None
        return self._runner.server

    def _note(self, record: logging.LogRecord) -> bool:
        """Put what aiohttp has to say into our log. What is no HTTP is the client's fault, and was answered 400."""
        error = None if record.exc_info is None else record.exc_info[1]
        level = "debug" if isinstance(error, HttpProcessingError) else "error"
        self._log("admin_connection_failed", level=level, error=error or record.getMessage())
        return False

    @web.middleware
    async def _hang_up(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Keep no connection open for later while there are many: idle ones would take the places of others."""
        self._newcomers.pop(request.protocol, None)
        response = await handler(request)
        if len(self._web_server.connections) > CROWDED:
            response.force_close()
        return response

    @web.middleware
    async def _explain(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Turn errors into problem documents; one of ours is logged and tells the client nothing."""
        try:
            return await handler(request)
        except web.HTTPException as error:
            allow = {"Allow": error.headers[hdrs.ALLOW]} if hdrs.ALLOW in error.headers else {}
            detail = "" if error.text is None or error.text.startswith(f"{error.status}: ") else error.text
            return _problem(error.status, error.reason, detail, headers=allow)
        except Exception as error:
            self._log("admin_request_failed", level="error", path=request.path, error=error, place=_place(error))
            return _problem(500, "Internal Server Error", "")

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Let in whoever may see what is asked for."""
        if request.path in OPEN_PATHS:
            return await handler(request)
        if self._token is not None:
            scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
            right = compare_digest(given.strip().encode("utf-8", "surrogateescape"), self._token)
            if scheme.lower() != "bearer" or not right:
                return _problem(
                    401, "Unauthorized", "A bearer token is needed.", headers={"WWW-Authenticate": "Bearer"}
                )
        if is_loopback(self._host) and not is_loopback(_name_of(request.headers.get(hdrs.HOST, ""))):
            return _problem(403, "Forbidden", "The Host header must name this machine's loopback address.")
        if request.method not in SAFE_METHODS and _is_foreign(request):
            return _problem(403, "Forbidden", "A web page of another origin may not change anything here.")
        return await handler(request)

    async def _get_metrics(self, request: web.Request) -> web.Response:
        return web.Response(body=self._view.metrics(), headers={hdrs.CONTENT_TYPE: METRICS_CONTENT_TYPE})

    async def _get_livez(self, request: web.Request) -> web.Response:
        live = self._view.live()
        return _json({"live": live}, status=200 if live else 503)

    async def _get_readyz(self, request: web.Request) -> web.Response:
        reasons = list(self._view.ready())
        return _json({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)

    async def _get_stations(self, request: web.Request) -> web.Response:
        for name in request.query:
            if name not in PAGE_PARAMETERS or len(request.query.getall(name)) > 1:
                raise web.HTTPBadRequest(
                    text=f"{name[:40]}: the parameters are cursor, limit and connected, each once."
                )
        cursor = request.query.get("cursor")
        if cursor is not None and len(cursor) > CURSOR_CHARACTERS_MAX:
            raise web.HTTPBadRequest(text=f"cursor has at most {CURSOR_CHARACTERS_MAX} characters.")
        limit = _limit(request.query.get("limit"))
        connected = _truth("connected", request.query.get("connected"))
        page = self._view.stations(cursor, limit + 1, connected)
        following = page[limit - 1]["identity"] if len(page) > limit else None
        return _json({"stations": page[:limit], "next_cursor": following})

    async def _get_station(self, request: web.Request) -> web.Response:
        station = self._view.station(request.match_info["identity"])
        if station is None:
            raise web.HTTPNotFound(text="No station with this identity has ever connected.")
        return _json(station)


class _TooMany(asyncio.Protocol):
    """Turns a connection away for which there is no room."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so and close, before anything is read."""
        cast(asyncio.Transport, transport).write(TOO_MANY)  # uvloop's is no subclass
        transport.close()


async def _set_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers[hdrs.SERVER] = "ocpp-gateway"
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"


def _is_foreign(request: web.Request) -> bool:
    """Whether a web page of another origin sent this (RFC 6454): what is no browser says nothing of an origin."""
    origin = request.headers.get(hdrs.ORIGIN)
    return origin is not None and origin.lower().partition("://")[2] != request.headers.get(hdrs.HOST, "").lower()


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT_DEFAULT
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LIMIT_MAX):
        raise web.HTTPBadRequest(text=f"limit must be an integer from 1 to {LIMIT_MAX}.")
    return int(text)


def _truth(name: str, text: str | None) -> bool | None:
    if text not in {None, "true", "false"}:
        raise web.HTTPBadRequest(text=f"{name} must be true or false.")
    return None if text is None else text == "true"


def _json(content: Mapping[str, Any], *, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")


def _problem(status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a problem document (RFC 9457)."""
    content: dict[str, object] = {"type": "about:blank", "title": title, "status": status}
    if detail:
        content["detail"] = detail
    return web.Response(
        body=orjson.dumps(content), status=status, content_type="application/problem+json", headers=headers
    )


def _place(error: BaseException) -> str:
    """Return the file and line that raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


def _name_of(host: str) -> str:
    """Return the host of a Host header, without its port; empty if it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
