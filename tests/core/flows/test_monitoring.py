import pytest

from gateway.core.calls import Outcome
from gateway.core.facts.monitors import monitor_of
from gateway.core.flows import monitoring, reports
from tests.core.flows.flow_bench import BOTH_2, SILENCE, FlowBench, StationError
from tests.core.said import at
from tests.core.station_bench import OCPP16, OCPP21, OCPP201

POWER = {"component": "EVSE", "evse": 1, "variable": "Power", "type": "Periodic", "value": 60.0, "severity": 8}
TEMPERATURE = {
    "component": "Controller",
    "variable": "Temperature",
    "type": "UpperThreshold",
    "value": 70,
    "severity": 3,
}


class Monitoring:
    """A station that takes `per_message` monitors at once, and gives each an id."""

    def __init__(self, version, per_message=2, refuse=()):
        self._per_message = per_message
        self._refuse = refuse
        self._ids = 100
        self.flows = FlowBench(version, GetVariables=self._get, SetVariableMonitoring=self._set)

    @property
    def messages(self):
        return [sent["setMonitoringData"] for action, sent in self.flows.sent if action == "SetVariableMonitoring"]

    def _get(self, request):
        return {"getVariableResult": [self._said(item) for item in request["getVariableData"]]}

    def _said(self, item):
        variable = item["variable"]
        if variable["name"] == "ItemsPerMessage" and variable.get("instance") == "SetVariableMonitoring":
            return {**item, "attributeStatus": "Accepted", "attributeValue": str(self._per_message)}
        return {**item, "attributeStatus": "UnknownVariable"}

    def _set(self, request):
        """Answer in another order than asked, and in another case: both are allowed."""
        return {"setMonitoringResult": [self._result(item) for item in reversed(request["setMonitoringData"])]}

    def _result(self, item):
        component = {**item["component"], "name": item["component"]["name"].upper()}
        result = {"component": component, "variable": item["variable"], "type": item["type"]}
        result["severity"] = item["severity"]
        if item["variable"]["name"] in self._refuse:
            return {**result, "status": "UnknownVariable", "statusInfo": {"reasonCode": "NotFound"}}
        self._ids += 1
        return {**result, "status": "Accepted", "id": item.get("id", self._ids)}


@pytest.mark.parametrize("version", BOTH_2)
def test_a_monitor_is_set_and_known_by_the_id_that_the_station_gave_it(version):
    station = Monitoring(version)
    result = station.flows.ask("POST monitors", {"monitors": [POWER]})
    assert station.messages == [
        [
            {
                "component": {"name": "EVSE", "evse": {"id": 1}},
                "variable": {"name": "Power"},
                "type": "Periodic",
                "value": 60.0,
                "severity": 8,
            }
        ]
    ]
    assert (result.outcome, result.body) == (
        Outcome.ACCEPTED,
        {"monitors": [{"status": "Accepted", "monitor_id": 101}]},
    )
    known = monitor_of(station.flows.station, 101)
    assert known is not None
    assert (known.component, known.evse, known.variable, known.value) == ("EVSE", 1, "Power", 60.0)
    station.flows.restart()
    assert [row["monitor_id"] for row in station.flows.show("monitors")] == [101]


@pytest.mark.parametrize("version", BOTH_2)
def test_monitors_go_in_messages_that_the_station_takes_and_each_gets_its_own_result(version):
    station = Monitoring(version, per_message=2, refuse=["Humidity"])
    monitors = [POWER, {**POWER, "variable": "Humidity"}, TEMPERATURE, {**TEMPERATURE, "severity": 4}, POWER]
    result = station.flows.ask("POST monitors", {"monitors": monitors})
    assert [len(message) for message in station.messages] == [2, 2, 1]
    assert [row["status"] for row in result.body["monitors"]] == [
        "Accepted",
        "UnknownVariable",
        "Accepted",
        "Accepted",
        "Accepted",
    ]
    assert result.body["monitors"][1]["reason"] == "NotFound"
    for row, wanted in zip(result.body["monitors"], monitors, strict=True):
        if "monitor_id" in row:
            known = monitor_of(station.flows.station, row["monitor_id"])
            assert (known.variable, known.severity) == (wanted["variable"], wanted["severity"])


@pytest.mark.parametrize("version", BOTH_2)
def test_two_monitors_that_differ_only_in_value_are_two(version):
    station = Monitoring(version)
    result = station.flows.ask("POST monitors", {"monitors": [POWER, {**POWER, "value": 30}]})
    assert len(station.messages) == 1
    assert sorted(row["monitor_id"] for row in result.body["monitors"]) == [101, 102]


