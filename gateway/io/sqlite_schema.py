"""What the SQLite store's file looks like. Other processes read it: names of tables, views and columns are public.

Times are UTC text of fixed width, `2026-01-31T08:15:00.000Z`, which sorts as time does. A meter's key is never unique
in the field, so rows are told apart by (journal, batch, row): the journal's number in `journal`, the batch, and the
position among the rows that the batch became.
"""

from gateway.core.stations import FACTS_MAX

APPLICATION_ID = 0x4F435354
"""`OCST`: tells `file` and us that this SQLite database is a store."""

_STEP_1 = f"""
CREATE TABLE journal (
    number INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    batch INTEGER NOT NULL  -- the last batch that is in this file
) STRICT;

CREATE TABLE stored (
    kind TEXT PRIMARY KEY,
    total INTEGER NOT NULL  -- rows ever written, whether or not retention has deleted them
) STRICT, WITHOUT ROWID;

CREATE TABLE station (
    identity TEXT PRIMARY KEY,
    version TEXT,
    vendor TEXT,
    model TEXT,
    serial TEXT,
    firmware TEXT,
    registration_status TEXT,
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    last_boot_at TEXT
) WITHOUT ROWID;

CREATE TABLE connector_status (
    time TEXT NOT NULL,
    received_at TEXT NOT NULL,
    station TEXT NOT NULL,
    evse INTEGER NOT NULL,
    connector INTEGER NOT NULL,
    status TEXT NOT NULL,
    error_code TEXT,
    detail TEXT,
    journal INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    "row" INTEGER NOT NULL
);
CREATE INDEX connector_status_of ON connector_status (station, evse, connector, time);

CREATE VIEW connector_status_latest AS
SELECT time, received_at, station, evse, connector, status, error_code, detail
FROM (
    SELECT *, row_number() OVER (PARTITION BY station, evse, connector ORDER BY time DESC, rowid DESC) AS age
    FROM connector_status
)
WHERE age = 1;

-- One row per timestamp of a message: `samples` is a JSON array of
-- [[measurand, phase, context, location, unit], value, signed].
CREATE TABLE meter_value (
    time TEXT NOT NULL,
    received_at TEXT NOT NULL,
    station TEXT NOT NULL,
    evse INTEGER,
    connector INTEGER,
    "transaction" TEXT,
    samples TEXT NOT NULL,
    station_time TEXT,  -- what the station said, if its clock could not be right; `time` is the reception then
    journal INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    "row" INTEGER NOT NULL
);
CREATE INDEX meter_value_of ON meter_value (station, time);

CREATE VIEW reading AS
SELECT
    m.time, m.received_at, m.station, m.evse, m.connector, m."transaction",
    json_extract(s.value, '$[0][0]') AS measurand,
    json_extract(s.value, '$[0][1]') AS phase,
    json_extract(s.value, '$[0][2]') AS context,
    json_extract(s.value, '$[0][3]') AS location,
    json_extract(s.value, '$[0][4]') AS unit,
    json_extract(s.value, '$[1]') AS value,
    json_extract(s.value, '$[2]') AS signed
FROM meter_value AS m CROSS JOIN json_each(m.samples) AS s;

-- Every value stands beside the rank of what said it: see `gateway.io.charging_transactions`.
CREATE TABLE charging_transaction_merge (
    station TEXT NOT NULL,
    "transaction" TEXT NOT NULL,
    evse INTEGER,
    connector INTEGER,
    id_token_rank TEXT NOT NULL,
    id_token TEXT,
    started_at TEXT,
    ended_at TEXT,
    start_rank TEXT NOT NULL,
    start_wh REAL,
    end_rank TEXT NOT NULL,
    end_wh REAL,
    register_rank TEXT NOT NULL,
    register_wh REAL,
    stopped_reason_rank TEXT NOT NULL,
    stopped_reason TEXT,
    charging_state_rank TEXT NOT NULL,
    charging_state TEXT,
    last_event_at TEXT,
    missing_seq_nos TEXT NOT NULL,
    offline INTEGER NOT NULL,
    PRIMARY KEY (station, "transaction")
) WITHOUT ROWID;
CREATE INDEX charging_transaction_ended ON charging_transaction_merge (ended_at) WHERE ended_at IS NOT NULL;

-- `end_wh` is what the station said at the end; without it the energy is counted to the latest register value.
CREATE VIEW charging_transaction AS
SELECT
    station, "transaction", evse, connector, id_token, started_at, ended_at, start_wh, end_wh,
    coalesce(end_wh, register_wh) - start_wh AS energy_wh,
    stopped_reason, charging_state, last_event_at, missing_seq_nos, offline
FROM charging_transaction_merge;

CREATE TABLE event (
    time TEXT NOT NULL,
    received_at TEXT NOT NULL,
    station TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    journal INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    "row" INTEGER NOT NULL
);
CREATE INDEX event_of ON event (station, time);

CREATE TABLE raw_message (
    received_at TEXT NOT NULL,
    station TEXT NOT NULL,
    version TEXT NOT NULL,
    action TEXT NOT NULL,
    rule TEXT NOT NULL,
    error TEXT NOT NULL,
    payload BLOB NOT NULL,
    "transaction" TEXT,
    journal INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    "row" INTEGER NOT NULL
);
CREATE INDEX raw_message_of ON raw_message (station, received_at);

PRAGMA application_id = {APPLICATION_ID};
"""  # noqa: S608 - our own number

