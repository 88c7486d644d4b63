import random
from datetime import timedelta

import pytest

from gateway.core.records import Readings, TransactionEvent
from gateway.io.charging_transactions import COLUMNS, ChargingTransaction, iso
from tests.io.journal_support import BEGIN


def event(
    kind: str,
    minutes: float,
    *,
    seq_no: int | None = None,
    evse: int | None = None,
    connector: int | None = None,
    id_token: str | None = None,
    state: str | None = None,
    reason: str | None = None,
    register: float | None = None,
    offline: bool = False,
) -> TransactionEvent:
    return TransactionEvent(
        time=BEGIN + timedelta(minutes=minutes),
        event=kind,  # type: ignore[arg-type]
        transaction="tx",
        evse=evse,
        connector=connector,
        trigger=None,
        seq_no=seq_no,
        id_token=id_token,
        charging_state=state,
        stopped_reason=reason,
        register_wh=register,
        offline=offline,
    )


STORY = [
    event("Started", 0, seq_no=0, evse=2, state="EVConnected", register=1000.0),
    event("Updated", 1, seq_no=1, connector=1, id_token="PAYER", state="Charging"),
    event("Updated", 1, seq_no=2, state="SuspendedEV"),  # within the same second: the sequence number decides
    event("Updated", 9, seq_no=3, state="Charging", register=5500.0, offline=True),
    event("Ended", 60, seq_no=4, id_token="STOPPER", state="Idle", reason="Local", register=12000.0),
]
METER = [(30.0, 7000.0), (61.0, 12001.0), (-1.0, 999.0)]
RAW_START = BEGIN + timedelta(minutes=2)


def told_in(order: list[object]) -> ChargingTransaction:
    row = ChargingTransaction("S", "tx")
    for said in order:
        add(row, said)
    return row


def add(row: ChargingTransaction, said: object) -> None:
    if isinstance(said, TransactionEvent):
        row.add_event(said, iso(said.time))
    elif said is RAW_START:
        row.add_raw_start(iso(RAW_START))
    else:
        minutes, value = said  # type: ignore[misc]
        row.add_register(Readings(2, None, "tx", []), iso(BEGIN + timedelta(minutes=minutes)), value)


def known(row: ChargingTransaction) -> dict[str, object]:
    return dict(zip(COLUMNS, row.values, strict=True))


def test_a_whole_story_becomes_the_row_that_it_tells() -> None:
    row = known(told_in([*STORY, *METER]))
    assert {column: value for column, value in row.items() if not column.endswith("_rank")} == {
        "station": "S",
        "transaction": "tx",
        "evse": 2,
        "connector": 1,
        "id_token": "PAYER",
        "started_at": "2026-01-01T00:00:00.000Z",
        "ended_at": "2026-01-01T01:00:00.000Z",
        "start_wh": 1000.0,
        "end_wh": 12000.0,
        "register_wh": 12001.0,
        "stopped_reason": "Local",
        "charging_state": "Idle",
        "last_event_at": "2026-01-01T01:00:00.000Z",
        "missing_seq_nos": "[]",
        "offline": 1,
    }


def test_every_order_tells_the_same() -> None:
    told: list[object] = [*STORY, *METER]
    expected = known(told_in(told))
    rng = random.Random(7)
    for _ in range(500):
        rng.shuffle(told)
        assert known(told_in(told)) == expected


def test_every_division_into_parts_tells_the_same() -> None:
    told: list[object] = [*STORY, *METER]
    expected = known(told_in(told))
    rng = random.Random(8)
    for _ in range(500):
        rng.shuffle(told)
        whole = ChargingTransaction("S", "tx")
        rest = list(told)
        while rest:
            size = rng.randint(1, len(rest))
            whole.merge(ChargingTransaction.from_values(told_in(rest[:size]).values))
            rest = rest[size:]
        assert known(whole) == expected


@pytest.mark.parametrize("missing", range(len(STORY)))
def test_every_order_tells_the_same_when_an_event_is_lost(missing: int) -> None:
    told: list[object] = [*STORY[:missing], *STORY[missing + 1 :], *METER]
    expected = known(told_in(told))
    rng = random.Random(missing)
    for _ in range(50):
        rng.shuffle(told)
        assert known(told_in(told)) == expected


def test_after_a_start_that_was_kept_raw_no_later_register_counts_as_the_start() -> None:
    told: list[object] = [RAW_START, *STORY[1:], *METER]
    expected = known(told_in(told))
    assert (expected["started_at"], expected["start_wh"]) == ("2026-01-01T00:02:00.000Z", None)
    assert (expected["end_wh"], expected["id_token"], expected["evse"]) == (12000.0, "PAYER", 2)
    rng = random.Random(9)
    for _ in range(500):
        rng.shuffle(told)
        whole = ChargingTransaction("S", "tx")
        rest = list(told)
        while rest:
            size = rng.randint(1, len(rest))
            whole.merge(ChargingTransaction.from_values(told_in(rest[:size]).values))
            rest = rest[size:]
        assert known(whole) == expected
        assert known(told_in(told)) == expected


def test_a_start_that_could_be_read_counts_before_one_that_was_kept_raw() -> None:
    for told in ([STORY[0], RAW_START, *METER], [*METER, RAW_START, STORY[0]]):
        assert told_in(told).start_wh == 1000.0


def test_a_start_that_was_kept_raw_hides_no_missing_sequence_numbers() -> None:
    event = TransactionEvent(BEGIN, "Updated", "tx", 1, 1, None, 5, None, None, None, None, missing_seq_nos=[3])
    row = told_in([event])
    row.merge(told_in([RAW_START]))
    assert row.missing_seq_nos == "[3]"


def test_a_repeated_event_changes_nothing() -> None:
    assert known(told_in([*STORY, *STORY])) == known(told_in([*STORY]))


def test_missing_sequence_numbers_are_those_heard_last() -> None:
    first, second = (
        TransactionEvent(BEGIN, "Updated", "tx", 1, 1, None, 5, None, None, None, None, missing_seq_nos=missing)
        for missing in ([3, 4], [4])
    )
    assert told_in([first, second]).missing_seq_nos == "[4]"
