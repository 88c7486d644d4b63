import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.authorisation import AuthorizationStatus, Token
from gateway.core.token_history import VERSION_STEP, VERSIONS_MAX, Entries, TokenHistory, TokenList, next_version
from tests.core.station_bench import MESSAGES, OCPP16, OCPP21, OCPP201
from tests.wire import schema_oracle

NOW = datetime(2026, 11, 1, tzinfo=UTC)

STATUSES: tuple[AuthorizationStatus, ...] = ("Accepted", "Blocked", "Expired", "ConcurrentTx")

tokens = st.lists(
    st.builds(
        Token,
        id=st.text("abAB1", min_size=1, max_size=4) | st.just("x" * 21),
        type=st.sampled_from(["ISO14443", "eMAID", "VIN"]),
        status=st.sampled_from(STATUSES),
        expires_at=st.none() | st.just(NOW),
        group=st.none() | st.sampled_from(["g", "g" * 21]),
    ),
    max_size=6,
    unique_by=lambda token: token.id.lower(),
).map(tuple)


def applied(entries: Entries, to: dict[Any, Any]) -> dict[Any, Any]:
    """What a station's list is after a differential update (OCPP 1.6 section 5.15, 2.0.1 D01.FR.17)."""
    listed = dict(to)
    for text in entries:
        entry = json.loads(bytes(text))
        named = entry.get("idTag") or (entry["idToken"]["idToken"], entry["idToken"]["type"])
        key = named.lower() if isinstance(named, str) else (named[0].lower(), named[1])
        told = entry.get("idTagInfo") or entry.get("idTokenInfo")
        if told is None:
            del listed[key]
        else:
            listed[key] = entry
    return listed


@pytest.mark.parametrize("version", [OCPP16, OCPP201, OCPP21])
@given(old=tokens, new=tokens)
def test_the_difference_makes_the_new_list_of_the_old_one(
    version: str, old: tuple[Token, ...], new: tuple[Token, ...]
) -> None:
    before = TokenHistory([TokenList(1, old)]).full(version)
    history = TokenHistory([TokenList(1, old), TokenList(2, new)])
    difference = history.difference(1, version)
    if difference is None:
        types = {token.id.lower(): token.type for token in old}
        assert version != OCPP16
        assert any(types.get(token.id.lower(), token.type) != token.type for token in new)
    else:
        assert applied(difference, applied(before, {})) == applied(history.full(version), {})


def test_nothing_changes_where_nothing_differs() -> None:
    listed = (Token(id="A"), Token(id="B"))
    history = TokenHistory([TokenList(1, listed), TokenList(2, (*listed, Token(id="x" * 21)))])
    assert history.difference(1, OCPP16) == []
    assert len(history.difference(1, OCPP201) or []) == 1
    assert history.left_out(OCPP16) == 1
    assert history.left_out(OCPP201) == 0


def test_entries_say_what_the_version_can_say() -> None:
    token = Token(id="AB", type="eMAID", status="NoCredit", expires_at=NOW, group="G")
    history = TokenHistory([TokenList(1, (token,))])
    assert json.loads(bytes(history.full(OCPP16)[0])) == {
        "idTag": "AB",
        "idTagInfo": {"status": "Blocked", "expiryDate": "2026-11-01T00:00:00.000Z", "parentIdTag": "G"},
    }
    assert json.loads(bytes(history.full(OCPP21)[0])) == {
        "idToken": {"idToken": "AB", "type": "eMAID"},
        "idTokenInfo": {
            "status": "NoCredit",
            "cacheExpiryDateTime": "2026-11-01T00:00:00.000Z",
            "groupIdToken": {"idToken": "G", "type": "Central"},
        },
    }


def test_a_version_lists_what_its_schema_has() -> None:
    """OCPP 2.1 has longer ids and more types than 2.0.1, which refuses a list with one that it does not know."""
    listed = (
        Token(id="A"),
        Token(id="x" * 37),
        Token(id="WVWZZZ1JZ3W386752", type="VIN"),
        Token(id="B", group="g" * 37),
    )
    history = TokenHistory([TokenList(1, listed)])
    for version, ids in ((OCPP201, ["A", "B"]), (OCPP21, ["A", "x" * 37, "WVWZZZ1JZ3W386752", "B"])):
        entries = [json.loads(bytes(entry)) for entry in history.full(version)]
        request = {"versionNumber": 1, "updateType": "Full", "localAuthorizationList": entries}
        schema = MESSAGES[version, "SendLocalList", "request"].schema
        assert not schema_oracle.verdicts(schema_oracle.validator(schema), request)
        assert [entry["idToken"]["idToken"] for entry in entries] == ids
        assert history.left_out(version) == len(listed) - len(ids)


def test_only_the_last_versions_are_known() -> None:
    lists = [TokenList(number, ()) for number in range(1, VERSIONS_MAX + 3)]
    history = TokenHistory(lists)
    assert 2 not in history
    assert 3 in history
    assert history.version == VERSIONS_MAX + 2


class TestVersions:
    def test_they_rise_by_whole_steps_even_within_one_hour(self) -> None:
        first = next_version(None, NOW)
        second = next_version(first, NOW)
        assert second - first == VERSION_STEP
        assert first % VERSION_STEP == 0

    def test_a_gateway_that_lost_them_does_not_begin_again(self) -> None:
        assert next_version(None, NOW + timedelta(hours=2)) > next_version(None, NOW)

    def test_a_clock_that_went_back_does_not_lower_them(self) -> None:
        version = next_version(None, NOW)
        assert next_version(version, NOW - timedelta(days=3000)) > version
        assert next_version(None, datetime(1970, 1, 1, tzinfo=UTC)) > 0

    def test_they_fit_an_int32_for_decades(self) -> None:
        assert next_version(None, datetime(2080, 1, 1, tzinfo=UTC)) < 2**31
