"""Facts about what the controller of a site hears of what its stations say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.core.charging.description import EvseDescription
from gateway.core.charging.observing import WANTED_NEEDS, Observer, WantedNeeds, drawn
from gateway.core.charging.sessions import Needs
from gateway.core.facts.charging_notices import (
    CHARGING_NEEDS,
    PRIORITY_CHARGING,
    ChargingNeeds,
    PriorityCharging,
)
from gateway.core.records import Channel, ConnectorStatus, Entry, MeterValue, Readings, Record, Sample, TransactionEvent
from gateway.core.stations import Station

BEGIN = datetime(2026, 11, 2, 8, tzinfo=UTC)
NOW = BEGIN.timestamp()
KEY, OTHER = ("CP1", 1), ("CP1", 3)


def sample(measurand: str, value: float | None, unit: str, phase: str | None = None, **more: str) -> Sample:
    channel = Channel(measurand, phase, more.get("context", "Sample.Periodic"), more.get("location", "Outlet"), unit)
    return Sample(channel, value)


def amperes(value: float, phase: str | None = None, **more: str) -> Sample:
    return sample("Current.Import", value, "A", phase, **more)


def event(kind: Any, transaction: str = "T1", evse: int | None = 1, **more: Any) -> TransactionEvent:
    fields: dict[str, Any] = {
        "time": BEGIN,
        "event": kind,
        "transaction": transaction,
        "evse": evse,
        "connector": 1,
        "trigger": None,
        "seq_no": None,
        "id_token": "TAG1",
        "charging_state": None,
        "stopped_reason": None,
        "register_wh": None,
    }
    return TransactionEvent(**(fields | more))


def readings(*samples: Sample, transaction: str | None = "T1", evse: int | None = 1, after_s: float = 0) -> Readings:
    return Readings(evse, 1, transaction, [MeterValue(BEGIN + timedelta(seconds=after_s), list(samples))])


class Heard:
    """A controller that notes what it hears, and a station that says it."""

    def __init__(self, *evses: EvseDescription, station: str = "CP1", groups: dict[str, str] | None = None) -> None:
        described = evses or tuple(EvseDescription(station="CP1", evse=evse, node="grid") for evse in (1, 3))
        self.told: list[tuple[Any, ...]] = []
        self.station = Station(station)
        self.observer = Observer(self, {evse.key: evse for evse in described}, (groups or {}).get)

    def says(self, *records: Record) -> list[Record]:
        """Let records take effect, and return what ends with them."""
        entry = Entry(self.station.identity, BEGIN, None, b"", list(records))
        self.station.apply(entry)
        return self.observer.observe(self.station, entry, NOW)

    def session_began(self, key: Any, transaction: str, tokens: tuple[str, ...], now: float) -> None:
        self.told.append(("began", key, transaction, tokens))

    def session_ended(self, key: Any, transaction: str, now: float) -> None:
        self.told.append(("ended", key, transaction))

    def drew(self, *said: Any) -> None:
        self.told.append(("drew", *said))

    def needs(self, key: Any, needs: Needs, now: float) -> None:
        self.told.append(("needs", key, needs))


def test_a_session_begins_and_ends_with_its_transaction() -> None:
    heard = Heard(groups={"TAG1": "staff"})
    heard.says(event("Started"))
    heard.says(event("Updated"))
    heard.says(event("Ended"))
    assert heard.told == [("began", KEY, "T1", ("TAG1", "staff")), ("ended", KEY, "T1")]


def test_a_session_whose_start_was_lost_begins_with_what_is_heard_of_it_first() -> None:
    heard = Heard()
    heard.says(event("Updated", evse=3, id_token=None))
    assert heard.told == [("began", OTHER, "T1", ())]


def test_a_transaction_begins_at_its_evse_once_that_is_known() -> None:
    heard = Heard()
    heard.says(event("Started", evse=None))
    assert heard.told == []
    heard.says(event("Updated", evse=1))
    assert heard.told == [("began", KEY, "T1", ("TAG1",))]


def test_who_begins_where_somebody_else_charged_ends_that() -> None:
    heard = Heard()
    heard.says(event("Started", "T1"))
    heard.says(event("Started", "T2"))
    assert heard.told[1:] == [("ended", KEY, "T1"), ("began", KEY, "T2", ("TAG1",))]


def test_the_late_end_of_another_transaction_ends_nothing() -> None:
    heard = Heard()
    heard.says(event("Started", "T2"))
    heard.says(event("Ended", "T1"))
    assert [told[0] for told in heard.told] == ["began"]


def test_evses_of_no_site_and_statuses_are_not_told() -> None:
    heard = Heard()
    heard.says(event("Started", evse=2), ConnectorStatus(BEGIN, 1, 1, "Occupied"))
    heard.says(readings(amperes(10), evse=2))
    elsewhere = Heard(station="CP2")
    elsewhere.says(event("Started"))
    assert heard.told == elsewhere.told == []


def test_after_a_restart_what_runs_is_told_once() -> None:
    heard = Heard()
    heard.station.apply(Entry("CP1", BEGIN, None, b"", [event("Started", "T1"), event("Started", "T3", evse=3)]))
    heard.observer.begin(heard.station, NOW)
    heard.says(event("Updated", "T1"))
    assert heard.told == [("began", KEY, "T1", ("TAG1",)), ("began", OTHER, "T3", ("TAG1",))]


def test_a_reading_tells_currents_power_and_energy_since_the_begin() -> None:
    heard = Heard()
    heard.says(event("Started", register_wh=1000.0))
    energy = sample("Energy.Active.Import.Register", 3500.0, "Wh")
    heard.says(readings(amperes(10.04, "L1"), amperes(0, "L2"), sample("Power.Active.Import", 2300, "W"), energy))
    assert heard.told[1:] == [("drew", KEY, "T1", (10040, 0, None), 2300, 2500.0, NOW, NOW)]


def test_the_newest_of_many_values_counts_under_its_own_time() -> None:
    heard = Heard()
    heard.says(event("Started"))
    values = [MeterValue(BEGIN + timedelta(seconds=s), [amperes(a, "L1")]) for s, a in ((0, 6), (60, 16), (30, 8))]
    heard.says(Readings(1, 1, "T1", values))
    assert heard.told[-1][3:] == ((16000, None, None), None, None, NOW + 60, NOW)


def test_a_reading_without_a_transaction_is_of_the_one_that_runs_there() -> None:
    heard = Heard()
    heard.says(readings(amperes(1, "L1"), transaction=None))
    heard.says(event("Started"))
    heard.says(readings(amperes(9, "L1"), transaction=None))
    assert [(told[2], told[3]) for told in heard.told if told[0] == "drew"] == [
        (None, (1000, None, None)),
        ("T1", (9000, None, None)),
    ]


def test_what_is_read_of_a_transaction_that_has_ended_is_not_told() -> None:
    heard = Heard()
    heard.says(event("Started"))
    heard.says(event("Ended"), readings(amperes(16)))
    assert [told[0] for told in heard.told] == ["began", "ended"]


def test_of_a_direct_current_only_the_power_is_told() -> None:
    heard = Heard(EvseDescription(station="CP1", evse=1, node="grid", current="DC"))
    heard.says(event("Started"))
    heard.says(readings(amperes(120)))
    heard.says(readings(amperes(120), sample("Power.Active.Import", 48000, "W")))
    assert heard.told[1:] == [("drew", KEY, "T1", None, 48000, None, NOW, NOW)]


@pytest.mark.parametrize(
    ("samples", "lines", "expected"),
    [
        ([amperes(7)], 1, ((7000, None, None), None)),
        ([amperes(7)], 3, ((7000, 7000, 7000), None)),
        ([amperes(7), amperes(3, "L2")], 3, ((7000, 3000, 7000), None)),
        ([amperes(7, "L1-N"), amperes(2, "L1-L2"), amperes(1, "N")], 3, ((7000, None, None), None)),
        ([amperes(7, "L1", location="EV"), amperes(8, "L1", context="Transaction.End")], 3, (None, None)),
        ([sample("Power.Active.Import", p, "W", f"L{n}") for n, p in ((1, 100), (2, 20))], 3, (None, 120)),
        ([sample("Current.Import", 7, "Percent"), sample("Current.Import", None, "A")], 3, (None, None)),
        ([sample("Current.Offered", 7, "A"), sample("Voltage", 230, "V", "L1")], 3, (None, None)),
    ],
)
def test_what_is_drawn_is_read_phase_by_phase(samples: list[Sample], lines: int, expected: Any) -> None:
    assert drawn(MeterValue(BEGIN, samples), lines=lines) == expected


def test_what_an_operator_wants_counts_before_what_the_vehicle_says() -> None:
    heard = Heard()
    heard.says(event("Started"))
    departure = BEGIN + timedelta(hours=2)
    said = ChargingNeeds(1, BEGIN, "AC_three_phase", departure, 20_000.0, min_current_a=6.0, max_current_a=16.0)
    heard.says(CHARGING_NEEDS.holds("1", said, BEGIN))
    heard.says(WANTED_NEEDS.holds("1", WantedNeeds(1, BEGIN, energy_wh=5000.0, priority=7), BEGIN))
    first = Needs(energy_wh=20_000.0, departure_at=NOW + 7200, minimum_ma=6000, maximum_ma=16_000)
    second = Needs(energy_wh=5000.0, departure_at=NOW + 7200, priority=7, minimum_ma=6000, maximum_ma=16_000)
    assert heard.told[1:] == [("needs", KEY, first), ("needs", KEY, second)]


def test_a_driver_who_asked_for_priority_comes_first() -> None:
    heard = Heard()
    heard.says(event("Started"))
    heard.says(PRIORITY_CHARGING.holds("T1", PriorityCharging("T1", BEGIN), BEGIN))
    assert heard.told[1:] == [("needs", KEY, Needs(priority=0))]


def test_what_was_wanted_before_a_session_is_told_when_it_begins_and_ends_with_it() -> None:
    heard = Heard()
    assert heard.says(WANTED_NEEDS.holds("1", WantedNeeds(1, BEGIN, energy_wh=5000.0), BEGIN)) == []
    assert heard.told == []
    assert heard.says(event("Started")) == []
    assert heard.told[1:] == [("needs", KEY, Needs(energy_wh=5000.0))]
    assert heard.says(event("Ended")) == [WANTED_NEEDS.ends("1", BEGIN)]


def test_what_no_longer_holds_is_told_as_none() -> None:
    heard = Heard()
    heard.says(event("Started"), WANTED_NEEDS.holds("1", WantedNeeds(1, BEGIN, priority=3), BEGIN))
    heard.says(WANTED_NEEDS.ends("1", BEGIN))
    assert [told[2] for told in heard.told if told[0] == "needs"][-1] == Needs()
