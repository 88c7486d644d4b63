"""Grid controls and alarms of 2.1: what is known of each after what the station says."""

from gateway.core.facts.der import DER_ALARMS, DER_CONTROLS, DerControl
from tests.core import said
from tests.core.station_bench import BEGIN, MESSAGES, OCPP21

CURVE = {"curveData": [{"x": 0, "y": 0}], "priority": 1, "yUnit": "PctMaxW"}


def start(line, control, started=True, **more):
    request = {"controlId": control, "started": started, "timestamp": said.at(), **more}
    assert line.ask("NotifyDERStartStop", request) == {}


def report(line, **lists):
    assert line.ask("ReportDERControl", {"requestId": 1, **lists}) == {}


def curve(control, superseded=False):
    return {"id": control, "curve": CURVE, "curveType": "VoltVar", "isDefault": True, "isSuperseded": superseded}


def control(line, control_id):
    return DER_CONTROLS.get(line.station, control_id)


def test_a_control_is_active_from_its_start_to_its_end(station_21):
    start(station_21, "a")
    assert control(station_21, "a") == DerControl("a", BEGIN, active=True)
    start(station_21, "a", False)
    assert control(station_21, "a").active is False


def test_a_report_names_the_type_and_leaves_what_is_active(station_21):
    start(station_21, "a")
    report(station_21, curve=[curve("a"), curve("b")])
    assert control(station_21, "a") == DerControl("a", BEGIN, "VoltVar", True, False, True)
    assert control(station_21, "b") == DerControl("b", BEGIN, "VoltVar", True, False, None)
    start(station_21, "b")
    assert control(station_21, "b") == DerControl("b", BEGIN, "VoltVar", True, False, True)


def test_what_starts_supersedes_those_that_it_names(station_21):
    report(station_21, curve=[curve("a"), curve("b")])
    start(station_21, "a")
    start(station_21, "c")
    start(station_21, "c", supersededIds=["a", "never-heard-of", "c"])
    assert (control(station_21, "a").superseded, control(station_21, "a").active) == (True, False)
    assert control(station_21, "a").type == "VoltVar"
    assert (control(station_21, "b").superseded, control(station_21, "c").active) == (False, True)
    assert set(DER_CONTROLS.of(station_21.station)) == {"a", "b", "c"}


def test_a_report_says_what_is_superseded(station_21):
    start(station_21, "a")
    report(station_21, curve=[curve("a", superseded=True)])
    assert (control(station_21, "a").superseded, control(station_21, "a").active) == (True, False)


def test_every_list_of_a_report_has_its_type(station_21):
    fixed_pf = {"priority": 1, "displacement": 0.9, "excitation": True}
    lists = {
        "enterService": {
            "enterService": {"priority": 1, "highVoltage": 1, "lowVoltage": 1, "highFreq": 1, "lowFreq": 1}
        },
        "fixedPFAbsorb": {"fixedPF": fixed_pf},
        "fixedPFInject": {"fixedPF": fixed_pf},
        "fixedVar": {"fixedVar": {"priority": 1, "setpoint": 1, "unit": "PctMaxW"}},
        "freqDroop": {
            "freqDroop": {
                "priority": 1,
                "overFreq": 51,
                "underFreq": 49,
                "overDroop": 1,
                "underDroop": 1,
                "responseTime": 1,
            }
        },
        "gradient": {"gradient": {"priority": 1, "gradient": 1, "softGradient": 1}},
        "limitMaxDischarge": {"limitMaxDischarge": {"priority": 1}},
    }
    without_default = {"enterService", "gradient"}
    about = {"isDefault": False, "isSuperseded": False}
    said_lists = {
        name: [{"id": name, **item, **({} if name in without_default else about)}] for name, item in lists.items()
    }
    report(station_21, **said_lists)
    known = {name: control(station_21, name) for name in lists}
    assert {name: known[name].default for name in lists} == {
        name: None if name in without_default else False for name in lists
    }
    types = {control.type for control in known.values()}
    allowed = MESSAGES[OCPP21, "GetDERControl", "request"].schema["definitions"]["DERControlEnumType"]["enum"]
    assert len(types) == len(lists)
    assert types <= set(allowed)
    assert {known["gradient"].type, known["fixedPFAbsorb"].type} == {"Gradients", "FixedPFAbsorb"}


def test_an_alarm_holds_until_it_has_ended(station_21):
    def alarm(kind, **more):
        assert station_21.ask("NotifyDERAlarm", {"controlType": kind, "timestamp": said.at(), **more}) == {}

    alarm("FreqDroop", gridEventFault="OverFrequency")
    alarm("VoltVar")
    assert {name: known.fault for name, known in DER_ALARMS.of(station_21.station).items()} == {
        "FreqDroop": "OverFrequency",
        "VoltVar": None,
    }
    alarm("FreqDroop", alarmEnded=True)
    assert list(DER_ALARMS.of(station_21.station)) == ["VoltVar"]
    alarm("VoltVar", alarmEnded=False)
    assert list(DER_ALARMS.of(station_21.station)) == ["VoltVar"]
