import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.authorisation import Token
from gateway.core.calls import Outcome
from gateway.core.commands import CommandError
from gateway.core.facts.local_list import KEY, LIST, list_state, records_of_raw_call
from gateway.core.flows import reports
from gateway.core.flows.local_list import ShowRequest, SyncRequest, show, sync
from gateway.core.registry import Registry
from gateway.core.token_history import VERSION_STEP, TokenHistory, TokenList
from tests.core.scripted_station import Gone, Refused, ScriptedStation, Silent
from tests.core.station_bench import OCPP16, OCPP21, OCPP201

VERSIONS = [OCPP16, OCPP201, OCPP21]


class ListStation:
    """A station with a local list that keeps to the specification (1.6 section 5.15, 2.0.1 use case D01)."""

    def __init__(self, version: str, *, items: int = 50, entries_max: int | None = None, **script: Any) -> None:
        self.is_16 = version == OCPP16
        self.items = items
        self.entries_max = entries_max
        self.enabled = "true"
        self.version = 0
        self.listed: dict[str, str] = {}
        self.faults: list[str] = []
        self.updates: list[tuple[str, int, int]] = []
        own: dict[str, Callable[[Any], Any]] = {
            "GetConfiguration": self.configuration,
            "GetVariables": self.variables,
            "GetReport": self.report,
            "GetLocalListVersion": lambda payload: {self.version_field[0]: self.version},
            "SendLocalList": self.update,
        }
        self.script = ScriptedStation(version, {**own, **script})
        self.tokens: list[Token] = []
        self.lists: list[TokenList] = []

    @property
    def version_field(self) -> tuple[str, str]:
        return ("listVersion", "listVersion") if self.is_16 else ("versionNumber", "versionNumber")

    def want(self, *tokens: str | Token) -> None:
        """Change the operator's list."""
        listed = tuple(token if isinstance(token, Token) else Token(id=token) for token in tokens)
        self.lists.append(TokenList((len(self.lists) + 1) * VERSION_STEP, listed))
        self.script.histories = TokenHistory(self.lists)

    def sync(self, **request: Any) -> Any:
        return self.script.run(sync, SyncRequest(**request))

    def configuration(self, payload: Any) -> Any:
        values = {"GetConfigurationMaxKeys": "9", "SendLocalListMaxLength": str(self.items)}
        values["LocalAuthListEnabled"] = self.enabled
        if self.entries_max is not None:
            values["LocalAuthListMaxLength"] = str(self.entries_max)
        told = [{"key": key, "readonly": True, "value": values[key]} for key in payload["key"] if key in values]
        return {"configurationKey": told, "unknownKey": [key for key in payload["key"] if key not in values]}

    def variables(self, payload: Any) -> Any:
        results = []
        for item in payload["getVariableData"]:
            name = item["component"]["name"], item["variable"]["name"]
            values = {
                ("DeviceDataCtrlr", "ItemsPerMessage"): "20",
                ("LocalAuthListCtrlr", "ItemsPerMessage"): str(self.items),
                ("LocalAuthListCtrlr", "Enabled"): self.enabled,
            }
            told = {"attributeStatus": "UnknownVariable"}
            if name in values:
                told = {"attributeStatus": "Accepted", "attributeValue": values[name]}
            results.append({**item, **told})
        return {"getVariableResult": results}

    def report(self, payload: Any) -> Any:
        assert payload["componentVariable"] == [
            {"component": {"name": "LocalAuthListCtrlr"}, "variable": {"name": "Entries"}}
        ]
        about: dict[str, Any] = {"dataType": "integer", "supportsMonitoring": False}
        if self.entries_max is not None:
            about["maxLimit"] = self.entries_max
        row = {
            **payload["componentVariable"][0],
            "variableAttribute": [{"value": str(len(self.listed))}],
            "variableCharacteristics": about,
        }
        body = {"requestId": payload["requestId"], "generatedAt": "2026-03-01T12:00:00Z", "seqNo": 0}
        self.script.send("NotifyReport", {**body, "reportData": [row]})
        return {"status": "Accepted"}

    def update(self, payload: Any) -> Any:
        entries = payload.get("localAuthorizationList", [])
        version, kind = payload[self.version_field[1]], payload["updateType"]
        self.updates.append((kind, version, len(entries)))
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "silent":
            raise Silent
        if fault == "gone":
            raise Gone
        if fault in ("Failed", "VersionMismatch", "NotSupported"):
            return {"status": fault}
        if fault == "error":
            raise Refused("InternalError")
        if len(entries) > self.items:
            raise Refused("OccurenceConstraintViolation")
        if kind == "Differential" and version <= self.version:
            return {"status": "VersionMismatch"}
        listed = dict(self.listed) if kind == "Differential" else {}
        for entry in entries:
            token = entry["idTag"] if self.is_16 else entry["idToken"]["idToken"]
            told = entry.get("idTagInfo" if self.is_16 else "idTokenInfo")
            assert told is not None or kind == "Differential"
            if told is None:
                listed.pop(token.lower(), None)
            else:
                listed[token.lower()] = told["status"]
        if self.entries_max is not None and len(listed) > self.entries_max:
            return {"status": "Failed"}
        self.listed, self.version = listed, version
        if fault == "applied, then silent":
            raise Silent
        if fault == "applied, then gone":
            raise Gone
        return {"status": "Accepted"}

    def reconnect(self) -> None:
        if self.script.station.session is None:
            self.script.connect()


