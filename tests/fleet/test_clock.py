import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gateway.fleet.clock import accelerated_clock, real_clock, seconds_from, wait

START = datetime(2025, 3, 1, 8, tzinfo=UTC)


async def test_an_accelerated_clock_lets_an_hour_pass_in_a_sleep_of_an_hour():
    clock = accelerated_clock(36_000, start_at=START)
    async with asyncio.timeout(30):
        await clock.sleep(3600)
    assert clock.now() - START >= timedelta(hours=1) - timedelta(minutes=10)  # the loop's clock ticks in 1 ms = 36 s


async def test_a_real_clock_shows_the_time_on_the_wall():
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    assert before <= real_clock().now() <= datetime.now(UTC)


def test_times_have_whole_milliseconds_as_messages_can_show():
    assert real_clock().now().microsecond % 1000 == 0
    assert seconds_from(START, 0.0019).microsecond == 1000


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_clock_runs_forwards(speed):
    with pytest.raises(ValueError, match="positive"):
        accelerated_clock(speed)


async def test_a_wait_ends_at_its_time_or_when_woken_and_leaves_the_event_clear():
    clock, wake = accelerated_clock(1000, start_at=START), asyncio.Event()
    async with asyncio.timeout(30):
        await wait(clock, wake, seconds_from(clock.now(), 10))
        wake.set()
        await wait(clock, wake, None)
    assert not wake.is_set()


async def test_a_moment_that_has_passed_is_not_waited_for():
    async with asyncio.timeout(30):
        await wait(real_clock(), asyncio.Event(), START)
