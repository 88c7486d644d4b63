"""What `ocpp-gateway ctl` does: one question or order to the admin API of a running gateway, and its answer as text."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

import msgspec

from gateway.app.admin_client import COMMAND_S, AdminClient, AdminError, AdminTarget, admin_client, quoted
from gateway.app.ctl_pages import Json, node_page, site_page, sites_page, station_page, stations_page

STATIONS: Final = "/api/v1/stations"
SITES: Final = "/api/v1/sites"

PAGE_STATIONS: Final = 1000
"""Stations that are asked for at once: the most that the API gives."""

PAGES_MAX: Final = 1000
"""More stations than any gateway remembers."""

Order: TypeAlias = Callable[[AdminClient], Awaitable[Any]]
"""Asks, and returns the JSON of the answer. Raises AdminError."""

Page: TypeAlias = Callable[[Json], Iterator[str]]


def run_ctl(target: AdminTarget, order: Order, page: Page | None, *, as_json: bool) -> Iterator[str]:
    """Yield the lines of the answer: those of `page`, or its JSON, also of a refusal. Raises AdminError."""
    try:
        content = asyncio.run(_carry_out(target, order))
    except AdminError as error:
        if as_json and error.body:
            yield error.body.decode(errors="replace")
        raise
    except KeyboardInterrupt:
        raise AdminError("interrupted before the answer came: what was asked may take effect") from None
    if page is None or as_json:
        encoded = msgspec.json.encode(content)
        yield (encoded if as_json else msgspec.json.format(encoded)).decode()
        return
    try:
        lines = list(page(content))
    except (KeyError, TypeError, AttributeError):
        raise AdminError("the answer is not as this version expects it: --json shows it as it is") from None
    yield from lines


async def _carry_out(target: AdminTarget, order: Order) -> Any:
    async with admin_client(target) as client:
        return await order(client)


def stations(connected: bool) -> tuple[Order, Page]:
    """All stations, or those that are connected."""

    async def order(client: AdminClient) -> Any:
        found: list[Any] = []
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            asked = {"limit": str(PAGE_STATIONS)}
            asked |= {"connected": "true"} if connected else {}
            asked |= {} if cursor is None else {"cursor": cursor}
            answer = await client.call("GET", f"{STATIONS}?{urlencode(asked)}")
            found += answer["stations"]
            cursor = answer["next_cursor"]
            if cursor is None:
                break
        return {"stations": found, "next_cursor": cursor}

    return order, stations_page


def station(identity: str) -> tuple[Order, Page]:
    """One station."""
    return lambda client: client.call("GET", f"{STATIONS}/{quoted(identity)}"), station_page


def call(
    identity: str, action: str, payload: str, *, timeout_s: float | None, key: str | None
) -> tuple[Order, Page | None]:
    """One call to a station; `payload` is JSON."""
    path = f"{STATIONS}/{quoted(identity)}/calls/{quoted(action)}"
    if timeout_s is not None:
        path += f"?timeout_s={timeout_s:g}"
    waited_s = max(COMMAND_S, (timeout_s or 0.0) + 30.0)
    return (
        lambda client: client.call("POST", path, payload=payload.encode(), key=key, timeout_s=waited_s),
        None,
    )


def sites() -> tuple[Order, Page]:
    """All sites."""
    return lambda client: client.call("GET", SITES), sites_page


def site(name: str) -> tuple[Order, Page]:
    """One site, with its tree and its EVSEs."""
    return lambda client: client.call("GET", f"{SITES}/{quoted(name)}"), site_page


def limit(
    site: str, node: str, *, limit_a: float | None, limit_kw: float | None, valid_s: float | None
) -> tuple[Order, Page]:
    """Let a node carry no more than this."""
    said = {"limit_a": limit_a, "limit_kw": limit_kw, "valid_s": valid_s}
    payload = msgspec.json.encode({name: value for name, value in said.items() if value is not None})
    return lambda client: client.call("PUT", _limit_path(site, node), payload=payload), node_page


def clear_limit(site: str, node: str) -> tuple[Order, Page]:
    """Let a node carry what its site's file says."""
    return lambda client: client.call("DELETE", _limit_path(site, node)), node_page


def reload() -> tuple[Order, Page]:
    """Have the files of all sites read again."""
    return lambda client: client.call("POST", f"{SITES}/reload"), sites_page


def _limit_path(site: str, node: str) -> str:
    return f"{SITES}/{quoted(site)}/nodes/{quoted(node)}/limit"