def ids(*tokens: str) -> dict[str, str]:
    return {token.lower(): "Accepted" for token in tokens}


@pytest.mark.parametrize("version", VERSIONS)
class TestUpdates:
    def test_a_station_without_a_list_gets_all_of_it(self, version: str) -> None:
        station = ListStation(version)
        station.want("A", "B")
        result = station.sync()
        assert result.outcome is Outcome.ACCEPTED
        assert result.body == {"version": VERSION_STEP, "entries": 2, "update_type": "Full", "messages": 1}
        assert station.listed == ids("A", "B")

    def test_a_station_that_is_behind_gets_what_changed(self, version: str) -> None:
        station = ListStation(version)
        station.want(*"ABCXYZ")
        station.sync()
        station.want(*"ABDXYZ")
        station.want(*"AEXYZ", Token(id="D", status="Blocked"))
        result = station.sync()
        assert result.body["update_type"] == "Differential"
        assert station.updates[-1][2] == 4
        assert station.listed == {**ids(*"AEXYZ"), "d": "Blocked"}
        assert station.version == 3 * VERSION_STEP

    def test_a_station_in_step_is_sent_nothing(self, version: str) -> None:
        station = ListStation(version)
        station.want("A")
        station.sync()
        assert station.sync().body["update_type"] == "None"
        assert len(station.updates) == 1

    def test_a_list_longer_than_a_message_goes_in_parts_with_rising_versions(self, version: str) -> None:
        station = ListStation(version, items=3)
        station.want(*[f"T{number}" for number in range(8)])
        assert station.sync().body["messages"] == 3
        assert station.updates == [
            ("Full", VERSION_STEP - 2, 3),
            ("Differential", VERSION_STEP - 1, 3),
            ("Differential", VERSION_STEP, 2),
        ]
        assert len(station.listed) == 8
        station.want(*[f"T{number}" for number in range(4, 20)])
        assert station.sync().body["update_type"] == "Full"  # more would change than there is
        station.want(*[f"T{number}" for number in range(8, 20)])
        assert station.sync().body["update_type"] == "Differential"
        assert station.listed == ids(*[f"T{number}" for number in range(8, 20)])

    def test_an_empty_list_empties_that_of_the_station(self, version: str) -> None:
        station = ListStation(version)
        station.want("A")
        station.sync()
        station.want()
        assert station.sync().outcome is Outcome.ACCEPTED
        assert station.listed == {}
        station.version = 0  # a station may count an empty list as none (2.0.1 D01.FR.12)
        assert station.sync().body["update_type"] == "None"

    @pytest.mark.parametrize("fault", ["VersionMismatch", "Failed", "error", "silent"])
    def test_the_whole_list_follows_a_difference_that_was_refused(self, version: str, fault: str) -> None:
        station = ListStation(version)
        station.want(*"ABCDEF")
        station.sync()
        station.want(*"ABCDEFG")
        station.faults = [fault]
        result = station.sync()
        assert result.body["update_type"] == "Full"
        assert [kind for kind, *_ in station.updates] == ["Full", "Differential", "Full"]
        assert station.listed == ids(*"ABCDEFG")

    @pytest.mark.parametrize(
        ("fault", "outcome"),
        [("Failed", Outcome.REJECTED), ("error", Outcome.CALL_ERROR), ("silent", Outcome.TIMEOUT)],
    )
    def test_a_list_that_cannot_be_sent_is_shown_as_failed(self, version: str, fault: str, outcome: Outcome) -> None:
        station = ListStation(version)
        station.want("A")
        station.faults = [fault]
        result = station.sync()
        assert result.outcome is outcome
        state = list_state(station.script.station)
        assert (state.problem, state.version) == ("failed", None)
        shown = station.script.run(show, ShowRequest()).body
        assert (shown["problem"], shown["in_step"]) == ("failed", False)
        assert station.sync().outcome is Outcome.ACCEPTED
        assert station.script.run(show, ShowRequest()).body["in_step"] is True

    def test_half_a_list_is_never_taken_for_an_older_one(self, version: str) -> None:
        """What the interrupted update added and the next one takes back must not stay on the station."""
        station = ListStation(version, items=1)
        station.want(*"ABCDEFGH")
        station.sync()
        station.want(*"ABCDEFGHXY")
        station.faults = ["", "gone"]
        station.sync()
        assert "x" in station.listed
        station.reconnect()
        station.want(*"ABCDEFGHZ")
        station.sync()
        assert station.listed == ids(*"ABCDEFGHZ")

    def test_a_list_of_a_foreign_version_is_replaced(self, version: str) -> None:
        station = ListStation(version)
        station.listed, station.version = ids("Q"), 123
        station.want("A", "B")
        assert station.sync().body["update_type"] == "Full"
        assert station.listed == ids("A", "B")

    def test_after_a_raw_call_no_version_is_believed(self, version: str) -> None:
        station = ListStation(version)
        station.want("A")
        station.sync()
        bench = station.script.bench
        bench.recorder.record(
            station.script.station, records_of_raw_call("SendLocalList", bench.now), bench.now, lambda: None
        )
        station.listed = ids("Q")
        assert station.sync().body["update_type"] == "Full"
        assert station.listed == ids("A")
        assert list_state(station.script.station).foreign is False

    def test_full_sends_all_of_it_whatever_the_station_has(self, version: str) -> None:
        station = ListStation(version)
        station.want("A")
        station.sync()
        assert station.sync(full=True).body["update_type"] == "Full"

    def test_a_station_that_is_offline_keeps_what_is_known_of_it(self, version: str) -> None:
        station = ListStation(version)
        station.want("A")
        station.sync()
        station.script.line.session.close()
        station.script.station.session = None
        assert station.sync().outcome is Outcome.OFFLINE
        assert list_state(station.script.station).version == VERSION_STEP