@pytest.mark.parametrize("version", BOTH_2)
def test_a_monitor_to_which_the_station_gave_no_id_cannot_be_known(version):
    station = Monitoring(version)
    item = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}, "type": "Periodic"}
    answer = {"setMonitoringResult": [{**item, "severity": 8, "status": "Accepted"}]}
    station.flows.answers["SetVariableMonitoring"] = answer
    result = station.flows.ask("POST monitors", {"monitors": [POWER]})
    assert (result.outcome, result.body["monitors"]) == (Outcome.ACCEPTED, [{"status": "Accepted"}])
    assert station.flows.show("monitors") == []


@pytest.mark.parametrize("version", BOTH_2)
def test_what_is_set_before_a_failure_is_kept_and_the_rest_is_not_known(version):
    station = Monitoring(version, per_message=1)
    answers = iter([station._set, lambda request: StationError("InternalError")])
    station.flows.answers["SetVariableMonitoring"] = lambda request: next(answers)(request)
    result = station.flows.ask("POST monitors", {"monitors": [POWER, TEMPERATURE, POWER]})
    assert result.outcome is Outcome.CALL_ERROR
    assert result.body["monitors"] == [{"status": "Accepted", "monitor_id": 101}, None, None]
    assert len(station.flows.show("monitors")) == 1


def test_of_monitors_of_which_one_cannot_be_said_none_is_set():
    station = Monitoring(OCPP201, per_message=1)
    refused = station.flows.refusal("POST monitors", {"monitors": [POWER, {**POWER, "type": "TargetDelta"}]})
    assert refused == ("invalid", "$.setMonitoringData[1].type")


@pytest.mark.parametrize("version", BOTH_2)
def test_what_is_set_before_a_station_may_be_asked_no_more_is_kept_and_the_rest_was_not_sent(version):
    def set_and_be_rejected(request):
        station.flows.station.state.registration = "Rejected"
        return station._set(request)

    station = Monitoring(version, per_message=1)
    station.flows.answers["SetVariableMonitoring"] = set_and_be_rejected
    result = station.flows.ask("POST monitors", {"monitors": [POWER, TEMPERATURE]})
    assert (result.outcome, len(station.messages)) == (Outcome.OFFLINE, 1)
    assert "rejected" in result.reason
    assert result.body["monitors"] == [{"status": "Accepted", "monitor_id": 101}, None]
    assert len(station.flows.show("monitors")) == 1


@pytest.mark.parametrize("version", BOTH_2)
def test_monitors_of_which_none_is_set_are_rejected(version):
    result = Monitoring(version, refuse=["Power"]).flows.ask("POST monitors", {"monitors": [POWER]})
    assert result.outcome is Outcome.REJECTED


def test_a_monitor_of_21_may_report_by_an_event_stream():
    station = Monitoring(OCPP21)
    body = {**POWER, "event_stream": {"interval_s": 5, "values": 10}, "id": 7, "transaction": True}
    station.flows.ask("POST monitors", {"monitors": [body]})
    (((item,),)) = station.messages
    assert (item["periodicEventStream"], item["id"]) == ({"interval": 5, "values": 10}, 7)
    assert monitor_of(station.flows.station, 7).transaction


@pytest.mark.parametrize("version", BOTH_2)
@pytest.mark.parametrize(
    ("status", "outcome", "left"),
    [("Accepted", Outcome.ACCEPTED, []), ("NotFound", Outcome.REJECTED, []), ("Rejected", Outcome.REJECTED, [101])],
)
def test_a_monitor_is_cleared(version, status, outcome, left):
    flows = Monitoring(version).flows
    flows.ask("POST monitors", {"monitors": [POWER]})
    flows.answers["ClearVariableMonitoring"] = {"clearMonitoringResult": [{"id": 101, "status": status}]}
    result = flows.ask("DELETE monitors/{monitor_id}", monitor_id="101")
    assert flows.sent[-1] == ("ClearVariableMonitoring", {"id": [101]})
    assert (result.outcome, result.body) == (outcome, {"monitor_id": 101, "status": status})
    assert [row["monitor_id"] for row in flows.show("monitors")] == left


def part(version, request_id, seq_no, monitor_id, *, more):
    monitoring = {"id": monitor_id, "transaction": False, "value": 70, "type": "UpperThreshold", "severity": 3}
    if version == OCPP21:
        monitoring["eventNotificationType"] = "PreconfiguredMonitor"
    watched = {
        "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 2}},
        "variable": {"name": "Temperature", "instance": "Pin"},
        "variableMonitoring": [monitoring],
    }
    return {"requestId": request_id, "seqNo": seq_no, "generatedAt": at(), "tbc": more, "monitor": [watched]}


