"""Sequence numbers of one transaction (OCPP 2.0.1 use case E01), and what is known of a transaction."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.records import TransactionEvent
from gateway.core.transactions import MISSING_SEQ_NOS_MAX, SeqNos, Transaction
from tests.core.station_bench import BEGIN


def arrived(*numbers, started=None):
    """The numbers that arrived, in order; `started` is the one that the Started event carried."""
    seq_nos = SeqNos()
    new = [seq_nos.add(number, started=number == started) for number in numbers]
    return seq_nos, new


def test_numbers_in_order_leave_no_gap():
    seq_nos, new = arrived(0, 1, 2, 3, started=0)
    assert (seq_nos.missing, seq_nos.highest, all(new)) == ([], 3, True)


def test_a_gap_shows_what_is_missing_lowest_first():
    assert arrived(0, 2, 5, started=0)[0].missing == [1, 3, 4]


def test_what_arrives_late_is_missing_no_more():
    seq_nos, new = arrived(0, 4, 2, 1, 3, started=0)
    assert (seq_nos.missing, seq_nos.highest, all(new)) == ([], 4, True)


def test_a_number_that_has_arrived_is_reused():
    assert arrived(0, 1, 1, 0, started=None)[1] == [True, True, False, False]
    assert arrived(0, 2, 1, 1, started=0)[1] == [True, True, True, False]


def test_a_second_start_with_the_number_of_the_first_is_reused():
    seq_nos = SeqNos()
    assert seq_nos.add(3, started=True)
    assert not seq_nos.add(3, started=True)


@pytest.mark.parametrize("first", [0, 1, 17, 2**31])
def test_a_counter_that_goes_on_from_transaction_to_transaction_misses_nothing(first):
    assert arrived(first, first + 1, started=first)[0].missing == []


def test_without_its_start_a_transaction_misses_all_before():
    assert arrived(3)[0].missing == [0, 1, 2]


def test_a_late_start_says_that_nothing_before_it_is_missing():
    seq_nos, new = arrived(8, 10, 6, started=6)
    assert (seq_nos.missing, all(new)) == ([7, 9], True)


def test_what_is_remembered_as_missing_is_bounded():
    seq_nos, _ = arrived(0, 10**9, 2 * 10**9, started=0)
    assert seq_nos.missing == list(range(1, MISSING_SEQ_NOS_MAX + 1))
    assert MISSING_SEQ_NOS_MAX == 100


def test_what_arrives_late_makes_place_for_later_gaps():
    seq_nos, _ = arrived(0, 101, 1, 103, started=0)
    assert seq_nos.missing == [*range(2, 101), 102]


@given(st.lists(st.integers(0, 60), unique=True, min_size=1), st.randoms(use_true_random=False))
def test_in_whatever_order_missing_is_what_has_not_arrived(numbers, random: Random):
    """The oracle is a set; the Started event is the lowest number, and at a random place."""
    random.shuffle(numbers)
    first = min(numbers)
    seq_nos, new = arrived(*numbers, started=first)
    assert all(new)
    assert set(seq_nos.missing) == set(range(first, max(numbers) + 1)) - set(numbers)
    assert seq_nos.missing == sorted(seq_nos.missing)


def step(kind, hours=0, **more):
    fields = dict.fromkeys(
        ("evse", "connector", "trigger", "seq_no", "id_token", "charging_state", "stopped_reason", "register_wh")
    )
    return TransactionEvent(BEGIN + timedelta(hours=hours), kind, "T", **(fields | more))


def test_what_is_known_is_not_replaced_by_what_is_not():
    transaction = Transaction("T")
    transaction.apply(step("Started", evse=1, connector=2, id_token="A", charging_state="Charging", register_wh=5.0))
    transaction.apply(step("Updated", 1))
    assert (transaction.evse, transaction.connector, transaction.id_token) == (1, 2, "A")
    assert (transaction.charging_state, transaction.start_wh, transaction.register_wh) == ("Charging", 5.0, 5.0)


def test_a_start_that_comes_after_the_end_completes_the_transaction():
    transaction = Transaction("T")
    transaction.apply(step("Ended", 2, seq_no=1, register_wh=9.0))
    transaction.apply(step("Started", 0, seq_no=0, evse=1))
    assert (transaction.started_at, transaction.ended_at) == (BEGIN, BEGIN + timedelta(hours=2))
    assert (transaction.evse, transaction.seq_nos.missing) == (1, [])


def test_a_transaction_of_16_has_no_sequence_numbers():
    transaction = Transaction("1")
    transaction.apply(step("Started"))
    assert transaction.seq_nos is None


def test_a_transaction_that_has_ended_is_not_shown_as_charging():
    transaction = Transaction("T")
    transaction.apply(step("Started", charging_state="Charging"))
    transaction.apply(step("Ended", 2, charging_state="EVConnected"))
    assert transaction.charging_state is None
    transaction.apply(step("Updated", 1, charging_state="Charging"))
    assert transaction.charging_state is None
