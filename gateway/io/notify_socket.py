"""The socket on which a supervisor hears how this process is: sd_notify(3) of systemd, without its library."""

import os
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

UNSENT_MAX: Final = 8
"""States that wait for room, the newest ones: a supervisor that took none of eight has other troubles than us."""


class NotifySocket:
    """Tells the supervisor at `address`, a path or `@` and an abstract name, in order. It never waits and never raises.

    A supervisor that cannot hear is no business of the stations: `failed` is told why, the first time only.
    """

    def __init__(self, address: str, *, failed: Callable[[str], None]) -> None:
        name = os.fsencode(address)
        self._address: Final = b"\0" + name[1:] if name.startswith(b"@") else name
        self._failed: Callable[[str], None] | None = failed
        self._unsent: deque[bytes] = deque(maxlen=UNSENT_MAX)
        self._socket: Final = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def say(self, *assignments: str) -> None:
        """Send assignments such as `READY=1` as one datagram. If there is no room for it now, it goes with the next."""
        self._unsent.append("\n".join(assignments).encode("utf-8", "surrogateescape"))
        self._send()

    def say_now(self, *assignments: str) -> None:
        """Send what is worth nothing later, such as `WATCHDOG=1`: behind what waits for room, or not at all."""
        if self._send():
            self.say(*assignments)
            self._unsent.clear()

    def close(self) -> None:
        """Say nothing more."""
        self._socket.close()

    def _send(self) -> bool:
        """Send what waits. Returns whether all of it went, or never will."""
        with suppress(BlockingIOError):
            while self._unsent:
                try:
                    self._socket.sendto(self._unsent[0], self._address)
                except BlockingIOError:
                    raise
                except OSError as error:
                    self._fail(error)
                self._unsent.popleft()
        return not self._unsent

    def _fail(self, error: OSError) -> None:
        if self._failed is not None:
            self._failed(error.strerror or str(error))
            self._failed = None
