"""The sites of the API: what they share and why, below `/api/v1/sites`, and what an operator says of their nodes.

A PUT replaces what was said before, and is answered with what holds now: so to say it again does no harm, and it needs
no `Idempotency-Key`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from math import floor, isfinite
from typing import Annotated, Any, Final, Protocol, TypeAlias, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from gateway.core.charging.observing import WantedNeeds
from gateway.core.commands import CommandError, Fault
from gateway.core.flows.request import flow_request
from gateway.io.http_commands import body_of, response_to
from gateway.io.problems import Answer, answer_to_fault

SITES: Final = "/api/v1/sites"

CURRENT_MAX_A: Final = 100_000.0
"""Beyond any node of a low-voltage network: a transformer of 40 MVA has less."""

POWER_MAX_KW: Final = 100_000.0
ENERGY_MAX_KWH: Final = 100_000.0

VALID_MAX_S: Final = 366 * 86_400.0
"""Longest validity: what is to hold for longer belongs into the site's file."""

PRIORITY_MAX: Final = 1_000_000
Priority: TypeAlias = Annotated[int, Meta(ge=0, le=PRIORITY_MAX)]

Request = TypeVar("Request", bound=Struct)

Amperes: TypeAlias = float | list[float]
"""The same on each phase, or one for each of phases 1, 2, 3."""

PhaseCurrents: TypeAlias = tuple[int, int, int]
"""In mA, of phases 1, 2, 3."""

_VALID_S = Annotated[float | None, Meta(description="For how many seconds from now it holds.")]
Moment: TypeAlias = Annotated[datetime, Meta(tz=True)]

_VALID_UNTIL = Annotated[
    Moment | None,
    Meta(description="Until when it holds. Without an end it holds until it is replaced or deleted."),
]


class NodeLimitRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a node carries for now, at most: a current, a power, or both. Its own rating holds beside it."""

    limit_a: Annotated[
        Amperes | None, Meta(description="Per phase, or a list of three: of phases 1, 2 and 3. 0 lets nobody charge.")
    ] = None
    limit_kw: Annotated[float | None, Meta(description="Of all phases together.")] = None
    valid_s: _VALID_S = None
    valid_until: _VALID_UNTIL = None

    def __post_init__(self) -> None:
        """Check what types cannot say. Raises ValueError."""
        if self.limit_a is None and self.limit_kw is None:
            raise ValueError("a limit has `limit_a`, `limit_kw` or both")
        _check("limit_a", _three(self.limit_a), 0, CURRENT_MAX_A)
        _check("limit_kw", (self.limit_kw,), 0, POWER_MAX_KW)
        _check_validity(self.valid_s, self.valid_until)

    @property
    def limit_ma(self) -> PhaseCurrents | None:
        """The current, rounded down."""
        return None if self.limit_a is None else _milliamperes(self.limit_a)

    @property
    def limit_w(self) -> int | None:
        """The power, rounded down."""
        return None if self.limit_kw is None else _thousandths(self.limit_kw)


class BaseLoadRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What else draws from a node for now, in place of what its site's file says."""

    base_load_a: Annotated[
        Amperes,
        Meta(description="Per phase, or a list of three: of phases 1, 2 and 3. Below 0: something feeds in, surely."),
    ]
    valid_s: _VALID_S = None
    valid_until: _VALID_UNTIL = None

    def __post_init__(self) -> None:
        """Check what types cannot say. Raises ValueError."""
        _check("base_load_a", _three(self.base_load_a), -CURRENT_MAX_A, CURRENT_MAX_A)
        _check_validity(self.valid_s, self.valid_until)

    @property
    def base_load_ma(self) -> PhaseCurrents:
        """The current, rounded up."""
        first, second, third = (-_thousandths(-current_a) for current_a in _three(self.base_load_a))
        return first, second, third


class NeedsRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the session at an EVSE needs, or the next one if none runs; it is forgotten when that ends.

    Nothing of it promises that there is power enough. An empty object takes back what was said before.
    """

    energy_kwh: Annotated[float | None, Meta(description="From the begin of the session. Who has it comes last.")] = (
        None
    )
    departure_at: Annotated[Moment | None, Meta(description="When the vehicle leaves.")] = None
    priority: Annotated[Priority | None, Meta(description="The least comes first where not all can charge.")] = None

    def __post_init__(self) -> None:
        """Check what types cannot say. Raises ValueError."""
        _check("energy_kwh", (self.energy_kwh,), 0, ENERGY_MAX_KWH)

    def wanted(self, evse: int, now: datetime) -> WantedNeeds | None:
        """Return what is kept of it, None if nothing is wanted."""
        energy_wh = None if self.energy_kwh is None else self.energy_kwh * 1000
        wanted = WantedNeeds(evse, now, energy_wh, self.departure_at, self.priority)
        return None if wanted == WantedNeeds(evse, now) else wanted


class UnknownPlaceError(Exception):
    """There is no such site, node or EVSE: which, in words for a person."""


class NotKeptError(Exception):
    """It holds now, but it is not on disk: a restart would forget it."""


class Sites(Protocol):
    """What the admin port can see of sites and say of them. All may raise UnknownPlaceError and CommandError.

    What changes something returns how that is now, once it is on disk; raises NotKeptError if it cannot be.
    """

    def sites(self) -> Sequence[Mapping[str, Any]]:
        """Return a few words of each site, by name."""

    def site(self, site: str) -> Mapping[str, Any]:
        """Return the tree of a site, and its EVSEs."""

    async def set_limit(self, site: str, node: str, request: NodeLimitRequest) -> Mapping[str, Any]:
        """Let a node carry no more than this."""

    async def clear_limit(self, site: str, node: str) -> Mapping[str, Any]:
        """Let a node carry what its site's file says."""

    async def set_base_load(self, site: str, node: str, request: BaseLoadRequest) -> Mapping[str, Any]:
        """Count with another base load of a node."""

    async def clear_base_load(self, site: str, node: str) -> Mapping[str, Any]:
        """Count with the base load that the site's file says."""

    async def set_needs(self, site: str, station: str, evse: int, request: NeedsRequest) -> Mapping[str, Any]:
        """Say what the session at an EVSE needs."""

    async def check(self, site: str, station: str, evse: int) -> Mapping[str, Any]:
        """Ask a station what an EVSE may draw from now on, and compare it with what it was told."""

    async def pardon(self, site: str, station: str) -> Mapping[str, Any]:
        """Let a station that was seen to ignore limits have them again."""

    async def reload(self) -> Sequence[str]:
        """Read the files of the sites again; return what is wrong with them: then nothing was changed."""


Route: TypeAlias = Callable[[Sites, web.Request], Awaitable[web.Response]]


def site_routes(sites: Sites) -> list[web.RouteDef]:
    """Return the routes of everything that can be seen of sites and said of them."""
    node = SITES + "/{site:[^/]+}/nodes/{node:[^/]+}"
    evse = SITES + "/{site:[^/]+}/evses/{station:[^/]+}/{evse:[^/]+}"
    return [
        web.get(SITES, partial(_answered, sites, _list)),
        web.post(SITES + "/reload", partial(_answered, sites, _reload)),
        web.get(SITES + "/{site:[^/]+}", partial(_answered, sites, _show)),
        web.put(node + "/limit", partial(_answered, sites, _set_limit)),
        web.delete(node + "/limit", partial(_answered, sites, _clear_limit)),
        web.put(node + "/base-load", partial(_answered, sites, _set_base_load)),
        web.delete(node + "/base-load", partial(_answered, sites, _clear_base_load)),
        web.delete(SITES + "/{site:[^/]+}/stations/{station:[^/]+}/disobedience", partial(_answered, sites, _pardon)),
        web.put(evse + "/needs", partial(_answered, sites, _set_needs)),
        web.post(evse + "/check", partial(_answered, sites, _check_evse)),
    ]


