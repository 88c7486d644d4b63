"""Tells whoever supervises this process, such as systemd, how it is: see sd_notify(3).

Ready once stations can connect; reloading; stopping at the first signal, with more time while stations are taken leave
of; a line of status; and that the event loop still turns. Where nobody asked to be told, nothing is said.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from typing import Final

from gateway.io.notify_socket import NotifySocket

BEAT_S: Final = 5.0
"""Time between two words while all is well. With a watchdog it is half of its time, if that is shorter."""

CLOSING_S: Final = 40.0
"""How long the end may take after the last station has left: 5 s for commands, 2 s for the admin port, 8 s for the
store and 10 s for the journal at the worst. It is also the time that is asked for whenever work takes longer."""

NOTIFY_SOCKET: Final = "NOTIFY_SOCKET"
WATCHDOG_USEC: Final = "WATCHDOG_USEC"
WATCHDOG_PID: Final = "WATCHDOG_PID"

MORE_TIME: Final = f"EXTEND_TIMEOUT_USEC={CLOSING_S * 1_000_000:.0f}"


def open_supervisor(environment: Mapping[str, str], *, log: Callable[..., None]) -> "Supervisor":
    """Return who is to be told, by the variables that systemd sets."""
    address = environment.get(NOTIFY_SOCKET, "")
    if not address:
        return Supervisor(None, watchdog_s=None)
    if not address.startswith(("/", "@")):
        log("supervisor_unheard", level="warning", reason=f"{NOTIFY_SOCKET} is neither a path nor an abstract name")
        return Supervisor(None, watchdog_s=None)

    def failed(reason: str) -> None:
        log("supervisor_unheard", level="warning", reason=reason)

    return Supervisor(NotifySocket(address, failed=failed), watchdog_s=watchdog_s(environment, os.getpid()))


def watchdog_s(environment: Mapping[str, str], pid: int) -> float | None:
    """Return after how much silence the process `pid` is taken for dead; None if nobody minds, or if another is meant.

    See sd_watchdog_enabled(3).
    """
    text = environment.get(WATCHDOG_USEC, "")
    if environment.get(WATCHDOG_PID, str(pid)) != str(pid):
        return None
    return int(text) / 1_000_000 if text.isascii() and text.isdecimal() and int(text) else None


class Supervisor:
    """What is said, in the order in which it happens. All but `progress` is called in the event loop's thread.

    `watchdog_s` is the silence after which the process is taken for dead.
    """

    def __init__(self, socket: NotifySocket | None, *, watchdog_s: float | None) -> None:
        self._socket = socket
        self._has_watchdog: Final = watchdog_s is not None
        self._beat_s: Final = BEAT_S if watchdog_s is None else min(BEAT_S, watchdog_s / 2)
        self._status: Callable[[], str] | None = None
        """What the service does when it does what it is for; None until it has started."""
        self._doing = ""
        """Long work that is under way."""
        self._said = ""
        self._said_monotonic_s = float("-inf")
        self._stopping = False

    def progress(self, text: str) -> None:
        """Say what long work is doing, now and then, and ask for more time; "" ends it.

        Before the start this is all that the supervisor hears, as restoring holds up the event loop.
        """
        self._doing = text
        if text and self._status is None and time.monotonic() - self._said_monotonic_s >= self._beat_s:
            self._beat()

    def started(self, status: Callable[[], str]) -> None:
        """Say that stations can connect, and from now on what `status` returns: one short line."""
        self._status = status
        if self._socket is not None:
            self._ready()
            self._wait(asyncio.get_running_loop())

    def reloading(self, reload: asyncio.Task[None] | None) -> None:
        """Say that files are read again, and at the end of `reload` that this is over."""
        if reload is not None and self._socket is not None and not self._stopping:
            self._socket.say("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
            reload.add_done_callback(lambda _task: self._ready())

    def stopping(self) -> None:
        """Say that the service takes its leave: at the first signal, also of one that has not started yet."""
        self._stopping = True
        if self._socket is not None:
            self._socket.say("STOPPING=1", MORE_TIME)

    def close(self) -> None:
        """Say nothing more. The event loop has ended, or will say nothing for us."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ready(self) -> None:
        if self._socket is not None and not self._stopping:
            self._socket.say("READY=1", *self._new_status())

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(self._beat_s, self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say that the event loop turns, and turn again."""
        if self._socket is not None:
            self._beat()
            self._wait(loop)

    def _beat(self) -> None:
        self._said_monotonic_s = time.monotonic()
        words = ["WATCHDOG=1"] if self._has_watchdog else []
        if self._stopping or self._status is None:
            words.append(MORE_TIME)
        words += self._new_status()
        if self._socket is not None and words:
            self._socket.say_now(*words)

    def _new_status(self) -> list[str]:
        """Return the line of status, if it is another one than before."""
        said, self._said = self._said, self._doing or (self._status() if self._status is not None else "")
        return [f"STATUS={self._said}"] if self._said != said else []