@pytest.mark.parametrize("version", BOTH_2)
def test_a_report_of_monitors_is_gathered_and_kept(version):
    def answer(request):
        for seq_no in (0, 1):
            flows.say_later(
                "NotifyMonitoringReport", part(version, request["requestId"], seq_no, 7 + seq_no, more=seq_no == 0)
            )
        return {"status": "Accepted"}

    flows = FlowBench(version, GetMonitoringReport=answer)
    body = {"criteria": ["ThresholdMonitoring"], "variables": [{"component": "Connector", "evse": 1}]}
    result = flows.ask("POST monitors/report", body)
    ((_, sent),) = flows.sent
    assert sent == {
        "requestId": sent["requestId"],
        "monitoringCriteria": ["ThresholdMonitoring"],
        "componentVariable": [{"component": {"name": "Connector", "evse": {"id": 1}}}],
    }
    assert result.outcome is Outcome.ACCEPTED
    assert [row["monitor_id"] for row in result.body["monitors"]] == [7, 8]
    assert result.body["monitors"] == flows.show("monitors")
    row = flows.show("monitors")[0]
    assert (row["connector"], row["variable_instance"], row["kind"]) == (
        2,
        "Pin",
        "PreconfiguredMonitor" if version == OCPP21 else None,
    )


@pytest.mark.parametrize("version", BOTH_2)
def test_no_monitors_are_an_empty_report(version):
    result = FlowBench(version, GetMonitoringReport={"status": "EmptyResultSet"}).ask("POST monitors/report")
    assert (result.outcome, result.body["monitors"]) == (Outcome.ACCEPTED, [])


@pytest.mark.parametrize("version", BOTH_2)
def test_half_a_report_is_a_timeout_that_has_the_half(version, monkeypatch):
    monkeypatch.setattr(reports, "PART_TIMEOUT_S", 0.05)

    def answer(request):
        flows.say_later("NotifyMonitoringReport", part(version, request["requestId"], 1, 8, more=False))
        return {"status": "Accepted"}

    flows = FlowBench(version, GetMonitoringReport=answer)
    result = flows.ask("POST monitors/report")
    assert (result.outcome, result.body["missing_parts"]) == (Outcome.TIMEOUT, [0])
    assert [row["monitor_id"] for row in result.body["monitors"]] == [8]
    assert flows.station.listeners is None


@pytest.mark.parametrize("version", BOTH_2)
def test_of_a_report_without_measure_only_so_many_monitors_are_listed(version, monkeypatch):
    monkeypatch.setattr(monitoring, "REPORTED_MAX", 3)

    def answer(request):
        for number in range(5):
            said = part(version, request["requestId"], number, number + 1, more=number < 4)
            flows.say_later("NotifyMonitoringReport", said)
        return {"status": "Accepted"}

    flows = FlowBench(version, GetMonitoringReport=answer)
    result = flows.ask("POST monitors/report")
    assert (result.outcome, result.body["parts"], result.body["left_out"]) == (Outcome.ACCEPTED, 5, 2)
    assert [row["monitor_id"] for row in result.body["monitors"]] == [1, 2, 3]


@pytest.mark.parametrize("version", BOTH_2)
def test_base_and_level_are_one_call_each(version):
    flows = FlowBench(version, SetMonitoringLevel=SILENCE)
    assert flows.ask("POST monitors/base", {"base": "HardWiredOnly"}).outcome is Outcome.ACCEPTED
    assert flows.ask("POST monitors/level", {"severity": 4}).outcome is Outcome.TIMEOUT
    assert flows.sent == [
        ("SetMonitoringBase", {"monitoringBase": "HardWiredOnly"}),
        ("SetMonitoringLevel", {"severity": 4}),
    ]


@pytest.mark.parametrize(
    ("version", "monitor", "path"),
    [
        (OCPP201, {**POWER, "event_stream": {"interval_s": 5}}, "$.setMonitoringData[0].periodicEventStream"),
        (OCPP201, {**POWER, "type": "TargetDelta"}, "$.setMonitoringData[0].type"),
        (OCPP21, {**POWER, "severity": 10}, "$.monitors[0].severity"),
        (OCPP21, {**POWER, "component": ""}, "$.monitors[0].component"),
        (OCPP21, {**TEMPERATURE, "connector": 1}, "$.evse"),
    ],
)
def test_a_monitor_that_cannot_be_said_is_refused_with_its_place(version, monitor, path):
    flows = Monitoring(version).flows
    flows.ask("POST monitors", {"monitors": [TEMPERATURE]})  # so that the limits of its messages are known
    assert flows.refusal("POST monitors", {"monitors": [monitor]}) == ("invalid", path)


def test_16_has_no_monitors():
    flows = FlowBench(OCPP16)
    fault = ("action_of_other_version", None)
    assert flows.refusal("POST monitors", {"monitors": [POWER]}) == fault
    assert flows.refusal("DELETE monitors/{monitor_id}", monitor_id="1") == fault
    assert flows.refusal("POST monitors/report") == fault
    assert flows.refusal("POST monitors/base", {"base": "All"}) == fault
    assert flows.refusal("POST monitors/level", {"severity": 1}) == fault
