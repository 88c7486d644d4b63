import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from gateway.core.calls import Outcome
from gateway.core.commands import CommandError
from gateway.core.device_model import StoredVariable, VariablePage
from gateway.core.facts.item_limits import known_limits
from gateway.core.flows import reports
from gateway.core.flows.device_model import (
    FLOWS,
    GetRequest,
    LookUpRequest,
    ReportRequest,
    SetRequest,
    get,
    look_up,
    report,
    set_,
)
from gateway.core.flows.request import flow_request
from gateway.core.records import DeviceVariable
from tests.core.scripted_station import Gone, Refused, ScriptedStation, Silent
from tests.core.station_bench import OCPP16, OCPP21, OCPP201

VERSIONS_2 = [OCPP201, OCPP21]


class Model2:
    """The device model of a 2.x station: (component, variable, instance, evse) -> value."""

    def __init__(self, values: dict[tuple[Any, ...], str], *, items: int | None, size_bytes: int | None = None) -> None:
        self.values = values
        for action in ("GetVariables", "SetVariables", "GetReport"):
            if items is not None:
                values["DeviceDataCtrlr", "ItemsPerMessage", action, None] = str(items)
            if size_bytes is not None:
                values["DeviceDataCtrlr", "BytesPerMessage", action, None] = str(size_bytes)
        self.items = items or 1
        self.size_bytes = size_bytes or 10**6
        self.statuses: dict[str, str] = {}

    def script(self) -> dict[str, Callable[[Any], Any]]:
        return {"GetVariables": self.get, "SetVariables": self.set}

    def _check(self, payload: Any, items: list[Any]) -> None:
        if len(items) > self.items or len(json.dumps(payload, separators=(",", ":"))) > self.size_bytes:
            raise Refused("OccurrenceConstraintViolation")

    def get(self, payload: Any) -> Any:
        self._check(payload, payload["getVariableData"])
        results = []
        for item in payload["getVariableData"]:
            key = _key(item)
            if key in self.values:
                results.append({"attributeStatus": "Accepted", "attributeValue": self.values[key], **_named(item)})
            else:
                status = "UnknownVariable" if any(known[0] == key[0] for known in self.values) else "UnknownComponent"
                results.append({"attributeStatus": status, **_named(item)})
        return {"getVariableResult": results[::-1]}  # a station may answer in any order

    def set(self, payload: Any) -> Any:
        self._check(payload, payload["setVariableData"])
        results = []
        for item in payload["setVariableData"]:
            status = self.statuses.get(item["variable"]["name"], "Accepted")
            results.append({"attributeStatus": status, **_named(item)})
        return {"setVariableResult": results}


def _named(item: Any) -> dict[str, Any]:
    return {name: item[name] for name in ("component", "variable", "attributeType") if name in item}


def _key(item: Any) -> tuple[Any, ...]:
    component, variable = item["component"], item["variable"]
    return component["name"], variable["name"], variable.get("instance"), component.get("evse", {}).get("id")


class Keys16:
    """The configuration of a 1.6 station, of which it tells at most `max_keys` at once."""

    def __init__(self, values: dict[str, str], *, max_keys: int, tells_all: bool = True) -> None:
        self.values = {"GetConfigurationMaxKeys": str(max_keys), "HeartbeatInterval": "300", "NumberOfConnectors": "2"}
        self.values |= values
        self.max_keys = max_keys
        self.tells_all = tells_all
        self.statuses: dict[str, str] = {}

    def script(self) -> dict[str, Callable[[Any], Any]]:
        return {"GetConfiguration": self.get, "ChangeConfiguration": self.change}

    def get(self, payload: Any) -> Any:
        if "key" not in payload:
            if not self.tells_all:
                raise Refused("OccurenceConstraintViolation")
            return {"configurationKey": [self._told(key) for key in list(self.values)[: self.max_keys]]}
        if len(payload["key"]) > self.max_keys:
            raise Refused("OccurenceConstraintViolation")
        known = {key.lower(): key for key in self.values}
        return {
            "configurationKey": [self._told(known[key.lower()]) for key in payload["key"] if key.lower() in known],
            "unknownKey": [key for key in payload["key"] if key.lower() not in known],
        }

    def _told(self, key: str) -> dict[str, Any]:
        return {"key": key, "readonly": key.startswith("Number"), "value": self.values[key]}

    def change(self, payload: Any) -> Any:
        return {"status": self.statuses.get(payload["key"], "Accepted")}


