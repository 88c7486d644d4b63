"""Facts about sites over HTTP: what a request becomes, what is refused before, and what an answer looks like."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from gateway.core.charging.observing import WantedNeeds
from gateway.core.commands import CommandError, Fault
from gateway.io.http_sites import (
    BaseLoadRequest,
    NeedsRequest,
    NodeLimitRequest,
    NotKeptError,
    UnknownPlaceError,
    site_routes,
)
from tests.io.test_http import NAMES, serve

JSON = "Content-Type: application/json"
HOLDS = {"node": "grid", "holds": True}


class Asked:
    """Sites that note what they are asked, and hold one answer for all, or one error."""

    def __init__(self, error=None, problems=()):
        self.error = error
        self.problems = problems
        self.asked = []

    def _answer(self, *asked):
        self.asked.append(asked)
        if self.error is not None:
            raise self.error
        return HOLDS

    def sites(self):
        self._answer("sites")
        return [{"site": "depot"}]

    def site(self, site):
        return self._answer("site", site)

    async def set_limit(self, site, node, request):
        return self._answer("set_limit", site, node, request)

    async def clear_limit(self, site, node):
        return self._answer("clear_limit", site, node)

    async def set_base_load(self, site, node, request):
        return self._answer("set_base_load", site, node, request)

    async def clear_base_load(self, site, node):
        return self._answer("clear_base_load", site, node)

    async def set_needs(self, site, station, evse, request):
        return self._answer("set_needs", site, station, evse, request)

    async def check(self, site, station, evse):
        return self._answer("check", site, station, evse)

    async def pardon(self, site, station):
        return self._answer("pardon", site, station)

    async def reload(self):
        self._answer("reload")
        return self.problems


def asking(check, sites=None):
    """Run `check(ask, sites)`: `ask(target, method=..., body=...)` below the sites."""
    sites = sites or Asked()

    async def checked(ask, view, logged):
        async def put(target, body=b"", *, method="PUT", headers=(JSON,)):
            return await ask(f"/api/v1/sites{target}", method=method, headers=headers, body=body)

        await check(put, sites)
        assert not [fields for _, fields in logged if fields["level"] != "debug"]

    serve(checked, routes=site_routes(sites))


def test_sites_are_listed_and_shown():
    async def check(ask, sites):
        assert (await ask("", method="GET")).json == {"sites": [{"site": "depot"}]}
        answer = await ask("/depot", method="GET")
        assert (answer.status, answer.json) == (200, HOLDS)
        assert answer.headers["content-type"] == "application/json"
        assert sites.asked == [("sites",), ("site", "depot")]

    asking(check)


@pytest.mark.parametrize("name", NAMES)
def test_a_node_is_found_whatever_its_name_holds(name):
    async def check(ask, sites):
        place = quote(name, safe="")
        assert (await ask(f"/{place}/nodes/{place}/limit", method="DELETE", headers=())).status == 200
        assert sites.asked == [("clear_limit", name, name)]

    asking(check)


def test_a_limit_is_a_current_a_power_or_both_and_what_holds_now_is_the_answer():
    async def check(ask, sites):
        answer = await ask("/depot/nodes/grid/limit", b'{"limit_a": 80, "limit_kw": 43.2, "valid_s": 900}')
        assert (answer.status, answer.json) == (200, HOLDS)
        assert (await ask("/depot/nodes/grid/limit", b'{"limit_a": [10, 20.5, 0]}')).status == 200
        first, second = (asked[-1] for asked in sites.asked)
        assert (first.limit_ma, first.limit_w, first.valid_s) == ((80_000, 80_000, 80_000), 43_200, 900)
        assert (second.limit_ma, second.limit_w, second.valid_s) == ((10_000, 20_500, 0), None, None)

    asking(check)


def test_limits_are_rounded_down_and_base_loads_up():
    limit = NodeLimitRequest(limit_a=[0.29, 16.1, 7.00049], limit_kw=1.0005)
    assert (limit.limit_ma, limit.limit_w) == ((290, 16_100, 7000), 1000)
    assert BaseLoadRequest(base_load_a=[0.29, 7.0001, -7.0009]).base_load_ma == (290, 7001, -7000)


def test_a_base_load_may_be_negative():
    async def check(ask, sites):
        until = "2026-11-02T10:00:00+01:00"
        body = b'{"base_load_a": [-16, 3, 0], "valid_until": "%b"}' % until.encode()
        assert (await ask("/depot/nodes/roof/base-load", body)).status == 200
        (_, site, node, request) = sites.asked[0]
        assert (site, node, request.base_load_ma) == ("depot", "roof", (-16_000, 3000, 0))
        assert request.valid_until == datetime(2026, 11, 2, 9, tzinfo=UTC)
        assert (await ask("/depot/nodes/roof/base-load", method="DELETE", headers=())).status == 200

    asking(check)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 422, "`limit_a`, `limit_kw` or both"),
        (b"{}", 422, "`limit_a`, `limit_kw` or both"),
        (b'{"valid_s": 60}', 422, "`limit_a`, `limit_kw` or both"),
        (b'{"limit_a": -1}', 422, "`limit_a` must be from 0"),
        (b'{"limit_a": [1, 2, -0.1]}', 422, "`limit_a` must be from 0"),
        (b'{"limit_kw": -0.001}', 422, "`limit_kw` must be from 0"),
        (b'{"limit_a": 1e6}', 422, "`limit_a` must be from 0 to 100,000"),
        (b'{"limit_a": 1e999}', 400, "not one JSON value"),
        (b'{"limit_a": NaN}', 400, "not one JSON value"),
        (b'{"limit_a": Infinity}', 400, "not one JSON value"),
        (b'{"limit_a": -Infinity}', 400, "not one JSON value"),
        (b'{"limit_a": "NaN"}', 422, "got `str`"),
        (b'{"limit_a": [1, 2]}', 422, "has three"),
        (b'{"limit_a": [1, 2, 3, 4]}', 422, "has three"),
        (b'{"limit_a": true}', 422, "got `bool`"),
        (b'{"limit_a": 1, "limit_w": 5}', 422, "unknown field `limit_w`"),
        (b'{"limit_a": 1, "limit_a": 2}', 400, "a key twice"),
        (b'{"limit_a": 1, "valid_s": 0}', 422, "`valid_s` must be above 0"),
        (b'{"limit_a": 1, "valid_s": -3}', 422, "`valid_s` must be above 0"),
        (b'{"limit_a": 1, "valid_s": 1e9}', 422, "`valid_s` must be above 0, and at most"),
        (b'{"limit_a": 1, "valid_until": "2026-11-02T10:00:00"}', 422, "timezone"),
        (b'{"limit_a": 1, "valid_until": "9999-12-31T23:59:59-01:00"}', 422, "calendar"),
        (b'{"limit_a": 1, "valid_s": 9, "valid_until": "2026-11-02T10:00:00Z"}', 422, "not both"),
        (b"[]", 422, "must be an object"),
        (b"limit", 400, "not one JSON value"),
    ],
)
def test_what_is_no_limit_is_refused_and_nothing_is_asked_for(body, status, said):
    async def check(ask, sites):
        answer = await ask("/depot/nodes/grid/limit", body)
        assert answer.status == status
        assert said in answer.json["detail"]
        assert answer.headers["content-type"] == "application/problem+json"
        assert sites.asked == []

    asking(check)


@pytest.mark.parametrize("body", [b"{}", b'{"base_load_a": null}', b'{"base_load_a": -1e6}', b'{"base_load_a": NaN}'])
def test_what_is_no_base_load_is_refused(body):
    async def check(ask, sites):
        assert (await ask("/depot/nodes/grid/base-load", body)).status in {400, 422}
        assert sites.asked == []

    asking(check)


def test_needs_reach_the_evse():
    async def check(ask, sites):
        body = b'{"energy_kwh": 12.5, "departure_at": "2026-11-02T17:00:00Z", "priority": 3}'
        assert (await ask("/depot/evses/CP%2F1/2/needs", body)).status == 200
        (_, site, station, evse, request) = sites.asked[0]
        assert (site, station, evse) == ("depot", "CP/1", 2)
        now = datetime(2026, 11, 2, 8, tzinfo=UTC)
        assert request.wanted(2, now) == WantedNeeds(2, now, 12_500.0, now + timedelta(hours=9), 3)

    asking(check)


def test_needs_of_nothing_take_back_what_was_wanted():
    assert NeedsRequest().wanted(1, datetime.now(UTC)) is None


@pytest.mark.parametrize(
    "body", [b'{"energy_kwh": -1}', b'{"priority": -1}', b'{"priority": 1.5}', b'{"departure_at": 1}', b'{"energy": 1}']
)
def test_what_are_no_needs_is_refused(body):
    async def check(ask, sites):
        assert (await ask("/depot/evses/CP1/1/needs", body)).status == 422
        assert sites.asked == []

    asking(check)


@pytest.mark.parametrize("evse", ["x", "-1", "1.0", "٣", "1234567890"])
def test_an_evse_goes_by_its_number(evse):
    async def check(ask, sites):
        assert (await ask(f"/depot/evses/CP1/{quote(evse)}/needs", b"{}")).status == 404
        assert sites.asked == []

    asking(check)


def test_what_is_not_there_is_told_in_words():
    async def check(ask, sites):
        answer = await ask("/depot/nodes/gird/limit", b'{"limit_a": 1}')
        assert (answer.status, answer.json["detail"]) == (404, "The site depot has no node gird.")

    asking(check, Asked(UnknownPlaceError("The site depot has no node gird.")))


def test_what_holds_but_is_not_on_disk_is_told():
    async def check(ask, sites):
        answer = await ask("/depot/nodes/grid/limit", b'{"limit_a": 1}')
        assert answer.status == 503
        assert answer.json["detail"] == "It holds now, but a restart would forget it: No space left on device."

    asking(check, Asked(NotKeptError("No space left on device")))


def test_a_fault_has_the_path_of_what_is_wrong():
    async def check(ask, sites):
        answer = await ask("/depot/nodes/grid/limit", b'{"limit_a": 1, "valid_until": "2020-01-01T00:00:00Z"}')
        assert (answer.status, answer.json["path"]) == (422, "$.valid_until")

    asking(check, Asked(CommandError(Fault.INVALID, "has passed", "$.valid_until")))


def test_an_evse_is_checked():
    async def check(ask, sites):
        answer = await ask("/depot/evses/DE%2A1/2/check", method="POST", headers=())
        assert (answer.status, answer.json) == (200, HOLDS)
        assert sites.asked == [("check", "depot", "DE*1", 2)]
        assert (await ask("/depot/evses/DE%2A1/two/check", method="POST", headers=())).status == 404

    asking(check)


def test_a_station_that_ignored_limits_is_vouched_for():
    async def check(ask, sites):
        answer = await ask("/depot/stations/DE%2A1/disobedience", method="DELETE", headers=())
        assert (answer.status, answer.json) == (200, HOLDS)
        assert sites.asked == [("pardon", "depot", "DE*1")]

    asking(check)


def test_files_are_read_again_and_all_that_is_wrong_with_them_is_told():
    async def check(ask, sites):
        answer = await ask("/reload", method="POST", headers=())
        assert (answer.status, answer.json) == (200, {"sites": [{"site": "depot"}]})
        sites.problems = ["depot.toml: node[1].parent: there is no node x", "mall.toml: cannot be read"]
        answer = await ask("/reload", method="POST", headers=())
        assert (answer.status, answer.json["problems"]) == (422, sites.problems)

    asking(check)


def test_parameters_are_refused():
    async def check(ask, sites):
        assert (await ask("?limit=3", method="GET")).status == 400
        assert (await ask("/depot/nodes/grid/limit?valid_s=3", b'{"limit_a": 1}')).status == 400
        assert sites.asked == []

    asking(check)


def test_a_body_must_be_said_to_be_json():
    async def check(ask, sites):
        assert (await ask("/depot/nodes/grid/limit", b'{"limit_a": 1}', headers=())).status == 415

    asking(check)
