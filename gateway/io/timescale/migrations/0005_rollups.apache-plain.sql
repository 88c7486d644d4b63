-- Rollups that the gateway keeps, in the transactions of the readings. They hold what can be merged in any order, so
-- they are exact however late a reading comes: the lowest and the highest register, sums and counts.

-- Readings of Energy.Active.Import.Register over all phases at the outlet, in Wh, that belong to a transaction.
CREATE TABLE ocpp.register_hourly (
    bucket timestamptz NOT NULL,
    station_id integer NOT NULL,
    "transaction" text NOT NULL,
    evse integer,
    min_wh double precision NOT NULL,
    max_wh double precision NOT NULL,
    UNIQUE (station_id, "transaction", bucket)
) WITH (fillfactor = 70);
CREATE INDEX register_hourly_bucket ON ocpp.register_hourly (bucket);

-- The same by days of UTC.
CREATE TABLE ocpp.register_daily (
    bucket timestamptz NOT NULL,
    station_id integer NOT NULL,
    "transaction" text NOT NULL,
    evse integer,
    min_wh double precision NOT NULL,
    max_wh double precision NOT NULL,
    UNIQUE (station_id, "transaction", bucket)
) WITH (fillfactor = 70);
CREATE INDEX register_daily_bucket ON ocpp.register_daily (bucket);

-- Readings of Power.Active.Import of an EVSE in W, in quarters of an hour. Phase 0 is all phases; L1-N counts as L1.
CREATE TABLE ocpp.power_quarter_hourly (
    bucket timestamptz NOT NULL,
    station_id integer NOT NULL,
    evse integer NOT NULL,
    phase smallint NOT NULL,
    sum_w double precision NOT NULL,
    samples bigint NOT NULL,
    UNIQUE (station_id, evse, bucket, phase)
) WITH (fillfactor = 70);
CREATE INDEX power_quarter_hourly_bucket ON ocpp.power_quarter_hourly (bucket);