def named(*names: tuple[str, str] | tuple[str, str, str]) -> list[dict[str, Any]]:
    fields = ("component", "variable", "instance")
    return [dict(zip(fields, name, strict=False)) for name in names]


def request_of(kind: type[Any], **fields: Any) -> Any:
    return flow_request(kind, json.dumps(fields).encode(), {})


class TestGet:
    @pytest.mark.parametrize("version", VERSIONS_2)
    def test_variables_are_read_within_the_items_of_a_message(self, version: str) -> None:
        values: dict[tuple[Any, ...], str] = {("C", f"V{number}", None, None): str(number) for number in range(10)}
        station = ScriptedStation(version, (model := Model2(values, items=4)).script())
        result = station.run(get, request_of(GetRequest, variables=named(*[("C", f"V{n}") for n in range(10)])))
        assert result.outcome is Outcome.ACCEPTED
        assert result.body["refused"] == 0
        assert [row["value"] for row in result.body["variables"]] == [str(number) for number in range(10)]
        assert max(len(payload["getVariableData"]) for payload in station.asked_for("GetVariables")) == model.items
        assert station.kept()["C", "V7", "", 0] == "7"

    def test_variables_are_read_within_the_bytes_of_a_message(self) -> None:
        values: dict[tuple[Any, ...], str] = {("C" * 50, f"V{n}" + "x" * 40, None, None): "1" for n in range(10)}
        station = ScriptedStation(OCPP201, Model2(values, items=10, size_bytes=600).script())
        names = [(component, variable) for component, variable, *_ in values if component[0] == "C"]
        result = station.run(get, request_of(GetRequest, variables=named(*names)))
        assert result.outcome is Outcome.ACCEPTED
        assert result.body["refused"] == 0

    def test_limits_are_asked_for_once_and_again_with_another_firmware(self) -> None:
        station = ScriptedStation(OCPP201, Model2({("C", "V", None, None): "1"}, items=20).script())
        request = request_of(GetRequest, variables=named(("C", "V")))
        station.run(get, request)
        first = len(station.asked)
        station.run(get, request)
        assert len(station.asked) == first + 1
        station.boot("2.0")
        assert known_limits(station.station) is None
        station.run(get, request)
        assert len(station.asked) == 2 * first + 1

    @pytest.mark.parametrize("version", VERSIONS_2)
    def test_each_variable_that_is_refused_says_why(self, version: str) -> None:
        station = ScriptedStation(version, Model2({("C", "V", None, None): "1"}, items=9).script())
        names = named(("C", "V"), ("C", "W"), ("D", "V"))
        result = station.run(get, request_of(GetRequest, variables=names))
        assert result.outcome is Outcome.ACCEPTED
        assert result.body["refused"] == 2
        statuses = [row["status"] for row in result.body["variables"]]
        assert statuses == ["Accepted", "UnknownVariable", "UnknownComponent"]
        assert ("C", "W", "", 0) not in station.kept()

    def test_a_16_station_that_passes_over_keys_is_asked_for_them_one_by_one(self) -> None:
        keys = Keys16({"SendLocalListMaxLength": "7", "LocalAuthListMaxLength": "70"}, max_keys=9)

        def cut(payload: Any) -> Any:
            return {"configurationKey": keys.get(payload)["configurationKey"][:1]}

        station = ScriptedStation(OCPP16, {"GetConfiguration": cut})
        station.run(get, request_of(GetRequest, variables=named(("ChargePoint", "HeartbeatInterval"))))
        limits = known_limits(station.station)
        assert limits is not None
        assert (limits.items("GetConfiguration"), limits.items("SendLocalList"), limits.list_entries) == (9, 7, 70)

    @pytest.mark.parametrize("version", [OCPP16, OCPP201])
    def test_a_station_that_will_not_tell_its_limits_is_asked_again_another_time(self, version: str) -> None:
        station = ScriptedStation(version, {})
        result = station.run(get, request_of(GetRequest, variables=named(("ChargePoint", "HeartbeatInterval"))))
        assert result.outcome is Outcome.CALL_ERROR
        assert result.body["error_code"] == "NotImplemented"
        assert known_limits(station.station) is None

    def test_a_station_that_refuses_all_rejects(self) -> None:
        station = ScriptedStation(OCPP201, Model2({}, items=9).script())
        result = station.run(get, request_of(GetRequest, variables=named(("C", "W"))))
        assert result.outcome is Outcome.REJECTED

    def test_what_a_lost_connection_left_open_is_not_taken_for_an_answer(self) -> None:
        model = Model2({("C", f"V{number}", None, None): "1" for number in range(4)}, items=2)
        station = ScriptedStation(OCPP201, model.script())
        request = request_of(GetRequest, variables=named(*[("C", f"V{number}") for number in range(4)]))
        station.run(get, request)
        answered = iter([model.get])

        def once(payload: Any) -> Any:
            for answer in answered:
                return answer(payload)
            raise Gone

        station.script["GetVariables"] = once
        result = station.run(get, request)
        assert result.outcome is Outcome.UNKNOWN
        assert [row["status"] for row in result.body["variables"]] == ["Accepted", "Accepted", None, None]

    def test_evses_and_instances_and_attributes_are_told_apart(self) -> None:
        values: dict[tuple[Any, ...], str] = {
            ("EVSE", "Power", None, 1): "one",
            ("EVSE", "Power", None, 2): "two",
            ("EVSE", "Power", "x", 2): "x",
        }
        station = ScriptedStation(OCPP201, Model2(values, items=9).script())
        asked = [{"component": "EVSE", "variable": "Power", "evse": evse} for evse in (2, 1)]
        asked += [{"component": "EVSE", "variable": "Power", "evse": 2, "instance": "x"}]
        result = station.run(get, request_of(GetRequest, variables=asked))
        assert [row["value"] for row in result.body["variables"]] == ["two", "one", "x"]
        assert station.kept()["EVSE", "Power", "x", 2] == "x"

    @pytest.mark.parametrize("max_keys", [1, 3, 50])
    def test_keys_of_16_are_read_under_both_spellings(self, max_keys: int) -> None:
        station = ScriptedStation(OCPP16, Keys16({"MeterValueSampleInterval": "60"}, max_keys=max_keys).script())
        names = [("SampledDataCtrlr", "TxUpdatedInterval"), ("ChargePoint", "MeterValueSampleInterval")]
        names += [("ChargePoint", "numberofconnectors"), ("ChargePoint", "None"), ("SampledDataCtrlr", "Enabled")]
        result = station.run(get, request_of(GetRequest, variables=named(*names)))
        assert [(row["status"], row.get("value")) for row in result.body["variables"]] == [
            ("Accepted", "60"),
            ("Accepted", "60"),
            ("Accepted", "2"),
            ("UnknownVariable", None),
            ("UnknownComponent", None),
        ]

    @pytest.mark.parametrize("version", [OCPP16, OCPP201])
    def test_secrets_are_neither_kept_nor_shown(self, version: str) -> None:
        if version == OCPP16:
            station = ScriptedStation(version, Keys16({"AuthorizationKey": "c0ffee"}, max_keys=9).script())
            asked = named(("ChargePoint", "AuthorizationKey"))
        else:
            values: dict[tuple[Any, ...], str] = {("SecurityCtrlr", "BasicAuthPassword", None, None): "c0ffee"}
            station = ScriptedStation(version, Model2(values, items=9).script())
            asked = named(("SecurityCtrlr", "BasicAuthPassword"))
        result = station.run(get, request_of(GetRequest, variables=asked))
        assert result.body["variables"][0]["secret"] is True
        assert b"c0ffee" not in msgspec.json.encode(result.body) + msgspec.json.encode(station.bench.journal.entries)

    def test_the_same_variable_twice_is_refused(self) -> None:
        with pytest.raises(CommandError, match="twice"):
            request_of(GetRequest, variables=named(("C", "V"), ("C", "V")))


