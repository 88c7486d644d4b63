"""The timer wheel on a clock that the test turns."""

from random import Random
from weakref import ref

from gateway.io.timers import TICK_S, TimerWheel


class Turned:
    """A clock and a loop with one timer, turned by hand."""

    def __init__(self, now: float = 1000.25) -> None:
        self.now = now
        self.due: list[tuple[float, object]] = []
        self.wheel = TimerWheel(lambda: self.now, lambda delay, call: self.due.append((self.now + delay, call)))

    def run(self, seconds: float) -> None:
        """Let time pass in small steps; the loop calls what is due."""
        until = self.now + seconds
        while self.now < until:
            self.now += 0.125
            ready = [item for item in self.due if item[0] <= self.now]
            for item in ready:
                self.due.remove(item)
                item[1]()


class Waiter:
    def __init__(self, *deadlines: float | None) -> None:
        self.ticks: list[float] = []
        self._next = list(deadlines)

    def tick(self, now: float) -> float | None:
        self.ticks.append(now)
        return self._next.pop(0) if self._next else None


def test_a_deadline_is_met_never_early_and_at_most_one_turn_late():
    random = Random("deadlines")
    turned = Turned()
    waiting = {}
    for _ in range(500):
        deadline = turned.now + random.uniform(0, 30)
        waiter = waiting[deadline] = Waiter()
        turned.wheel.schedule(waiter, deadline)
    turned.run(40)
    for deadline, waiter in waiting.items():
        (met,) = waiter.ticks
        assert deadline <= met <= deadline + 2 * TICK_S  # a bucket's width, and the loop's own step


def test_what_names_a_next_deadline_is_asked_again_then():
    turned = Turned()
    start = turned.now
    waiter = Waiter(start + 5, start + 9, None)
    turned.wheel.schedule(waiter, start + 1)
    turned.run(20)
    assert len(waiter.ticks) == 3
    assert all(met >= start + due for met, due in zip(waiter.ticks, (1, 5, 9), strict=True))


def test_a_deadline_in_the_past_is_met_at_the_next_turn():
    turned = Turned()
    waiter = Waiter()
    turned.wheel.schedule(waiter, 0.0)
    assert waiter.ticks == []
    turned.run(2 * TICK_S)
    assert len(waiter.ticks) == 1


def test_a_nearer_deadline_that_is_told_is_met():
    turned = Turned()
    waiter = Waiter(None, None)
    turned.wheel.schedule(waiter, turned.now + 100)
    turned.wheel.schedule(waiter, turned.now + 1)
    turned.run(5)
    assert len(waiter.ticks) == 1


def test_after_a_long_stall_everything_is_met_once():
    turned = Turned()
    waiters = [Waiter() for _ in range(50)]
    for index, waiter in enumerate(waiters):
        turned.wheel.schedule(waiter, turned.now + index)
    turned.now += 1000
    turned.run(2 * TICK_S)
    assert [len(waiter.ticks) for waiter in waiters] == [1] * 50


def test_without_anything_waiting_the_loop_is_left_alone():
    assert Turned().due == []


def test_any_number_of_deadlines_costs_the_loop_one_timer():
    turned = Turned()
    waiters = [Waiter() for _ in range(1000)]
    for index, waiter in enumerate(waiters):
        turned.wheel.schedule(waiter, turned.now + index / 7)
    assert len(turned.due) == 1
    turned.run(10)
    assert len(turned.due) == 1


def test_after_a_stall_the_loop_reads_before_anybody_is_given_up():
    turned = Turned()
    start = turned.now
    waiter = Waiter()
    turned.wheel.schedule(waiter, start + 60)
    turned.run(1)
    turned.now += 300  # the process was stopped; the loop's timer is due at once, before it looks at the sockets
    ((_, turn),) = turned.due
    turned.due.clear()
    turn()
    assert waiter.ticks == []
    ((due_at, _),) = turned.due
    assert due_at == turned.now
    turned.run(1)
    assert len(waiter.ticks) == 1


def test_what_is_gone_is_neither_kept_nor_asked():
    turned = Turned()
    waiter, gone = Waiter(), Waiter()
    ticks = gone.ticks
    for waiting in (waiter, gone):
        turned.wheel.schedule(waiting, turned.now + 1)
    last = ref(gone)
    del gone, waiting
    assert last() is None
    turned.run(5)
    assert (len(waiter.ticks), ticks) == (1, [])


def test_one_that_raises_costs_the_others_no_deadline():
    class Raiser:
        def tick(self, now: float) -> float | None:
            raise ValueError("a bug")

    turned = Turned()
    waiters = [Waiter() for _ in range(3)]
    everybody = (waiters[0], Raiser(), waiters[1], Raiser(), waiters[2])
    for waiting in everybody:
        turned.wheel.schedule(waiting, turned.now + 1)
    raised = 0
    for _ in range(40):
        try:
            turned.run(0.125)
        except ValueError:
            raised += 1
    assert raised == 2
    assert [len(waiter.ticks) for waiter in waiters] == [1, 1, 1]
