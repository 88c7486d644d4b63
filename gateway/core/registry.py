"""All stations by identity, and how they are saved: live state as a reader of the journal."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import msgspec
from msgspec import Struct

from gateway.core.records import Entry, RawMessage, Readings, Record, TransactionEvent
from gateway.core.stations import Station

TRANSACTION_ID_EPOCH_S: Final = 1_767_225_600
"""2026-01-01T00:00:00Z. A new journal counts 1.6 transaction ids from the seconds since then, so that a gateway whose
journal was lost does not give out the ids of its first life again; an int32 lasts until 2094 at one start a second."""


class Registry:
    """All stations by identity, the counter of 1.6 transaction ids, and the totals that outlive a restart.

    Identities are case-sensitive in OCPP 1.6 and not in 2.x; see `spelling`.
    """

    def __init__(self, next_transaction_id: int = 1) -> None:
        self._stations: dict[str, Station] = {}
        self._spellings: dict[str, str] = {}
        self._unsaved: dict[str, Station] = {}
        self.next_transaction_id = next_transaction_id
        self.readings_total = 0
        """Sampled values accepted since the journal was born."""

    def __len__(self) -> int:
        return len(self._stations)

    def __contains__(self, identity: str) -> bool:
        return identity in self._stations

    def __iter__(self) -> Iterator[Station]:
        return iter(self._stations.values())

    def get(self, identity: str) -> Station | None:
        """Return the station if it was ever seen."""
        return self._stations.get(identity)

    def station(self, identity: str) -> Station:
        """Return the station, a new one if it was never seen."""
        station = self._stations.get(identity)
        if station is None:
            station = Station(identity)
            self.load(station)
        return station

    def still(self, station: Station) -> Station:
        """Return a station that somebody held on to as it is known now.

        It may have been forgotten as empty meanwhile: then it is known again, unless another took its place.
        """
        known = self._stations.get(station.identity)
        if known is None:
            self.load(station)
            return station
        return known

    def spelling(self, identity: str) -> str:
        """Return how a 2.x station's identity was spelled when it was first seen, or `identity` if it never was."""
        return identity if identity in self._stations else self._spellings.get(identity.casefold(), identity)

    def load(self, station: Station) -> None:
        """Take in a station as it was saved."""
        self._stations[station.identity] = station
        self._spellings.setdefault(station.identity.casefold(), station.identity)

    def apply(self, station: Station, entry: Entry) -> None:
        """Take in an entry: in its station, which is unsaved from now on, and in the totals."""
        self.apply_to_station(station, entry)
        self.apply_to_totals(entry)

    def apply_to_station(self, station: Station, entry: Entry) -> None:
        """Take in what an entry says of its station."""
        station.apply(entry)
        self._unsaved[station.identity] = station

    def apply_to_totals(self, entry: Entry) -> None:
        """Take in what an entry adds to the totals, and the transaction ids that it used up."""
        for record in entry.records:
            if type(record) is Readings:
                for meter_value in record.meter_values:
                    self.readings_total += len(meter_value.samples)
            elif (given := given_transaction_id(record)) is not None:
                self.next_transaction_id = max(self.next_transaction_id, given + 1)

    @property
    def unsaved(self) -> int:
        """How many stations changed since they were last saved."""
        return len(self._unsaved)

    def take_unsaved(self, most: int) -> list[tuple[str, bytes]]:
        """Return up to `most` changed stations with their states, longest unsaved first, and take them as saved."""
        taken = list(islice(self._unsaved, most))
        return [(identity, self._unsaved.pop(identity).to_bytes()) for identity in taken]

    def forget_if_empty(self, station: Station) -> None:
        """Drop a station that connected but never said anything worth keeping, so that names cost no memory."""
        if station.session is None and station.state.last_received_at is None and not station.state.facts:
            self._stations.pop(station.identity, None)
            folded = station.identity.casefold()
            if self._spellings.get(folded) == station.identity:
                del self._spellings[folded]


def given_transaction_id(record: Record) -> int | None:
    """Return the transaction id that the gateway gave out with `record` (OCPP 1.6), or None."""
    if isinstance(record, TransactionEvent) and record.event == "Started" and record.seq_no is None:
        return int(record.transaction)
    if isinstance(record, RawMessage) and record.transaction is not None and record.action == "StartTransaction":
        return int(record.transaction)
    return None