@pytest.mark.parametrize("field", ["evse", "connector"])
def test_an_evse_beyond_any_station_is_refused_before_anything_is_set(field: str) -> None:
    body = {"variables": [{"component": "X", "variable": "A", "value": "1", field: 2**31}]}
    with pytest.raises(CommandError) as raised:
        flow_request(SetRequest, json.dumps(body).encode(), {})
    assert raised.value.path == f"$.variables[0].{field}"


class TestSet:
    @pytest.mark.parametrize("version", VERSIONS_2)
    def test_each_result_is_shown_and_what_was_set_is_kept(self, version: str) -> None:
        model = Model2({}, items=2)
        model.statuses = {"B": "RebootRequired", "C": "Rejected"}
        station = ScriptedStation(version, model.script())
        asked = [{"component": "X", "variable": name, "value": name.lower()} for name in "ABCD"]
        result = station.run(set_, request_of(SetRequest, variables=asked))
        assert result.outcome is Outcome.ACCEPTED
        assert result.body["reboot_required"] is True
        assert result.body["refused"] == 1
        statuses = [row["status"] for row in result.body["variables"]]
        assert statuses == ["Accepted", "RebootRequired", "Rejected", "Accepted"]
        kept = {variable: value for (component, variable, *_), value in station.kept().items() if component == "X"}
        assert kept == {"A": "a", "B": "b", "D": "d"}

    def test_keys_of_16_are_set_one_by_one(self) -> None:
        keys = Keys16({}, max_keys=9)
        keys.statuses = {"HeartbeatInterval": "RebootRequired", "Foo": "NotSupported"}
        station = ScriptedStation(OCPP16, keys.script())
        asked = [
            {"component": "OCPPCommCtrlr", "variable": "HeartbeatInterval", "value": "60"},
            {"component": "ChargePoint", "variable": "Foo", "value": "x"},
            {"component": "ChargePoint", "variable": "AuthorizationKey", "value": "c0ffee"},
            {"component": "TxCtrlr", "variable": "Nothing", "value": "x"},
        ]
        result = station.run(set_, request_of(SetRequest, variables=asked))
        statuses = [row["status"] for row in result.body["variables"]]
        assert statuses == ["RebootRequired", "UnknownVariable", "Accepted", "UnknownComponent"]
        assert station.asked_for("ChangeConfiguration")[0] == {"key": "HeartbeatInterval", "value": "60"}
        assert station.kept()["OCPPCommCtrlr", "HeartbeatInterval", "", 0] == "60"
        assert b"c0ffee" not in msgspec.json.encode(result.body) + msgspec.json.encode(station.bench.journal.entries)

    @pytest.mark.parametrize(("version", "most"), [(OCPP16, 500), (OCPP201, 1000), (OCPP21, 2500)])
    def test_nothing_is_sent_where_one_value_is_too_long(self, version: str, most: int) -> None:
        station = ScriptedStation(version, {})
        asked = [
            {"component": "ChargePoint", "variable": "A", "value": "x" * most},
            {"component": "ChargePoint", "variable": "B", "value": "x" * (most + 1)},
        ]
        with pytest.raises(CommandError) as raised:
            station.run(set_, request_of(SetRequest, variables=asked))
        assert raised.value.path == "$.variables[1].value"
        assert station.asked == []

    @pytest.mark.parametrize("version", [OCPP16, OCPP201])
    def test_what_was_set_is_told_even_where_the_journal_is_full(self, version: str) -> None:
        script = Keys16({}, max_keys=9).script() if version == OCPP16 else Model2({}, items=9).script()
        station = ScriptedStation(version, script)
        asked = [{"component": "ChargePoint", "variable": "A", "value": "x"}]
        station.run(set_, request_of(SetRequest, variables=asked))
        before = len(station.variables())
        station.bench.journal.has_room = False
        result = station.run(set_, request_of(SetRequest, variables=asked))
        assert result.outcome is Outcome.ACCEPTED
        assert "not_remembered" in result.body
        assert len(station.variables()) == before

    def test_what_was_set_is_told_even_where_the_rest_cannot_be_sent(self) -> None:
        keys = Keys16({}, max_keys=9)

        def change(payload: Any) -> Any:
            station.station.state.registration = "Rejected"  # from now on it must not be sent anything
            return keys.change(payload)

        station = ScriptedStation(OCPP16, {**keys.script(), "ChangeConfiguration": change})
        asked = [{"component": "ChargePoint", "variable": name, "value": "x"} for name in "AB"]
        result = station.run(set_, request_of(SetRequest, variables=asked))
        assert result.outcome is Outcome.OFFLINE
        assert [row["status"] for row in result.body["variables"]] == ["Accepted", None]
        assert "rejected" in (result.reason or "")

    def test_after_a_timeout_nothing_more_is_sent(self) -> None:
        keys = Keys16({}, max_keys=9)

        def silent(payload: Any) -> Any:
            raise Silent

        station = ScriptedStation(OCPP16, {**keys.script(), "ChangeConfiguration": silent})
        asked = [{"component": "ChargePoint", "variable": name, "value": ""} for name in "AB"]
        result = station.run(set_, request_of(SetRequest, variables=asked))
        assert result.outcome is Outcome.TIMEOUT
        assert len(station.asked_for("ChangeConfiguration")) == 1
        assert [row["status"] for row in result.body["variables"]] == [None, None]


