"""Facts about certificates. Hashes and numbers are what `openssl ocsp -issuer c.pem -cert c.pem -text` prints."""

import pytest

from gateway.fleet.features.certificates import NotACertificate, parse_certificate
from tests.fleet.csms import OCPP16
from tests.fleet.operator import VERSIONS, VERSIONS_2, operated

ELLIPTIC = """
-----BEGIN CERTIFICATE-----
MIIB1TCCAXugAwIBAgIUauoYvvxt39XSN6jLYBWtpV1nUC4wCgYIKoZIzj0EAwIw
PzELMAkGA1UEBhMCREUxGTAXBgNVBAoMEEV4YW1wbGUgQ2hhcmdpbmcxFTATBgNV
BAMMDEV4YW1wbGUgUm9vdDAgFw0yNjExMjMyMDAwMDhaGA8yMTI2MTAzMDIwMDAw
OFowPzELMAkGA1UEBhMCREUxGTAXBgNVBAoMEEV4YW1wbGUgQ2hhcmdpbmcxFTAT
BgNVBAMMDEV4YW1wbGUgUm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABC0N
Y3dDB9P4istR2MpQuQ3iQz0CkQdsmI7on5xCbLIz7HFVkoFjKzr0H0VZ+Yupe//F
5rQGVYn8ZWfBzpUgQACjUzBRMB0GA1UdDgQWBBRWjVsRiAFmkrZNo74Yho1PKcbI
hzAfBgNVHSMEGDAWgBRWjVsRiAFmkrZNo74Yho1PKcbIhzAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIQCvsYMOtc3jLjyiow4lib8VYD4m5UZgguDb
YvF+QTjuIgIgNxXdMX3gp93S2k3+WhmYlX5HYoq3XMP049L+CIRqK4g=
-----END CERTIFICATE-----
"""
ELLIPTIC_HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "a8bef5bbc92fa62bd35f7f7d883ef427c01db62329d4f6a373381f3658f64c0b",
    "issuerKeyHash": "09f78e9c01ae8ad2908539b799f8e034e6f3ce7e9aa24b35f10951f67c7b67b7",
    "serialNumber": "6aea18befc6ddfd5d237a8cb6015ada55d67502e",
}

RSA = """
-----BEGIN CERTIFICATE-----
MIIC/jCCAeagAwIBAgIDAKGyMA0GCSqGSIb3DQEBCwUAMBYxFDASBgNVBAMMC0V4
YW1wbGUgUlNBMCAXDTI2MTEyMzIwMDAwOFoYDzIxMjYxMDMwMjAwMDA4WjAWMRQw
EgYDVQQDDAtFeGFtcGxlIFJTQTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoC
ggEBAKsLtMp6xz64tMCSa3LCkJeKF3jXGhN33HZL/WcqLAUn0iaFbg3/wagSSKFU
dyYXDnArWZy63FHjFt9f/h+qddq0RYYYaGn8HUiFikjXOadmiqUr8K25PFFkdwe0
kOj3SImW1eyhZhXXRtJHCp8SqsJPvyE5fKwWGPP7q81XkdItZlGnRj9Xt5/XWfxO
Hk+Qdom03IvNHoVTscAF1cG2pcIZ/0HprtdjwojIAlLIbwNAnIt7D4c2C1SdosWs
x2q5C0kMNKqaQEiIR8q/aGocT2agSPOrLRXeRtVMcLxw3RFxQFny0PdbF1L1A9Kz
7Z5NyH7rbfPJ2LDOOdiaFRRoLIECAwEAAaNTMFEwHQYDVR0OBBYEFGV72NvvuLpa
b1c+NzTgZFjZRKE5MB8GA1UdIwQYMBaAFGV72NvvuLpab1c+NzTgZFjZRKE5MA8G
A1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBAE6giex6Tyg1FMddWDc9
0qaIh/ywPjvN0B5zvbgySZshmaTAtBlv5sTzWgl3WIrFZuXeq6W5Ckwkqem0n80P
8clrOFwXczXZdutqmMqfagu++1Z8tqfz2lBT9+y4ZWWt+t0GtZ5DouIJ4fx0xikJ
8TealQEdec0b/7Yospr93MzfkawoYHn0bGC83lr6nCYZCtvCwVeR55iVF86XuMKN
dTwPbFGSAhChTTHha/x1OdO7k019FcP7vFmsNlbpirUv15dQYKhVUZyx+KDoQ5JV
ZxWmngBMGPlLj5SFExy9rVRpfdR+ERI8Zi6zWbBeUfwLTtC7NMDH7BOXEdhygY7n
J6M=
-----END CERTIFICATE-----
"""
RSA_HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "e82653d3afa9a67b3dc045e6284fa9d8f3016e8c7b0f6de3163f775a052fe634",
    "issuerKeyHash": "1ddd6564b8c119344ed4736a74786b91296b3a1beeca1e0b827611494703a0fe",
    "serialNumber": "a1b2",
}