async def _answered(sites: Sites, route: Route, request: web.Request) -> web.Response:
    """Carry out what a route does, and turn what it raises into problems."""
    if request.query:
        raise web.HTTPBadRequest(text="This takes no parameters.")
    try:
        return await route(sites, request)
    except CommandError as error:
        return response_to(answer_to_fault(error))
    except UnknownPlaceError as error:
        raise web.HTTPNotFound(text=str(error)) from None
    except NotKeptError as error:
        raise web.HTTPServiceUnavailable(text=f"It holds now, but a restart would forget it: {error}.") from None


async def _list(sites: Sites, request: web.Request) -> web.Response:
    return _json({"sites": sites.sites()})


async def _show(sites: Sites, request: web.Request) -> web.Response:
    return _json(sites.site(request.match_info["site"]))


async def _set_limit(sites: Sites, request: web.Request) -> web.Response:
    path = request.match_info
    return _json(await sites.set_limit(path["site"], path["node"], await _read(request, NodeLimitRequest)))


async def _clear_limit(sites: Sites, request: web.Request) -> web.Response:
    path = request.match_info
    return _json(await sites.clear_limit(path["site"], path["node"]))


async def _set_base_load(sites: Sites, request: web.Request) -> web.Response:
    path = request.match_info
    return _json(await sites.set_base_load(path["site"], path["node"], await _read(request, BaseLoadRequest)))


async def _clear_base_load(sites: Sites, request: web.Request) -> web.Response:
    path = request.match_info
    return _json(await sites.clear_base_load(path["site"], path["node"]))


async def _set_needs(sites: Sites, request: web.Request) -> web.Response:
    path = request.match_info
    evse = _evse_of(request)
    needs = await _read(request, NeedsRequest)
    return _json(await sites.set_needs(path["site"], path["station"], evse, needs))


async def _check_evse(sites: Sites, request: web.Request) -> web.Response:
    path = request.match_info
    return _json(await sites.check(path["site"], path["station"], _evse_of(request)))


async def _pardon(sites: Sites, request: web.Request) -> web.Response:
    path = request.match_info
    return _json(await sites.pardon(path["site"], path["station"]))


async def _reload(sites: Sites, request: web.Request) -> web.Response:
    problems = await sites.reload()
    if problems:
        error = CommandError(Fault.INVALID, "the files of the sites are not valid: nothing was changed")
        return response_to(answer_to_fault(error, problems=problems))
    return _json({"sites": sites.sites()})


def _evse_of(request: web.Request) -> int:
    evse = request.match_info["evse"]
    if not (evse.isascii() and evse.isdigit() and len(evse) <= 9):
        raise web.HTTPNotFound(text="An EVSE goes by its number.")
    return int(evse)


async def _read(request: web.Request, request_type: type[Request]) -> Request:
    asked = flow_request(request_type, await body_of(request), {})
    assert isinstance(asked, request_type)
    return asked


def _json(content: Mapping[str, Any]) -> web.Response:
    return response_to(Answer(200, msgspec.json.encode(content)))


def _three(amperes: Amperes | None) -> list[float]:
    """Return what is said of phases 1, 2, 3. Raises ValueError for a list of another length."""
    if amperes is None:
        return []
    if isinstance(amperes, float):
        return [amperes] * 3
    if len(amperes) != 3:
        raise ValueError("a list of currents has three, of phases 1, 2 and 3")
    return amperes


def _check(name: str, values: Sequence[float | None], least: float, most: float) -> None:
    for value in values:
        if value is not None and not (isfinite(value) and least <= value <= most):
            raise ValueError(f"`{name}` must be from {least:,g} to {most:,g}")


def _check_validity(valid_s: float | None, valid_until: datetime | None) -> None:
    if valid_s is not None and valid_until is not None:
        raise ValueError("one of `valid_s` and `valid_until`, not both")
    if valid_s is not None and not 0 < valid_s <= VALID_MAX_S:
        raise ValueError(f"`valid_s` must be above 0, and at most {VALID_MAX_S:,g}")


def _milliamperes(amperes: Amperes) -> PhaseCurrents:
    first, second, third = (_thousandths(current_a) for current_a in _three(amperes))
    return first, second, third


def _thousandths(value: float) -> int:
    """Return how many whole thousandths a value has, but for the noise of binary fractions."""
    return floor(round(value * 1000, 3))
