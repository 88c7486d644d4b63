import pytest

from gateway.core.calls import Outcome
from tests.core.flows.flow_bench import ALL, BOTH_2, GONE, SILENCE, FlowBench, StationError
from tests.core.said import event_201, start_16
from tests.core.station_bench import OCPP16, OCPP21, OCPP201

PROFILE = {
    "id": 7,
    "stack_level": 1,
    "charging_profile_purpose": "TxProfile",
    "charging_profile_kind": "Relative",
    "charging_schedule": [
        {
            "id": 3,
            "charging_rate_unit": "A",
            "charging_schedule_period": [{"start_period": 0, "limit": 16.0, "number_phases": 3}],
        }
    ],
}


def test_a_start_of_16_names_token_and_connector():
    flows = FlowBench(OCPP16)
    result = flows.ask("POST start", {"id_token": {"id_token": "TAG1", "type": "ISO14443"}, "evse": 2})
    assert flows.sent == [("RemoteStartTransaction", {"idTag": "TAG1", "connectorId": 2})]
    assert (result.outcome, result.body) == (Outcome.ACCEPTED, {"status": "Accepted"})


@pytest.mark.parametrize("version", BOTH_2)
def test_a_start_of_2_gets_a_remote_start_id_and_says_which(version):
    flows = FlowBench(version, RequestStartTransaction={"status": "Accepted", "transactionId": "T-9"})
    body = {"id_token": {"id_token": "0A0B", "type": "eMAID"}, "evse": 2, "group_id_token": "GROUP"}
    first, second = flows.ask("POST start", body), flows.ask("POST start", body)
    ids = [sent["remoteStartId"] for _, sent in flows.sent]
    assert flows.sent[0] == (
        "RequestStartTransaction",
        {
            "idToken": {"idToken": "0A0B", "type": "eMAID"},
            "evseId": 2,
            "groupIdToken": {"idToken": "GROUP", "type": "ISO14443"},
            "remoteStartId": ids[0],
        },
    )
    assert ids[0] != ids[1]
    assert first.body == {"status": "Accepted", "remote_start_id": ids[0], "transaction": "T-9"}
    assert second.body["remote_start_id"] == ids[1]


@pytest.mark.parametrize("version", ALL)
def test_a_token_may_be_its_text_and_the_evse_left_to_the_driver(version):
    flows = FlowBench(version)
    assert flows.ask("POST start", {"id_token": "TAG1", "remote_start_id": 5}).outcome is Outcome.ACCEPTED
    ((_, sent),) = flows.sent
    assert sent == (
        {"idTag": "TAG1"}
        if version == OCPP16
        else {"idToken": {"idToken": "TAG1", "type": "ISO14443"}, "remoteStartId": 5}
    )


def test_a_charging_profile_is_said_in_the_words_of_the_version():
    flows_16, flows_2 = FlowBench(OCPP16), FlowBench(OCPP201)
    for flows in (flows_16, flows_2):
        flows.ask("POST start", {"id_token": "TAG1", "evse": 1, "charging_profile": PROFILE})
    period = {"startPeriod": 0, "limit": 16.0, "numberPhases": 3}
    said = {"stackLevel": 1, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative"}
    assert flows_16.sent[0][1]["chargingProfile"] == {
        **said,
        "chargingProfileId": 7,
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]},
    }
    assert flows_2.sent[0][1]["chargingProfile"] == {
        **said,
        "id": 7,
        "chargingSchedule": [{"id": 3, "chargingRateUnit": "A", "chargingSchedulePeriod": [period]}],
    }


