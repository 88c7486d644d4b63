"""Facts about the way of an order: disk first, unless it takes away; one at a time; and every end told once."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvloop

from gateway.app import charging_orders
from gateway.app.charging_orders import OrderPost
from gateway.core.charging.description import EvseDescription, NodeDescription, SiteDescription
from gateway.core.charging.journalled import RESERVATIONS
from gateway.core.charging.ledger import Ledger
from gateway.core.charging.network import Network
from gateway.core.charging.orders import Ending, Order
from gateway.core.commands import Commander
from gateway.core.stations import Station
from gateway.wire.versions import VERSIONS
from tests.core.station_bench import BEGIN, OCPP16, Bench

DEADLINE_S = 10
NOW = BEGIN.timestamp()
KEY = ("CP1", 1)
SITE = SiteDescription(
    name="depot",
    nodes=(NodeDescription(name="grid", limit_ma=(63_000, 63_000, 63_000)),),
    evses=(EvseDescription(station="CP1", evse=1, node="grid"),),
)


def order(number: int, limit_ma: int, lease_s: float | None = 600.0) -> Order:
    return Order(number, KEY, "T1", limit_ma, (1, 2, 3), NOW, None if lease_s is None else NOW + lease_s)


class Post:
    """An OrderPost over one station on a bench, whose messages say their limit and how long they last."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.line = self.bench.connect(OCPP16)
        self.bench.journal.commit_all()
        self.line.link.written.clear()
        self.ended: list[tuple[int, Ending, float | None]] = []
        self.logged: list[str] = []
        self.knows = True
        self.ledger = Ledger(Network(SITE))
        self.ledger.default_installed(KEY, NOW)
        self.ledger.session_began(KEY, "T1", NOW)
        self.post = OrderPost(
            Commander(self.bench.registry, VERSIONS, lambda: self.bench.monotonic_s),
            self.bench.recorder,
            message=self._message,
            ended=lambda order, ending, retry_s: self.ended.append((order.order, ending, retry_s)),
            now=lambda: self.bench.now,
            speed=1.0,
            log=lambda event, **fields: self.logged.append(event),
        )

    def _message(self, order: Order, station: Station, now: float) -> tuple[str, dict[str, Any]] | None:
        lasts = 0 if order.expires_at is None else round(order.expires_at - now)
        return ("ClearChargingProfile", {"id": order.limit_ma, "stackLevel": lasts}) if self.knows else None

    def send(self, order: Order) -> None:
        self.ledger.sent(order)
        self.post.send(order, self.line.station, self.ledger.saved(KEY))

    @property
    def heard(self) -> list[tuple[int, int]]:
        """What the station was told: limit in mA, and for how many seconds."""
        calls = [json.loads(text) for text in self.line.link.written]
        return [(call[3]["id"], call[3]["stackLevel"]) for call in calls if call[0] == 2]

    def answer(self, status: str = "Accepted") -> None:
        calls = [json.loads(text) for text in self.line.link.written]
        self.line.send(json.dumps([3, calls[-1][1], {"status": status}]))

    def begins(self, limit_ma: int, lease_s: float | None = 600.0) -> None:
        """Let a first order be on disk and accepted."""
        self.send(order(1, limit_ma, lease_s))
        self.bench.journal.commit_all()
        self.answer()
        self.ledger.ended(KEY, 1, Ending.ACCEPTED, NOW)
        self.line.link.written.clear()
        self.ended.clear()


