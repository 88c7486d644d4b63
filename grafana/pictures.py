"""`python -m grafana.pictures`: pictures of the main panels for the documents, from the queries of the dashboards.

They are drawn by matplotlib, not by Grafana, from a run of two minutes: a gateway with stations of all versions, one
site, TimescaleDB and Prometheus. On the way the site's cap drops and a quarter of the stations leave.
"""

import json
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

from grafana.dashboards.__main__ import FOLDER
from tests.grafana.expansion import Choices, Query, expanded, queries
from tests.grafana.running import Observed, observed

mpl.use("Agg")
from matplotlib import dates, pyplot

OUT: Final = Path(__file__).parent / "pictures"

RUN_S: Final = 120.0
CAP_AFTER_S, LEAVE_AFTER_S = 45.0, 75.0

COLUMNS: Final = 2

LEGEND_MAX: Final = 12

SHOWN: Final[dict[str, Sequence[str]]] = {
    "ocpp-gateway-fleet": (
        "Connections by version",
        "Messages by outcome",
        "Messages by action",
        "Time to the answer",
        "Disconnects by reason",
        "Our calls by outcome",
    ),
    "ocpp-gateway-ingest": (
        "Readings per second",
        "Readings between journal and store",
        "Age of what waits",
        "Entries per batch",
    ),
    "ocpp-gateway-charging": ("Links over time", "EVSEs by state", "Limits by ending", "Time of a controller's turn"),
    "ocpp-gateway-station": ("Power",),
}
"""The panels of each picture."""

Curve = tuple[str, list[datetime], list[float]]


def main() -> None:
    """Run everything and draw."""
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, observed(Path(folder)) as running:
        begin = time.monotonic()
        for after_s, step in ((CAP_AFTER_S, lambda: running.cap(running.rated_a / 2)), (LEAVE_AFTER_S, running.leave)):
            time.sleep(max(0.0, begin + after_s - time.monotonic()))
            step()
        time.sleep(max(0.0, begin + RUN_S - time.monotonic()))
        for uid, titles in SHOWN.items():
            _draw(running, uid, titles)


def _draw(running: Observed, uid: str, titles: Sequence[str]) -> None:
    board = json.loads((FOLDER / f"{uid}.json").read_text())
    choices = running.choices(board)
    rows = -(-len(titles) // COLUMNS)
    columns = min(COLUMNS, len(titles))
    figure, axes = pyplot.subplots(rows, columns, figsize=(7 * columns, 2.9 * rows), squeeze=False)
    for title, axis in zip(titles, axes.flat, strict=False):
        targets = {panel["title"]: panel.get("targets", []) for panel in board["panels"]}[title]
        legends = {target.get("expr") or target["rawSql"]: target.get("legendFormat", "") for target in targets}
        curves = [
            curve
            for query in queries(board)
            if query.panel == title
            for curve in _curves(running, query, choices, legends[query.text])
        ]
        for name, moments, values in curves[:LEGEND_MAX]:
            axis.plot(moments, values, linewidth=1.2, label=name)
        axis.set_title(title, fontsize=10, loc="left")
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
        axis.xaxis.set_major_formatter(dates.DateFormatter("%H:%M:%S"))
        axis.tick_params(labelsize=7)
        axis.legend(fontsize=7, loc="upper left")
    figure.suptitle(
        f"{board['title']}: a rendering of the dashboard's queries, not Grafana's", fontsize=9, color="gray"
    )
    figure.tight_layout()
    figure.savefig(OUT / f"{uid}.png", dpi=90)
    pyplot.close(figure)


def _curves(running: Observed, query: Query, choices: Choices, legend: str) -> list[Curve]:
    """Return the curves of a query that are ever above 0, or all if none is; of one choice of the variables."""
    if query.is_sql:
        return next((found for text in expanded(query, choices) if (found := _of_rows(running, text))), [])
    text = next(expanded(query, choices))
    end = time.time()
    result = running.prometheus.ask("query_range", query=text, start=str(end - RUN_S), end=str(end), step="1")["result"]
    curves = [
        (
            _legend(series["metric"], legend),
            [datetime.fromtimestamp(moment, UTC) for moment, _ in series["values"]],
            [float(value) for _, value in series["values"]],
        )
        for series in result
    ]
    return [curve for curve in curves if max(curve[2]) > 0] or curves[:1]


def _of_rows(running: Observed, text: str) -> list[Curve]:
    curves: dict[str, Curve] = {}
    for moment, name, value in running.database.fetch(running.database_name, text):
        _, moments, values = curves.setdefault(name, (name, [], []))
        moments.append(moment)
        values.append(float(value))
    return list(curves.values())


def _legend(labels: dict[str, Any], template: str) -> str:
    text = template
    for name, value in labels.items():
        text = text.replace("{{" + name + "}}", str(value))
    return text


if __name__ == "__main__":
    main()
