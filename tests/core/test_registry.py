"""Saving little by little, and restoring: wherever the journal ends, the restored state is the live state."""

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core import registry as registry_module
from gateway.core.records import Entry, Fact, RawMessage, Readings, TransactionEvent
from gateway.core.registry import REGISTRY_ROW, Registry, Restored, Saver, restore
from gateway.core.stations import FACTS_MAX
from tests.core import said
from tests.core.station_bench import BEGIN, BOOTS, OCPP16, OCPP201, Bench

FIRST_ID = 100
JOURNAL_BYTES = 10**9
"""So many that rounds begin by the number of entries, unless a test says otherwise."""


class Disk:
    """What a journal file holds: batches, and the newest state of each station with the batch it is true after."""

    def __init__(self) -> None:
        self.batches: list[bytes] = []
        self.written_bytes = 0
        self.rows: dict[str, tuple[int, bytes]] = {}

    def commit(self, entries: list[Entry], saver: Saver) -> None:
        """Write one batch as the journal does: entries and states in one transaction."""
        self.batches.append(msgspec.msgpack.encode(entries))
        self.written_bytes += len(self.batches[-1])
        for identity, state in saver.take(len(self.batches), self.written_bytes):
            self.rows[identity] = (len(self.batches), state)

    def behind(self, floor: int) -> tuple[int, int]:
        """Entries and bytes of the batches behind the floor."""
        batches = self.batches[floor:]
        return sum(len(msgspec.msgpack.decode(batch)) for batch in batches), sum(map(len, batches))

    def restored(self) -> Restored:
        """What a restart makes of it; batches up to the floor are not read, as they may be gone."""
        made = restore(((identity, batch, state) for identity, (batch, state) in self.rows.items()), FIRST_ID)
        for batch, encoded in enumerate(self.batches, start=1):
            if batch > made.floor:
                made.replay(batch, msgspec.msgpack.decode(encoded, type=list[Entry]))
        return made


def picture(registry: Registry):
    """Everything of a registry that must survive."""
    states = {station.identity: (station.state, in_order(station.state)) for station in registry}
    return states, registry.next_transaction_id, registry.readings_total


def in_order(state):
    """What the equality of dicts does not see: which is forgotten first."""
    return list(state.answers), [(kind, list(facts)) for kind, facts in state.facts.items()]


def any_fact(random: Random) -> Fact:
    """A fact of one of two kinds that begins, changes or ends; there are more keys than are remembered."""
    kind, key = random.choice(["job", "reservation"]), str(random.randrange(FACTS_MAX + 6))
    return Fact(BEGIN, kind, key, random.choice([None, '{"state":"Größe"}', '{"state":"Installing"}']))


def display_messages(random: Random):
    """What a station reports of its display, up to ten messages of some hundred."""
    content = {"format": "UTF8", "content": "Hello"}
    messages = [{"id": random.randrange(100), "priority": "InFront", "message": content} for _ in range(10)]
    return {"requestId": 1, "messageInfo": messages[: random.randint(1, 10)]}


def say_something(bench: Bench, random: Random) -> None:
    """One random message of a random station; sometimes the same again."""
    number = random.randrange(6)
    version = OCPP16 if number % 2 else OCPP201
    line = bench.connect(version, f"CP{number}", booted=False)
    if line.station.state.registration is None:
        line.ask("BootNotification", BOOTS[version])
    value = random.randrange(20)
    match random.randrange(8), version:
        case 0, "ocpp1.6":
            line.ask("StartTransaction", said.start_16(meterStart=value))
        case 1, "ocpp1.6":
            line.ask("StopTransaction", said.stop_16(random.randrange(FIRST_ID, FIRST_ID + 20), meterStop=value))
        case 2, "ocpp1.6":
            line.ask("StartTransaction", {"broken": value})
        case 3, "ocpp1.6":
            line.ask("StatusNotification", said.status_16("Charging", connector=value))
        case 0, _:
            line.ask("TransactionEvent", said.event_201("Started", value, f"T{value % 3}"))
        case 1, _:
            line.ask("TransactionEvent", said.event_201("Ended", value, f"T{value % 3}"))
        case 2, _:
            line.ask("TransactionEvent", {"broken": value})
        case 3, _:
            line.ask("StatusNotification", said.status_201(evse=value))
        case 4, "ocpp2.0.1":
            line.ask("NotifyDisplayMessages", display_messages(random))
        case 6, _:
            bench.recorder.record(line.station, [any_fact(random) for _ in range(value)], bench.now)
        case 7, _:
            station = bench.registry.station(f"never connected {number % 2}")
            bench.recorder.record(station, [any_fact(random)], bench.now)
        case _:
            sampled = {"value": str(value) if version == OCPP16 else value}
            line.ask("MeterValues", (said.meter_values_16 if version == OCPP16 else said.meter_values_201)(sampled))