@pytest.mark.parametrize(("pem", "hashes"), [(ELLIPTIC, ELLIPTIC_HASHES), (RSA, RSA_HASHES)])
def test_hashes_are_those_of_openssl(pem, hashes):
    assert parse_certificate(pem).hash_data("SHA256") == hashes
    assert (
        parse_certificate(pem)
        .hash_data("SHA384")["issuerNameHash"]
        .startswith({"6": "9ee931337f2a1cce", "a": "97bc5e3f18d625f8"}[hashes["serialNumber"][0]])
    )


def test_of_a_chain_the_first_counts():
    assert parse_certificate(RSA + ELLIPTIC) == parse_certificate(RSA)


@pytest.mark.parametrize("cut", range(0, len(ELLIPTIC), 7))
def test_what_is_cut_or_changed_is_no_certificate_or_another_one(cut):
    """Never another error: what is inside the signature may change without being noticed here."""
    for damaged in (ELLIPTIC[:cut], ELLIPTIC[:cut] + "A" + ELLIPTIC[cut + 1 :], ELLIPTIC[:cut] + ELLIPTIC[cut + 4 :]):
        try:
            parse_certificate(damaged)
        except NotACertificate:
            continue


@pytest.mark.parametrize(
    "text", ["", "coffee", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----", "\U0001f50c"]
)
def test_a_text_is_no_certificate(text):
    with pytest.raises(NotACertificate):
        parse_certificate(text)


def uses(version: str) -> tuple[str, str]:
    if version == OCPP16:
        return "CentralSystemRootCertificate", "ManufacturerRootCertificate"
    return "CSMSRootCertificate", "ManufacturerRootCertificate"


@pytest.mark.parametrize("version", VERSIONS)
async def test_installed_certificates_are_told_by_use_until_they_are_deleted(version):
    csms_use, other_use = uses(version)

    async def installed(operator, use: str) -> list[dict]:
        if version == OCPP16:
            answer = await operator.ask("GetInstalledCertificateIds", {"certificateType": use})
            return answer.get("certificateHashData", [])
        answer = await operator.ask("GetInstalledCertificateIds", {"certificateType": [use]})
        return [chain["certificateHashData"] for chain in answer.get("certificateHashDataChain", [])]

    async with operated(version) as operator:
        assert await installed(operator, csms_use) == []
        for pem, status in ((ELLIPTIC, "Accepted"), (RSA, "Accepted"), (ELLIPTIC, "Accepted"), ("no", "Rejected")):
            asked = {"certificateType": csms_use, "certificate": pem}
            assert (await operator.ask("InstallCertificate", asked))["status"] == status
        assert await installed(operator, csms_use) == [ELLIPTIC_HASHES, RSA_HASHES]
        assert await installed(operator, other_use) == []
        wanted = RSA_HASHES | {"issuerKeyHash": RSA_HASHES["issuerKeyHash"].upper()}
        for status in ("Accepted", "NotFound"):
            answer = await operator.ask("DeleteCertificate", {"certificateHashData": wanted})
            assert answer["status"] == status
        assert await installed(operator, csms_use) == [ELLIPTIC_HASHES]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_full_store_takes_no_more(version):
    use, _ = uses(version)
    async with operated(version) as operator:
        store = operator.fleet.stations[0].equipment.certificates
        for number in range(10):
            store.install(f"use {number}", ELLIPTIC)
        answer = await operator.ask("InstallCertificate", {"certificateType": use, "certificate": RSA})
        assert answer["status"] == "Rejected"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_signed_certificate_is_taken_and_nonsense_is_a_security_event(version):
    event = "InvalidChargePointCertificate" if version == OCPP16 else "InvalidChargingStationCertificate"
    async with operated(version) as operator:
        assert (await operator.ask("CertificateSigned", {"certificateChain": RSA + ELLIPTIC}))["status"] == "Accepted"
        assert operator.csms.of("SecurityEventNotification") == []
        assert (await operator.ask("CertificateSigned", {"certificateChain": "no"}))["status"] == "Rejected"
        (told,) = operator.csms.of("SecurityEventNotification")
        assert told["type"] == event


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_a_certificate_for_vehicles_is_refused(version):
    async with operated(version) as operator:
        asked = {"certificateChain": RSA, "certificateType": "V2GCertificate"}
        assert (await operator.ask("CertificateSigned", asked))["status"] == "Rejected"
