"""The operator's id tokens as versions of the local authorisation list, and how one version becomes another.

Versions are numbered so that a list may take several messages, each of which needs a number of its own that is higher
than the one before (OCPP 1.6 section 5.15, 2.x use case D01): between two versions there are `VERSION_STEP` numbers.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway.core.authorisation import ID_CHARACTERS_MAX, Token, fitting_group
from gateway.wire.messages import timestamp

OCPP16: Final = "ocpp1.6"
OCPP201: Final = "ocpp2.0.1"

VERSION_STEP: Final = 4096
"""Numbers from one version to the next: most messages that one list may take. An int32 lasts 59 years at one version an
hour."""

VERSIONS_MAX: Final = 16
"""Versions that are kept. A station that is further behind gets the whole list."""

_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)

_TYPES_OF_21: Final = frozenset({"DirectPayment", "EVCCID", "VIN"})
"""Types of id tokens that 2.0.1 does not have."""

_STATUSES_16: Final = {"Accepted": "Accepted", "Expired": "Expired", "Invalid": "Invalid", "Unknown": "Invalid"}
"""Verdicts -> AuthorizationStatus of 1.6 (section 7.2); what stands not here is Blocked."""

Entries = list[msgspec.Raw]
"""AuthorizationData of one version of OCPP, each as JSON."""


class TokenList(Struct, frozen=True):
    """One version of the operator's list."""

    version: int
    tokens: tuple[Token, ...]


def next_version(previous: int | None, now: datetime) -> int:
    """Return the version after `previous`.

    It grows with the clock too, so that a gateway that lost its versions does not give one out again.
    """
    hours = max(1, (now - _EPOCH) // timedelta(hours=1))
    return max(hours * VERSION_STEP, 0 if previous is None else previous + VERSION_STEP)


class TokenHistory:
    """The last versions of the list; the newest is what stations should have."""

    def __init__(self, lists: Sequence[TokenList]) -> None:
        """`lists` are in the order of their versions; there is at least one."""
        self._lists = {known.version: known for known in lists[-VERSIONS_MAX:]}
        self.version: Final = lists[-1].version
        self.being_sent: Final[set[str]] = set()
        """Stations to which a list is on its way: two at once would make one of neither."""
        self._full: dict[str, Entries] = {}
        self._differences: dict[tuple[int, str], Entries | None] = {}

    def __contains__(self, version: int) -> bool:
        """Whether `version` is known, so that `difference` can start from it."""
        return version in self._lists

    def full(self, subprotocol: str) -> Entries:
        """Return the whole list for a station."""
        entries = self._full.get(subprotocol)
        if entries is None:
            entries = self._full[subprotocol] = list(_entries(self._lists[self.version].tokens, subprotocol).values())
        return entries

    def left_out(self, subprotocol: str) -> int:
        """Return how many tokens no list of this version of OCPP can hold: by their length or their type."""
        return len(self._lists[self.version].tokens) - len(self.full(subprotocol))

    def difference(self, base: int, subprotocol: str) -> Entries | None:
        """Return what changes from version `base`, or None where only the whole list can say it.

        That is so if a token changed its type, which is part of what it is.
        """
        key = base, subprotocol
        if key not in self._differences:
            old, new = self._lists[base].tokens, self._lists[self.version].tokens
            self._differences[key] = _difference(old, new, subprotocol)
        return self._differences[key]


def _difference(old: Sequence[Token], new: Sequence[Token], subprotocol: str) -> Entries | None:
    before, after = _entries(old, subprotocol), _entries(new, subprotocol)
    types = {token.id.lower(): token.type for token in new}
    if subprotocol != OCPP16 and any(types.get(token.id.lower(), token.type) != token.type for token in old):
        return None
    changed = [entry for key, entry in after.items() if before.get(key) != entry]
    gone = [
        _encoded(_named(token, subprotocol))
        for token in old
        if (key := token.id.lower()) in before and key not in after
    ]
    return changed + gone


def _entries(tokens: Sequence[Token], subprotocol: str) -> dict[str, msgspec.Raw]:
    """Return the entries for those tokens that can be listed, by id in lower case."""
    return {
        token.id.lower(): _encoded(_entry(token, subprotocol)) for token in tokens if _can_be_listed(token, subprotocol)
    }


def _can_be_listed(token: Token, subprotocol: str) -> bool:
    if len(token.id) > ID_CHARACTERS_MAX[subprotocol]:
        return False
    if subprotocol == OCPP16:
        return True
    return token.type != "NoAuthorization" and (subprotocol != OCPP201 or token.type not in _TYPES_OF_21)


def _named(token: Token, subprotocol: str) -> dict[str, Any]:
    return {"idTag": token.id} if subprotocol == OCPP16 else {"idToken": {"idToken": token.id, "type": token.type}}


def _entry(token: Token, subprotocol: str) -> dict[str, Any]:
    """Return an AuthorizationData: of 1.6 section 7.1, or of 2.x."""
    group = fitting_group(token.group, subprotocol)
    if subprotocol == OCPP16:
        told: dict[str, Any] = {"status": _STATUSES_16.get(token.status, "Blocked")}
        if token.expires_at is not None:
            told["expiryDate"] = timestamp(token.expires_at)
        if group is not None:
            told["parentIdTag"] = group
        return {**_named(token, subprotocol), "idTagInfo": told}
    told = {"status": token.status}
    if token.expires_at is not None:
        told["cacheExpiryDateTime"] = timestamp(token.expires_at)
    if group is not None:
        told["groupIdToken"] = {"idToken": group, "type": "Central"}
    return {**_named(token, subprotocol), "idTokenInfo": told}


def _encoded(entry: Mapping[str, Any]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(entry))
