"""A site's file becomes a description, or errors that name their path."""

import gc
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.app.config_sources import ConfigError
from gateway.app.site_files import read_site_file, read_sites, site_of
from gateway.app.site_tables import DefaultTable, EvseTable, NodeTable, ScheduleTable, SiteTable, TokenGroupTable
from gateway.core.charging.site_faults import faults_of

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


def problems_of(directory: Path, text: str) -> list[str]:
    """Return what is wrong with a file, without its name."""
    file = written(directory, text)
    with pytest.raises(ConfigError) as raised:
        read_site_file(file)
    assert all(problem.startswith(f"{file}: ") for problem in raised.value.problems)
    return [problem.removeprefix(f"{file}: ") for problem in raised.value.problems]


AMPERES = "a number from 0 to 100000 or an array of 3 of which each is a number from 0 to 100000"
PHASES = 'must be one to three phases, each once, such as "L2 L3 L1" or [2, 3, 1]'
A_TIME = "must be a time without an offset, such as 17:30:00"


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        # The tree
        ('parent = "grid"', 'parent = "attic"', "node[1].parent: 'attic' is no node of this site"),
        ('parent = "grid"', "", "node: 'grid' and 'panel' both have no parent; a site has one root"),
        ('name = "panel"', 'name = "grid"', "node[1].name: 'grid' is there twice"),
        ("limit_a = 125", "limit_a = 11", "node[1]: 'panel' on phase 1: fallbacks of 12 A"),
        ('node = "grid"\nphases', 'node = "attic"\nphases', "evse[1].node: 'attic' is no node of this site"),
        ('node = "panel"', 'node = "attic"', "default.node: 'attic' is no node of this site"),
        ('node = "panel"', "", "evse[0].node: is missing, here and in [default]"),
        # Numbers
        ("limit_a = 125", "limit_a = nan", f"node[1].limit_a: is nan, must be {AMPERES}"),
        ("limit_a = 125", "limit_a = inf", f"node[1].limit_a: is inf, must be {AMPERES}"),
        ("limit_a = 125", "limit_a = -1", f"node[1].limit_a: is -1, must be {AMPERES}"),
        ("limit_a = 125", "limit_a = true", f"node[1].limit_a: is true, must be {AMPERES}"),
        ("limit_a = 125", "limit_a = []", f"node[1].limit_a: is [], must be {AMPERES}"),
        ("limit_a = 125", "limit_a = [1, 2]", f"node[1].limit_a: is [1, 2], must be {AMPERES}"),
        ("limit_a = 125", "limit_a = [1, 2, nan]", f"node[1].limit_a: is [1, 2, nan], must be {AMPERES}"),
        ("limit_a = 125", "limit_a = [[1], 2, 3]", f"node[1].limit_a: is an array, must be {AMPERES}"),
        ("limit_a = 125", f"limit_a = 1{'0' * 60}", f"node[1].limit_a: is 1{'0' * 56}..., must be {AMPERES}"),
        ("limit_a = 125", f"limit_a = 0x{'f' * 5000}", f"node[1].limit_a: is 0x{'f' * 55}..., must be {AMPERES}"),
        ("limit_a = 125", f"limit_a = 1{'0' * 5000}", "is not TOML: Exceeds the limit (4300 digits)"),
        ("limit_kw = 250", "limit_kw = -0.1", "node[0].limit_kw: is -0.1, must be a number from 0 to 100000"),
        ("limit_kw = 250", 'limit_kw = "250"', 'node[0].limit_kw: is "250", must be a number from 0 to 100000'),
        ("base_load_a = 40.0005", "base_load_a = -1e9", "node[0].base_load_a: is -1000000000.0, must be a number from"),
        # EVSEs
        ("evse = 1\n", "", "evse[1]: must have evse, or evses"),
        ("evse = 1\n", "evse = 1\nevses = [2]\n", "evse[1]: has evse and evses, must have one of them"),
        ("evse = 1\n", "evse = 0\n", "evse[1].evse: is 0, must be an integer from 1 to 64"),
        ("evse = 1\n", "evse = true\n", "evse[1].evse: is true, must be an integer from 1 to 64"),
        ("evses = [1, 2]", "evses = []", "evse[0].evses: is [], must be an array of 1 to 64 of which each is an"),
        ("evses = [1, 2]", "evses = [1, 1]", "evse[0].evses: 1 is there twice"),
        ('"DE*ABC*2"', '"DE*ABC*1"', "evse[1]: EVSE 1 of station 'DE*ABC*1' is there twice"),
        ("minimum_a = 8.1", "minimum_a = 33", "evse[1].minimum_a: is 33, must be from 0 to maximum_a"),
        ("minimum_a = 8.1", "minimum_a = 2", "evse[1].minimum_a: is 2, must be at least 6: a vehicle"),
        ("fallback_a = 6", "fallback_a = 5", "evse[0].fallback_a: is 5, must be 0, or at least 6"),
        ("maximum_a = 32", "maximum_a = 0", "evse[1].maximum_a: is 0, must be above 0"),
        ("maximum_a = 16", "maximum_a = 4", "default.minimum_a: is 6.0, must be from 0 to maximum_a"),
        # Phases
        ("phases = [3]", "phases = [3, 3]", f"evse[1].phases: is [3, 3], {PHASES}"),
        ("phases = [3]", 'phases = "L3 L3"', f'evse[1].phases: is "L3 L3", {PHASES}'),
        ("phases = [3]", 'phases = "L3,L1"', f'evse[1].phases: is "L3,L1", {PHASES}'),
        ("phases = [3]", 'phases = "L4"', f'evse[1].phases: is "L4", {PHASES}'),
        ("phases = [3]", 'phases = "L3\\n"', f'evse[1].phases: is "L3\\n", {PHASES}'),
        (
            "phases = [3]",
            "phases = []",
            'evse[1].phases: is [], must be a string such as "L2 L3 L1" or an array of 1 to',
        ),
        ("phases = [3]", "phases = [4]", 'evse[1].phases: is [4], must be a string such as "L2 L3 L1" or an array of'),
        ("phases = [3]", "phases = 3", 'evse[1].phases: is 3, must be a string such as "L2 L3 L1" or an array of 1 to'),
        ('node = "panel"', 'node = "panel"\nphases = [1, 1]', f"default.phases: is [1, 1], {PHASES}"),
        # Keys
        ("limit_a = 125", "limt_a = 125", 'node[1].limt_a: unknown key; did you mean "limit_a"?'),
        ("limit_a = 125", '"x\\ny" = 1', 'node[1]."x\\ny": unknown key; known here: name, parent, limit_a, limit_kw'),
        ("[[schedule]]", "[[schedul]]", 'schedul: unknown key; did you mean "schedule"?'),
        ('station = "DE*ABC*2"', "", "evse[1].station: is missing"),
        ('name = "Depot North"', 'name = ""', 'name: is "", must be a string of 1 to 255 characters'),
        ("[default]", "[[default]]", "default: is an array, must be a table [default]"),
        ("[[token_group]]", "[token_group]", "token_group: is a table, must be tables [[token_group]]"),
        # Schedule and tokens
        ("17:00:00", "2026-01-01", f"schedule[0].begins: is 2026-01-01, {A_TIME}"),
        ("17:00:00", "2026-01-01T17:00:00Z", f"schedule[0].begins: is 2026-01-01 17:00:00+00:00, {A_TIME}"),
        ("17:00:00", '"five"', f'schedule[0].begins: is "five", {A_TIME}'),
        ("17:00:00", "1700", f"schedule[0].begins: is 1700, {A_TIME}"),
        ("limit_kw = 99.9", "", "schedule[0]: must have limit_a or limit_kw"),
        (
            'days = ["mon", "fri"]',
            'days = ["monday"]',
            'schedule[0].days: is ["monday"], must be an array of 1 to 7 of',
        ),
        ('days = ["mon", "fri"]', "days = []", "schedule[0].days: is [], must be an array of 1 to 7 of which each is"),
        ('days = ["mon", "fri"]', 'days = ["mon", "mon"]', 'schedule[0].days: "mon" is there twice'),
        ('tokens = ["BUS1"]', "tokens = []", "token_group[0].tokens: is [], must be an array of 1 to 10000 of which"),
        ('tokens = ["BUS1"]', 'tokens = ["B", "B"]', 'token_group[0].tokens: "B" is there twice'),
        (
            "[[token_group]]",
            '[[token_group]]\nname = "buses"\ntokens = ["X"]\n[[token_group]]',
            'token_group[1].name: "buses" is there twice',
        ),
        ("Europe/Berlin", "Europe/Nowhere", 'time_zone: is "Europe/Nowhere", must be a time zone, such as Europe'),
        ("Europe/Berlin", "../../etc/passwd", 'time_zone: is "../../etc/passwd", must be a time zone'),
        # TOML
        ("name = ", "name ", "is not TOML: "),
        ('time_zone = "Europe/Berlin"', 'name = "again"', "is not TOML: Cannot overwrite a value"),
    ],
)
def test_what_is_wrong_is_told_by_path_value_and_what_it_must_be(
    tmp_path: Path, before: str, after: str, problem: str
) -> None:
    assert before in DEPOT
    problems = problems_of(tmp_path, DEPOT.replace(before, after, 1))
    assert any(found.startswith(problem) for found in problems), problems


