-- What people and dashboards read. Joins are LEFT JOINs to unique keys: what a query does not ask for is not joined.

CREATE VIEW ocpp.reading AS
SELECT
    v.time, v.received_at, s.identity AS station, v.evse, v.connector, v."transaction",
    measurand.name AS measurand, phase.name AS phase, context.name AS context, location.name AS location,
    unit.name AS unit, v.value, v.signed, v.station_time
FROM ocpp.sampled_value AS v
LEFT JOIN ocpp.station AS s ON s.id = v.station_id
LEFT JOIN ocpp.word AS measurand ON measurand.kind = 'measurand' AND measurand.id = v.measurand
LEFT JOIN ocpp.word AS phase ON phase.kind = 'phase' AND phase.id = v.phase
LEFT JOIN ocpp.word AS context ON context.kind = 'context' AND context.id = v.context
LEFT JOIN ocpp.word AS location ON location.kind = 'location' AND location.id = v.location
LEFT JOIN ocpp.word AS unit ON unit.kind = 'unit' AND unit.id = v.unit;

-- `end_wh` is what the station said at the end; without it the energy is counted to the latest register value. It is
-- unknown where the start could not be read. What has ended has no charging state, whatever was heard of it last.
CREATE VIEW ocpp.charging_transaction AS
SELECT
    station, "transaction", evse, connector, id_token, started_at, ended_at, start_wh, end_wh,
    coalesce(end_wh, register_wh) - start_wh AS energy_wh,
    stopped_reason, CASE WHEN ended_at IS NULL THEN charging_state END AS charging_state,
    last_event_at, missing_seq_nos, offline <> 0 AS offline
FROM ocpp.charging_transaction_merge;

-- A register of a transaction never falls. So the energy of a bucket is its highest register less the highest of the
-- bucket before, wherever that is (one look into an index), or less its own lowest where there is none: summed over
-- time that is the energy of the transaction, and a condition on `bucket` reads no more than those buckets.
CREATE VIEW ocpp.energy_hourly AS
SELECT
    r.bucket, s.identity AS station, r.evse,
    sum(greatest(r.max_wh - coalesce(before.max_wh, r.min_wh), 0)) AS energy_wh, s.site
FROM ocpp.register_hourly AS r
JOIN ocpp.station AS s ON s.id = r.station_id
LEFT JOIN LATERAL (
    SELECT b.max_wh FROM ocpp.register_hourly AS b
    WHERE b.station_id = r.station_id AND b."transaction" = r."transaction" AND b.bucket < r.bucket
    ORDER BY b.bucket DESC
    LIMIT 1
) AS before ON true
GROUP BY r.bucket, s.identity, r.evse, s.site;

CREATE VIEW ocpp.energy_daily AS
SELECT
    r.bucket, s.identity AS station, r.evse,
    sum(greatest(r.max_wh - coalesce(before.max_wh, r.min_wh), 0)) AS energy_wh, s.site
FROM ocpp.register_daily AS r
JOIN ocpp.station AS s ON s.id = r.station_id
LEFT JOIN LATERAL (
    SELECT b.max_wh FROM ocpp.register_daily AS b
    WHERE b.station_id = r.station_id AND b."transaction" = r."transaction" AND b.bucket < r.bucket
    ORDER BY b.bucket DESC
    LIMIT 1
) AS before ON true
GROUP BY r.bucket, s.identity, r.evse, s.site;

-- The power of a site is the sum of what its EVSEs drew on average in the quarter of an hour: of each EVSE its total
-- where it was sampled, else the sum of its phases.
CREATE VIEW ocpp.site_power AS
SELECT bucket, site, sum(power_w) AS power_w
FROM (
    SELECT
        q.bucket, s.site,
        coalesce(
            max(q.sum_w / q.samples) FILTER (WHERE q.phase = 0), sum(q.sum_w / q.samples) FILTER (WHERE q.phase > 0)
        ) AS power_w
    FROM ocpp.power_quarter_hourly AS q
    JOIN ocpp.station AS s ON s.id = q.station_id
    WHERE s.site IS NOT NULL
    GROUP BY q.bucket, s.site, q.station_id, q.evse
) AS evse
GROUP BY bucket, site;
