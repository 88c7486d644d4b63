"""The reference of a site's file has every key, and what it says of each is what is read."""

import pytest
from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from gateway.app.config_types import description
from gateway.app.site_page import site_reference_page
from gateway.app.site_tables import DefaultTable, EvseTable, NodeTable, ScheduleTable, SiteTable, TokenGroupTable

TABLES = (
    ("The file itself", SiteTable),
    ("[[node]]", NodeTable),
    ("[[evse]]", EvseTable),
    ("[default]", DefaultTable),
    ("[[token_group]]", TokenGroupTable),
    ("[[schedule]]", ScheduleTable),
)
EVERY_KEY = [(title, field) for title, table in TABLES for field in fields(table) if field.type is not DefaultTable]


def section(title: str) -> str:
    return site_reference_page().split(f"## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(("title", "field"), EVERY_KEY, ids=lambda part: getattr(part, "name", part))
def test_every_key_says_what_it_means(title: str, field: FieldInfo) -> None:
    assert description(field.type).endswith(".")
    assert f"| `{field.name}` |" in section(title)


@pytest.mark.parametrize(("title", "table"), TABLES[1:])
def test_every_table_is_introduced(title: str, table: type[Struct]) -> None:
    assert table.__doc__
    assert table.__doc__ in section(title)


@pytest.mark.parametrize(
    ("title", "row"),
    [
        ("[default]", "| `maximum_a` | a number from 0 to 1000 | `32.0` | A | What the EVSE, its cable"),
        (
            "[default]",
            '| `phases` | a string such as "L2 L3 L1" or an array of 1 to 3 of which each is an',
        ),
        ("[[node]]", "| `limit_kw` | a number from 0 to 100000 | none | kW | "),
        ("[[node]]", "| `name` | a string of 1 to 255 characters | required |  | "),
        ("[[schedule]]", "| `begins` | a time without an offset, such as 17:30:00 | required |  | "),
        ("The file itself", "| `voltage_v` | a number from 50 to 333 | `230.0` | V | "),
        ("The file itself", "| `node` | an array of tables | required |  | "),
    ],
)
def test_a_key_has_type_default_and_unit(title: str, row: str) -> None:
    assert row in section(title)
