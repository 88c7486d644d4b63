-- A rollup has a hundredth of the rows, and chunks many times the span.

SELECT create_hypertable('ocpp.register_hourly', 'bucket', chunk_time_interval => interval '30 days', create_default_indexes => false);
SELECT create_hypertable('ocpp.register_daily', 'bucket', chunk_time_interval => interval '180 days', create_default_indexes => false);
SELECT create_hypertable('ocpp.power_quarter_hourly', 'bucket', chunk_time_interval => interval '14 days', create_default_indexes => false);
