-- Without TimescaleDB nothing is partitioned. Rows come nearly in the order of time: an index of block ranges, a
-- thousandth of the table, finds what retention deletes and keeps a range of time from reading everything.

CREATE INDEX sampled_value_time ON ocpp.sampled_value USING brin (time) WITH (autosummarize = on);
CREATE INDEX connector_status_time ON ocpp.connector_status USING brin (time) WITH (autosummarize = on);
CREATE INDEX event_time ON ocpp.event USING brin (time) WITH (autosummarize = on);
CREATE INDEX raw_message_time ON ocpp.raw_message USING brin (received_at) WITH (autosummarize = on);
