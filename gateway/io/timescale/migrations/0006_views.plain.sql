-- The highest quarter of an hour of each hour, and of each day of UTC; `peak_at` is its beginning.

CREATE VIEW ocpp.site_peak_hourly AS
SELECT
    date_bin(interval '1 hour', bucket, timestamptz '2000-01-01 00:00:00Z') AS bucket, site, max(power_w) AS peak_w,
    (array_agg(bucket ORDER BY power_w DESC, bucket))[1] AS peak_at
FROM ocpp.site_power
GROUP BY 1, 2;

CREATE VIEW ocpp.site_peak_daily AS
SELECT
    date_bin(interval '1 day', bucket, timestamptz '2000-01-01 00:00:00Z') AS bucket, site, max(power_w) AS peak_w,
    (array_agg(bucket ORDER BY power_w DESC, bucket))[1] AS peak_at
FROM ocpp.site_power
GROUP BY 1, 2;
