"""Facts about signals: what the first one does, and the second."""

import asyncio
import os
import signal

import pytest

from gateway.app.signals import install, run_until_signalled


class Scripted:
    """A Service that notes what is called, sends itself signals, and hangs where it is told to."""

    def __init__(self, *, hangs_in="", fails_in="", signals_in=()):
        self.calls: list[str] = []
        self._hangs_in = hangs_in
        self._fails_in = fails_in
        self._signals_in = list(signals_in)

    async def _step(self, name: str) -> None:
        self.calls.append(name)
        while name in self._signals_in:
            self._signals_in.remove(name)
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0)
        if self._fails_in == name:
            raise OSError(f"{name} failed")
        if self._hangs_in == name:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.calls.append(f"{name} cancelled")
                raise

    async def start(self) -> None:
        await self._step("start")

    async def drain(self) -> None:
        await self._step("drain")

    async def stop(self) -> None:
        await self._step("stop")


def run(service, on_started) -> None:
    asyncio.run(asyncio.wait_for(run_until_signalled(service, on_started), 10))


def kill(number=signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_drains_and_stops(number):
    service = Scripted()
    run(service, lambda: kill(number))
    assert service.calls == ["start", "drain", "stop"]


def test_a_second_signal_cancels_the_drain():
    service = Scripted(hangs_in="drain", signals_in=["drain"])
    run(service, kill)
    assert service.calls == ["start", "drain", "drain cancelled", "stop"]


def test_a_signal_during_the_start_drains_after_it():
    service = Scripted(signals_in=["start"])
    run(service, lambda: service.calls.append("started"))
    assert service.calls == ["start", "started", "drain", "stop"]


def test_two_signals_during_the_start_stop_at_once():
    service = Scripted(hangs_in="start", signals_in=["start", "start"])
    run(service, lambda: service.calls.append("started"))
    assert service.calls == ["start", "start cancelled", "stop"]


@pytest.mark.parametrize("step", ["start", "drain"])
def test_the_first_signal_is_told_of_at_once_and_no_other(step):
    """Also during the start, which takes no notice of it, and not again at a second one, during the drain."""
    told: list[str] = []

    class Signalled(Scripted):
        async def _step(self, name: str) -> None:
            await super()._step(name)
            if name == step:
                kill()
                while not told:
                    await asyncio.sleep(0)
                assert "stop" not in self.calls
            if name == "drain" and step == "start":
                kill()
                await asyncio.Event().wait()

    service = Signalled()

    def started() -> None:
        if step == "drain":
            kill()

    story = run_until_signalled(service, started, on_asked=lambda: told.append(service.calls[-1]))
    asyncio.run(asyncio.wait_for(story, 10))
    assert told == ["start"]
    assert service.calls == ["start", "drain", "stop"]


def test_a_start_that_fails_is_cleaned_up_and_told():
    service = Scripted(fails_in="start")
    with pytest.raises(OSError, match="start failed"):
        run(service, kill)
    assert service.calls == ["start", "stop"]


def test_a_drain_that_fails_still_stops():
    service = Scripted(fails_in="drain")
    with pytest.raises(OSError, match="drain failed"):
        run(service, kill)
    assert service.calls == ["start", "drain", "stop"]


def test_afterwards_signals_have_their_usual_effect():
    before = signal.getsignal(signal.SIGTERM)
    run(Scripted(), kill)
    assert signal.getsignal(signal.SIGTERM) == before


def test_each_later_signal_counts_as_a_second():
    async def check():
        calls = []
        uninstall = install(asyncio.get_running_loop(), lambda: calls.append(1), lambda: calls.append(2))
        for expected in ([1], [1, 2], [1, 2, 2]):
            kill()
            async with asyncio.timeout(10):
                while calls != expected:
                    await asyncio.sleep(0)
        uninstall()

    asyncio.run(check())


def test_a_hangup_is_heard_each_time_while_the_service_serves_and_only_then():
    heard: list[str] = []

    class Hanging(Scripted):
        async def _step(self, name: str) -> None:
            await super()._step(name)
            kill(signal.SIGHUP)
            await asyncio.sleep(0.01)  # it would be heard by now

    def hang_up() -> None:
        heard.append("hangup")
        kill(signal.SIGHUP if len(heard) < 3 else signal.SIGINT)

    service = Hanging()
    asyncio.run(
        asyncio.wait_for(
            run_until_signalled(service, lambda: kill(signal.SIGHUP), on_hangup=hang_up),
            10,
        )
    )
    assert heard == ["hangup"] * 3
    assert service.calls == ["start", "drain", "stop"]
