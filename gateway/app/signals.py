"""Runs a service until it is asked to stop: the first signal drains it, a second one stops it at once.

SIGHUP has a service that can do so read its files again.
"""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, Protocol

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Service(Protocol):
    """What can be started, drained and stopped."""

    async def start(self) -> None:
        """Begin to serve."""

    async def drain(self) -> None:
        """Take leave of the stations. May be cancelled."""

    async def stop(self) -> None:
        """Release everything, also after a start that failed or was cancelled."""


def install(
    loop: asyncio.AbstractEventLoop, on_first: Callable[[], None], on_second: Callable[[], None]
) -> Callable[[], None]:
    """Have `loop` call `on_first` at the first SIGINT or SIGTERM and `on_second` at each later one.

    Returns a function that gives the signals back their usual effect.
    """
    asked = False

    def receive() -> None:
        nonlocal asked
        if asked:
            on_second()
        else:
            asked = True
            on_first()

    def uninstall() -> None:
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    for number in SIGNALS:
        loop.add_signal_handler(number, receive)
    return uninstall


async def run_until_signalled(
    service: Service,
    on_started: Callable[[], None],
    *,
    duration_s: float | None = None,
    on_hangup: Callable[[], None] | None = None,
    on_asked: Callable[[], None] = lambda: None,
) -> None:
    """Start `service`, wait for a signal or for `duration_s`, drain and stop it. Raises what starting or draining does.

    A signal during the start lets it finish and then drains; a second one cancels whatever is under way. While `stop`
    runs, signals have their usual effect again: nothing can hold the process. `on_hangup` is called at each SIGHUP
    while it serves; one that comes before or after that has no effect. `on_asked` is called at the first signal.
    """
    asked, at_once = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask() -> None:
        asked.set()
        on_asked()

    uninstall = install(loop, ask, at_once.set)
    if on_hangup is not None:
        loop.add_signal_handler(signal.SIGHUP, _nothing)
    try:
        if await _finished(service.start(), at_once):
            if on_hangup is not None:
                loop.add_signal_handler(signal.SIGHUP, on_hangup)
            on_started()
            with suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), duration_s)
            if on_hangup is not None:
                loop.add_signal_handler(signal.SIGHUP, _nothing)
            await _finished(service.drain(), at_once)
    finally:
        uninstall()
        await service.stop()


def _nothing() -> None:
    """A signal that has no effect now."""


async def _finished(work: Coroutine[Any, Any, None], at_once: asyncio.Event) -> bool:
    """Await `work`, but cancel it when `at_once` is set. Returns whether it finished."""
    task = asyncio.ensure_future(work)
    interrupt = asyncio.ensure_future(at_once.wait())
    try:
        await asyncio.wait({task, interrupt}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
            return True
        return False
    finally:
        interrupt.cancel()
        task.cancel()
        await asyncio.wait({task, interrupt})
