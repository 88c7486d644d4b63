"""A wire that breaks when a test wants it: a TCP proxy in a thread of its own."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Self, TypeVar

CHUNK_BYTES = 64 * 1024

CALL_S_MAX = 10.0
"""Longest wait for the proxy's thread."""

Result = TypeVar("Result")


class Proxy:
    """Forwards connections of a loopback port to `target_port`. All methods may be called from any thread.

    `target_port` may be set to another one: it counts for new connections, as a floating address does.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self.accepted = 0
        self.cuts = 0
        """Cuts that met a connection, whatever caused them."""
        self.delay_s = 0.0
        """Time that each piece waits before it is forwarded, in both directions."""
        self._links: set[_Link] = set()
        self._swallows = False
        self._trigger: _Trigger | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")

    def start(self) -> Self:
        """Listen on a free port."""
        listening = socket.create_server(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        self._thread.start()
        asyncio.run_coroutine_threadsafe(asyncio.start_server(self._accept, sock=listening), self._loop).result(
            CALL_S_MAX
        )
        self._flows = asyncio.Event()
        self._flows.set()
        return self

    def end(self) -> None:
        """Cut everything and listen no more."""

        async def finish() -> None:
            self._cut_all()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(finish(), self._loop).result(CALL_S_MAX)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def connections(self) -> int:
        """Connections that are open now."""
        return len(self._links)

    def cut(self) -> int:
        """Reset all connections on both sides; return how many there were."""
        return self._call(self._cut_all)

    def hang_up(self) -> None:
        """Close all connections in good order, as a pooler does that restarts."""
        self._call(lambda: [link.close() for link in self._links])

    def stall(self) -> None:
        """Forward nothing from now on, and keep every connection open."""
        self._call(self._flows.clear)

    def resume(self) -> None:
        """Forward again, what had come meanwhile first, and let new connections through."""
        self._call(self._flows.set)
        self._swallows = False

    def swallow(self) -> None:
        """Take new connections from now on and forward nothing of them: a host that is up, and silent."""
        self._swallows = True

    def cut_after(self, size_bytes: int) -> None:
        """Cut everything once clients have sent so many bytes more; the last of them arrive."""
        self._trigger = _Trigger(size_bytes=size_bytes)

    def cut_at(self, text: bytes, *, delivered: bool) -> None:
        """Cut everything when a client sends `text` next. If `delivered`, the server gets it, but answers in vain."""
        self._trigger = _Trigger(text=text, delivered=delivered)

    @property
    def is_armed(self) -> bool:
        """Whether a `cut_after` or `cut_at` is still to come."""
        return self._trigger is not None

    def disarm(self) -> None:
        """Forget a `cut_after` or `cut_at` that has not happened."""
        self._trigger = None

    def _call(self, function: Callable[[], Result]) -> Result:
        async def call() -> Result:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(CALL_S_MAX)

    def _cut_all(self) -> int:
        cut = len(self._links)
        for link in list(self._links):
            link.reset()
        self._links.clear()
        self.cuts += cut > 0
        return cut

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        link = _Link(writer)
        self._links.add(link)
        try:
            if self._swallows:
                await reader.read()
                return
            server_reader, link.server = await asyncio.open_connection("127.0.0.1", self.target_port)
            up = asyncio.create_task(self._forward(reader, link.server, self._seen_by_trigger))
            down = asyncio.create_task(self._forward(server_reader, writer, None))
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
        except OSError:
            link.reset()  # nobody listens there
        finally:
            self._links.discard(link)
            link.close()

    async def _forward(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        seen: Callable[[bytes], bytes | None] | None,
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(CHUNK_BYTES):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self._flows.wait()
                delivered = seen(piece) if seen is not None else None
                target.write(piece if delivered is None else delivered)
                await target.drain()
                if delivered is not None:
                    target.close()  # flushes, so that the server surely reads what was delivered
                    self._cut_all()
                    return

    def _seen_by_trigger(self, piece: bytes) -> bytes | None:
        """Return what of `piece` is still delivered if the wire is cut in it, else None."""
        if self._trigger is None:
            return None
        delivered = self._trigger.see(piece)
        if delivered is not None:
            self._trigger = None
        return delivered


class _Link:
    """The two sockets of one forwarded connection."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.client = client
        self.server: asyncio.StreamWriter | None = None

    def close(self) -> None:
        for side in (self.client, self.server):
            if side is not None:
                side.close()

    def reset(self) -> None:
        for side in (self.client, self.server):
            if side is not None and not side.is_closing():
                side.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                side.transport.abort()


class _Trigger:
    """When to cut the wire: after so many bytes, or at a text."""

    def __init__(self, *, size_bytes: int = 0, text: bytes = b"", delivered: bool = True) -> None:
        self._left_bytes = size_bytes
        self._text = text
        self._delivered = delivered
        self._before = b""

    def see(self, piece: bytes) -> bytes | None:
        """Return what of `piece` is delivered if this is where to cut, else None."""
        if not self._text:
            if len(piece) < self._left_bytes:
                self._left_bytes -= len(piece)
                return None
            return piece[: self._left_bytes]
        found = self._text in self._before + piece
        self._before = (self._before + piece)[-len(self._text) + 1 :]
        if not found:
            return None
        return piece if self._delivered else b""


@contextlib.contextmanager
def proxied(target_port: int) -> Iterator[Proxy]:
    """A proxy that is listening; it is ended whatever happens."""
    proxy = Proxy(target_port).start()
    try:
        yield proxy
    finally:
        proxy.end()