def test_a_cycle_is_named_at_each_node_of_it(tmp_path: Path) -> None:
    cycle = """
        [[node]]
        name = "a"
        parent = "b"
        [[node]]
        name = "b"
        parent = "a"
    """
    assert problems_of(tmp_path, DEPOT + cycle) == [
        "node[2].parent: 'a' is part of a cycle: a -> b -> a",
        "node[3].parent: 'b' is part of a cycle: b -> a -> b",
    ]


def test_a_site_whose_nodes_all_have_parents_has_no_root(tmp_path: Path) -> None:
    text = DEPOT.replace('name = "grid"\nlimit_a', 'name = "grid"\nparent = "panel"\nlimit_a')
    assert problems_of(tmp_path, text)[0] == "node: no node is without a parent; a site has one root"


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = DEPOT
    for before, after in (
        ('name = "Depot North"', 'nam = "Depot North"'),
        ("maximum_a = 16", 'maximum_a = "16"'),
        ("limit_kw = 250", "limit_kw = -1"),
        ('parent = "grid"', 'parent = "attic"'),
        ("phases = [2, 3, 1]", 'phases = "L2 L2"'),
        ("minimum_a = 8.1", "minimum_a = 40"),
        ("priority = 1", "priority = 1.5"),
        ("17:00:00", "true"),
        ("Europe/Berlin", "Mars"),
    ):
        assert before in text
        text = text.replace(before, after, 1)
    assert [problem.partition(":")[0] for problem in problems_of(tmp_path, text)] == [
        "nam",
        "default.maximum_a",
        "node[0].limit_kw",
        "token_group[0].priority",
        "schedule[0].begins",
        "name",
        "evse[0].phases",
        "time_zone",
        "node[1].parent",
        "evse[1].minimum_a",
    ]


