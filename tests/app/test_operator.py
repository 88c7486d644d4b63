import asyncio
import json

import pytest

from gateway.app import operator
from gateway.app.operator import LoopHearing
from gateway.core.flows.reports import Parts
from gateway.core.stations import Station
from gateway.wire.payloads import decode_request
from gateway.wire.versions import VERSIONS

REPORT = "NotifyReport"
ACTION = VERSIONS["ocpp2.0.1"].from_station[REPORT]


def part(request_id, seq_no, *, tbc=True):
    about = {"requestId": request_id, "generatedAt": "2026-01-01T00:00:00Z", "seqNo": seq_no, "tbc": tbc}
    return decode_request(ACTION, json.dumps(about).encode())


async def said_all_the_time(station, requests, hearing):
    """Whether a hearing ends well while the station says one thing after the other, however long it takes."""
    ending = asyncio.create_task(hearing.end())
    async with asyncio.timeout(10):
        while not ending.done():
            request = next(requests)
            for listener in station.listeners or ():
                listener(REPORT, request)
            await asyncio.sleep(0)
    return ending.result()


@pytest.mark.parametrize("chatter", [part(2, 0), part(1, 0), part(1, -1), part(1, 10**6, tbc=False)])
def test_what_is_no_news_of_a_report_does_not_keep_its_flow_waiting(chatter):
    async def story():
        station = Station("CP1")
        parts = Parts(1, lambda part: None)
        hearing = LoopHearing(station, REPORT, parts.take, timeout_s=0.05)
        parts.take(part(1, 0))
        assert not await said_all_the_time(station, iter(lambda: chatter, None), hearing)
        assert station.listeners is None

    asyncio.run(story())


def test_a_report_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(operator, "HEARING_S_MAX", 0.2)

    async def story():
        station = Station("CP1")
        hearing = LoopHearing(station, REPORT, lambda _request: False, timeout_s=60.0)
        assert not await said_all_the_time(station, iter(lambda: part(1, 1), None), hearing)
        assert station.listeners is None

    asyncio.run(story())


def test_a_report_whose_parts_come_one_by_one_may_take_longer_than_one_part():
    async def story():
        station = Station("CP1")
        parts = Parts(1, lambda part: None)
        hearing = LoopHearing(station, REPORT, parts.take, timeout_s=0.3)
        begun = asyncio.get_running_loop().time()
        every = iter([part(1, number, tbc=number < 4) for number in range(5)])

        def say():
            request = next(every, None)
            if request is not None:
                for listener in station.listeners:
                    listener(REPORT, request)
                asyncio.get_running_loop().call_later(0.1, say)

        say()
        assert await hearing.end()
        assert asyncio.get_running_loop().time() - begun > 0.3, "or else this test shows nothing"

    asyncio.run(story())
