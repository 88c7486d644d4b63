"""The assembled gateway: what it keeps over a restart, and that it does what its configuration says."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway.app.config import AuthorisationSection, StationGroup, StationsSection
from gateway.app.config_sources import ConfigError
from gateway.core.credentials import SALT_BYTES, hash_line
from gateway.core.registry import TRANSACTION_ID_EPOCH_S
from gateway.io.data_directory import DataDirectoryError
from tests.app.running import BOOTS, call, run, running, until
from tests.core import said

ACCEPT_ALL = AuthorisationSection(mode="accept_all")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_restart_keeps_registration_transactions_and_answers(tmp_path):
    async def story():
        start = said.start_16()
        async with running(tmp_path, now=lambda: NOON) as gateway, gateway.station("CP1") as station:
            first = await call(station, "StartTransaction", start)
            readings = gateway.registry.readings_total
        async with running(tmp_path, now=lambda: NOON) as gateway, gateway.connect("CP1") as station:
            assert "currentTime" in await call(station, "Heartbeat")  # no boot since
            assert await call(station, "StartTransaction", start) == first
            assert gateway.registry.readings_total == readings == 1
            (transaction,) = gateway.registry.get("CP1").running_transactions()
            assert transaction.transaction == str(first["transactionId"])
            second = await call(station, "StartTransaction", said.start_16(meterStart=7))
            assert second["transactionId"] == first["transactionId"] + 1
            await call(station, "StopTransaction", said.stop_16(first["transactionId"]))
        async with running(tmp_path, now=lambda: NOON) as gateway:
            (transaction,) = gateway.registry.get("CP1").running_transactions()
            assert transaction.transaction == str(second["transactionId"])

    run(story())


def test_any_number_of_restarts_gives_the_same_live_state(tmp_path):
    async def story():
        states = []
        async with running(tmp_path) as gateway:
            async with gateway.station("OLD") as old, gateway.station("NEW", "ocpp2.0.1") as new:
                await call(old, "StatusNotification", said.status_16("Faulted", errorCode="GroundFailure"))
                await call(old, "MeterValues", {"broken": True})
                await call(new, "TransactionEvent", said.event_201("Updated", 3, evse={"id": 1}))
            states.append({station.identity: station.state for station in gateway.registry})
        for _ in range(3):
            async with running(tmp_path) as gateway:
                states.append({station.identity: station.state for station in gateway.registry})
        assert states[0].keys() == {"OLD", "NEW"}
        assert all(state == states[0] for state in states)

    run(story())


def test_without_its_journal_a_gateway_gives_out_other_ids(tmp_path):
    async def first_id(directory, now):
        async with running(directory, now=lambda: now) as gateway, gateway.station("CP1") as station:
            return (await call(station, "StartTransaction", said.start_16()))["transactionId"]

    async def story():
        one = await first_id(tmp_path / "one", NOON)
        other = await first_id(tmp_path / "other", NOON + timedelta(hours=1))
        assert one == int(NOON.timestamp()) - TRANSACTION_ID_EPOCH_S
        assert other == one + 3600

    run(story())


def test_what_was_answered_is_in_the_store_after_the_stop(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            for value in range(20):
                await call(station, "MeterValues", said.meter_values_16({"value": str(value)}))

    run(story())

    async def catch_up():
        async with running(tmp_path) as gateway:
            await until(lambda: gateway.stored("reading") == 20)

    run(catch_up())
    with sqlite3.connect(tmp_path / "store.sqlite") as store:
        assert [value for (value,) in store.execute("SELECT value FROM reading ORDER BY value")] == list(range(20))


def test_time_is_what_the_gateway_is_told(tmp_path):
    async def story():
        async with running(tmp_path, now=lambda: NOON) as gateway, gateway.connect("CP1") as station:
            answer = await call(station, "BootNotification", BOOTS["ocpp1.6"])
            assert answer["currentTime"] == "2026-03-01T12:00:00.000Z"

    run(story())


@pytest.mark.parametrize(("policy", "registration"), [("accept", "Accepted"), ("pending", "Pending")])
def test_unknown_stations_are_registered_by_policy(tmp_path, policy, registration):
    async def story():
        section = StationsSection(unknown=policy, retry_interval_s=17)
        async with running(tmp_path, stations=section) as gateway, gateway.connect("NEW") as station:
            answer = await call(station, "BootNotification", BOOTS["ocpp1.6"])
            assert answer["status"] == registration
            assert answer["interval"] == (300 if policy == "accept" else 17)

    run(story())


def test_only_listed_stations_connect_where_others_are_rejected(tmp_path):
    (tmp_path / "stations").write_text("CP1\n")
    section = StationsSection(unknown="reject", list_file=tmp_path / "stations")

    async def story():
        async with running(tmp_path / "data", stations=section) as gateway:
            with pytest.raises(InvalidStatus, match="404"):
                await gateway.connect("NEW")
            async with gateway.station("CP1") as station:
                assert await call(station, "Heartbeat")

    run(story())


def test_passwords_are_asked_for_where_that_is_configured(tmp_path):
    (tmp_path / "passwords").write_text(hash_line("CP1", b"0123456789abcdef", b"x" * SALT_BYTES) + "\n")
    section = StationsSection(unknown="reject", credentials="basic", credentials_file=tmp_path / "passwords")
    authorization = {"Authorization": "Basic Q1AxOjAxMjM0NTY3ODlhYmNkZWY="}  # CP1:0123456789abcdef

    async def story():
        async with running(tmp_path / "data", stations=section) as gateway:
            with pytest.raises(InvalidStatus, match="401"):
                await gateway.connect("CP1")
            async with gateway.connect("CP1", additional_headers=authorization) as station:
                assert (await call(station, "BootNotification", BOOTS["ocpp1.6"]))["status"] == "Accepted"

    run(story())


def test_the_first_group_that_fits_says_whether_a_station_is_strict(tmp_path):
    groups = (
        StationGroup(name="new", match="A-*", strict=True),
        StationGroup(name="all of A", match="A*", strict=False),
        StationGroup(name="as all others", match="B*"),
    )

    async def story():
        async with running(tmp_path, stations=StationsSection(strict=True, group=groups)) as gateway:
            for identity, strict in (("A-1", True), ("A1", False), ("B1", True)):
                async with gateway.station(identity) as station:
                    answer = await call(station, "MeterValues", {})
                    assert answer == ("OccurenceConstraintViolation" if strict else {}), identity

    run(story())


def test_id_tokens_are_those_of_the_token_file(tmp_path):
    (tmp_path / "tokens.toml").write_text(
        '[[token]]\nid = "GOOD"\n[[token]]\nid = "OLD"\nexpires_at = 2026-03-01T11:59:59Z\n'
    )
    section = AuthorisationSection(token_file=tmp_path / "tokens.toml")

    async def story():
        made = running(tmp_path / "data", authorisation=section, now=lambda: NOON)
        async with made as gateway, gateway.station("CP1") as station:
            for token, status in (("good", "Accepted"), ("OLD", "Expired"), ("OTHER", "Invalid")):
                assert (await call(station, "Authorize", {"idTag": token}))["idTagInfo"]["status"] == status

    run(story())


def test_without_a_token_file_nobody_is_accepted_unless_the_configuration_says_so(tmp_path):
    async def status(directory, **sections):
        async with running(directory, **sections) as gateway, gateway.station("CP1") as station:
            return (await call(station, "Authorize", {"idTag": "ANY"}))["idTagInfo"]["status"]

    async def story():
        assert await status(tmp_path / "one") == "Invalid"
        assert await status(tmp_path / "other", authorisation=ACCEPT_ALL) == "Accepted"

    run(story())


def test_a_data_directory_has_one_gateway(tmp_path):
    async def story():
        async with running(tmp_path):
            with pytest.raises(DataDirectoryError):
                async with running(tmp_path):
                    pass

    run(story())


def test_a_start_that_fails_leaves_the_directory_free(tmp_path):
    async def story():
        async with running(tmp_path / "other") as other:
            taken = int(other.stations_url.split(":")[2].split("/")[0])
            with pytest.raises(ConfigError, match="Address already in use"):
                async with running(tmp_path / "data", listener={"port": taken}):
                    pass
        async with running(tmp_path / "data") as gateway, gateway.station("CP1") as station:
            assert await call(station, "Heartbeat")

    run(story())


def test_a_drain_closes_stations_and_is_seen(tmp_path):
    async def story():
        async with running(tmp_path) as gateway, gateway.station("CP1") as station:
            await gateway.drain()
            with pytest.raises(ConnectionClosed):
                await station.recv()
            assert station.close_code == 1012
            assert gateway.draining

    run(story())
