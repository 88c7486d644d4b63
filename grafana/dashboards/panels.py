"""What a dashboard is made of: panels as plain values, and how they become Grafana's JSON by its own SDK.

In PromQL `SELECT` stands for the label matchers of the dashboard's variables, so that metric names stay whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

Kind = Literal["series", "stat", "table", "timeline"]

SELECT: Final = 'job=~"$job", instance=~"$instance"'

PROMETHEUS: Final = DataSourceRef(type_val="prometheus", uid="${prometheus}")
DATABASE: Final = DataSourceRef(type_val="grafana-postgresql-datasource", uid="${database}")

TAG: Final = "ocpp-gateway"
"""By which the dashboards link to each other."""

ROW_UNITS: Final = 24
"""What Grafana divides the width of a dashboard into."""


@dataclass(frozen=True, slots=True)
class PromQL:
    """A query to Prometheus; `legend` is a template of Grafana's, such as `{{version}}`."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Sql:
    """A query to TimescaleDB, with Grafana's macros (`$__timeFilter(column)`). A series has a column `time`."""

    statement: str
    format: Literal["time_series", "table"] = "time_series"


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `unit` is Grafana's id of it; `runbooks` name what to read when it looks bad.

    `warn` and `bad` are values from which a figure is yellow and red. `partition_by`: a column by whose
    values the rows are cut into one line each.
    """

    title: str
    description: str
    queries: Sequence[PromQL | Sql]
    unit: str = "short"
    kind: Kind = "series"
    width: int = 12
    stacked: bool = False
    warn: float | None = None
    bad: float | None = None
    partition_by: str = ""
    runbooks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that the reader chooses; `query` is PromQL's `label_values(...)`, or SQL if `is_sql`."""

    name: str
    label: str
    query: str
    is_sql: bool = False
    multi: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """One dashboard. Its `uid` never changes: links and bookmarks rest on it."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[Variable] = ()
    since: str = "now-6h"
    uses_prometheus: bool = True
    uses_database: bool = False


INSTANCES: Final = (
    Variable("job", "Job", "label_values(ocpp_gateway_build_info, job)"),
    Variable("instance", "Gateway", 'label_values(ocpp_gateway_build_info{job=~"$job"}, instance)'),
)


class SqlTarget(Dataquery):
    """A query of Grafana's PostgreSQL data source, for which the SDK has no type."""

    def __init__(self, ref_id: str, query: Sql) -> None:
        self.ref_id = ref_id
        self.query = query

    def build(self) -> "SqlTarget":
        """Return itself: it is its own builder."""
        return self

    def to_json(self) -> dict[str, object]:
        """Return it as Grafana keeps it."""
        return {
            "refId": self.ref_id,
            "datasource": DATABASE.to_json(),
            "editorMode": "code",
            "format": self.query.format,
            "rawQuery": True,
            "rawSql": self.query.statement,
        }


def build(page: Page) -> dashboard.Dashboard:
    """Return the SDK's builder of a page."""
    board = (
        dashboard.Dashboard(page.title)
        .uid(page.uid)
        .description(page.description)
        .tags([TAG])
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .refresh("30s")
        .time(page.since, "now")
        .readonly()
    )
    links = dashboard.DashboardLink("Other dashboards of the gateway").type(DashboardLinkType.DASHBOARDS)
    board.link(links.tags([TAG]).as_dropdown(True).include_vars(True).keep_time(True))
    if page.uses_prometheus:
        board.with_variable(dashboard.DatasourceVariable("prometheus").label("Prometheus").type("prometheus"))
        for annotation in _annotations():
            board.annotation(annotation)
    if page.uses_database:
        kind = DATABASE.type_val or ""
        board.with_variable(dashboard.DatasourceVariable("database").label("Database").type(kind))
    for variable in (*(INSTANCES if page.uses_prometheus else ()), *page.variables):
        board.with_variable(_variable(variable))
    for row in page.rows:
        board.with_row(dashboard.Row(row.title))
        for panel in row.panels:
            board.with_panel(_panel(panel))
    return board


def _annotations() -> list[dashboard.AnnotationQuery]:
    version = f"ocpp_gateway_build_info{{{SELECT}}}"
    started = f"process_start_time_seconds{{{SELECT}}}"
    return [
        dashboard.AnnotationQuery().name(name).datasource(PROMETHEUS).enable(True).icon_color(color).expr(expression)
        for name, color, expression in (
            ("Another version", "purple", f"{version} unless {version} offset 2m"),
            ("Started", "blue", f"changes({started}[1m]) > 0"),
        )
    ]


def _variable(variable: Variable) -> dashboard.QueryVariable:
    query: str | dict[str, object] = variable.query
    if not variable.is_sql:
        query = {"query": variable.query, "refId": variable.name}
    built = (
        dashboard.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(DATABASE if variable.is_sql else PROMETHEUS)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(variable.multi)
        .include_all(variable.multi)
    )
    if variable.multi:
        built.current(VariableOption(selected=True, text=["All"], value=["$__all"]))
    if variable.multi and not variable.is_sql:
        built.all_value(".*")
    return built


def _panel(panel: Panel) -> Any:
    """Return the SDK's builder; the builders of kinds share their methods, but no type."""
    height = 4 if panel.kind == "stat" else 8
    builder: Any = {"series": _series, "stat": _stat, "table": table.Panel, "timeline": statetimeline.Panel}[
        panel.kind
    ]()
    builder.title(panel.title).description(_description(panel)).unit(panel.unit).height(height).span(panel.width)
    builder.datasource(DATABASE if isinstance(panel.queries[0], Sql) else PROMETHEUS)
    if panel.kind == "series" and panel.stacked:
        builder.stacking(common.StackingConfig().mode(StackingMode.NORMAL)).fill_opacity(30)
    builder.thresholds(_thresholds(panel))
    if panel.partition_by:
        options = {"fields": [panel.partition_by], "keepFields": False}
        builder.with_transformation(DataTransformerConfig(id_val="partitionByValues", options=options))
    for index, query in enumerate(panel.queries):
        builder.with_target(_target(chr(ord("A") + index), query, instant=panel.kind in ("stat", "table")))
    return builder


def _description(panel: Panel) -> str:
    runbooks = [f"`grafana/runbooks/{name}.md`" for name in panel.runbooks]
    return panel.description + (f"\n\nRunbook: {', '.join(runbooks)}" if runbooks else "")


def _series() -> timeseries.Panel:
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
    tooltip = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI)
    return timeseries.Panel().legend(legend.show_legend(True)).tooltip(tooltip).min(0).line_width(1).fill_opacity(10)


def _stat() -> stat.Panel:
    return stat.Panel().graph_mode(BigValueGraphMode.NONE)


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    steps = [Threshold(value=None, color="green")]
    if panel.warn is not None:
        steps.append(Threshold(value=panel.warn, color="yellow"))
    if panel.bad is not None:
        steps.append(Threshold(value=panel.bad, color="red"))
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _target(ref_id: str, query: PromQL | Sql, *, instant: bool) -> Any:
    if isinstance(query, Sql):
        return SqlTarget(ref_id, query)
    target = prometheus.Dataquery().ref_id(ref_id).datasource(PROMETHEUS)
    target.expr(query.expression.replace("SELECT", SELECT)).legend_format(query.legend or "__auto")
    return target.instant() if instant else target.range()
