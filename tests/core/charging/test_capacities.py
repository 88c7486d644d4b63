"""What links carry: ratings, caps with an end, schedules in local time, base loads."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.charging.capacities import Capacities
from gateway.core.charging.description import EvseDescription, NodeDescription, ScheduledLimit, SiteDescription
from gateway.core.charging.network import Network

BERLIN = ZoneInfo("Europe/Berlin")
GRID = NodeDescription(name="grid", limit_ma=(100_000,) * 3, limit_w=60_000, base_load_ma=(10_000, 0, -5_000))


def capacities(*schedule: ScheduledLimit, node: NodeDescription = GRID) -> Capacities:
    evse = EvseDescription(station="A", evse=1, node="grid")
    return Capacities(
        Network(SiteDescription(name="s", nodes=(node,), evses=(evse,), schedule=schedule, time_zone="Europe/Berlin"))
    )


def seconds(day: int, hour: int, minute: int = 0, month: int = 6) -> float:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN).timestamp()


def test_base_loads_are_taken_from_ratings() -> None:
    assert capacities().lowest(0.0, 600.0) == [60_000_000 - 5_000 * 230, 90_000, 100_000, 105_000]


def test_a_limit_holds_until_its_end_and_leases_that_outlast_it_see_the_lower() -> None:
    site = capacities()
    site.set_limit("grid", limit_ma=(50_000,) * 3, until=1000.0, now=0.0)
    assert site.lowest(0.0, 600.0)[1] == 40_000
    assert site.next_change_at(0.0, 600.0) in (400.0, 1000.0)
    assert site.lowest(999.0, 600.0)[1] == 40_000
    assert site.lowest(1000.0, 600.0)[1] == 90_000


def test_no_limit_is_raised_above_the_rating() -> None:
    site = capacities()
    site.set_limit("grid", limit_ma=(500_000,) * 3, limit_w=10**6, until=None, now=0.0)
    assert site.lowest(0.0, 0.0) == capacities().lowest(0.0, 0.0)


def test_where_less_is_wanted_unheard_it_holds_when_the_limit_has_run_out() -> None:
    site = capacities(node=NodeDescription(name="grid", limit_ma=(100_000,) * 3, unheard_limit_ma=(30_000,) * 3))
    assert site.lowest(0.0, 0.0)[1] == 30_000
    site.set_limit("grid", limit_ma=(80_000,) * 3, until=1000.0, now=0.0)
    assert site.lowest(0.0, 100.0)[1] == 80_000
    assert site.lowest(500.0, 600.0)[1] == 30_000
    assert site.lowest_ever()[1] == 30_000


def test_a_scheduled_drop_is_seen_as_far_ahead_as_a_lease_lasts() -> None:
    site = capacities(ScheduledLimit(node="grid", begins=time(17), ends=time(20), limit_ma=(20_000,) * 3))
    at = seconds(1, 16, 30)
    assert site.lowest(at, 1700.0)[2] == 100_000
    assert site.lowest(at, 1800.0)[2] == 20_000
    assert site.next_change_at(at, 600.0) == seconds(1, 16, 50)
    assert site.lowest(seconds(1, 20), 600.0)[2] == 100_000
    assert site.lowest_ever()[2] == 20_000


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    friday = frozenset({4})
    site = capacities(ScheduledLimit(node="grid", begins=time(22), ends=time(6), weekdays=friday, limit_w=10_000))
    kw = [site.lowest(seconds(day, hour), 0.0)[0] for day, hour in ((5, 21), (5, 23), (6, 5), (6, 6), (6, 23))]
    assert [watts is not None and watts < 11_000_000 for watts in kw] == [False, True, True, False, False]


@pytest.mark.parametrize(("month", "day"), [(3, 29), (10, 25)])
def test_a_schedule_is_in_local_time_when_clocks_change(month: int, day: int) -> None:
    site = capacities(ScheduledLimit(node="grid", begins=time(17), ends=time(20), limit_ma=(20_000,) * 3))
    noon = seconds(day, 12, month=month)
    assert site.next_change_at(noon, 0.0) == seconds(day, 17, month=month)
    before = datetime(2026, month, day - 1, 17, tzinfo=UTC).timestamp()
    assert site.lowest(before, 0.0)[2] == 20_000


def limit_at(site: Capacities, at: float) -> int | None:
    return site.lowest(at, 0.0)[2]


HOUR = 3600.0
MIDNIGHT_UTC_BEFORE_WINTER = datetime(2026, 10, 25, tzinfo=UTC).timestamp()
MIDNIGHT_UTC_BEFORE_SUMMER = datetime(2026, 3, 29, tzinfo=UTC).timestamp()


def test_in_an_hour_that_comes_twice_an_entry_begins_with_the_first_and_ends_with_the_last() -> None:
    site = capacities(ScheduledLimit(node="grid", begins=time(2, 15), ends=time(2, 45), limit_ma=(20_000,) * 3))
    begin = MIDNIGHT_UTC_BEFORE_WINTER + 0.25 * HOUR  # 02:15 summer time
    end = MIDNIGHT_UTC_BEFORE_WINTER + 1.75 * HOUR  # 02:45 winter time
    moments = (begin - 1, begin, begin + HOUR, end - 1, end)
    assert [limit_at(site, at) for at in moments] == [100_000, 20_000, 20_000, 20_000, 100_000]
    assert (site.next_change_at(begin - HOUR, 0.0), site.next_change_at(begin, 0.0)) == (begin, end)


def test_in_an_hour_that_is_left_out_an_entry_holds_rather_longer_than_not_at_all() -> None:
    site = capacities(ScheduledLimit(node="grid", begins=time(2, 15), ends=time(2, 45), limit_ma=(20_000,) * 3))
    change = MIDNIGHT_UTC_BEFORE_SUMMER + HOUR  # 02:00 becomes 03:00
    assert limit_at(site, change) == 20_000
    assert [limit_at(site, change + hours * HOUR) for hours in (-1, 1)] == [100_000, 100_000]


@given(
    st.tuples(st.times(), st.times(), st.frozensets(st.integers(0, 6), min_size=1)),
    st.sampled_from([MIDNIGHT_UTC_BEFORE_WINTER, MIDNIGHT_UTC_BEFORE_SUMMER, 1.78e9]),
    st.floats(-2 * 86_400, 2 * 86_400),
    st.floats(0, 86_400),
    st.floats(0, 1),
)
def test_no_moment_within_the_horizon_carries_less_than_was_foreseen(
    entry: tuple[time, time, frozenset[int]], around: float, before: float, horizon_s: float, part: float
) -> None:
    begins, ends, weekdays = entry
    site = capacities(ScheduledLimit(node="grid", begins=begins, ends=ends, weekdays=weekdays, limit_ma=(20_000,) * 3))
    now = around + before
    foreseen, then = site.lowest(now, horizon_s), now + part * horizon_s
    assert all(a is b is None or (a or 0) <= (b or 0) for a, b in zip(foreseen, site.lowest(then, 0.0), strict=True))
    change = site.next_change_at(now, horizon_s)
    if change is not None and now + 1 < change:
        middle = now + part * (change - now) * 0.999
        assert site.lowest(middle, horizon_s) == foreseen


def test_a_base_load_that_was_told_gives_way_to_the_configured_one() -> None:
    site = capacities()
    site.set_base_load("grid", base_load_ma=(120_000, 0, 0), until=500.0, now=0.0)
    assert site.lowest(0.0, 100.0)[1] == -20_000
    assert site.base(1, 100.0) == 120_000
    assert site.base(1, 500.0) == 10_000
    assert site.lowest(0.0, 600.0)[1:] == [-20_000, 100_000, 100_000]


@pytest.mark.parametrize("limit", [-1, float("nan"), float("inf"), 10**15])
def test_what_is_no_limit_changes_nothing(limit: float) -> None:
    site = capacities()
    with pytest.raises(ValueError, match="limit cannot be"):
        site.set_limit("grid", limit_ma=(limit,) * 3, until=None, now=0.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no node"):
        site.set_limit("roof", limit_w=1, until=None, now=0.0)
    with pytest.raises(ValueError, match="some time to come"):
        site.set_limit("grid", limit_w=1, until=0.0, now=0.0)
    assert site.lowest(0.0, 600.0) == capacities().lowest(0.0, 600.0)


def test_what_was_said_is_taken_up_again() -> None:
    site = capacities()
    site.set_limit("grid", limit_w=5_000, until=None, now=0.0)
    site.set_base_load("grid", base_load_ma=(1, 2, 3), until=900.0, now=0.0)
    other = capacities()
    other.restore(site.saved())
    assert other.lowest(0.0, 10.0) == site.lowest(0.0, 10.0)
    site.clear_limit("grid")
    site.clear_base_load("grid")
    assert site.lowest(0.0, 10.0) == capacities().lowest(0.0, 10.0)
