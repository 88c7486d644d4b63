"""The numbers that stand for names in the database: of stations, and of the words that say what was measured.

They are the database's, so what is known of them is forgotten with the connection: another server, or an older copy of
this one, may know others.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

import asyncpg
import msgspec

from gateway.core.metering import DEFAULT_LOCATION, ENERGY_REGISTER
from gateway.core.records import Channel
from gateway.hot import POWER, REGISTER
from gateway.io.timescale.failures import UnstorableError

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

WORDS_MAX: Final = 30_000
"""Words of one kind, of which stations invent most: their numbers have two bytes."""

FIRST_FREE_ID: Final = 1000
"""Below are the words of the standards."""

_ACTIVE_POWER: Final = "Power.Active.Import"
_POWER_PHASES: Final = {None: 0, "L1": 1, "L2": 2, "L3": 3, "L1-N": 1, "L2-N": 2, "L3-N": 3}

_WORD_LOCK: Final = 0x4F43505001
_ADD_WORD: Final = """
INSERT INTO ocpp.word (kind, id, name)
SELECT $1, greatest(max(id) + 1, $3), $2 FROM ocpp.word WHERE kind = $1
HAVING NOT bool_or(name = $2) AND count(*) < $4
ON CONFLICT DO NOTHING
"""
_SITED: Final = """
UPDATE ocpp.station AS s SET site = n.site FROM unnest($1::text[], $2::text[]) AS n (identity, site)
WHERE s.identity = n.identity AND s.site IS DISTINCT FROM n.site
"""
_ADD_STATIONS: Final = """
INSERT INTO ocpp.station (identity, site) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING
"""
_FIND_STATIONS: Final = "SELECT identity, id FROM ocpp.station WHERE identity = ANY($1::text[])"

_decode_channel = msgspec.msgpack.Decoder(Channel).decode


class Directory:
    """What is known of the database's numbers. `site_of` says at which site a station stands, None for none."""

    def __init__(self, site_of: Callable[[str], str | None]) -> None:
        self._site_of = site_of
        self._ids: dict[str, int] = {}
        self._identities: dict[int, str] = {}
        self._words: dict[tuple[str, str], int] = {}
        self._power_phases: dict[int, int] = {0: 0}

    async def load(self, connection: Connection) -> None:
        """Learn all words."""
        rows = await connection.fetch("SELECT kind, name, id FROM ocpp.word")
        self._words = {(kind, name): number for kind, name, number in rows}
        self._power_phases = {
            0 if name is None else self._words["phase", name]: phase for name, phase in _POWER_PHASES.items()
        }

    def known_id(self, identity: str) -> int | None:
        """Return the number of a station, if it is known here."""
        return self._ids.get(identity)

    def identity(self, station_id: int) -> str:
        """Return the station of a number that was given out here."""
        return self._identities[station_id]

    def power_phase(self, phase: int) -> int:
        """Return the phase, 0 to 3, that a power measured on the phase of this code belongs to."""
        return self._power_phases[phase]

    async def learn_stations(self, connection: Connection, identities: Iterable[str]) -> None:
        """Learn these stations' numbers, and give numbers to those that have none."""
        wanted = sorted(identity for identity in set(identities) if identity not in self._ids)
        found = await connection.fetch(_FIND_STATIONS, wanted)
        known = {identity for identity, _ in found}
        new = [identity for identity in wanted if identity not in known]
        if new:  # not all of them: every row that is there already would take a number from the sequence
            await connection.execute(_ADD_STATIONS, new, [self._site_of(identity) for identity in new])
            found += await connection.fetch(_FIND_STATIONS, new)
        await connection.execute(_SITED, wanted, [self._site_of(identity) for identity in wanted])
        for identity, number in found:
            self._ids[identity] = number
            self._identities[number] = identity

    async def codes(self, connection: Connection, channel: bytes) -> tuple[int, int, int, int, int, int]:
        """Return the codes of a channel, given as it lies in the journal, and its role; new words are added."""
        said = _decode_channel(channel)
        words = (
            *(("measurand", said.measurand), ("phase", said.phase), ("context", said.context)),
            *(("location", said.location), ("unit", said.unit)),
        )
        codes = [0 if word is None else await self._code(connection, kind, word) for kind, word in words]
        measurand, phase, context, location, unit = codes
        return measurand, phase, context, location, unit, _role(said)

    async def _code(self, connection: Connection, kind: str, word: str) -> int:
        word = word.replace("\0", "\N{REPLACEMENT CHARACTER}")
        known = self._words.get((kind, word))
        if known is not None:
            return known
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _WORD_LOCK)
            await connection.execute(_ADD_WORD, kind, word, FIRST_FREE_ID, WORDS_MAX)
        rows: Sequence[asyncpg.Record] = await connection.fetch(
            "SELECT id FROM ocpp.word WHERE kind = $1 AND name = $2", kind, word
        )
        if not rows:
            raise UnstorableError(f"there are {WORDS_MAX} words of kind {kind} already")
        self._words[kind, word] = rows[0][0]
        return self._words[kind, word]


def _role(channel: Channel) -> int:
    """Return what is gathered of the channel beside its rows. Only what flows at the outlet counts."""
    if channel.location != DEFAULT_LOCATION:
        return 0
    if channel.measurand == ENERGY_REGISTER and channel.phase is None and channel.unit == "Wh":
        return REGISTER
    if channel.measurand == _ACTIVE_POWER and channel.phase in _POWER_PHASES and channel.unit == "W":
        return POWER
    return 0
