"""OCPP 2.1: what it has beyond 2.0.1, and where the shared code must say 2.1."""

import json
from datetime import datetime

from gateway.core.records import Event, RawMessage, StationBooted, TransactionEvent
from tests.core import said
from tests.core.station_bench import BEGIN, BOOTS

HASH = {"hashAlgorithm": "SHA256", "issuerNameHash": "n", "issuerKeyHash": "k", "serialNumber": "1"}
EMAID = {"idToken": "DE8AACA2B3C4D5L", "type": "eMAID"}


def test_a_boot_and_what_is_kept_raw_say_their_version(station_2, bench):
    station_2.ask("BootNotification", BOOTS[station_2.version])
    station_2.ask("MeterValues", {"broken": 1})
    station_2.ask("MeterValues", said.meter_values_201({"value": 1e300}))
    booted, undecodable, unreadable, _ = bench.records
    assert isinstance(booted, StationBooted)
    assert isinstance(undecodable, RawMessage)
    assert isinstance(unreadable, RawMessage)
    assert {booted.version, undecodable.version, unreadable.version} == {station_2.version}


def test_each_certificate_asked_for_is_answered_failed(station_21, bench):
    asked = [
        {"certificateHashData": {**HASH, "serialNumber": serial}, "source": source, "urls": ["https://ocsp.example"]}
        for serial, source in (("1", "OCSP"), ("2", "CRL"))
    ]
    answer = station_21.ask("GetCertificateChainStatus", {"certificateStatusRequests": asked})
    assert [
        (status["certificateHashData"]["serialNumber"], status["source"], status["status"])
        for status in answer["certificateStatus"]
    ] == [("1", "OCSP", "Failed"), ("2", "CRL", "Failed")]
    assert all(datetime.fromisoformat(status["nextUpdate"]) > BEGIN for status in answer["certificateStatus"])
    assert bench.records == []


def test_a_vat_number_is_rejected_as_asked(station_21):
    assert station_21.ask("VatNumberValidation", {"vatNumber": "DE1", "evseId": 3}) == {
        "status": "Rejected",
        "vatNumber": "DE1",
        "evseId": 3,
    }
    assert station_21.ask("VatNumberValidation", {"vatNumber": ""}) == {"status": "Rejected", "vatNumber": ""}


def test_what_a_transaction_costs_is_kept_beside_it(station_21, bench):
    costs = {
        "totalCost": {"currency": "EUR", "typeOfCost": "NormalCost", "total": {"exclTax": 1.5}},
        "totalUsage": {"energy": 4, "chargingTime": 5, "idleTime": 6},
    }
    station_21.ask("TransactionEvent", said.event_201("Ended", 0, info={"tariffId": "night"}, costDetails=costs))
    event, kept = bench.records
    assert isinstance(event, TransactionEvent)
    assert (type(kept), kept.kind) == (Event, "CostDetails")
    assert json.loads(kept.detail) == {"transactionId": "T1", "tariffId": "night", "costDetails": costs}


def test_a_transaction_without_costs_keeps_none(station_21, bench):
    station_21.ask("TransactionEvent", said.event_201("Started", 0))
    assert [type(record) for record in bench.records] == [TransactionEvent]


def test_a_contract_that_nobody_can_verify_opens_nothing(station_2):
    data = {"idToken": EMAID, "iso15118CertificateHashData": [{**HASH, "responderURL": "https://ocsp.example"}]}
    refused = {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "CertChainError"}
    assert station_2.ask("Authorize", data) == refused
    assert station_2.ask("Authorize", {"idToken": EMAID, "certificate": "-----BEGIN"}) == refused
    assert station_2.ask("Authorize", {"idToken": EMAID}) == {"idTokenInfo": {"status": "Accepted"}}


def test_an_id_token_of_21_may_be_long_and_of_any_type(station_21, bench):
    token = {"idToken": "x" * 255, "type": "DirectPayment"}
    station_21.ask("TransactionEvent", said.event_201("Started", 0, idToken=token))
    assert bench.records[0].id_token == "x" * 255


def test_a_settlement_is_kept_once(station_21, bench):
    settlement = {
        "pspRef": "P1",
        "status": "Settled",
        "settlementAmount": 12.5,
        "settlementTime": said.at(),
    }
    for _ in range(2):
        assert station_21.ask("NotifySettlement", settlement) == {}
    assert [json.loads(record.detail)["pspRef"] for record in bench.records] == ["P1"]
