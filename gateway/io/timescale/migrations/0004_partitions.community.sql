-- Chunks can be compressed; from what age on is configured. Rows of one station in order of time stand together, as
-- the index has them.

ALTER TABLE ocpp.sampled_value SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'station_id', timescaledb.compress_orderby = 'time'
);
