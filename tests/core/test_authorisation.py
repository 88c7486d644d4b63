"""Id tokens: whose is accepted, in the words of each version."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from gateway.core.authorisation import Authoriser, AuthorizationStatus, Token
from tests.core.station_bench import BEGIN, MESSAGES, OCPP16, OCPP21, OCPP201, Bench


def test_without_a_list_everybody_is_accepted():
    assert Authoriser(None).verdict("anybody", BEGIN).status == "Accepted"


def test_with_an_empty_list_nobody_is_known():
    assert Authoriser({}).verdict("anybody", BEGIN).status == "Unknown"


def test_tokens_are_found_whatever_their_case():
    authoriser = Authoriser({"abc": Token(id="aBc", group="G")})
    assert authoriser.verdict("ABC", BEGIN) == authoriser.verdict("abc", BEGIN)
    assert authoriser.verdict("abC", BEGIN).group == "G"


@pytest.mark.parametrize(
    ("status", "after", "verdict"),
    [
        ("Accepted", timedelta(microseconds=1), "Accepted"),
        ("Accepted", timedelta(0), "Expired"),
        ("Accepted", -timedelta(days=1), "Expired"),
        ("Blocked", -timedelta(days=1), "Blocked"),
    ],
)
def test_an_accepted_token_expires_at_its_instant(status, after, verdict):
    authoriser = Authoriser({"t": Token(id="t", status=status, expires_at=BEGIN + after)})
    assert authoriser.verdict("t", BEGIN).status == verdict


@pytest.mark.parametrize("status", get_args(AuthorizationStatus))
def test_every_status_can_be_said_in_both_versions(status):
    bench = Bench(tokens=[Token(id="T", status=status)])
    old, new = bench.connect(OCPP16, "OLD"), bench.connect(OCPP201, "NEW")
    said_old = old.ask("Authorize", {"idTag": "T"})["idTagInfo"]["status"]
    said_new = new.ask("Authorize", {"idToken": {"idToken": "T", "type": "ISO14443"}})["idTokenInfo"]["status"]
    assert said_new == status
    words = MESSAGES[OCPP16, "Authorize", "response"].schema["properties"]["idTagInfo"]["properties"]["status"]["enum"]
    assert said_old in words
    assert said_old == status or status not in words
    assert (said_old == "Accepted") == (status == "Accepted")


def test_an_answer_of_16_names_expiry_and_parent():
    token = Token(id="T", expires_at=datetime(2027, 1, 1, tzinfo=UTC), group="20 characters, no mo")
    line = Bench(tokens=[token]).connect(OCPP16)
    assert line.ask("Authorize", {"idTag": "t"})["idTagInfo"] == {
        "status": "Accepted",
        "expiryDate": "2027-01-01T00:00:00.000Z",
        "parentIdTag": "20 characters, no mo",
    }


@pytest.mark.parametrize(("version", "length"), [(OCPP16, 20), (OCPP201, 36), (OCPP21, 255)])
def test_a_group_that_a_version_cannot_hold_is_not_cut_to_what_other_groups_begin_with(version, length):
    """Who is of the same group may stop a charge."""
    listed = [Token(id="A", group="G" * length + "1"), Token(id="B", group="G" * length)]
    line = Bench(tokens=listed).connect(version)
    groups = []
    for token in listed:
        asked = {"idTag": token.id} if version == OCPP16 else {"idToken": {"idToken": token.id, "type": "ISO14443"}}
        (info,) = line.ask("Authorize", asked).values()
        groups.append(info.get("parentIdTag") or info.get("groupIdToken", {}).get("idToken"))
    assert groups == [None, "G" * length]
