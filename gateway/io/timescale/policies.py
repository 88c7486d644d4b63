"""What TimescaleDB is told to do by itself, as configured: chunks, compression, retention, refreshing of rollups."""

from typing import Final, Literal, TypeAlias

from gateway.io.timescale.settings import StoreSettings

Edition: TypeAlias = Literal["community", "apache", "plain"]
"""What the database can do: all of TimescaleDB, what of it is under the Apache license, or PostgreSQL alone."""

HISTORIES: Final[dict[str, str]] = {
    "sampled_value": "time",
    "connector_status": "time",
    "event": "time",
    "raw_message": "received_at",
}
"""The tables that grow with time, and the column by which they are divided."""

ROLLUPS: Final = ("register_hourly", "register_daily", "power_quarter_hourly")
"""Divided by `bucket`."""

SPARSE_CHUNKS: Final = 7
"""How many times longer the chunks of all but the readings are: they get about a hundredth of the rows."""

REFRESH_MARGIN_H: Final = 24.0
"""A refresh ends so long before what retention may have deleted: what is refreshed without its readings is lost."""

_REFRESHED: Final = (
    ("power_quarter_hourly", 1.0, 0.5, "10 minutes"),
    ("register_hourly", 2.0, 2.0, "10 minutes"),
    ("register_daily", 24.0, 48.0, "30 minutes"),
)
"""Rollup, hours of the newest readings that are always computed anew, least hours to refresh before these, how often.
What comes later than the first is seen after the next refresh. TimescaleDB wants a refresh to span two buckets."""


def policies(edition: Edition, settings: StoreSettings) -> list[str]:
    """Return the statements that make a database do as configured, whatever it has been told before."""
    if edition == "plain":
        return []
    statements = [_chunks(table, settings) for table in HISTORIES]
    if edition == "community":
        statements += _compression(settings)
        for table in HISTORIES:
            statements += _retention(table, settings.retention_days)
        for rollup in ROLLUPS:
            statements += _retention(rollup, settings.rollup_retention_days)
        for rollup, live_h, span_h, every in _REFRESHED:
            # The days are made from the hours, which have a retention of their own.
            made_from = settings.rollup_retention_days if rollup == "register_daily" else settings.retention_days
            statements += _refresh(rollup, live_h, span_h, every, made_from)
    return statements


def _chunks(table: str, settings: StoreSettings) -> str:
    hours = settings.chunk_hours * (1 if table == "sampled_value" else SPARSE_CHUNKS)
    return f"SELECT set_chunk_time_interval('ocpp.{table}', {_hours(hours)});"


def _compression(settings: StoreSettings) -> list[str]:
    statements = ["SELECT remove_compression_policy('ocpp.sampled_value', if_exists => true);"]
    if settings.compress_after_days:
        after = _hours(settings.compress_after_days * 24)
        statements.append(f"SELECT add_compression_policy('ocpp.sampled_value', {after});")
    return statements


def _retention(table: str, days: float) -> list[str]:
    statements = [f"SELECT remove_retention_policy('ocpp.{table}', if_exists => true);"]
    if days:
        statements.append(f"SELECT add_retention_policy('ocpp.{table}', {_hours(days * 24)});")
    return statements


def _refresh(rollup: str, live_h: float, span_h: float, every: str, retention_days: float) -> list[str]:
    start = "NULL"
    if retention_days:
        start = _hours(max(retention_days * 24 - REFRESH_MARGIN_H, live_h + span_h))
    return [
        f"SELECT remove_continuous_aggregate_policy('ocpp.{rollup}', if_exists => true);",
        f"SELECT add_continuous_aggregate_policy('ocpp.{rollup}', start_offset => {start},"
        f" end_offset => {_hours(live_h)}, schedule_interval => interval '{every}');",
    ]


def _hours(hours: float) -> str:
    return f"interval '{hours:g} hours'"