SAVE_ENTRIES: Final = 20_000
"""Entries between two rounds of saving: what a restart replays at most, give or take one round. About 0.3 s."""

SAVE_JOURNAL_PART: Final = 8
"""A round of saving begins, at the latest, when an eighth of the journal was written since the last one began. What is
not saved cannot be pruned, and a journal full of it would never have room again, for saving takes room too."""

SAVE_STATIONS_MAX: Final = 200
"""Stations saved with one batch, so that no commit waits long for encoding: about 1 ms."""

REGISTRY_ROW: Final = ""
"""The name under which the registry's own row is saved; no station has an empty identity."""


class SavedRegistry(Struct, frozen=True):
    """What of the registry itself is saved. Batches up to `floor` are in the saved states of all stations."""

    floor: int
    next_transaction_id: int
    readings_total: int


class Saver:
    """Saves the registry little by little, in rounds, with the batches of the journal.

    A round takes the stations that are unsaved when it begins. When the last of them is saved, every saved state
    includes the batch with which the round began: that batch is the new floor, below which a restart reads nothing.
    """

    def __init__(self, registry: Registry, floor: int = 0, *, journal_bytes_max: int) -> None:
        self._registry = registry
        self._entries = 0
        self._round_bytes_max = journal_bytes_max // SAVE_JOURNAL_PART
        self._round_due_bytes = self._round_bytes_max
        self._round_batch = 0
        self._round_left = 0
        self.floor = floor

    def note_entry(self) -> None:
        """Count an entry that was appended to the journal."""
        self._entries += 1

    def note_replayed(self, entries: int, size_bytes: int) -> None:
        """Count what the journal holds behind the floor at the start."""
        self._entries += entries
        self._round_due_bytes -= size_bytes

    def take(self, batch: int, written_bytes: int) -> list[tuple[str, bytes]]:
        """Return the states to write with `batch`: (identity, state) as after that batch. Often none.

        `written_bytes` is the size of everything written to the journal since the start, this batch included.
        """
        if self._round_left == 0:
            if self._entries < SAVE_ENTRIES and written_bytes < self._round_due_bytes:
                return []
            self._entries = 0
            self._round_due_bytes = written_bytes + self._round_bytes_max
            self._round_batch = batch
            self._round_left = self._registry.unsaved
        taken = self._registry.take_unsaved(min(self._round_left, SAVE_STATIONS_MAX))
        self._round_left -= len(taken)
        if self._round_left == 0:
            self.floor = self._round_batch
        saved = SavedRegistry(self.floor, self._registry.next_transaction_id, self._registry.readings_total)
        taken.append((REGISTRY_ROW, msgspec.msgpack.encode(saved)))
        return taken


class Restored(Struct, frozen=True):
    """The registry as it was saved, and what of the journal must still be replayed into it."""

    registry: Registry
    floor: int
    reaches: dict[str, int]

    def replay(self, batch: int, entries: Iterable[Entry]) -> None:
        """Take in the entries of a batch above the floor, each where the saved states do not include it."""
        registry = self.registry
        for entry in entries:
            if batch > self.reaches.get(entry.station, 0):
                registry.apply_to_station(registry.station(entry.station), entry)
            if batch > self.reaches.get(REGISTRY_ROW, 0):
                registry.apply_to_totals(entry)


def restore(rows: Iterable[tuple[str, int, bytes]], first_transaction_id: int) -> Restored:
    """Return the registry from saved rows: (identity, the batch after which the state is true, state).

    `first_transaction_id` is where a new journal begins to count. Raises msgspec.DecodeError for a damaged row.
    """
    registry = Registry(first_transaction_id)
    reaches: dict[str, int] = {}
    floor = 0
    for identity, batch, state in rows:
        reaches[identity] = batch
        if identity == REGISTRY_ROW:
            saved = msgspec.msgpack.decode(state, type=SavedRegistry)
            registry.next_transaction_id = saved.next_transaction_id
            registry.readings_total = saved.readings_total
            floor = saved.floor
        else:
            registry.load(Station.from_bytes(identity, state))
    return Restored(registry, floor, reaches)
