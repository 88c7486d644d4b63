"""Questions that operators ask of the TimescaleDB store, as README shows them, and a fleet's history to ask them of.

`:'name'` is a value that the reader puts in; `psql -v name=value` does.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

import asyncpg
from msgspec import Struct

QUERIES: Final[dict[str, str]] = {
    "transaction": """
SELECT energy_wh, started_at, ended_at, id_token, stopped_reason
FROM ocpp.charging_transaction
WHERE station = :'station' AND "transaction" = :'transaction'
""",
    "transaction_curve": """
SELECT time, measurand, phase, value, unit
FROM ocpp.reading
WHERE station = :'station' AND "transaction" = :'transaction'
    AND measurand IN ('Power.Active.Import', 'Energy.Active.Import.Register')
    -- Bounds in time, as queries of their own, spare the chunks beyond them.
    AND time >= (
        SELECT started_at FROM ocpp.charging_transaction
        WHERE station = :'station' AND "transaction" = :'transaction'
    )
    AND time <= (
        SELECT coalesce(ended_at, now()) FROM ocpp.charging_transaction
        WHERE station = :'station' AND "transaction" = :'transaction'
    )
ORDER BY time
""",
    "station_curve_of_a_day": """
SELECT time, evse, value AS power_w
FROM ocpp.reading
WHERE station = :'station' AND measurand = 'Power.Active.Import' AND phase IS NULL
    AND time >= timestamptz :'day' AND time < timestamptz :'day' + interval '1 day'
ORDER BY time
""",
    "site_power_of_a_day": """
SELECT bucket, power_w
FROM ocpp.site_power
WHERE site = :'site' AND bucket >= timestamptz :'day' AND bucket < timestamptz :'day' + interval '1 day'
ORDER BY bucket
""",
    "site_peaks_of_a_month": """
SELECT bucket, peak_w, peak_at
FROM ocpp.site_peak_daily
WHERE site = :'site' AND bucket >= timestamptz :'month' AND bucket < timestamptz :'month' + interval '1 month'
ORDER BY bucket
""",
    "site_energy_per_day": """
SELECT bucket, sum(energy_wh) AS energy_wh
FROM ocpp.energy_daily
WHERE site = :'site' AND bucket >= timestamptz :'month' AND bucket < timestamptz :'month' + interval '1 month'
GROUP BY bucket
ORDER BY bucket
""",
    "station_energy_per_day": """
SELECT bucket, evse, energy_wh
FROM ocpp.energy_daily
WHERE station = :'station' AND bucket >= timestamptz :'month' AND bucket < timestamptz :'month' + interval '1 month'
ORDER BY bucket, evse
""",
    "top_stations_of_a_week": """
SELECT station, sum(energy_wh) AS energy_wh
FROM ocpp.energy_daily
WHERE bucket >= timestamptz :'day' AND bucket < timestamptz :'day' + interval '7 days'
GROUP BY station
ORDER BY energy_wh DESC
LIMIT 10
""",
    "silent_stations": """
SELECT identity, site, last_seen_at
FROM ocpp.station
WHERE last_seen_at < timestamptz :'since'
ORDER BY last_seen_at
""",
    "utilisation_of_a_day": """
SELECT
    station, evse, connector,
    coalesce(sum(extract(epoch FROM until - since)) FILTER (WHERE status = 'Occupied'), 0) / 86400 AS occupied
FROM (
    SELECT *, lead(since, 1, timestamptz :'day' + interval '1 day') OVER (
        PARTITION BY station, evse, connector ORDER BY since
    ) AS until
    FROM (
        SELECT station, evse, connector, status, time AS since
        FROM ocpp.connector_status
        WHERE time >= timestamptz :'day' AND time < timestamptz :'day' + interval '1 day'
        UNION ALL  -- and what held when the day began
        SELECT c.station, c.evse, c.connector, before.status, timestamptz :'day'
        FROM ocpp.connector_status_latest AS c
        CROSS JOIN LATERAL (
            SELECT s.status FROM ocpp.connector_status AS s
            WHERE s.station = c.station AND s.evse = c.evse AND s.connector = c.connector
                AND s.time < timestamptz :'day'
            ORDER BY s.time DESC
            LIMIT 1
        ) AS before
    ) AS said
) AS spans
GROUP BY station, evse, connector
ORDER BY occupied DESC
""",
    "open_transactions": """
