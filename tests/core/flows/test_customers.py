import pytest

from gateway.core.calls import Outcome
from tests.core.flows.flow_bench import BOTH_2, FlowBench
from tests.core.said import at
from tests.core.station_bench import OCPP16, OCPP201

CERTIFICATE = {"hash_algorithm": "SHA256", "issuer_name_hash": "a", "issuer_key_hash": "b", "serial_number": "1"}


@pytest.mark.parametrize("version", BOTH_2)
def test_a_report_is_one_text_whatever_the_order_of_its_parts(version):
    def answer(request):
        for seq_no, text in ((1, "born in Delft"), (0, "A. Driver, ")):
            part = {"requestId": request["requestId"], "seqNo": seq_no, "tbc": seq_no == 0, "data": text}
            flows.say_later("NotifyCustomerInformation", {**part, "generatedAt": at()})
        return {"status": "Accepted"}

    flows = FlowBench(version, CustomerInformation=answer)
    result = flows.ask("POST customer-information", {"id_token": "TAG1", "clear": True})
    ((_, sent),) = flows.sent
    assert sent == {
        "requestId": sent["requestId"],
        "report": True,
        "clear": True,
        "idToken": {"idToken": "TAG1", "type": "ISO14443"},
    }
    assert (result.outcome, result.body["report"]) == (Outcome.ACCEPTED, "A. Driver, born in Delft")


@pytest.mark.parametrize("version", BOTH_2)
def test_a_customer_who_is_only_to_be_forgotten_has_no_report_to_wait_for(version):
    flows = FlowBench(version)
    result = flows.ask(
        "POST customer-information", {"customer_certificate": CERTIFICATE, "report": False, "clear": True}
    )
    assert flows.sent[0][1]["customerCertificate"]["issuerNameHash"] == "a"
    assert (result.outcome, result.body) == (Outcome.ACCEPTED, {"status": "Accepted"})


@pytest.mark.parametrize("version", BOTH_2)
def test_a_station_that_knows_no_such_customer_rejects(version):
    flows = FlowBench(version, CustomerInformation={"status": "Invalid"})
    result = flows.ask("POST customer-information", {"customer_identifier": "C-1"})
    assert (result.outcome, result.body["status"]) == (Outcome.REJECTED, "Invalid")
    assert flows.station.listeners is None


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$"),
        ({"id_token": "T", "customer_identifier": "C"}, "$"),
        ({"id_token": "T", "report": False}, "$.report"),
        ({"customer_certificate": {**CERTIFICATE, "hash_algorithm": "MD5"}}, "$.customerCertificate.hashAlgorithm"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_place(body, path):
    assert FlowBench(OCPP201).refusal("POST customer-information", body) == ("invalid", path)


def test_16_tells_nothing_of_customers():
    refusal = FlowBench(OCPP16).refusal("POST customer-information", {"id_token": "T"})
    assert refusal == ("action_of_other_version", None)
