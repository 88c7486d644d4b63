"""What Grafana does to a query before it is sent: variables and macros become values."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")

TIME_FILTER = re.compile(r"\$__timeFilter\(([^()]+)\)")

RATE_INTERVAL = "15s"
"""With a scrape each second; Grafana takes at least four scrapes."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a panel, as the committed JSON has it."""

    board: str
    panel: str
    text: str
    is_sql: bool
    is_instant: bool

    def __str__(self) -> str:
        return f"{self.board} / {self.panel}: {self.text}"


@dataclass(frozen=True, slots=True)
class Choices:
    """Values of each variable that there are, and the span of time."""

    begin: datetime
    end: datetime
    values: dict[str, Sequence[str]] = field(default_factory=dict)


def queries(board: Mapping[str, Any]) -> Iterator[Query]:
    """Yield all queries of a dashboard."""
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            is_sql = "rawSql" in target
            text = target["rawSql"] if is_sql else target["expr"]
            yield Query(board["uid"], panel["title"], text, is_sql, bool(target.get("instant")))


def expanded(query: Query, choices: Choices) -> Iterator[str]:
    """Yield the query for each choice of values for the variables that it names."""
    used = [name for name in choices.values if re.search(rf"\$\{{?{name}\b", query.text)]
    for chosen in itertools.product(*(choices.values[name] for name in used)):
        text = query.text
        for name, value in zip(used, chosen, strict=True):
            text = text.replace(f"${{{name}:sqlstring}}", "'" + value.replace("'", "''") + "'")
            text = re.sub(rf"\${name}\b", value, text)
        begin, end = (f"'{moment.isoformat()}'" for moment in (choices.begin, choices.end))
        text = TIME_FILTER.sub(rf"\1 BETWEEN {begin} AND {end}", text)
        text = text.replace("$__timeFrom()", begin).replace("$__timeTo()", end)
        text = text.replace("$__rate_interval", RATE_INTERVAL)
        assert "$" not in text, f"nothing puts a value in: {text}"
        yield text