SELECT station, evse, "transaction", started_at, last_event_at, energy_wh
FROM ocpp.charging_transaction
WHERE ended_at IS NULL
ORDER BY started_at
""",
}


def filled(name: str, values: dict[str, str]) -> str:
    """Return a query with its values put in, as literals."""
    return re.sub(r":'(\w+)'", lambda found: "'" + values[found[1]].replace("'", "''") + "'", QUERIES[name])


class History(Struct, frozen=True):
    """What a fleet did on some days: each station charges twice a day, the second time past midnight.

    A charge has `messages` meter values, one a minute, of 8 samples each: register, power, and per phase current and
    voltage. It draws POWER_W all the time.
    """

    stations: int
    days: int
    messages: int
    first_day: date = date(2026, 3, 2)

    @property
    def rows(self) -> int:
        return self.stations * self.days * len(SESSION_STARTS) * self.messages * 8

    @property
    def energy_wh(self) -> float:
        """What all charges took together."""
        return self.stations * self.days * len(SESSION_STARTS) * self.session_wh

    @property
    def session_wh(self) -> float:
        return POWER_W / 60 * (self.messages - 1)

    @property
    def values(self) -> dict[str, str]:
        """What the queries ask of it: of a station, a charge, a site and a day in the middle."""
        day = self.first_day + timedelta(days=self.days // 2)
        return {
            "station": "CP-00003",
            "transaction": f"CP-00003 {day} 1",
            "site": "site 1",
            "day": f"{day} 00:00:00Z",
            "month": f"{self.first_day} 00:00:00Z",
            "since": f"{self.first_day + timedelta(days=self.days)} 00:00:00Z",
        }

    def day(self, number: int) -> datetime:
        return datetime.combine(self.first_day, datetime.min.time(), UTC) + timedelta(days=number)


POWER_W: Final = 7200.0
SITES: Final = 10
SESSION_STARTS: Final = ("7 hours 30 minutes", "22 hours 30 minutes")

_STATIONS: Final = f"""
INSERT INTO ocpp.station (identity, site, first_seen_at, last_seen_at)
SELECT format('CP-%s', lpad(n::text, 5, '0')), format('site %s', n % {SITES}), $2,
    $3::timestamptz - n * interval '1 minute'
FROM generate_series(1, $1::integer) AS n
"""

_SESSIONS: Final = f"""
CREATE TEMPORARY VIEW charge AS
SELECT
    s.id AS station_id, s.identity AS station, format('%s %s %s', s.identity, d.day::date, c.number) AS "transaction",
    d.day + c.start + s.id % 60 * interval '1 second' AS start,
    1000.0 * s.id + 20000.0 * (2 * d.number + c.number) AS start_wh, d.day
FROM ocpp.station AS s
CROSS JOIN unnest(ARRAY{[*SESSION_STARTS]}::interval[]) WITH ORDINALITY AS c (start, number)
CROSS JOIN generate_series($1::timestamptz, $2, interval '1 day') WITH ORDINALITY AS d (day, number)
"""

_READINGS: Final = f"""
INSERT INTO ocpp.sampled_value
SELECT t.time, t.time + interval '1 second', NULL, v.value, c.station_id, 1, 1, v.measurand, v.phase, 1, 1, v.unit,
    c."transaction", NULL
