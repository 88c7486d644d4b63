"""Facts about stations that are sent elsewhere while the journal is full."""

import pytest
from websockets.exceptions import InvalidStatus

from gateway.io.turning_away import TurningAway
from tests.core import said
from tests.io.test_listener import boot, call, close_code, listening, on_uvloop, until

FOR_EVER = 1e9
"""Seconds, or a rate, that no test lives to see."""

FAULTED = '"StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Faulted"}]'


@on_uvloop
async def test_all_are_closed_with_try_again_later_and_nobody_is_let_in():
    async with listening() as yard, yard.connect("CP1") as first, yard.connect("CP2") as second:
        away = TurningAway(yard.listener, closes_per_s=FOR_EVER)
        away.journal_full(True)
        assert [await close_code(station) for station in (first, second)] == [1013, 1013]
        with pytest.raises(InvalidStatus) as refused:
            await yard.connect("CP3")
        assert refused.value.response.status_code == 503
        assert "Retry-After" in refused.value.response.headers
        assert yard.disconnects == {"journal_full": 2}
        assert yard.handshakes == {"accepted": 2, "journal_full": 1}
        away.stop()


@on_uvloop
async def test_a_station_whose_answer_is_withheld_is_closed_too_and_answered_when_it_repeats():
    async with listening() as yard:
        away = TurningAway(yard.listener, closes_per_s=FOR_EVER, steady_s=0.0)
        async with yard.connect("CP1") as station:
            await boot(station)
            yard.journal.holds = True
            await station.send(
                '[2,"7","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Faulted"}]'
            )
            await until(lambda: not next(iter(yard.listener.open)).session.idle)
            away.journal_full(True)
            assert await close_code(station) == 1013
        yard.journal.holds = False
        yard.journal.commit()
        away.journal_full(False)
        await until(lambda: not yard.listener.turns_away)
        async with yard.connect("CP1") as station:
            await station.send(
                '[2,"8","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Faulted"}]'
            )
            assert await station.recv() == '[3,"8",{}]'


@on_uvloop
async def test_those_without_a_running_transaction_go_first_and_room_stops_it():
    async with listening() as yard, yard.connect("BUSY") as busy, yard.connect("FREE") as free:
        await boot(busy)
        await call(busy, "StartTransaction", said.start_16())
        await boot(free)
        away = TurningAway(yard.listener, closes_per_s=1 / FOR_EVER, steady_s=0.0)
        away.journal_full(True)
        assert await close_code(free) == 1013
        away.journal_full(False)
        await until(lambda: not yard.listener.turns_away)
        assert "currentTime" in (await call(busy, "Heartbeat"))[2]
        async with yard.connect("FREE") as free:
            assert "currentTime" in (await call(free, "Heartbeat"))[2]
        away.stop()


@on_uvloop
async def test_room_for_a_moment_lets_nobody_in():
    async with listening() as yard:
        away = TurningAway(yard.listener, closes_per_s=FOR_EVER, steady_s=FOR_EVER)
        away.journal_full(True)
        away.journal_full(False)
        with pytest.raises(InvalidStatus, match="503"):
            await yard.connect("CP1")
        away.stop()


@on_uvloop
async def test_room_that_was_always_there_changes_nothing():
    async with listening() as yard, yard.connect("CP1") as station:
        TurningAway(yard.listener, closes_per_s=FOR_EVER).journal_full(False)
        await boot(station)
