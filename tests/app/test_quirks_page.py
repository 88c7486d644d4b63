"""Quirks as the operator meets them: the page, the configuration, the metric."""

from pathlib import Path

import pytest

from gateway.app.config_pages import effective_page
from gateway.app.config_sources import ConfigError, load_config
from gateway.app.gateway import Gateway, quirk_policy
from gateway.app.metrics import METRICS
from gateway.app.quirks_page import quirks_page
from gateway.core.quirks import BY_NAME, QUIRKS
from gateway.core.stations import Station

ROOT = Path(__file__).parents[2]


def load(tmp_path, text):
    file = tmp_path / "gateway.toml"
    file.write_text(text)
    return load_config(file)


def problems(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return [problem.split(": ", 1)[1] for problem in caught.value.problems]


def test_the_file_quirks_md_is_what_the_table_says():
    assert (ROOT / "QUIRKS.md").read_text() == quirks_page(), "run: ocpp-gateway print quirks > QUIRKS.md"


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.name)
def test_the_page_has_each_quirk_with_its_sources_and_its_reason(quirk):
    page = quirks_page()
    section = page.split(f"\n## {quirk.name}\n", 1)[1].split("\n## ", 1)[0]
    assert quirk.safe in section
    assert all(source in section for source in quirk.seen)
    assert f"| [`{quirk.name}`](#{quirk.name}) |" in page


def test_quirks_are_on_unless_they_are_configured():
    config = load_config().config
    choice = quirk_policy(config).choose(Station("CP1"), strict=False)
    assert choice.mode == "on"
    assert {quirk.name for quirk in choice.quirks} == {quirk.name for quirk in QUIRKS if quirk.by_default}
    assert quirk_policy(config).choose(Station("CP1"), strict=True).quirks == ()


GROUPS = """
[quirks]
mode = "shadow"
[[quirks.group]]
name = "growatt"
identity = "GW*"
enable = ["transaction_time_zone_missing"]
disable = ["extra_property"]
mode = "on"
[[quirks.group]]
name = "rest"
vendor = "?*"
"""


def test_a_group_changes_what_its_stations_have(tmp_path):
    policy = quirk_policy(load(tmp_path, GROUPS).config)
    growatt = policy.choose(Station("GW1"), strict=False)
    names = {quirk.name for quirk in growatt.quirks}
    assert growatt.mode == "on"
    assert "transaction_time_zone_missing" in names
    assert "extra_property" not in names
    assert [quirk.name for quirk in policy.choose(Station("GW1"), strict=True).quirks] == [
        "transaction_time_zone_missing"
    ]
    assert policy.choose(Station("CP1"), strict=False).mode == "shadow"


def test_the_effective_configuration_with_groups_loads_to_the_same(tmp_path):
    first = load(tmp_path, GROUPS)
    again = load(tmp_path, effective_page(first))
    assert again.config.quirks == first.config.quirks


def test_an_unknown_quirk_is_an_error_that_names_its_path_and_the_known_ones(tmp_path):
    (problem,) = problems(tmp_path, GROUPS.replace('["extra_property"]', '["extra_properties"]'))
    assert problem.startswith('$.quirks.group[0].disable: "extra_properties" is no quirk; known are ')
    assert all(name in problem for name in BY_NAME)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[quirks.group]]\nname = "a"\n', "$.quirks.group[0]: needs one of identity, vendor, model and firmware"),
        (
            '[[quirks.group]]\nname = "a"\nidentity = "*"\n' * 2,
            "$.quirks.group: the name 'a' stands twice; names of groups are unique",
        ),
        (
            '[[quirks.group]]\nname = "a"\nidentity = "*"\nenable = ["decimal_comma"]\ndisable = ["decimal_comma"]\n',
            '$.quirks.group[0].disable: "decimal_comma" is enabled too',
        ),
        ('[quirks]\nmode = "loud"\n', '$.quirks.mode: is "loud", must be "off", "on" or "shadow"'),
        (
            '[[quirks.group]]\nname = "a"\nidentity = "*"\nenable = "decimal_comma"\n',
            '$.quirks.group[0].enable: is "decimal_comma", must be an array of which each is a string of 1 to 255 '
            "characters",
        ),
    ],
)
def test_a_wrong_group_is_an_error_that_names_its_path(tmp_path, text, problem):
    assert problems(tmp_path, text) == [problem]


def test_each_quirk_is_a_label_of_the_metric_and_is_counted_under_it():
    gateway = Gateway(load_config().config, log=lambda *_, **__: None)
    for quirk in QUIRKS[1::2]:
        gateway.tally.quirk(quirk, "on")
        gateway.tally.quirk(quirk, "shadow")
        gateway.tally.quirk(quirk, "shadow")
    (metric,) = [metric for metric in METRICS if metric.name == "quirks_total"]
    samples = dict(metric.read(gateway))
    assert samples == {
        (quirk.name, mode): times * (index % 2)
        for index, quirk in enumerate(QUIRKS)
        for mode, times in (("on", 1), ("shadow", 2))
    }