def part(request_id: int, seq_no: int, *, tbc: bool, names: Sequence[str] = ("V",), **about: Any) -> dict[str, Any]:
    rows = [
        {
            "component": {"name": "C"},
            "variable": {"name": name},
            "variableAttribute": [{"value": f"{name}-{seq_no}", **about}],
            "variableCharacteristics": {"dataType": "string", "supportsMonitoring": False, "unit": "s"},
        }
        for name in names
    ]
    return {
        "requestId": request_id,
        "generatedAt": "2026-03-01T12:00:00Z",
        "seqNo": seq_no,
        "tbc": tbc,
        "reportData": rows,
    }


class TestReport:
    @pytest.mark.parametrize("version", VERSIONS_2)
    def test_all_parts_are_waited_for_and_kept(self, version: str) -> None:
        def base_report(payload: Any) -> Any:
            assert payload["reportBase"] == "FullInventory"
            for number in range(3):
                names = [f"V{number}", f"W{number}"]
                station.send("NotifyReport", part(payload["requestId"], number, tbc=number < 2, names=names))
            return {"status": "Accepted"}

        station = ScriptedStation(version, {"GetBaseReport": base_report})
        result = station.run(report, request_of(ReportRequest))
        assert result.outcome is Outcome.ACCEPTED
        assert result.body == {"request_id": result.body["request_id"], "parts": 3, "variables": 6}
        assert station.kept()["C", "W2", "", 0] == "W2-2"
        assert station.variables()[0].unit == "s"

    def test_a_report_with_a_missing_part_ends_in_a_timeout_that_names_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reports, "PART_TIMEOUT_S", 0.05)

        def base_report(payload: Any) -> Any:
            station.send("NotifyReport", part(payload["requestId"] + 1, 1, tbc=False))  # somebody else's
            for number in (0, 2, 3):
                station.send("NotifyReport", part(payload["requestId"], number, tbc=number < 3))
            return {"status": "Accepted"}

        station = ScriptedStation(OCPP201, {"GetBaseReport": base_report})
        result = station.run(report, request_of(ReportRequest))
        assert result.outcome is Outcome.TIMEOUT
        assert result.body["missing_parts"] == [1]
        assert result.body["parts"] == 3
        assert station.station.listeners is None

    @pytest.mark.parametrize(
        ("status", "outcome"),
        [("EmptyResultSet", Outcome.ACCEPTED), ("Rejected", Outcome.REJECTED), ("NotSupported", Outcome.REJECTED)],
    )
    def test_a_station_that_reports_nothing_is_not_waited_for(self, status: str, outcome: Outcome) -> None:
        station = ScriptedStation(OCPP201, {"GetBaseReport": lambda payload: {"status": status}})
        result = station.run(report, request_of(ReportRequest, base="SummaryInventory"))
        assert result.outcome is outcome
        assert station.station.listeners is None

    def test_chosen_variables_are_reported_within_the_items_of_a_message(self) -> None:
        def get_report(payload: Any) -> Any:
            assert len(payload["componentVariable"]) <= 2
            station.send("NotifyReport", part(payload["requestId"], 0, tbc=False))
            return {"status": "Accepted"}

        model = Model2({}, items=2)
        station = ScriptedStation(OCPP201, {**model.script(), "GetReport": get_report})
        variables: list[dict[str, Any]] = [{"component": "C"}, {"component": "C", "variable": "V"}, {"component": "D"}]
        result = station.run(report, request_of(ReportRequest, variables=variables))
        assert result.outcome is Outcome.ACCEPTED
        assert len(station.asked_for("GetReport")) == 2
        assert result.body["variables"] == 2

    def test_a_write_only_value_is_not_kept(self) -> None:
        def base_report(payload: Any) -> Any:
            body = part(payload["requestId"], 0, tbc=False, names=["Harmless"], mutability="WriteOnly")
            station.send("NotifyReport", body)
            return {"status": "Accepted"}

        station = ScriptedStation(OCPP201, {"GetBaseReport": base_report})
        station.run(report, request_of(ReportRequest))
        assert station.kept()["C", "Harmless", "", 0] is None
        assert b"Harmless-0" not in msgspec.json.encode(station.bench.journal.entries)

    def test_a_16_station_that_tells_all_is_asked_once(self) -> None:
        keys = Keys16({f"Vendor{number}": "x" for number in range(20)}, max_keys=60)
        station = ScriptedStation(OCPP16, keys.script())
        result = station.run(report, request_of(ReportRequest))
        assert result.body == {"variables": 23, "paged": False}
        assert len([payload for payload in station.asked_for("GetConfiguration") if not payload]) == 1
        assert station.kept()["ChargePoint", "Vendor7", "", 0] == "x"
        assert station.kept()["OCPPCommCtrlr", "HeartbeatInterval", "", 0] == "300"

    @pytest.mark.parametrize("tells_all", [True, False])
    def test_a_16_station_that_cuts_its_answer_is_asked_for_the_keys_of_the_specification(
        self, tells_all: bool
    ) -> None:
        standard = ("ConnectionTimeOut", "WebSocketPingInterval", "LocalAuthListEnabled", "ResetRetries", "CpoName")
        keys = Keys16(
            {**dict.fromkeys(("A", "B"), "x"), **dict.fromkeys(standard, "7")}, max_keys=4, tells_all=tells_all
        )
        station = ScriptedStation(OCPP16, keys.script())
        result = station.run(report, request_of(ReportRequest))
        assert result.outcome is Outcome.ACCEPTED
        assert result.body["paged"] is True
        kept = station.kept()
        assert kept["OCPPCommCtrlr", "WebSocketPingInterval", "", 0] == "7"
        assert kept["SecurityCtrlr", "OrganizationName", "", 0] == "7"
        assert max(len(payload.get("key", ())) for payload in station.asked_for("GetConfiguration")) == 4

    def test_named_keys_of_16_are_reported_and_unknown_ones_named(self) -> None:
        station = ScriptedStation(OCPP16, Keys16({}, max_keys=9).script())
        result = station.run(report, request_of(ReportRequest, keys=["HeartbeatInterval", "Nothing"]))
        assert result.body == {"variables": 1, "paged": True, "unknown_keys": ["Nothing"]}

    @pytest.mark.parametrize(
        ("version", "fields"),
        [(OCPP16, {"criteria": ["Active"]}), (OCPP16, {"variables": [{"component": "C"}]}), (OCPP201, {"keys": ["A"]})],
    )
    def test_what_a_version_cannot_say_is_refused(self, version: str, fields: dict[str, Any]) -> None:
        station = ScriptedStation(version, {})
        with pytest.raises(CommandError):
            station.run(report, request_of(ReportRequest, **fields))
        assert station.asked == []


