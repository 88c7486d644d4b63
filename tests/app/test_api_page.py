"""The reference of the API: it is what the code says, and all that it tells to send is answered as it tells."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from msgspec import Struct, inspect

from gateway.app.api_examples import EXAMPLES
from gateway.app.api_page import THEMES, api_page
from gateway.app.api_types import description, structs_in
from gateway.app.config import AuthorisationSection, StationGroup, StationsSection
from gateway.core.flows import FLOWS, SHOWN
from gateway.fleet import Behaviour, Fleet, accelerated_clock
from gateway.io.problems import PROBLEMS
from gateway.wire.versions import VERSIONS
from tests.app.running import Running, run, running

STATION = "CP-1"
NOBODY_COMES = Behaviour(first_arrival_s_mean=1e9, offline_every_s_mean=None, work_step_s=(1.0, 2.0), work_fails=0.0)
SPEED = 30.0

DECLINED = {
    "POST stop",
    "POST data-transfer",
    "POST firmware/published",
    "DELETE reservations/{reservation_id}",
    "DELETE firmware/published/{checksum}",
    "DELETE monitors/{monitor_id}",
    "DELETE display-messages/{message_id}",
}
"""Examples that a simulated station declines: they name what it does not have, or it is no local controller."""

LAST = ["POST availability", "POST firmware", "POST reset"]
"""What leaves the station unable to do the others for a while."""

OF_ALL_FLOWS = {"outcome", "status", "status_info", "error_code", "not_remembered"}
OF_PROBLEMS = {"type", "title", "status", "detail", "outcome"}


def sections(level: str) -> dict[str, str]:
    """The page in sections by their titles, such as `POST start`; what stands before the first is left out."""
    parts = re.split(rf"^{level} (.+)$", api_page(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def named(flow):
    return f"{flow.method} {flow.path}"


def example_on_page(section: str) -> tuple[str, str, bytes]:
    """Method, target and body of the request that a section shows."""
    head, _, body = re.search(r"```http\n(.*?)\n```", section, re.DOTALL)[1].partition("\n\n")
    method, target = head.splitlines()[0].split(" ")
    return method, target, body.encode()


class Api:
    def __init__(self, client: aiohttp.ClientSession, url: str) -> None:
        self._client = client
        self._url = url

    async def ask(self, method: str, target: str, body: bytes = b""):
        headers = {"Content-Type": "application/json"} if body else {}
        async with self._client.request(method, self._url + target, data=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def until(self, target, is_so):
        status, said = await self.ask("GET", target)
        while status != 200 or not is_so(said):
            await asyncio.sleep(0.02)
            status, said = await self.ask("GET", target)


@contextlib.asynccontextmanager
async def station(gateway: Running, version: str) -> AsyncIterator[Api]:
    """A simulated station that has booted, told of its connectors, and has the local list of the gateway."""
    clock = accelerated_clock(SPEED)
    url = gateway.stations_url.rstrip("/")
    fleet = Fleet(url, stations=1, seed=7, versions=[version], clock=clock, behaviour=NOBODY_COMES, identities="CP-#")
    playing = asyncio.create_task(fleet.run())
    try:
        async with aiohttp.ClientSession() as client:
            api = Api(client, gateway.admin_url)
            await api.until(f"/api/v1/stations/{STATION}", lambda shown: shown["connectors"])
            await api.until(f"/api/v1/stations/{STATION}/local-list", lambda shown: shown["in_step"])
            yield api
        assert fleet.statistics.malformed == 0
    finally:
        fleet.stop()
        await playing


async def charge_ends(api: Api) -> None:
    """Let the charge that was asked for begin, stop it, and let the vehicle leave."""
    target = f"/api/v1/stations/{STATION}"
    await api.until(target, lambda shown: shown["transactions"])
    _, shown = await api.ask("GET", target)
    body = {"transaction": shown["transactions"][0]["transaction"]}
    assert (await api.ask("POST", f"{target}/stop", json.dumps(body).encode()))[0] == 200
    await api.until(target, lambda shown: all(one["status"] == "Available" for one in shown["connectors"]))


def with_station(tmp_path, version, story):
    tokens = tmp_path / "tokens.toml"
    tokens.write_text('[[token]]\nid = "04A1B2C3D4E5F6"\n')

    async def main() -> None:
        configured = {
            "authorisation": AuthorisationSection(token_file=tokens),
            "stations": StationsSection(group=(StationGroup(name="all", match="*", local_list=True),)),
        }
        async with running(tmp_path / "data", **configured) as gateway, station(gateway, version) as api:
            await story(api)

    run(main())


def test_the_committed_page_is_what_the_command_prints():
    page = Path(__file__).parents[2] / "API.md"
    assert page.read_text(encoding="utf-8") == api_page(), "run: ocpp-gateway print api > API.md"


def test_every_flow_and_everything_shown_has_one_section():
    by_theme = [named(flow) for theme in THEMES for flow in theme.flows]
    shown = [f"GET {one.path}" for theme in THEMES for one in theme.shown]
    assert sorted(by_theme) == sorted(map(named, FLOWS)) == sorted(EXAMPLES)
    assert sorted(shown) == sorted(f"GET {one.path}" for one in SHOWN)
    assert sorted(sections("###")) == sorted([*by_theme, *shown])


@pytest.mark.parametrize("flow", FLOWS, ids=named)
def test_every_field_of_a_request_says_what_it_means(flow):
    section = sections("###")[named(flow)]
    for documented in (flow.request_type, *structs_in(flow.request_type)):
        for field in inspect.type_info(documented).fields:
            assert description(field.type).endswith("."), f"{documented.__name__}.{field.name}"
            if documented is flow.request_type:
                assert re.search(rf"^\| `{field.encode_name}`( \(in the path\))? \|", section, re.MULTILINE)


def test_every_link_leads_to_a_heading():
    page = api_page()
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    anchors = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert len(set(anchors)) == len(anchors)
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= set(anchors)


def test_every_end_of_a_command_has_a_row():
    rows = [line.split("|") for line in sections("##")["How a command ends"].splitlines() if line.startswith("| `")]
    told = {row[1].strip().split("`")[1]: int(row[2]) for row in rows}
    assert told == {str(cause.value).replace("_", "-"): problem.status for cause, problem in PROBLEMS.items()}


def test_no_line_of_prose_is_too_long():
    assert not [line for line in api_page().splitlines() if len(line) > 120 and not line.startswith(("|", "Fields:"))]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_example_is_understood_and_answered_as_its_section_says(tmp_path, version):
    flows = sorted(FLOWS, key=lambda flow: LAST.index(named(flow)) if named(flow) in LAST else -1)

    async def story(api: Api) -> None:
        for flow in flows:
            method, target, body = example_on_page(sections("###")[named(flow)])
            status, said = await api.ask(method, target, body)
            asked = f"{named(flow)}: {status} {said}"
            if flow.actions and not set(flow.actions) & set(VERSIONS[version].to_station):
                assert said["type"] == "urn:ocpp-gateway:problem:action-of-other-version", asked
            elif named(flow) in DECLINED and status != 200:
                assert said["outcome"] in ("rejected", "call_error"), asked
                assert said.keys() - OF_PROBLEMS - OF_ALL_FLOWS <= flow.answer.keys(), asked
            else:
                assert (status, said["outcome"]) == (200, "accepted"), asked
                assert said.keys() - OF_ALL_FLOWS <= flow.answer.keys(), asked
            if named(flow) == "POST start":
                await charge_ends(api)

    with_station(tmp_path, version, story)


def fields_of(row_type: type[Struct]) -> list[str]:
    return [field.encode_name for field in inspect.type_info(row_type).fields]


def test_what_is_shown_has_the_fields_that_its_section_says(tmp_path):
    made_by = {
        "reservations": "POST reservations",
        "jobs": "POST logs",
        "monitors": "POST monitors",
        "display-messages": "POST display-messages",
    }

    async def story(api: Api) -> None:
        for one in SHOWN:
            if one.path in made_by:
                assert (await api.ask(*example_on_page(sections("###")[made_by[one.path]])))[0] == 200
            if "{" not in one.path:
                status, rows = await api.ask("GET", f"/api/v1/stations/{STATION}/{one.path}")
                assert status == 200
                assert bool(rows) == (one.path in made_by)
                assert all(list(row) == [*fields_of(one.row_type), *one.more] for row in rows)

    with_station(tmp_path, "ocpp2.1", story)


def test_stations_are_shown_with_the_fields_that_the_page_says(tmp_path):
    said = set(re.findall(r"`(\w+)`", sections("##")["Stations"]))

    async def story(api: Api) -> None:
        _, page = await api.ask("GET", "/api/v1/stations?limit=1&connected=true")
        _, one = await api.ask("GET", f"/api/v1/stations/{STATION}")
        assert page.keys() | page["stations"][0].keys() | one.keys() <= said | {"stations"}

    with_station(tmp_path, "ocpp1.6", story)


def test_the_worked_call_is_answered_as_the_page_says(tmp_path):
    section = sections("##")["Single calls"]
    target, key, body = re.search(
        r"'http://[^/]+(\S+)'.*Idempotency-Key: (\S+)' .*-d '(\{.*?\})'\n", section, re.DOTALL
    ).groups()
    expected = json.loads(re.search(r"```json\n(.*?)```", section, re.DOTALL)[1])
    assert len(key) == 36

    async def story(api: Api) -> None:
        status, said = await api.ask("POST", target, body.encode())
        ((row,), (expected_row,)) = (answer["response"]["configurationKey"] for answer in (said, expected))
        assert (status, said.keys(), row.keys()) == (200, expected.keys(), expected_row.keys())
        assert row["key"] == expected_row["key"]

    with_station(tmp_path, "ocpp1.6", story)