@pytest.mark.parametrize("version", VERSIONS)
class TestFullJournal:
    def test_no_list_is_begun_whose_end_might_be_forgotten(self, version: str) -> None:
        station = ListStation(version)
        station.want(*"ABCD")
        station.sync()
        station.want(*"ABCDE")
        station.script.bench.journal.has_room = False
        with pytest.raises(CommandError, match="journal"):
            station.sync()
        assert len(station.updates) == 1

    def test_a_list_that_was_sent_is_told_and_asked_for_again(self, version: str) -> None:
        station = ListStation(version)
        station.want("A")
        station.sync()
        station.want("A", "B")
        update = station.script.script["SendLocalList"]

        def fill(payload: Any) -> Any:
            station.script.bench.journal.has_room = False
            return update(payload)

        station.script.script["SendLocalList"] = fill
        result = station.sync()
        assert (result.outcome, "not_remembered" in result.body) == (Outcome.ACCEPTED, True)
        assert list_state(station.script.station).version is None
        station.script.bench.journal.has_room = True
        assert station.sync().body["update_type"] == "None"


@pytest.mark.parametrize("version", VERSIONS)
class TestWhatDoesNotFit:
    def test_a_list_larger_than_the_stations_is_not_begun(self, version: str) -> None:
        station = ListStation(version, entries_max=2)
        station.want("A", "B")
        assert station.sync().outcome is Outcome.ACCEPTED
        station.want("A", "B", "C")
        result = station.sync()
        assert result.outcome is Outcome.REJECTED
        assert result.body["problem"] == "too_small"
        assert "3 tokens, the station holds 2" in (result.reason or "")
        assert len(station.updates) == 1

    def test_a_list_that_is_switched_off_is_left_alone_until_it_is_on(self, version: str) -> None:
        station = ListStation(version)
        station.enabled = "false"
        station.want("A")
        result = station.sync()
        assert (result.outcome, result.body["problem"]) == (Outcome.REJECTED, "disabled")
        assert station.updates == []
        station.enabled = "true"
        assert station.sync().outcome is Outcome.ACCEPTED

    @pytest.mark.parametrize("code", ["NotImplemented", "NotSupported"])
    def test_a_station_without_the_action_has_no_list(self, version: str, code: str) -> None:
        def refuse(payload: Any) -> Any:
            raise Refused(code)

        station = ListStation(version, GetLocalListVersion=refuse)
        station.want("A")
        result = station.sync()
        assert (result.outcome, result.body["problem"]) == (Outcome.REJECTED, "unsupported")
        assert list_state(station.script.station).firmware == "1.0"

    def test_a_list_that_is_not_kept_cannot_be_brought_in_step(self, version: str) -> None:
        station = ListStation(version)
        with pytest.raises(CommandError, match="local_list"):
            station.sync()
        assert station.script.run(show, ShowRequest()).body == {"version": None, "entries": 0, "kept_in_step": False}

    def test_two_lists_are_never_on_their_way_to_one_station(self, version: str) -> None:
        station = ListStation(version)
        station.want("A")
        assert station.script.histories is not None
        station.script.histories.being_sent.add("CP1")
        with pytest.raises(CommandError, match="already"):
            station.sync()
        station.script.histories.being_sent.clear()
        station.sync()
        assert not station.script.histories.being_sent


