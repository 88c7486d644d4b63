from types import ModuleType

import pytest


def test_counts_start_at_zero_and_add_up(counters: ModuleType) -> None:
    counts = counters.Counters(3)
    counts.add(0)
    counts.add(2, 5)
    counts.add(2)
    assert [counts.value(index) for index in range(len(counts))] == [1, 0, 6]


@pytest.mark.parametrize("index", [-1, 3, 1 << 40])
def test_a_wrong_index_is_refused(counters: ModuleType, index: int) -> None:
    counts = counters.Counters(3)
    with pytest.raises(IndexError):
        counts.add(index)
    with pytest.raises(IndexError):
        counts.value(index)


def test_no_counts_at_all_is_allowed_and_a_negative_size_is_not(counters: ModuleType) -> None:
    assert len(counters.Counters(0)) == 0
    with pytest.raises(ValueError, match="negative"):
        counters.Counters(-1)


@pytest.mark.parametrize("amount", [-1, 1 << 64])
def test_an_amount_that_is_no_count_is_refused(counters: ModuleType, amount: int) -> None:
    counts = counters.Counters(1)
    with pytest.raises(OverflowError):
        counts.add(0, amount)
    assert counts.value(0) == 0


def test_a_count_wraps_at_64_bits(counters: ModuleType) -> None:
    counts = counters.Counters(1)
    counts.add(0, (1 << 64) - 1)
    assert counts.value(0) == (1 << 64) - 1
    counts.add(0, 2)
    assert counts.value(0) == 1


def test_a_bucket_holds_what_is_at_most_its_bound(counters: ModuleType) -> None:
    histogram = counters.Histogram([0.5, 1, 2.5])
    for value in (-1, 0, 0.5, 0.6, 1, 2.5, 2.6, float("inf")):
        histogram.observe(value)
    assert histogram.buckets() == [3, 2, 1, 2]


def test_the_sum_is_that_of_all_observations(counters: ModuleType) -> None:
    histogram = counters.Histogram((1.0,))
    assert (histogram.sum, histogram.buckets()) == (0.0, [0, 0])
    for value in (0.25, 0.5, 100):
        histogram.observe(value)
    assert histogram.sum == 100.75


@pytest.mark.parametrize("bounds", [[], [1, 1], [2, 1], [1, float("inf")], [float("nan")]])
def test_bounds_that_make_no_buckets_are_refused(counters: ModuleType, bounds: list[float]) -> None:
    with pytest.raises(ValueError, match="bound"):
        counters.Histogram(bounds)


def test_not_a_number_is_refused_and_spoils_nothing(counters: ModuleType) -> None:
    histogram = counters.Histogram([1])
    with pytest.raises(ValueError, match="NaN"):
        histogram.observe(float("nan"))
    assert (histogram.sum, histogram.buckets()) == (0.0, [0, 0])
