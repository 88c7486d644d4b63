"""What is merged into rows that are there already, and the statements that do it.

Each is one statement for any number of rows, given as one array a column. Rows of one statement differ in their key,
and stand in its order, so that two gateways that write to one database wait for each other rather than for ever.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from gateway.io.charging_transactions import COLUMNS, ChargingTransaction

HOURS_PER_DAY: Final = 24

Row: TypeAlias = Sequence[object]


class Merge(NamedTuple):
    """A statement and its arrays."""

    sql: str
    columns: list[list[object]]


class StationRegister(NamedTuple):
    """The energy register of one transaction within one bucket of time; `bucket` counts from 1970."""

    station_id: int
    transaction: str
    bucket: int
    evse: int | None
    min_wh: float
    max_wh: float


def merge(sql: str, rows: Iterable[Row]) -> list[Merge]:
    """Return the statement for these rows, or nothing for no rows."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return [Merge(sql, columns)] if columns else []


def merge_transactions(transactions: Iterable[ChargingTransaction]) -> list[Merge]:
    """Return the statement that merges what is known of these transactions with what the database knows."""
    return merge(TRANSACTIONS, sorted((row.values for row in transactions), key=_first_two))


def _first_two(row: Row) -> tuple[object, object]:
    return row[0], row[1]


_MICROSECONDS = "timestamptz 'epoch' + {} * interval '1 microsecond'"

SEEN: Final = f"""
UPDATE ocpp.station AS s
SET first_seen_at = least(s.first_seen_at, {_MICROSECONDS.format("n.first")}),
    last_seen_at = greatest(s.last_seen_at, {_MICROSECONDS.format("n.last")})
FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS n (id, first, last)
WHERE s.id = n.id
"""  # noqa: S608 - our own words
"""Columns: id, first and last time of receipt in microseconds since 1970."""

BOOTED: Final = f"""
UPDATE ocpp.station AS s
SET version = n.version, vendor = n.vendor, model = n.model, serial = n.serial, firmware = n.firmware,
    registration_status = n.status, last_boot_at = {_MICROSECONDS.format("n.at")}
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[])
    AS n (identity, version, vendor, model, serial, firmware, status, at)
WHERE s.identity = n.identity
"""  # noqa: S608 - our own words

STATUSES: Final = """
INSERT INTO ocpp.connector_status_latest AS s
    (station, evse, connector, "time", received_at, status, error_code, detail)
SELECT * FROM unnest($1::text[], $2::integer[], $3::integer[], $4::timestamptz[], $5::timestamptz[], $6::text[],
    $7::text[], $8::text[])
ON CONFLICT (station, evse, connector) DO UPDATE SET
    "time" = excluded."time", received_at = excluded.received_at, status = excluded.status,
    error_code = excluded.error_code, detail = excluded.detail
WHERE excluded."time" >= s."time"
"""

FACTS: Final = """
INSERT INTO ocpp.fact AS f (station, kind, key, value, "time")
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
ON CONFLICT (station, kind, key) DO UPDATE SET value = excluded.value, "time" = excluded."time"
"""

FACTS_ENDED: Final = """
DELETE FROM ocpp.fact AS f USING unnest($1::text[], $2::text[], $3::text[]) AS n (station, kind, key)
WHERE (f.station, f.kind, f.key) = (n.station, n.kind, n.key)
"""

VARIABLES: Final = """
INSERT INTO ocpp.device_variable AS v
    (station, component, component_instance, evse, connector, variable, instance, attribute, value, mutability,
     data_type, unit, min_limit, max_limit, values_list, persistent, constant, "time")
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::double precision[], $14::double precision[],
    $15::text[], $16::boolean[], $17::boolean[], $18::timestamptz[])
ON CONFLICT (station, component, component_instance, evse, connector, variable, instance, attribute) DO UPDATE SET
    value = excluded.value, "time" = excluded."time",
    mutability = coalesce(excluded.mutability, v.mutability), data_type = coalesce(excluded.data_type, v.data_type),
    unit = coalesce(excluded.unit, v.unit), min_limit = coalesce(excluded.min_limit, v.min_limit),
    max_limit = coalesce(excluded.max_limit, v.max_limit),
    values_list = coalesce(excluded.values_list, v.values_list),
    persistent = coalesce(excluded.persistent, v.persistent), constant = coalesce(excluded.constant, v.constant)
"""
"""An answer to GetVariables says the value only; what a report said beside it stays true."""


def _registers(table: str, seconds: int) -> str:
    return f"""
INSERT INTO ocpp.{table} AS r (station_id, "transaction", bucket, evse, min_wh, max_wh)
SELECT id, "transaction", timestamptz 'epoch' + bucket * interval '{seconds} seconds', evse, min_wh, max_wh
FROM unnest($1::integer[], $2::text[], $3::bigint[], $4::integer[], $5::double precision[], $6::double precision[])
    AS n (id, "transaction", bucket, evse, min_wh, max_wh)
ON CONFLICT (station_id, "transaction", bucket) DO UPDATE SET
    evse = greatest(r.evse, excluded.evse),
    min_wh = least(r.min_wh, excluded.min_wh), max_wh = greatest(r.max_wh, excluded.max_wh)
"""  # noqa: S608 - our own words


