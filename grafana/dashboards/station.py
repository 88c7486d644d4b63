"""Station drill-down: one station, from what the database has of it."""

from typing import Final

from grafana.dashboards.panels import Page, Panel, Row, Sql, Variable

OF_STATION: Final = "station = ${station:sqlstring}"


def _table(statement: str) -> list[Sql]:
    return [Sql(statement, "table")]


PAGE: Final = Page(
    uid="ocpp-gateway-station",
    title="OCPP gateway / Station",
    description="What one station measured, charged and said.",
    uses_prometheus=False,
    uses_database=True,
    since="now-24h",
    variables=(
        Variable("station", "Station", "SELECT identity FROM ocpp.station ORDER BY identity", is_sql=True, multi=False),
    ),
    rows=(
        Row(
            "Power and energy",
            (
                Panel(
                    "Power",
                    "Drawn by each EVSE, as it was sampled.",
                    [
                        Sql(
                            "SELECT time, 'EVSE ' || evse AS metric, avg(value) AS value FROM ocpp.reading\n"
                            f"WHERE $__timeFilter(time) AND {OF_STATION}\n"
                            "    AND measurand = 'Power.Active.Import' AND phase IS NULL\n"
                            "GROUP BY time, evse ORDER BY time"
                        )
                    ],
                    unit="watt",
                ),
                Panel(
                    "Energy per hour",
                    "Delivered by each EVSE, from the registers of its transactions.",
                    [
                        Sql(
                            "SELECT bucket AS time, 'EVSE ' || evse AS metric, energy_wh AS value\n"
                            "FROM ocpp.energy_hourly\n"
                            f"WHERE bucket BETWEEN date_trunc('hour', $__timeFrom()::timestamptz) AND $__timeTo()\n"
                            f"    AND {OF_STATION}\nORDER BY bucket"
                        )
                    ],
                    unit="watth",
                ),
            ),
        ),
        Row(
            "Status and sessions",
            (
                Panel(
                    "Connectors",
                    "What each connector said of itself, since when.",
                    [
                        Sql(
                            "SELECT time, evse || '/' || connector AS connector, status\nFROM ocpp.connector_status\n"
                            f"WHERE $__timeFilter(time) AND {OF_STATION} ORDER BY time",
                            "table",
                        )
                    ],
                    kind="timeline",
                    partition_by="connector",
                    width=24,
                ),
                Panel(
                    "Sessions",
                    "The latest 50 that began in the span.",
                    _table(
                        'SELECT started_at, ended_at, evse, "transaction", energy_wh, stopped_reason,\n'
                        "    missing_seq_nos, offline\n"
                        f"FROM ocpp.charging_transaction WHERE $__timeFilter(started_at) AND {OF_STATION}\n"
                        "ORDER BY started_at DESC LIMIT 50"
                    ),
                    kind="table",
                    width=24,
                ),
            ),
        ),
        Row(
            "What it said",
            (
                Panel(
                    "The station",
                    "As it booted last.",
                    _table(
                        "SELECT vendor, model, serial, firmware, version, site, registration_status,\n"
                        "    first_seen_at, last_seen_at, last_boot_at\n"
                        "FROM ocpp.station WHERE identity = ${station:sqlstring}"
                    ),
                    kind="table",
                    width=24,
                ),
                Panel(
                    "Last messages that became events",
                    "The latest 50 of the span: firmware, logs, security, notifications.",
                    _table(
                        f"SELECT time, kind, detail FROM ocpp.event WHERE $__timeFilter(time) AND {OF_STATION}\n"
                        "ORDER BY time DESC LIMIT 50"
                    ),
                    kind="table",
                ),
                Panel(
                    "Messages kept raw",
                    "Transaction messages against their schema: answered, kept, and to be looked at.",
                    _table(
                        "SELECT received_at, action, rule, error FROM ocpp.raw_message\n"
                        f"WHERE $__timeFilter(received_at) AND {OF_STATION} ORDER BY received_at DESC LIMIT 50"
                    ),
                    kind="table",
                ),
            ),
        ),
    ),
)