def test_limits_of_21_per_phase_keep_their_odd_names():
    flows = FlowBench(OCPP21)
    period = {"start_period": 0, "limit": 16.0, "limit_L2": 10.0, "discharge_limit_L3": -3.0}
    schedule = {"id": 1, "charging_rate_unit": "A", "charging_schedule_period": [period]}
    flows.ask("POST start", {"id_token": "T", "charging_profile": {**PROFILE, "charging_schedule": [schedule]}})
    (sent,) = flows.sent[0][1]["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert sent == {"startPeriod": 0, "limit": 16.0, "limit_L2": 10.0, "dischargeLimit_L3": -3.0}


@pytest.mark.parametrize(
    ("version", "body", "path"),
    [
        (OCPP16, {"id_token": "X" * 21}, "$.id_token"),
        (OCPP16, {"id_token": "T", "group_id_token": "G"}, "$.group_id_token"),
        (
            OCPP16,
            {"id_token": "T", "charging_profile": {**PROFILE, "charging_schedule": []}},
            "$.charging_profile.charging_schedule",
        ),
        (OCPP201, {"id_token": "X" * 37}, "$.idToken.idToken"),
        (OCPP201, {"id_token": {"id_token": "T", "type": "Card"}}, "$.idToken.type"),
        (
            OCPP21,
            {"id_token": "T", "charging_profile": {**PROFILE, "charging_profile_purpose": "TxDefaultProfile"}},
            "$.charging_profile",
        ),
        *(
            (
                version,
                {"id_token": "T", "charging_profile": {**PROFILE, "transaction_id": "7"}},
                "$.charging_profile.transaction_id",
            )
            for version in ALL
        ),
        (OCPP21, {"id_token": "T", "evse": 0}, "$.evse"),
        (OCPP21, {"id_token": "T", "evses": 1}, "$"),
        (OCPP21, {}, "$"),
    ],
)
def test_a_start_that_the_version_cannot_say_is_refused_with_its_place(version, body, path):
    assert FlowBench(version).refusal("POST start", body) == ("invalid", path)


@pytest.mark.parametrize("version", ALL)
def test_the_ends_of_a_call_are_those_of_the_flow(version):
    action = "RemoteStartTransaction" if version == OCPP16 else "RequestStartTransaction"
    ends = {
        Outcome.REJECTED: {"status": "Rejected"},
        Outcome.CALL_ERROR: StationError("InternalError", "out of order"),
        Outcome.TIMEOUT: SILENCE,
        Outcome.UNKNOWN: GONE,
    }
    for outcome, answer in ends.items():
        result = FlowBench(version, **{action: answer}).ask("POST start", {"id_token": "TAG1", "evse": 1})
        assert result.outcome is outcome
    flows = FlowBench(version)
    flows.station.session = None
    assert flows.ask("POST start", {"id_token": "TAG1"}).outcome is Outcome.OFFLINE


def test_a_rejection_says_what_the_station_said_of_it():
    said = {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidIdToken", "additionalInfo": "blocked here"}}
    result = FlowBench(OCPP201, RequestStartTransaction=said).ask("POST start", {"id_token": "TAG1"})
    assert result.body["status_info"] == {"code": "InvalidIdToken", "text": "blocked here"}
    assert result.reason == "the station answered Rejected (InvalidIdToken, blocked here)"


def test_a_stop_of_16_names_the_number_that_the_gateway_gave_out():
    flows = FlowBench(OCPP16)
    transaction = flows.say("StartTransaction", start_16())["transactionId"]
    result = flows.ask("POST stop", {"transaction": str(transaction)})
    assert flows.sent == [("RemoteStopTransaction", {"transactionId": transaction})]
    assert result.body == {"status": "Accepted", "transaction": str(transaction), "running": True}


@pytest.mark.parametrize("version", BOTH_2)
def test_a_stop_of_2_names_the_transaction_of_the_station(version):
    flows = FlowBench(version)
    flows.say("TransactionEvent", event_201("Started"))
    assert flows.ask("POST stop", {"transaction": "T1"}).body["running"]
    assert flows.sent == [("RequestStopTransaction", {"transactionId": "T1"})]


@pytest.mark.parametrize("version", ALL)
def test_a_transaction_that_is_not_known_is_stopped_all_the_same(version):
    flows = FlowBench(version)
    result = flows.ask("POST stop", {"transaction": "4711"})
    assert len(flows.sent) == 1
    assert (result.outcome, result.body["running"]) == (Outcome.ACCEPTED, False)


@pytest.mark.parametrize("transaction", ["T1", "-1", "-1@2026-03-01T12:00:00+00:00", "", "٣", str(2**31), "9" * 5000])
def test_a_transaction_of_16_is_a_number(transaction):
    assert FlowBench(OCPP16).refusal("POST stop", {"transaction": transaction}) == ("invalid", "$.transaction")


@pytest.mark.parametrize("version", ALL)
def test_a_station_that_is_not_accepted_is_not_asked_to_start(version):
    flows = FlowBench(version)
    flows.station.state.registration = "Pending"
    assert flows.refusal("POST start", {"id_token": "TAG1"}) == ("not_accepted", None)


def test_a_transaction_of_1_6_may_be_named_by_its_number():
    flows = FlowBench(OCPP16)
    assert flows.ask("POST stop", {"transaction": 7}).body["transaction"] == "7"
    assert flows.sent == [("RemoteStopTransaction", {"transactionId": 7})]