def story(told: Callable[[Post], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(DEADLINE_S):
            await told(Post())

    uvloop.run(main())


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def test_a_raise_is_on_disk_before_its_station_hears_of_it() -> None:
    async def told(post: Post) -> None:
        post.send(order(1, 16_000))
        (fact,) = post.bench.journal.entries[-1].records
        assert RESERVATIONS.get(post.line.station, "1") == post.ledger.saved(KEY)
        assert (fact.kind, fact.key) == ("charging_reservation", "1")
        await asyncio.sleep(0)
        assert post.heard == []
        assert post.post.waiting == 1
        post.bench.journal.commit()
        assert post.heard == [(16_000, 600)]
        assert post.ended == []
        post.answer()
        assert post.ended == [(1, Ending.ACCEPTED, None)]

    story(told)


def test_without_room_in_the_journal_a_raise_is_not_sent() -> None:
    async def told(post: Post) -> None:
        post.bench.journal.has_room = False
        post.send(order(1, 16_000))
        assert post.ended == [(1, Ending.NOT_SENT, None)]
        assert post.heard == []

    story(told)


def test_a_limit_that_takes_away_waits_for_no_full_journal_and_lasts_no_longer_than_what_is_on_disk() -> None:
    async def told(post: Post) -> None:
        post.begins(16_000)
        post.bench.journal.has_room = False
        post.send(order(2, 8000, lease_s=900.0))
        await until(lambda: post.heard)
        assert post.heard == [(8000, 600)]

    story(told)


def test_a_limit_that_takes_away_goes_after_the_answers_that_wait_for_the_disk() -> None:
    async def told(post: Post) -> None:
        post.begins(16_000)
        post.line.call("Heartbeat")
        post.line.call("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"})
        post.send(order(2, 8000))
        assert post.heard == []
        post.bench.journal.commit_all()
        assert [json.loads(text)[0] for text in post.line.link.written] == [3, 3, 2]

    story(told)


def test_a_limit_that_takes_away_waits_for_no_slow_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charging_orders, "LOWERING_S", 0.001)

    async def told(post: Post) -> None:
        post.begins(16_000)
        post.send(order(2, 8000, lease_s=900.0))
        await until(lambda: post.heard)
        assert post.heard == [(8000, 600)]
        post.bench.journal.commit_all()
        assert post.heard == [(8000, 600)]  # once

    story(told)


def test_what_came_late_to_disk_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charging_orders, "LATE_S", -1.0)

    async def told(post: Post) -> None:
        post.send(order(1, 16_000))
        post.bench.journal.commit_all()
        assert (post.heard, post.ended) == ([], [(1, Ending.NOT_SENT, None)])

    story(told)


def test_a_newer_order_takes_the_place_of_one_that_waits() -> None:
    async def told(post: Post) -> None:
        post.send(order(1, 16_000))
        post.ledger.ended(KEY, 1, Ending.NOT_SENT, NOW)
        post.send(order(2, 10_000))
        assert post.ended == [(1, Ending.NOT_SENT, None)]
        post.bench.journal.commit_all()
        assert post.heard == [(10_000, 600)]

    story(told)


@pytest.mark.parametrize(
    ("answer", "ending"), [("Accepted", Ending.ACCEPTED), ("Unknown", Ending.REJECTED), (None, Ending.UNKNOWN)]
)
def test_every_end_is_told_once_and_counted(answer: str | None, ending: Ending) -> None:
    async def told(post: Post) -> None:
        post.send(order(1, 16_000))
        post.bench.journal.commit_all()
        if answer is None:
            post.line.session.close()
        else:
            post.answer(answer)
        assert post.ended == [(1, ending, None)]
        assert post.post.endings == {ending: 1}
        assert post.logged == (["limit_rejected"] if ending is Ending.REJECTED else [])

    story(told)


def test_who_is_gone_before_the_disk_was_ready_is_not_sent_anything() -> None:
    async def told(post: Post) -> None:
        post.send(order(1, 16_000))
        post.line.station.session = None
        post.bench.journal.commit_all()
        assert post.ended == [(1, Ending.NOT_SENT, None)]
        post.send(order(2, 16_000))
        assert post.ended[1:] == [(2, Ending.NOT_SENT, None)]

    story(told)


def test_a_station_of_which_too_little_is_known_is_not_sent_anything() -> None:
    async def told(post: Post) -> None:
        post.knows = False
        post.send(order(1, 16_000))
        post.bench.journal.commit_all()
        assert post.ended == [(1, Ending.NOT_SENT, None)]

    story(told)


def test_a_station_that_has_too_much_to_answer_is_not_sent_more() -> None:
    async def told(post: Post) -> None:
        for _ in range(100):
            if post.line.session.takes_calls:
                post.post._commander.send(
                    post.line.station, "GetConfiguration", b"{}", timeout_s=60, ended=lambda end: None
                )
        post.send(order(1, 16_000))
        post.bench.journal.commit_all()
        assert post.ended == [(1, Ending.NOT_SENT, None)]

    story(told)


def test_after_stopping_nothing_is_sent() -> None:
    async def told(post: Post) -> None:
        post.send(order(1, 16_000))
        post.post.stop()
        post.bench.journal.commit_all()
        post.send(order(2, 16_000))
        assert post.heard == []
        assert [end[1] for end in post.ended] == [Ending.NOT_SENT] * 2

    story(told)
