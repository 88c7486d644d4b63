"""The commands of the API: single calls, flows, and what can be looked at, below `/api/v1/stations/{identity}/`.

A command's body is JSON and said to be so, which a web page of another origin cannot do unasked. An `Idempotency-Key`
makes a request that is sent again get the first answer. `timeout_s` says how long each call may take.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, Protocol

from aiohttp import hdrs, web
from msgspec import Struct

from gateway.core.commands import CommandError
from gateway.core.flows.flow import Flow, Shown
from gateway.core.flows.request import flow_request
from gateway.core.idempotency import Key, KeyInvalidError, key_of
from gateway.io.problems import JSON, Answer, answer_to_fault

STATION_PATH: Final = "/api/v1/stations/{identity:[^/]+}/"

KEY_HEADER: Final = "Idempotency-Key"

REPEATED_HEADER: Final = "Idempotent-Replayed"
"""Marks an answer that an earlier request with the same key got."""

BODY_S: Final = 20.0
"""How long a request's body may take to arrive."""

_SECONDS: Final = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


class Commands(Protocol):
    """What the admin port can have stations do. None of it raises for what a client or a station does."""

    @property
    def timeout_s(self) -> float:
        """How long a call may take, if the client says nothing."""

    @property
    def timeout_max_s(self) -> float:
        """How long a client may have a call take."""

    async def call(self, identity: str, action: str, payload: bytes, *, timeout_s: float, key: Key | None) -> Answer:
        """Send one call with `payload`, which is not checked yet, and return what became of it."""

    async def flow(self, identity: str, flow: Flow, request: Struct, *, timeout_s: float, key: Key | None) -> Answer:
        """Carry out a flow, and return what became of it."""

    def show(self, identity: str, shown: Shown, parameters: Mapping[str, str]) -> Answer | None:
        """Return what there is to see of a station, None if there is no such thing."""


def command_routes(commands: Commands, flows: Sequence[Flow], shown: Sequence[Shown]) -> list[web.RouteDef]:
    """Return the routes of everything that can be asked of a station."""
    routes = [web.post(STATION_PATH + "calls/{action:[^/]+}", partial(_call, commands))]
    routes += [web.route(flow.method, _pattern(flow.path), partial(_flow, commands, flow)) for flow in flows]
    routes += [web.get(_pattern(one.path), partial(_show, commands, one)) for one in shown]
    return routes


def _pattern(path: str) -> str:
    return STATION_PATH + _PARAMETER.sub(r"{\1:[^/]+}", path)


async def _call(commands: Commands, request: web.Request) -> web.Response:
    timeout_s = _timeout_s(commands, request)
    payload = await body_of(request)
    key = _key(request, payload)
    path = request.match_info
    return response_to(await commands.call(path["identity"], path["action"], payload, timeout_s=timeout_s, key=key))


async def _flow(commands: Commands, flow: Flow, request: web.Request) -> web.Response:
    fields = _path_fields(request)
    if flow.method == hdrs.METH_GET:
        timeout_s, body, key = commands.timeout_s, b"", None
        for name in request.query:
            if name in fields or len(request.query.getall(name)) > 1:
                raise web.HTTPBadRequest(text=f"{name[:40]}: a parameter stands once, and not in the path too.")
        fields |= request.query
    else:
        timeout_s = _timeout_s(commands, request)
        body = await body_of(request)
        key = _key(request, body)
    try:
        asked = flow_request(flow.request_type, body, fields)
    except CommandError as error:
        return response_to(answer_to_fault(error))
    return response_to(await commands.flow(request.match_info["identity"], flow, asked, timeout_s=timeout_s, key=key))


def _path_fields(request: web.Request) -> dict[str, str]:
    return {name: text for name, text in request.match_info.items() if name != "identity"}


async def _show(commands: Commands, shown: Shown, request: web.Request) -> web.Response:
    if request.query:
        raise web.HTTPBadRequest(text="This takes no parameters.")
    answer = commands.show(request.match_info["identity"], shown, _path_fields(request))
    if answer is None:
        raise web.HTTPNotFound(text="There is no such thing at this station.")
    return response_to(answer)


async def body_of(request: web.Request) -> bytes:
    """Return the body. Raises web.HTTPException if it is too large, too slow, cut off, or not said to be plain JSON."""
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise web.HTTPUnsupportedMediaType(text="The body must not be encoded.")
    if request.content_type != JSON and (request.body_exists or request.method != hdrs.METH_DELETE):
        raise web.HTTPUnsupportedMediaType(text=f"The Content-Type must be {JSON}.")
    try:
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except (ConnectionError, web.RequestPayloadError):
        raise web.HTTPBadRequest(text="The body is not whole.") from None
    except TimeoutError:
        raise web.HTTPRequestTimeout(text=f"The body did not arrive in {BODY_S:g} s.") from None


def _key(request: web.Request, body: bytes) -> Key | None:
    headers = request.headers.getall(KEY_HEADER, [])
    if not headers:
        return None
    if len(headers) > 1:
        raise web.HTTPBadRequest(text=f"More than one {KEY_HEADER}.")
    try:
        return key_of(headers[0], request.method.encode(), str(request.rel_url).encode(), body)
    except KeyInvalidError as error:
        raise web.HTTPBadRequest(text=f"{KEY_HEADER}: {error}.") from None


def _timeout_s(commands: Commands, request: web.Request) -> float:
    texts = request.query.getall("timeout_s", [])
    if request.query.keys() - {"timeout_s"} or len(texts) > 1:
        raise web.HTTPBadRequest(text="The only parameter is timeout_s, once.")
    if not texts:
        return commands.timeout_s
    seconds = float(texts[0]) if _SECONDS.fullmatch(texts[0]) else 0.0
    if not 0 < seconds <= commands.timeout_max_s:
        raise web.HTTPBadRequest(text=f"timeout_s must be above 0, and at most {commands.timeout_max_s:g}.")
    return seconds


def response_to(answer: Answer) -> web.Response:
    """Return an answer as HTTP has it."""
    headers: dict[str, str] = {}
    if answer.retry_after_s is not None:
        headers[hdrs.RETRY_AFTER] = str(answer.retry_after_s)
    if answer.repeated:
        headers[REPEATED_HEADER] = "true"
    return web.Response(body=answer.body, status=answer.status, content_type=answer.content_type, headers=headers)
