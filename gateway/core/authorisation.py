"""Who may charge: id tokens and what is answered for them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, TypeAlias

from msgspec import Struct

AuthorizationStatus: TypeAlias = Literal[
    "Accepted",
    "Blocked",
    "ConcurrentTx",
    "Expired",
    "Invalid",
    "NoCredit",
    "NotAllowedTypeEVSE",
    "NotAtThisLocation",
    "NotAtThisTime",
    "Unknown",
]


ID_CHARACTERS_MAX: Final = {"ocpp1.6": 20, "ocpp2.0.1": 36, "ocpp2.1": 255}
"""Longest id token, and so the longest group id, of each version."""


def fitting_group(group: str | None, subprotocol: str) -> str | None:
    """Return a group id where a version can hold it. A part of it is never said: other groups begin alike."""
    return group if group is not None and len(group) <= ID_CHARACTERS_MAX[subprotocol] else None


class Token(Struct, frozen=True, kw_only=True):
    """An id token as the operator lists it. `type` is one of OCPP 2.1, of which 2.0.1 has most; `group` is its id."""

    id: str
    type: str = "ISO14443"
    status: AuthorizationStatus = "Accepted"
    expires_at: datetime | None = None
    group: str | None = None


class Verdict(Struct, frozen=True):
    """The answer for one token at one moment, in 2.x words."""

    status: AuthorizationStatus
    expires_at: datetime | None = None
    group: str | None = None


ACCEPTED = Verdict("Accepted")
UNKNOWN = Verdict("Unknown")


class Authoriser:
    """Answers for id tokens from a list, or accepts every token where `tokens` is None.

    Keys of `tokens` are ids in lower case: id tokens are case-insensitive (OCPP 2.0.1 Part 2, IdTokenType.idToken is
    an identifierString; OCPP 1.6 section 7.28, IdToken is a CiString).
    """

    def __init__(self, tokens: Mapping[str, Token] | None) -> None:
        self._tokens = tokens

    def verdict(self, id_token: str, now: datetime) -> Verdict:
        """Return the verdict for `id_token` at `now`; a token past its expiry is Expired whatever its status says."""
        if self._tokens is None:
            return ACCEPTED
        token = self._tokens.get(id_token.lower())
        if token is None:
            return UNKNOWN
        expired = token.status == "Accepted" and token.expires_at is not None and token.expires_at <= now
        return Verdict("Expired" if expired else token.status, token.expires_at, token.group)
