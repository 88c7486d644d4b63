"""Facts about configuration: keys of 1.6, variables and reports of 2.x."""

import pytest

from tests.fleet.csms import OCPP16, OCPP21, OCPP201
from tests.fleet.operator import VERSIONS_2, operated


async def test_a_1_6_station_tells_its_configuration_and_obeys_a_new_one():
    async with operated(OCPP16) as operator:
        asked = {"key": "MeterValueSampleInterval", "value": "15"}
        assert (await operator.ask("ChangeConfiguration", asked))["status"] == "Accepted"
        for key, value, status in (
            ("MeterValueSampleInterval", "often", "Rejected"),
            ("NumberOfConnectors", "9", "Rejected"),
            ("Nonsense", "1", "NotSupported"),
        ):
            assert (await operator.ask("ChangeConfiguration", {"key": key, "value": value}))["status"] == status
        answer = await operator.ask("GetConfiguration", {"key": ["MeterValueSampleInterval", "Nonsense"]})
        assert answer["configurationKey"] == [{"key": "MeterValueSampleInterval", "readonly": False, "value": "15"}]
        assert answer["unknownKey"] == ["Nonsense"]
        assert len((await operator.ask("GetConfiguration", {}))["configurationKey"]) > 5
        await operator.start()
        await operator.clock.turn(150)
        assert len(operator.csms.of("MeterValues")) == 10


async def test_a_2_0_1_station_tells_its_variables_and_obeys_a_new_one():
    interval = {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "TxUpdatedInterval"}}
    nonsense = {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "Nonsense"}}
    async with operated(OCPP201) as operator:
        answer = await operator.ask("SetVariables", {"setVariableData": [interval | {"attributeValue": "15"}]})
        assert answer["setVariableResult"] == [interval | {"attributeStatus": "Accepted"}]
        answer = await operator.ask("GetVariables", {"getVariableData": [interval, nonsense]})
        assert answer["getVariableResult"] == [
            interval | {"attributeStatus": "Accepted", "attributeValue": "15"},
            nonsense | {"attributeStatus": "UnknownVariable"},
        ]
        await operator.start()
        await operator.clock.turn(150)
        periodic = [e for e in operator.csms.of("TransactionEvent") if e["triggerReason"] == "MeterValuePeriodic"]
        assert len(periodic) == 10


@pytest.mark.parametrize("version", VERSIONS_2)
@pytest.mark.parametrize("base", ["FullInventory", "ConfigurationInventory", "SummaryInventory"])
async def test_a_base_report_comes_in_numbered_parts_of_which_the_last_ends_it(version, base):
    async with operated(version) as operator:
        answer = await operator.ask("GetBaseReport", {"requestId": 5, "reportBase": base})
        assert answer["status"] == "Accepted"
        parts = operator.csms.of("NotifyReport")
        assert [part["seqNo"] for part in parts] == list(range(len(parts)))
        assert [part.get("tbc", False) for part in parts] == [True] * (len(parts) - 1) + [False]
        assert {part["requestId"] for part in parts} == {5}
        assert len(parts) > 2 if base == "FullInventory" else len(parts) == 1
        writable = {
            attribute["mutability"]
            for part in parts
            for told in part["reportData"]
            for attribute in told["variableAttribute"]
        }
        assert (
            writable
            == {
                "FullInventory": {"ReadOnly", "ReadWrite"},
                "ConfigurationInventory": {"ReadWrite"},
                "SummaryInventory": {"ReadOnly"},
            }[base]
        )


async def test_what_a_report_tells_of_a_variable_is_what_get_variables_tells():
    async with operated(OCPP201) as operator:
        await operator.ask("GetBaseReport", {"requestId": 5, "reportBase": "FullInventory"})
        told = [item for part in operator.csms.of("NotifyReport") for item in part["reportData"]]
        assert len(told) > 50
        for start in range(0, len(told), 20):
            wanted = [{"component": t["component"], "variable": t["variable"]} for t in told[start : start + 20]]
            answer = await operator.ask("GetVariables", {"getVariableData": wanted})
            values = [result["attributeValue"] for result in answer["getVariableResult"]]
            assert values == [t["variableAttribute"][0]["value"] for t in told[start : start + 20]]


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_a_report_holds_what_is_named_and_nothing_else(version):
    async with operated(version) as operator:
        wanted = [{"component": {"name": "evse", "evse": {"id": 1}}, "variable": {"name": "power"}}]
        answer = await operator.ask("GetReport", {"requestId": 6, "componentVariable": wanted})
        assert answer["status"] == "Accepted"
        (report,) = operator.csms.of("NotifyReport")
        (told,) = report["reportData"]
        assert told["variable"] == {"name": "Power"}
        assert told["component"] == {"name": "EVSE", "evse": {"id": 1}}
        for nothing in (
            {"componentVariable": [{"component": {"name": "Coffee"}}]},
            {"componentCriteria": ["Problem"]},
        ):
            assert (await operator.ask("GetReport", {"requestId": 7} | nothing))["status"] == "EmptyResultSet"
        answer = await operator.ask("GetReport", {"requestId": 8, "componentCriteria": ["Available"]})
        assert answer["status"] == "Accepted"
        names = {told["component"]["name"] for told in operator.csms.of("NotifyReport")[1]["reportData"]}
        assert names == {"EVSE", "Connector"}


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_more_variables_than_a_message_may_hold_are_an_error(version):
    interval = {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "TxUpdatedInterval"}}
    async with operated(version) as operator:
        answer = await operator.raw("GetVariables", {"getVariableData": [interval] * 21})
        assert answer[0] == "OccurrenceConstraintViolation"
        assert (
            len((await operator.ask("GetVariables", {"getVariableData": [interval] * 20}))["getVariableResult"]) == 20
        )
        value = interval | {"attributeValue": "9"}
        answer = await operator.raw("SetVariables", {"setVariableData": [value] * 11})
        assert answer[0] == "OccurrenceConstraintViolation"
        (result,) = (await operator.ask("GetVariables", {"getVariableData": [interval]}))["getVariableResult"]
        assert result["attributeValue"] == "60", "a refused message has set something"