_STEP_2 = """
-- What holds of a station until it is said anew: reservations, jobs, limits and the like.
CREATE TABLE fact (
    station TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,  -- a JSON object
    time TEXT NOT NULL,
    PRIMARY KEY (station, kind, key)
) WITHOUT ROWID;

-- The device model as each station reported it, or as it was read or set. EVSE and connector 0: it belongs to none.
-- `value` is NULL where there is none, or where it is secret.
CREATE TABLE device_variable (
    station TEXT NOT NULL,
    component TEXT NOT NULL,
    component_instance TEXT NOT NULL,
    evse INTEGER NOT NULL,
    connector INTEGER NOT NULL,
    variable TEXT NOT NULL,
    instance TEXT NOT NULL,
    attribute TEXT NOT NULL,
    value TEXT,
    mutability TEXT,
    data_type TEXT,
    unit TEXT,
    min_limit REAL,
    max_limit REAL,
    values_list TEXT,
    persistent INTEGER,
    constant INTEGER,
    time TEXT NOT NULL,
    PRIMARY KEY (station, component, component_instance, evse, connector, variable, instance, attribute)
) WITHOUT ROWID;
"""

_STEP_3 = """
-- `end_wh` is what the station said at the end; without it the energy is counted to the latest register value. It is
-- unknown where the start could not be read. What has ended has no charging state, whatever was heard of it last.
DROP VIEW charging_transaction;
CREATE VIEW charging_transaction AS
SELECT
    station, "transaction", evse, connector, id_token, started_at, ended_at, start_wh, end_wh,
    coalesce(end_wh, register_wh) - start_wh AS energy_wh,
    stopped_reason, CASE WHEN ended_at IS NULL THEN charging_state END AS charging_state,
    last_event_at, missing_seq_nos, offline
FROM charging_transaction_merge;
"""

STEPS = (_STEP_1, _STEP_2, _STEP_3)
"""What brings a file from each version of the schema to the next; a new file, which has version 0, takes all of them.
Files of every version are out there: a step that was released is never changed."""

SCHEMA_VERSION = len(STEPS)

RETENTION_ROWS_MAX = 1000
"""Rows of a table deleted in one step, so that new data never waits long behind old."""


def _delete_oldest(table: str) -> str:
    # Rows are appended as they are received, so the old ones have the lowest rowids and need no index.
    return (
        f"DELETE FROM {table} WHERE received_at < :before"  # noqa: S608 - our own table names
        f" AND rowid < (SELECT min(rowid) FROM {table}) + {RETENTION_ROWS_MAX}"
    )


RETENTION = (
    _delete_oldest("meter_value"),
    _delete_oldest("event"),
    _delete_oldest("raw_message"),
    # The last status of a connector is true however old it is.
    f"""
    DELETE FROM connector_status WHERE rowid IN (
        SELECT rowid FROM connector_status AS old
        WHERE received_at < :before
        AND rowid < (  -- do not look through all the young ones
            SELECT coalesce(
                (SELECT rowid FROM connector_status WHERE received_at >= :before ORDER BY rowid LIMIT 1),
                (SELECT max(rowid) FROM connector_status)
            )
        )
        AND EXISTS (
            SELECT 1 FROM connector_status AS new
            WHERE new.station = old.station AND new.evse = old.evse AND new.connector = old.connector
            AND (new.time, new.rowid) > (old.time, old.rowid)
        )
        LIMIT {RETENTION_ROWS_MAX}
    )
    """,  # noqa: S608 - a constant
    # A transaction without an end is kept: it is what an operator has to look at.
    f"""
    DELETE FROM charging_transaction_merge WHERE (station, "transaction") IN (
        SELECT station, "transaction" FROM charging_transaction_merge
        WHERE ended_at < :before LIMIT {RETENTION_ROWS_MAX}
    )
    """,  # noqa: S608 - a constant
    # A fact holds however old it is, as long as live state remembers it: the newest of each kind.
    f"""
    DELETE FROM fact WHERE (station, kind, key) IN (
        SELECT station, kind, key FROM fact AS old
        WHERE time < :before AND (
            SELECT count(*) FROM fact AS new
            WHERE new.station = old.station AND new.kind = old.kind AND new.time > old.time
        ) >= {FACTS_MAX}
        LIMIT {RETENTION_ROWS_MAX}
    )
    """,  # noqa: S608 - constants
)
"""Each deletes some of the rows older than `:before`. Age counts from reception: a late replay is kept as long."""