def test_a_wrong_default_is_told_once_and_not_for_each_evse(tmp_path: Path) -> None:
    text = DEPOT.replace("maximum_a = 16", "maximum_a = 16\nfallback_a = 3\nminimum_a = 20").replace(
        "fallback_a = 6", ""
    )
    assert problems_of(tmp_path, text) == [
        "default.minimum_a: is 20, must be from 0 to maximum_a",
        "default.fallback_a: is 3, must be 0, or at least 6: a vehicle cannot be offered less",
    ]


def test_a_default_that_does_not_fit_one_evse_is_told_at_that_evse(tmp_path: Path) -> None:
    text = DEPOT.replace("maximum_a = 16", "fallback_a = 10").replace(
        "maximum_a = 32\nminimum_a = 8.1", "maximum_a = 8"
    )
    assert problems_of(tmp_path, text) == ["evse[1].fallback_a: is 10, must be from 0 to maximum_a"]


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ('name = "grid"', "name = 7", "node[0].name"),
        ('name = "panel"', 'nme = "panel"', "node[1].nme"),
        ('parent = "grid"', "parent = 7", "node[1].parent"),
        ('parent = "grid"', 'parnt = "grid"', "node[1].parnt"),
        ("maximum_a = 16", "maximum_a = nan", "default.maximum_a"),
        ("[default]", "[defaults]", "defaults"),
        ("limit_kw = 99.9", "limit_kw = nan", "schedule[0].limit_kw"),
        ("evse = 1\n", "evs = 1\n", "evse[1].evs"),
    ],
)
def test_what_only_follows_from_a_wrong_key_is_not_told(tmp_path: Path, before: str, after: str, path: str) -> None:
    assert before in DEPOT
    problems = [
        problem for problem in problems_of(tmp_path, DEPOT.replace(before, after, 1)) if "missing" not in problem
    ]
    assert [problem.partition(":")[0] for problem in problems] == [path]


def test_the_example_of_the_documentation_is_a_site(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "SITES.md").read_text(encoding="utf-8")
    site = read_site_file(written(tmp_path, text.split("```toml\n")[1].split("```")[0]))
    assert [evse.phases for evse in site.evses] == [(2, 3, 1), (2, 3, 1), (3,)]