@pytest.mark.parametrize("version", VERSIONS_2)
@pytest.mark.parametrize(
    ("component", "variable", "value", "status"),
    [
        ("OCPPCommCtrlr", "WebSocketPingInterval", "20", "RebootRequired"),
        ("OCPPCommCtrlr", "HeartbeatInterval", "0", "Rejected"),
        ("AuthCtrlr", "LocalAuthorizeOffline", "maybe", "Rejected"),
        ("AuthCtrlr", "LocalAuthorizeOffline", "false", "Accepted"),
        ("OCPPCommCtrlr", "NetworkConfigurationPriority", "1,0", "Accepted"),
        ("OCPPCommCtrlr", "NetworkConfigurationPriority", "1,1", "Rejected"),
        ("SecurityCtrlr", "OrganizationName", "x" * 65, "Rejected"),
        ("ChargingStation", "Model", "Other", "Rejected"),
        ("ChargingStation", "Coffee", "1", "UnknownVariable"),
        ("Kitchen", "Coffee", "1", "UnknownComponent"),
    ],
)
async def test_a_variable_takes_only_what_fits_it(version, component, variable, value, status):
    place = {"component": {"name": component}, "variable": {"name": variable}}
    async with operated(version) as operator:
        answer = await operator.ask("SetVariables", {"setVariableData": [place | {"attributeValue": value}]})
        assert answer["setVariableResult"] == [place | {"attributeStatus": status}]
        answer = await operator.ask("GetVariables", {"getVariableData": [place]})
        (result,) = answer["getVariableResult"]
        assert (result.get("attributeValue") == value) is (status in ("Accepted", "RebootRequired"))


async def test_a_target_value_is_not_supported():
    place = {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "TxUpdatedInterval"}}
    async with operated(OCPP201) as operator:
        answer = await operator.ask("GetVariables", {"getVariableData": [place | {"attributeType": "Target"}]})
        assert answer["getVariableResult"][0]["attributeStatus"] == "NotSupportedAttributeType"


async def test_a_1_6_station_tells_at_most_so_many_keys_by_name_and_all_without_names():
    async with operated(OCPP16) as operator:
        everything = await operator.ask("GetConfiguration", {})
        names = [told["key"] for told in everything["configurationKey"]]
        (limit,) = (await operator.ask("GetConfiguration", {"key": ["GetConfigurationMaxKeys"]}))["configurationKey"]
        at_most = int(limit["value"])
        assert len(names) > at_most
        answer = await operator.raw("GetConfiguration", {"key": names[: at_most + 1]})
        assert answer[0] == "OccurenceConstraintViolation"
        told = []
        for start in range(0, len(names), at_most):
            page = await operator.ask("GetConfiguration", {"key": names[start : start + at_most]})
            told += page["configurationKey"]
        assert told == everything["configurationKey"]


async def test_a_key_that_needs_a_reboot_says_so():
    async with operated(OCPP16) as operator:
        asked = {"key": "WebSocketPingInterval", "value": "30"}
        assert (await operator.ask("ChangeConfiguration", asked))["status"] == "RebootRequired"


@pytest.mark.parametrize("version", [OCPP201, OCPP21])
async def test_a_network_profile_is_taken_for_a_slot_that_there_is(version):
    connection = {
        "ocppInterface": "Wired0",
        "ocppTransport": "JSON",
        "messageTimeout": 30,
        "ocppCsmsUrl": "wss://example.com",
        "securityProfile": 2,
    } | ({"ocppVersion": "OCPP20"} if version == OCPP201 else {})
    async with operated(version) as operator:
        for slot, status in ((1, "Accepted"), (9, "Rejected")):
            asked = {"configurationSlot": slot, "connectionData": connection}
            assert (await operator.ask("SetNetworkProfile", asked))["status"] == status
