-- The store's schema as version 1 of it was released; a file of it must always be readable.
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

PRAGMA application_id = 1329812308;
PRAGMA user_version = 1;
