"""Facts about the demo as a service: what it draws, and until when."""

import asyncio

from gateway.app import demo
from gateway.app.terminal import Screen, Snapshot

DEADLINE_S = 30


def test_the_last_picture_is_from_before_the_stations_hang_up(tmp_path, monkeypatch):
    connected: list[str] = []

    def show(screen: Screen, snapshot: Snapshot) -> None:
        connected.append(snapshot.figures[0][0])

    async def story() -> None:
        running = demo.Demo(tmp_path, stations=3, speed=1, seed=1, log=lambda *event, **fields: None)
        await running.start()
        async with asyncio.timeout(DEADLINE_S):
            while connected[-1:] != ["connected 3/3"]:
                await asyncio.sleep(0.01)
        await running.drain()
        await running.stop()

    monkeypatch.setattr(demo, "REDRAW_S", 0.001)
    monkeypatch.setattr(Screen, "show", show)
    asyncio.run(story())
    assert connected[-1] == "connected 3/3"
