"""A site's file becomes a description, or errors that name their path."""

from pathlib import Path

import pytest

from gateway.app.config_sources import ConfigError
from gateway.app.site_files import read_site_file, read_sites

DEPOT = """
name = "Depot North"
time_zone = "Europe/Berlin"

[default]
maximum_a = 16
node = "panel"

[[node]]
name = "grid"
limit_a = [400, 400.0005, 380]
limit_kw = 250
base_load_a = 40.0005

[[node]]
name = "panel"
parent = "grid"
limit_a = 125

[[evse]]
station = "DE*ABC*1"
evses = [1, 2]
phases = [2, 3, 1]
fallback_a = 6

[[evse]]
station = "DE*ABC*2"
evse = 1
node = "grid"
phases = [3]
maximum_a = 32
minimum_a = 8.1

[[token_group]]
name = "buses"
tokens = ["BUS1"]
priority = 1

[[schedule]]
node = "grid"
begins = 17:00:00
ends = 20:30:00
days = ["mon", "fri"]
limit_kw = 99.9
"""


def written(directory: Path, text: str, name: str = "depot.toml") -> Path:
    file = directory / name
    file.write_text(text)
    return file


def test_a_file_becomes_a_description(tmp_path: Path) -> None:
    site = read_site_file(written(tmp_path, DEPOT))
    assert [node.name for node in site.nodes] == ["grid", "panel"]
    assert site.nodes[0].limit_ma == (400_000, 400_000, 380_000)
    assert site.nodes[0].base_load_ma == (40_001, 40_001, 40_001)
    assert site.nodes[0].limit_w == 250_000
    assert [evse.key for evse in site.evses] == [("DE*ABC*1", 1), ("DE*ABC*1", 2), ("DE*ABC*2", 1)]
    assert [evse.maximum_ma for evse in site.evses] == [16_000, 16_000, 32_000]
    assert (site.evses[0].phases, site.evses[0].fallback_ma, site.evses[0].node) == ((2, 3, 1), 6000, "panel")
    assert (site.evses[2].minimum_ma, site.evses[2].node) == (8100, "grid")
    assert site.schedule[0].weekdays == {0, 4}
    assert site.schedule[0].limit_w == 99_900


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        ('parent = "grid"', 'parent = "attic"', "node[1].parent: 'attic' is no node"),
        ("evse = 1\n", "", "evse[1]: must have evse, or evses"),
        ("minimum_a = 8.1", "minimum_a = 33", "evse[1].minimum_a: must be from 0 to maximum_a"),
        ("phases = [3]", "phases = [3, 3]", "evse[1].phases: must be one to three"),
        ("phases = [3]", "phases = [4]", "evse[1].phases"),
        ("evses = [1, 2]", "evses = [1, 1]", "evse[0]: EVSE 1 of station 'DE*ABC*1' is there twice"),
        ("limit_a = 125", "limit_a = nan", "node[1].limit_a: nan is no current"),
        ("limit_a = 125", "limit_a = -1", "node[1].limit_a: must be from 0"),
        ("limit_a = 125", "limit_b = 1", "node[1]: Object contains unknown field `limit_b`"),
        ("limit_a = 125", "limit_a = 11", "node[1]: 'panel' on phase 1: fallbacks of 12 A"),
        ("Europe/Berlin", "Europe/Nowhere", "time_zone: 'Europe/Nowhere' is no time zone"),
        ('days = ["mon", "fri"]', 'days = ["monday"]', "schedule[0].days"),
        ("fallback_a = 6", "fallback_a = 5", "evse[0].fallback_a: must be 0, or at least 6"),
        ("name = ", "name ", "is not TOML"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_path(tmp_path: Path, before: str, after: str, error: str) -> None:
    assert before in DEPOT
    file = written(tmp_path, DEPOT.replace(before, after, 1))
    with pytest.raises(ConfigError) as raised:
        read_site_file(file)
    assert any(problem.startswith(f"{file}: ") and error in problem for problem in raised.value.problems), (
        raised.value.problems
    )


def test_a_station_is_at_one_site(tmp_path: Path) -> None:
    files = [written(tmp_path, DEPOT), written(tmp_path, DEPOT.replace("Depot North", "Depot South"), "south.toml")]
    with pytest.raises(ConfigError, match=r"south.toml: evse: station 'DE\*ABC\*1' is at the site of .*depot.toml"):
        read_sites(files)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml: cannot be read"):
        read_sites([tmp_path / "missing.toml"])