@pytest.fixture
def small_rounds(monkeypatch):
    monkeypatch.setattr(registry_module, "SAVE_ENTRIES", 5)
    monkeypatch.setattr(registry_module, "SAVE_STATIONS_MAX", 2)


@pytest.mark.usefixtures("small_rounds")
@settings(max_examples=200)
@given(
    st.integers(0, 2**32), st.lists(st.integers(1, 6), min_size=1, max_size=40), st.sampled_from([1000, JOURNAL_BYTES])
)
def test_at_any_batch_the_restored_state_is_the_live_state(seed, batch_sizes, journal_bytes_max):
    random = Random(seed)
    registry = Registry(FIRST_ID)
    bench = Bench(registry=registry)
    saver = Saver(registry, journal_bytes_max=journal_bytes_max)
    disk = Disk()
    floors = [0]
    for size in batch_sizes:
        bench.journal.entries.clear()
        for _ in range(size):
            say_something(bench, random)
        for _ in bench.journal.entries:
            saver.note_entry()
        disk.commit(bench.journal.entries, saver)
        floors.append(saver.floor)
        restored = disk.restored()
        assert picture(restored.registry) == picture(registry)
        assert restored.floor == saver.floor
        if random.random() < 0.1:  # a restart: what is restored lives on
            registry = restored.registry
            bench = Bench(registry=registry)
            saver = Saver(registry, restored.floor, journal_bytes_max=journal_bytes_max)
            disk.written_bytes = 0
            saver.note_replayed(*disk.behind(restored.floor))
    assert floors == sorted(floors)


@pytest.mark.usefixtures("small_rounds")
def test_the_floor_rises_so_that_a_restart_reads_little():
    registry = Registry(FIRST_ID)
    bench = Bench(registry=registry)
    saver, disk, random = Saver(registry, journal_bytes_max=JOURNAL_BYTES), Disk(), Random("floor")
    behind = []
    for batch in range(1, 301):
        bench.journal.entries.clear()
        say_something(bench, random)
        for _ in bench.journal.entries:
            saver.note_entry()
        disk.commit(bench.journal.entries, saver)
        behind.append(batch - saver.floor)
    assert max(behind) <= 20


def test_no_batch_saves_more_stations_than_the_bound(monkeypatch):
    monkeypatch.setattr(registry_module, "SAVE_ENTRIES", 50)
    monkeypatch.setattr(registry_module, "SAVE_STATIONS_MAX", 7)
    registry = Registry()
    bench = Bench(registry=registry)
    saver = Saver(registry, journal_bytes_max=JOURNAL_BYTES)
    for number in range(50):
        bench.connect(OCPP16, f"CP{number:02}").ask("MeterValues", said.meter_values_16())
        saver.note_entry()
    taken = [saver.take(batch, 0) for batch in range(1, 10)]
    assert all(row[0] == REGISTRY_ROW for *_, row in taken[:8])
    assert [len(rows) for rows in taken] == [8] * 7 + [2, 0]
    assert len({identity for rows in taken for identity, _ in rows if identity}) == 50
    assert saver.floor == 1


def test_nothing_is_saved_before_there_are_enough_entries_or_bytes():
    registry = Registry()
    saver = Saver(registry, journal_bytes_max=JOURNAL_BYTES)
    Bench(registry=registry).connect(OCPP16).ask("MeterValues", said.meter_values_16())
    saver.note_entry()
    assert saver.take(1, JOURNAL_BYTES // 8 - 1) == []
    assert saver.take(2, JOURNAL_BYTES // 8) != []


def test_a_new_journal_counts_from_where_it_is_told():
    assert restore([], 4711).registry.next_transaction_id == 4711


def test_transaction_ids_are_unique_over_any_number_of_restarts():
    disk = Disk()
    given_out: list[int] = []
    for _ in range(20):
        restored = disk.restored()
        bench = Bench(registry=restored.registry)
        for register in range(3):
            line = bench.connect(OCPP16, f"CP{register}")
            payload = said.start_16(meterStart=len(given_out)) if register else {"broken": len(given_out)}
            given_out.append(line.ask("StartTransaction", payload)["transactionId"])
        disk.commit(bench.journal.entries, Saver(restored.registry, restored.floor, journal_bytes_max=JOURNAL_BYTES))
    assert given_out == list(range(FIRST_ID, FIRST_ID + 60))


def test_ids_of_transactions_that_stations_name_are_not_taken_as_given():
    registry = Registry(FIRST_ID)
    line = Bench(registry=registry).connect(OCPP16)
    line.ask("StopTransaction", said.stop_16(10**6))
    line.ask("MeterValues", said.meter_values_16(transactionId=10**6))
    assert registry.next_transaction_id == FIRST_ID


def test_transaction_names_of_2_that_are_numbers_use_up_no_ids():
    registry = Registry(FIRST_ID)
    Bench(registry=registry).connect(OCPP201).ask("TransactionEvent", said.event_201("Started", 0, "999999"))
    assert registry.next_transaction_id == FIRST_ID


def test_every_sampled_value_is_counted_once(bench):
    line = bench.connect(OCPP16)
    line.ask("StartTransaction", said.start_16())  # one: the register
    line.ask("MeterValues", said.meter_values_16({"value": "1"}, {"value": "x"}, {"value": "2"}))
    line.ask("MeterValues", said.meter_values_16({"value": "1"}, {"value": "x"}, {"value": "2"}))
    samples = [
        sample
        for record in bench.records
        if isinstance(record, Readings)
        for value in record.meter_values
        for sample in value.samples
    ]
    assert len(samples) == bench.registry.readings_total == 3


def test_a_station_that_never_said_anything_is_forgotten_when_it_leaves():
    registry = Registry()
    silent, spoke, connected = (registry.station(name) for name in ("silent", "spoke", "connected"))
    registry.apply(spoke, Entry("spoke", BEGIN, None, b"{}", []))
    connected.session = object()
    for station in (silent, spoke, connected):
        registry.forget_if_empty(station)
    assert {station.identity for station in registry} == {"spoke", "connected"}


def test_a_damaged_row_is_an_error_and_not_an_empty_station():
    with pytest.raises(msgspec.DecodeError):
        restore([("CP1", 1, b"\xc1")], 1)


@pytest.mark.parametrize(
    ("record", "given_out"),
    [
        (TransactionEvent(BEGIN, "Started", "7", 1, 1, None, None, None, None, None, None), 7),
        (TransactionEvent(BEGIN, "Updated", "7", 1, 1, None, None, None, None, None, None), None),
        (TransactionEvent(BEGIN, "Started", "7", 1, 1, None, 0, None, None, None, None), None),
        (RawMessage(OCPP16, "StartTransaction", "type", "", b"", "8"), 8),
        (RawMessage(OCPP16, "StopTransaction", "type", "", b""), None),
        (RawMessage(OCPP201, "TransactionEvent", "type", "", b"", "8"), None),
    ],
)
def test_the_ids_that_the_gateway_gave_are_those_of_16_starts(record, given_out):
    assert registry_module.given_transaction_id(record) == given_out


@pytest.mark.parametrize("is_back", [False, True])
def test_what_is_recorded_of_a_station_that_was_forgotten_meanwhile_is_what_a_restart_knows(is_back):
    """A command holds on to its station, which may leave and be forgotten before the answer is recorded."""
    bench = Bench(registry=Registry(FIRST_ID))
    held = bench.registry.station("CP1")
    bench.registry.forget_if_empty(held)
    if is_back:
        bench.connect(OCPP16, "CP1", booted=False).ask("BootNotification", BOOTS[OCPP16])
    bench.recorder.record(held, [Fact(BEGIN, "job", "1", "{}")], BEGIN)
    disk = Disk()
    disk.commit(bench.journal.entries, Saver(bench.registry, journal_bytes_max=JOURNAL_BYTES))
    assert picture(disk.restored().registry) == picture(bench.registry)
    assert bench.registry.station("CP1").facts("job") == {"1": "{}"}
