"""Business: energy, sessions, utilisation and uptime, from the database."""

from typing import Final

from grafana.dashboards.panels import Page, Panel, Row, Sql, Variable

SITES: Final = "SELECT DISTINCT coalesce(site, '(none)') FROM ocpp.station ORDER BY 1"
OF_SITES: Final = "coalesce(s.site, '(none)') IN (${site:sqlstring})"

SPANS: Final = f"""
FROM (
    SELECT said.*, lead(since, 1, least($__timeTo()::timestamptz, now())) OVER (
        PARTITION BY station, evse, connector ORDER BY since
    ) AS until
    FROM (
        SELECT station, evse, connector, status, time AS since
        FROM ocpp.connector_status WHERE $__timeFilter(time)
        UNION ALL
        SELECT c.station, c.evse, c.connector, before.status, $__timeFrom()::timestamptz
        FROM ocpp.connector_status_latest AS c
        CROSS JOIN LATERAL (
            SELECT p.status FROM ocpp.connector_status AS p
            WHERE p.station = c.station AND p.evse = c.evse AND p.connector = c.connector
                AND p.time < $__timeFrom()::timestamptz
            ORDER BY p.time DESC LIMIT 1
        ) AS before
    ) AS said
) AS spans
JOIN ocpp.station AS s ON s.identity = spans.station
WHERE spans.connector > 0 AND {OF_SITES}
GROUP BY spans.station, spans.evse, spans.connector"""
"""The time that each connector spent in each status within the span of the dashboard."""


def _share(statuses: str) -> str:
    return (
        f"sum(extract(epoch FROM until - since)) FILTER (WHERE status IN ({statuses}))"
        " / nullif(sum(extract(epoch FROM until - since)), 0)"
    )


OCCUPIED: Final = _share("'Occupied'")
DOWN: Final = _share("'Faulted', 'Unavailable'")

DAYS: Final = "e.bucket BETWEEN date_trunc('day', $__timeFrom()::timestamptz, 'UTC') AND $__timeTo()"


PAGE: Final = Page(
    uid="ocpp-gateway-business",
    title="OCPP gateway / Business",
    description="What was delivered, to how many, and how much of the time it could have been.",
    uses_prometheus=False,
    uses_database=True,
    since="now-30d",
    variables=(Variable("site", "Site", SITES, is_sql=True),),
    rows=(
        Row(
            "Energy",
            (
                Panel(
                    "Energy per day",
                    "Delivered per site and day (UTC), from the registers of transactions.",
                    [
                        Sql(
                            "SELECT e.bucket AS time, coalesce(e.site, '(none)') AS metric,\n"
                            "    sum(e.energy_wh) AS value\n"
                            "FROM ocpp.energy_daily AS e\n"
                            f"WHERE {DAYS}\n"
                            "    AND coalesce(e.site, '(none)') IN (${site:sqlstring})\n"
                            "GROUP BY 1, 2 ORDER BY 1"
                        )
                    ],
                    unit="watth",
                    stacked=True,
                ),
                Panel(
                    "Stations that delivered most",
                    "The first ten of the span.",
                    [
                        Sql(
                            "SELECT e.station, sum(e.energy_wh) AS energy_wh FROM ocpp.energy_daily AS e\n"
                            f"WHERE {DAYS}\n"
                            "    AND coalesce(e.site, '(none)') IN (${site:sqlstring})\n"
                            "GROUP BY e.station ORDER BY energy_wh DESC LIMIT 10",
                            "table",
                        )
                    ],
                    kind="table",
                ),
            ),
        ),
        Row(
            "Sessions",
            (
                Panel(
                    "Sessions begun per hour",
                    "By site.",
                    [
                        Sql(
                            "SELECT date_trunc('hour', t.started_at) AS time, coalesce(s.site, '(none)') AS metric,\n"
                            "    count(*) AS value\n"
                            "FROM ocpp.charging_transaction AS t JOIN ocpp.station AS s ON s.identity = t.station\n"
                            f"WHERE $__timeFilter(t.started_at) AND {OF_SITES}\nGROUP BY 1, 2 ORDER BY 1"
                        )
                    ],
                    stacked=True,
                ),
                Panel(
                    "Sessions of the span",
                    "How many, how long, how much on average. Only what has ended.",
                    [
                        Sql(
                            "SELECT coalesce(s.site, '(none)') AS site, count(*) AS sessions,\n"
                            "    sum(t.energy_wh) AS energy_wh,\n"
                            "    avg(t.energy_wh) AS mean_wh,\n"
                            "    avg(extract(epoch FROM t.ended_at - t.started_at)) / 60 AS mean_min\n"
                            "FROM ocpp.charging_transaction AS t JOIN ocpp.station AS s ON s.identity = t.station\n"
                            f"WHERE $__timeFilter(t.started_at) AND t.ended_at IS NOT NULL AND {OF_SITES}\n"
                            "GROUP BY 1 ORDER BY 1",
                            "table",
                        )
                    ],
                    kind="table",
                ),
            ),
        ),
        Row(
            "Connectors",
            (
                Panel(
                    "Utilisation",
                    "Share of the span in which each connector was occupied.",
                    [
                        Sql(
                            f"SELECT spans.station, spans.evse, spans.connector,\n    coalesce({OCCUPIED}, 0)"
                            f" AS utilisation{SPANS}\nORDER BY utilisation DESC",
                            "table",
                        )
                    ],
                    unit="percentunit",
                    kind="table",
                ),
                Panel(
                    "Uptime",
                    "Share of the span in which a connector was neither faulted nor unavailable, of the time"
                    " about which it said anything. NEVI asks for 97 % a year; it lets maintenance, vandalism and"
                    " failed grids be taken off, which nobody here knows of.",
                    [
                        Sql(
                            f"SELECT spans.station, spans.evse, spans.connector,\n"
                            f"    1 - coalesce({DOWN}, 0) AS uptime{SPANS}\n"
                            "ORDER BY uptime",
                            "table",
                        )
                    ],
                    unit="percentunit",
                    kind="table",
                ),
            ),
        ),
    ),
)
