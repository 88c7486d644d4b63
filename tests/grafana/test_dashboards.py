"""The committed JSON is what the code makes, and a reader finds her way in it. No server is needed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grafana.dashboards import PAGES
from grafana.dashboards.__main__ import FOLDER, as_json
from grafana.dashboards.panels import Page, Panel

GRAFANA = Path(__file__).parent.parent.parent / "grafana"


def panels(page: Page) -> Iterator[Panel]:
    return (panel for row in page.rows for panel in row.panels)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.uid)
def test_committed_json_is_what_the_code_makes(page: Page) -> None:
    assert (FOLDER / f"{page.uid}.json").read_text() == as_json(page), "run `make dashboards`"


def test_no_json_without_code() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == {page.uid for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.uid)
def test_every_panel_says_what_it_means_and_names_runbooks_that_exist(page: Page) -> None:
    for panel in panels(page):
        assert panel.description.endswith("."), panel.title
        for runbook in panel.runbooks:
            assert (GRAFANA / "runbooks" / f"{runbook}.md").exists(), f"{panel.title}: {runbook}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.uid)
def test_titles_of_a_page_are_unique(page: Page) -> None:
    titles = [panel.title for panel in panels(page)]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.uid)
def test_panels_lie_within_the_width_and_nowhere_on_each_other(page: Page) -> None:
    board: dict[str, Any] = json.loads(as_json(page))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells
