"""Who may connect, and how a station that boots is registered."""

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from gateway.core.credentials import Credentials
from gateway.core.records import RegistrationStatus

UnknownPolicy: TypeAlias = Literal["accept", "pending", "reject"]

NOT_FOUND: Final = 404
UNAUTHORIZED: Final = 401


class Admitted(Struct, frozen=True):
    """The station may connect, under this identity."""

    identity: str


class Turned(Struct, frozen=True):
    """The station is turned away with this HTTP status."""

    status: int
    reason: str


class Admission:
    """Decides from the operator's lists. Known stations are those listed and those that have a password."""

    def __init__(self, *, listed: Iterable[str], credentials: Credentials | None, unknown: UnknownPolicy) -> None:
        self._known = frozenset(listed) | frozenset(credentials or ())
        self._by_folded = {identity.casefold(): identity for identity in self._known}
        self._credentials = credentials
        self._unknown: UnknownPolicy = unknown

    def judge(self, identity: str, raw_credentials: bytes | None, *, ignore_case: bool) -> Admitted | Turned:
        """Return whether a station may connect: unknown ones 404, those with wrong credentials 401 (OCPP-J 3.1, 6).

        2.x identities are case-insensitive (`ignore_case`): such a station is admitted as the operator spells it.
        """
        canonical = self._listed_spelling(identity) if ignore_case else identity
        if self._unknown == "reject" and canonical not in self._known:
            return Turned(NOT_FOUND, "This station is not known")
        if self._credentials is not None:
            spelled = f"{identity}:".encode()
            if raw_credentials is None or not raw_credentials.startswith(spelled):
                return Turned(UNAUTHORIZED, "A user name that is the identity, and a password, are needed")
            if not self._credentials.verify(canonical, f"{canonical}:".encode() + raw_credentials[len(spelled) :]):
                return Turned(UNAUTHORIZED, "The password is wrong")
        return Admitted(canonical)

    def registration(self, identity: str, *, ignore_case: bool) -> RegistrationStatus:
        """Return how a station that boots is registered.

        A 2.x station (`ignore_case`) may be remembered in another spelling than it was listed in later.
        """
        canonical = self._listed_spelling(identity) if ignore_case else identity
        if canonical in self._known or self._unknown == "accept":
            return "Accepted"
        return "Pending" if self._unknown == "pending" else "Rejected"

    def _listed_spelling(self, identity: str) -> str:
        """Return how the operator spells an identity. 1.6 ones may differ in case only: what is listed is meant."""
        return identity if identity in self._known else self._by_folded.get(identity.casefold(), identity)