REGISTERS_HOURLY: Final = _registers("register_hourly", 3600)
REGISTERS_DAILY: Final = _registers("register_daily", 86400)
"""Columns: those of StationRegister."""

POWERS: Final = """
INSERT INTO ocpp.power_quarter_hourly AS p (station_id, evse, bucket, phase, sum_w, samples)
SELECT id, evse, timestamptz 'epoch' + bucket * interval '900 seconds', phase, sum_w, samples
FROM unnest($1::integer[], $2::integer[], $3::bigint[], $4::smallint[], $5::double precision[], $6::bigint[])
    AS n (id, evse, bucket, phase, sum_w, samples)
ON CONFLICT (station_id, evse, bucket, phase) DO UPDATE SET
    sum_w = p.sum_w + excluded.sum_w, samples = p.samples + excluded.samples
"""

_TYPES: Final = {
    "evse": "integer",
    "connector": "integer",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "last_event_at": "timestamptz",
    "start_wh": "double precision",
    "end_wh": "double precision",
    "register_wh": "double precision",
    "offline": "integer",
}
"""Of the columns of a charging transaction that are not text."""

_IDENTIFIED_FIRST = (
    "excluded.id_token IS NOT NULL AND (t.id_token IS NULL"
    ' OR (excluded.id_token_rank, excluded.id_token COLLATE "C") < (t.id_token_rank, t.id_token COLLATE "C"))'
)
_STARTED_FIRST = "(excluded.start_rank, coalesce(excluded.start_wh, 0)) < (t.start_rank, coalesce(t.start_wh, 0))"


_HIGHER_REGISTER = (
    "excluded.register_wh IS NOT NULL AND (t.register_wh IS NULL"
    " OR (excluded.register_wh, excluded.register_rank) > (t.register_wh, t.register_rank))"
)


def _comes_last(value: str, collation: str = "") -> str:
    new, old = f"excluded.{value}", f"t.{value}"
    return (
        f"{new} IS NOT NULL AND ({old} IS NULL"
        f" OR (excluded.{value.removesuffix('_wh')}_rank, {new}{collation})"
        f" > (t.{value.removesuffix('_wh')}_rank, {old}{collation}))"
    )


def _ranked(value: str, wins: str) -> str:
    rank = f"{value.removesuffix('_wh')}_rank"
    return ", ".join(f"{name} = CASE WHEN {wins} THEN excluded.{name} ELSE t.{name} END" for name in (rank, value))


_TRANSACTION_COLUMNS = ", ".join(f'"{column}"' for column in COLUMNS)
_TRANSACTION_VALUES = ", ".join(
    f'"{column}"::timestamptz' if _TYPES.get(column) == "timestamptz" else f'"{column}"' for column in COLUMNS
)
_TRANSACTION_ARRAYS = ", ".join(
    f"${number}::{'text' if _TYPES.get(column, 'text') == 'timestamptz' else _TYPES.get(column, 'text')}[]"
    for number, column in enumerate(COLUMNS, 1)
)

TRANSACTIONS: Final = f"""
INSERT INTO ocpp.charging_transaction_merge AS t ({_TRANSACTION_COLUMNS})
SELECT {_TRANSACTION_VALUES} FROM unnest({_TRANSACTION_ARRAYS}) AS n ({_TRANSACTION_COLUMNS})
ON CONFLICT (station, "transaction") DO UPDATE SET
    evse = greatest(t.evse, excluded.evse), connector = greatest(t.connector, excluded.connector),
    started_at = least(t.started_at, excluded.started_at), ended_at = greatest(t.ended_at, excluded.ended_at),
    {_ranked("id_token", _IDENTIFIED_FIRST)},
    {_ranked("start_wh", _STARTED_FIRST)},
    {_ranked("end_wh", _comes_last("end_wh"))},
    {_ranked("register_wh", _HIGHER_REGISTER)},
    {_ranked("stopped_reason", _comes_last("stopped_reason", ' COLLATE "C"'))},
    {_ranked("charging_state", _comes_last("charging_state", ' COLLATE "C"'))},
    missing_seq_nos = CASE WHEN excluded.last_event_at IS NULL THEN t.missing_seq_nos ELSE excluded.missing_seq_nos END,
    last_event_at = greatest(t.last_event_at, excluded.last_event_at),
    offline = t.offline | excluded.offline
"""  # noqa: S608 - our own columns
"""The rules of `ChargingTransaction.merge`, in SQL: so two gateways may know of one transaction. Columns: COLUMNS."""
