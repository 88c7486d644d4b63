-- Rollups that TimescaleDB keeps: continuous aggregates with the columns that the tables of the other editions have.
-- They hold what can be aggregated again, the lowest and the highest register, sums and counts, and show readings that
-- are newer than the last refresh, too. The codes are those of 0003_words.sql.

-- Readings of Energy.Active.Import.Register over all phases at the outlet, in Wh, that belong to a transaction.
CREATE MATERIALIZED VIEW ocpp.register_hourly
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT
    time_bucket(interval '1 hour', time) AS bucket,
    station_id,
    "transaction",
    max(evse) AS evse,
    min(value) AS min_wh,
    max(value) AS max_wh
FROM ocpp.sampled_value
WHERE measurand = 1 AND phase = 0 AND location = 1 AND unit = 1 AND "transaction" IS NOT NULL AND value IS NOT NULL
GROUP BY 1, 2, 3
WITH NO DATA;
CREATE INDEX register_hourly_of ON ocpp.register_hourly (station_id, "transaction", bucket);

-- The same by days of UTC, from the hours: they outlive the readings.
CREATE MATERIALIZED VIEW ocpp.register_daily
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT
    time_bucket(interval '1 day', bucket) AS bucket,
    station_id,
    "transaction",
    max(evse) AS evse,
    min(min_wh) AS min_wh,
    max(max_wh) AS max_wh
FROM ocpp.register_hourly
GROUP BY 1, 2, 3
WITH NO DATA;
CREATE INDEX register_daily_of ON ocpp.register_daily (station_id, "transaction", bucket);

-- Readings of Power.Active.Import of an EVSE in W, in quarters of an hour. Phase 0 is all phases; L1-N counts as L1.
CREATE MATERIALIZED VIEW ocpp.power_quarter_hourly
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT
    time_bucket(interval '15 minutes', time) AS bucket,
    station_id,
    evse,
    CASE WHEN phase > 4 THEN phase - 4 ELSE phase END::smallint AS phase,
    sum(value) AS sum_w,
    count(*) AS samples
FROM ocpp.sampled_value
WHERE measurand = 2 AND unit = 2 AND evse > 0 AND phase IN (0, 1, 2, 3, 5, 6, 7) AND value IS NOT NULL
GROUP BY 1, 2, 3, 4
WITH NO DATA;
CREATE INDEX power_quarter_hourly_of ON ocpp.power_quarter_hourly (station_id, evse, bucket);