FROM charge AS c
CROSS JOIN generate_series(0, $2::integer - 1) AS minute
CROSS JOIN LATERAL (SELECT c.start + minute * interval '1 minute') AS t (time)
CROSS JOIN LATERAL (VALUES
    (1, 0, 1, c.start_wh + minute * {POWER_W / 60}), (2, 0, 2, {POWER_W}), (3, 1, 3, 10.4), (3, 2, 3, 10.5),
    (3, 3, 3, 10.3), (4, 1, 4, 230.1), (4, 2, 4, 229.8), (4, 3, 4, 231.0)
) AS v (measurand, phase, unit, value)
WHERE c.day = $1
ORDER BY t.time, c.station_id
"""

_TRANSACTIONS: Final = f"""
INSERT INTO ocpp.charging_transaction_merge
SELECT c.station, c."transaction", 1, 1, '', 'TOKEN', c.start, c.start + ($1::integer - 1) * interval '1 minute',
    '', c.start_wh, '', e.end_wh, '', e.end_wh, '', 'EVDisconnected', '', NULL, c.start, '[]', 0
FROM charge AS c
CROSS JOIN LATERAL (SELECT c.start_wh + ($1::integer - 1) * {POWER_W / 60}) AS e (end_wh)
"""

_STATUSES: Final = """
INSERT INTO ocpp.connector_status
SELECT t.time, t.time, c.station, 1, 1, t.status, NULL, NULL
FROM charge AS c
CROSS JOIN LATERAL (
    VALUES (c.start, 'Occupied'), (c.start + $1::integer * interval '1 minute', 'Available')
) AS t (time, status)
"""

_LATEST: Final = """
INSERT INTO ocpp.connector_status_latest
SELECT DISTINCT ON (station, evse, connector) * FROM ocpp.connector_status ORDER BY station, evse, connector, time DESC
"""

ROLL_UP: Final = (
    """
INSERT INTO ocpp.register_hourly (bucket, station_id, "transaction", evse, min_wh, max_wh)
SELECT date_trunc('hour', time, 'UTC'), station_id, "transaction", max(evse), min(value), max(value)
FROM ocpp.sampled_value
WHERE measurand = 1 AND phase = 0 AND location = 1 AND unit = 1 AND "transaction" IS NOT NULL AND value IS NOT NULL
GROUP BY 1, 2, 3
""",
    """
INSERT INTO ocpp.register_daily (bucket, station_id, "transaction", evse, min_wh, max_wh)
SELECT date_trunc('day', bucket, 'UTC'), station_id, "transaction", max(evse), min(min_wh), max(max_wh)
FROM ocpp.register_hourly
GROUP BY 1, 2, 3
""",
    """
INSERT INTO ocpp.power_quarter_hourly (bucket, station_id, evse, phase, sum_w, samples)
SELECT date_bin('15 minutes', time, timestamptz '2000-01-01 00:00:00Z'), station_id, evse,
    CASE WHEN phase > 4 THEN phase - 4 ELSE phase END, sum(value), count(*)
FROM ocpp.sampled_value
WHERE measurand = 2 AND unit = 2 AND evse > 0 AND phase IN (0, 1, 2, 3, 5, 6, 7) AND value IS NOT NULL
GROUP BY 1, 2, 3, 4
""",
)
"""What the gateway would have merged, from the readings."""


async def generate(connection: "asyncpg.Connection[asyncpg.Record]", history: History) -> None:
    """Fill an empty schema, day by day, as it would have come in."""
    last = history.day(history.days - 1)
    await connection.execute(_STATIONS, history.stations, history.day(0), history.day(history.days))
    bounds = f"timestamptz '{history.day(0).isoformat()}'", f"timestamptz '{last.isoformat()}'"
    await connection.execute(_SESSIONS.replace("$1::timestamptz", bounds[0]).replace("$2", bounds[1]))
    for number in range(history.days):
        await connection.execute(_READINGS, history.day(number), history.messages)
    for statement in (_TRANSACTIONS, _STATUSES):
        await connection.execute(statement, history.messages)
    await connection.execute(_LATEST)
    for statement in ROLL_UP:
        await connection.execute(statement)
    await connection.execute("VACUUM ANALYZE")