def test_phases_may_be_written_as_on_the_terminals(tmp_path: Path) -> None:
    site = read_site_file(written(tmp_path, DEPOT.replace("phases = [2, 3, 1]", 'phases = "L2 L3 L1"')))
    assert site == read_site_file(written(tmp_path, DEPOT))


def test_three_currents_and_the_type_of_phases_can_be_collected(tmp_path: Path) -> None:
    """Some unions of msgspec crash the interpreter when they are traversed."""
    decoder = msgspec.json.Decoder(SiteTable)
    gc.collect()
    assert decoder.decode(b'{"name":"a","node":[{"name":"b","limit_a":[1,2,3]}]}').node[0].limit_a == (1.0, 2.0, 3.0)


KEYS = st.sampled_from(
    [
        field
        for table in (SiteTable, NodeTable, EvseTable, DefaultTable, TokenGroupTable, ScheduleTable)
        for field in table.__struct_fields__
    ]
)
WORDS = st.sampled_from(["grid", "panel", "L1 L2 L3", "L1 L1", "mon", "AC", "DC", "UTC", "CP1", ""])
SCALARS = (
    st.booleans()
    | st.integers()
    | st.integers(0, 40)
    | st.floats()
    | WORDS
    | st.text(max_size=4)
    | st.datetimes()
    | st.dates()
    | st.times()
)
NESTINGS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=6),
    max_leaves=24,
)


def tables_like(struct: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, object]]:
    """Return tables whose keys are right, and whose values are of all kinds."""
    return st.dictionaries(st.sampled_from(struct.__struct_fields__), NESTINGS, max_size=8)


SITES = st.fixed_dictionaries(
    {
        "name": WORDS,
        "node": st.lists(tables_like(NodeTable), max_size=4) | NESTINGS,
    },
    optional={
        "evse": st.lists(tables_like(EvseTable), max_size=4) | NESTINGS,
        "default": tables_like(DefaultTable) | NESTINGS,
        "token_group": st.lists(tables_like(TokenGroupTable), max_size=3),
        "schedule": st.lists(tables_like(ScheduleTable), max_size=3),
        "voltage_v": SCALARS,
        "slot_s": SCALARS,
        "time_zone": SCALARS,
    },
)


def assert_judged(tables: dict[str, Any]) -> None:
    """The tables are a site without a fault, or a ConfigError has at least a line to say."""
    try:
        site = site_of(Path("site.toml"), tables)
    except ConfigError as error:
        assert error.problems
        assert all(problem.isprintable() for problem in error.problems)
    else:
        assert faults_of(site) == []


@given(SITES | st.dictionaries(KEYS | st.text(max_size=4), NESTINGS, max_size=8))
@settings(max_examples=300, deadline=None)
def test_whatever_a_file_says_is_a_site_or_a_config_error(tables: dict[str, Any]) -> None:
    assert_judged(tables)


@given(st.data(), st.integers(1, 4))
@settings(max_examples=300, deadline=None)
def test_a_site_with_some_values_replaced_is_a_site_or_a_config_error(data: st.DataObject, times: int) -> None:
    tables = tomllib.loads(DEPOT)
    for _ in range(times):
        rows = [tables, *(row for value in tables.values() for row in (value if isinstance(value, list) else [value]))]
        row = data.draw(st.sampled_from([row for row in rows if isinstance(row, dict) and row]))
        row[data.draw(st.sampled_from(sorted(row)))] = data.draw(NESTINGS)
    assert_judged(tables)


@given(st.integers(0, len(DEPOT)), st.integers(0, 12), st.text(max_size=6) | WORDS)
@settings(max_examples=150, deadline=None)
def test_a_file_with_some_text_replaced_is_a_site_or_a_config_error(at: int, length: int, text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "site.toml"
        file.write_bytes((DEPOT[:at] + text + DEPOT[at + length :]).encode())
        try:
            site = read_site_file(file)
        except ConfigError as error:
            assert error.problems
        else:
            assert faults_of(site) == []


def test_a_station_is_at_one_site(tmp_path: Path) -> None:
    files = [written(tmp_path, DEPOT), written(tmp_path, DEPOT.replace("Depot North", "Depot South"), "south.toml")]
    with pytest.raises(
        ConfigError, match=r"south.toml: evse\[0\].station: \"DE\*ABC\*1\" is at the site of .*depot.toml"
    ):
        read_sites(files)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml: cannot be read"):
        read_sites([tmp_path / "missing.toml"])