class TestLookUp:
    def test_what_is_kept_is_shown_without_what_there_is_not(self) -> None:
        station = ScriptedStation(OCPP201, {})
        kept = [
            DeviceVariable("C", "V", "1", evse=2, unit="s", persistent=False),
            DeviceVariable("SecurityCtrlr", "BasicAuthPassword", None, mutability="WriteOnly"),
        ]
        station.stored = VariablePage([StoredVariable(known, "2026") for known in kept], "next")
        request = flow_request(LookUpRequest, b"", {"component": "C", "limit": "2"})
        result = station.run(look_up, request)
        assert result.body == {
            "variables": [
                {
                    "component": "C",
                    "variable": "V",
                    "value": "1",
                    "attribute": "Actual",
                    "evse": 2,
                    "unit": "s",
                    "persistent": False,
                    "at": "2026",
                },
                {
                    "component": "SecurityCtrlr",
                    "variable": "BasicAuthPassword",
                    "attribute": "Actual",
                    "mutability": "WriteOnly",
                    "secret": True,
                    "at": "2026",
                },
            ],
            "next_cursor": "next",
        }
        assert (station.looked_up[0].component, station.looked_up[0].limit) == ("C", 2)

    @pytest.mark.parametrize("fields", [{"limit": "0"}, {"limit": "9999"}, {"limit": "x"}, {"component": ""}])
    def test_bad_parameters_are_refused(self, fields: dict[str, str]) -> None:
        with pytest.raises(CommandError):
            flow_request(LookUpRequest, b"", fields)


def test_every_flow_is_at_a_path_of_its_own() -> None:
    assert len({(flow.method, flow.path) for flow in FLOWS}) == len(FLOWS)