def test_tokens_that_16_cannot_hold_are_left_out_and_counted() -> None:
    station = ListStation(OCPP16)
    station.want("A", "x" * 21)
    station.sync()
    assert station.listed == ids("A")
    shown = station.script.run(show, ShowRequest()).body
    assert (shown["wanted_entries"], shown["left_out"], shown["in_step"]) == (1, 1, True)


@pytest.mark.parametrize("status", ["NotSupported", None])
def test_a_16_station_can_say_that_it_has_no_list(status: str | None) -> None:
    station = ListStation(OCPP16)
    station.want("A")
    if status is None:
        station.version = -1
    else:
        station.faults = [status]
    result = station.sync()
    assert (result.outcome, result.body["problem"]) == (Outcome.REJECTED, "unsupported")


def test_a_report_that_never_comes_does_not_stop_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "PART_TIMEOUT_S", 0.02)
    station = ListStation(OCPP201, GetReport=lambda payload: {"status": "Accepted"})
    station.want("A")
    assert station.sync().outcome is Outcome.ACCEPTED
    station.want("A", "B")
    assert station.sync().outcome is Outcome.ACCEPTED
    assert len(station.script.asked_for("GetReport")) == 1


FAULTS = ["", "", "", "silent", "gone", "Failed", "error", "applied, then silent", "applied, then gone"]


@pytest.mark.parametrize("version", [OCPP16, OCPP21])
@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sets(st.sampled_from("ABCDEFGH")), st.lists(st.sampled_from(FAULTS), max_size=5), st.booleans()),
        max_size=6,
    ),
    items=st.integers(1, 4),
)
def test_whatever_goes_wrong_the_next_good_sync_makes_the_list_right(
    version: str, steps: list[tuple[set[str], list[str], bool]], items: int
) -> None:
    station = ListStation(version, items=items)
    for tokens, faults, again in steps:
        station.want(*sorted(tokens))
        station.faults = list(faults)
        station.sync()
        if again:
            station.reconnect()
            station.sync(full=True)
        station.reconnect()
        state = list_state(station.script.station)
        if state.version == station.script.histories.version:  # type: ignore[union-attr]
            assert station.listed == ids(*tokens)
    station.want(*"ACE")
    station.faults = []
    assert station.sync().outcome is Outcome.ACCEPTED
    assert station.listed == ids(*"ACE")


def test_what_is_known_survives_a_restart() -> None:
    station = ListStation(OCPP201)
    station.want("A")
    station.sync()
    saved = station.script.station.to_bytes()
    registry = Registry()
    registry.load(type(station.script.station).from_bytes("CP1", saved))
    known = LIST.get(registry.station("CP1"), KEY)
    assert known is not None
    assert known.version == VERSION_STEP
    assert json.loads(registry.station("CP1").facts("local_list")[KEY]) == {"version": VERSION_STEP, "entries": 1}
