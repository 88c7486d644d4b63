-- The highest quarter of an hour of each hour, and of each day of UTC; `peak_at` is its beginning. TimescaleDB knows
-- what a condition on time_bucket() means for chunks.

CREATE VIEW ocpp.site_peak_hourly AS
SELECT
    time_bucket(interval '1 hour', bucket) AS bucket, site, max(power_w) AS peak_w,
    (array_agg(bucket ORDER BY power_w DESC, bucket))[1] AS peak_at
FROM ocpp.site_power
GROUP BY 1, 2;

CREATE VIEW ocpp.site_peak_daily AS
SELECT
    time_bucket(interval '1 day', bucket) AS bucket, site, max(power_w) AS peak_w,
    (array_agg(bucket ORDER BY power_w DESC, bucket))[1] AS peak_at
FROM ocpp.site_power
GROUP BY 1, 2;
