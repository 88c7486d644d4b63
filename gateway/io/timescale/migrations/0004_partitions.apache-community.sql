-- Tables that grow with time become hypertables. Their span is configured (see `gateway.io.timescale.policies`).

SELECT create_hypertable('ocpp.sampled_value', 'time', create_default_indexes => false);
SELECT create_hypertable('ocpp.connector_status', 'time', create_default_indexes => false);
SELECT create_hypertable('ocpp.event', 'time', create_default_indexes => false);
SELECT create_hypertable('ocpp.raw_message', 'received_at', create_default_indexes => false);
