-- Readings, one row a sample, as narrow as they can be: what repeats from row to row is a code of two bytes.

-- The words behind the codes. Those of OCPP 1.6, 2.0.1 and 2.1 have the same codes in every database; what stations
-- invent beside them gets codes from 1000 up. Phase 0, a value over all phases, is none of them.
CREATE TABLE ocpp.word (
    kind text NOT NULL CHECK (kind IN ('measurand', 'phase', 'context', 'location', 'unit')),
    id smallint NOT NULL CHECK (id > 0),
    name text NOT NULL,
    PRIMARY KEY (kind, id),
    UNIQUE (kind, name)
);

-- The order of the columns is that of the COPY: the widest fixed ones come first, so that none needs padding.
CREATE TABLE ocpp.sampled_value (
    time timestamptz NOT NULL,  -- the station's, unless its clock cannot be right: then that of reception
    received_at timestamptz NOT NULL,
    station_time timestamptz,  -- what the station said, where it is not believed
    value double precision,  -- in the base unit; NULL where only signed data was sent
    station_id integer NOT NULL,  -- ocpp.station.id; no foreign key, which would be looked up for each row
    evse integer,
    connector integer,
    measurand smallint NOT NULL,
    phase smallint NOT NULL,  -- 0: over all phases
    context smallint NOT NULL,
    location smallint NOT NULL,
    unit smallint NOT NULL,
    "transaction" text,
    signed text,
    -- One check for all: 3 % of the server's time in COPY. Domains for the columns are 8 %, and TimescaleDB does not
    -- filter compressed columns of a domain many values at a time.
    CONSTRAINT codes CHECK (measurand > 0 AND phase >= 0 AND context > 0 AND location > 0 AND unit > 0)
);
-- The only index. A curve, a transaction (which has a station, a start and an end) and the newest value of a station
-- are ranges of it; questions about all stations are answered from the rollups. A second index would take a third of
-- the speed of COPY.
CREATE INDEX sampled_value_of ON ocpp.sampled_value (station_id, time);
