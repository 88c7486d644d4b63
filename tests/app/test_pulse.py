"""Facts about the lag of the event loop."""

import asyncio
import time

from gateway.app.pulse import BEAT_S, Pulse


def test_a_loop_that_was_held_up_is_seen_to_lag():
    async def story():
        pulse = Pulse()
        pulse.start()
        time.sleep(BEAT_S + 0.3)  # the stall that is to be seen
        async with asyncio.timeout(10):
            while not sum(pulse.lag_seconds.buckets()):
                await asyncio.sleep(0.01)
        pulse.stop()
        assert pulse.lag_seconds.sum >= 0.25

    asyncio.run(story())


def test_after_its_stop_nothing_is_measured_and_no_timer_left():
    async def story():
        pulse = Pulse()
        pulse.start()
        timer = pulse._timer
        pulse.stop()
        assert timer is not None
        assert timer.cancelled()
        assert sum(pulse.lag_seconds.buckets()) == 0

    asyncio.run(story())
