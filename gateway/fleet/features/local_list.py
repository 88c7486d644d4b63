"""The local authorisation list: OCPP 1.6 section 5.15, 2.x use cases D01 and D02."""

from collections.abc import Sequence

from msgspec import Struct

ENTRIES_MAX = 200
"""LocalAuthListMaxLength: small, so that a server meets the limit."""

ENTRIES_PER_MESSAGE_MAX = 50
"""SendLocalListMaxLength, ItemsPerMessage."""


class ListEntry(Struct, frozen=True):
    """One token and the verdict on it; None takes it off the list."""

    id_token: str
    status: str | None


class LocalList:
    """The tokens that a station knows. `version` is 0 for no list (D02.FR.03)."""

    __slots__ = ("_verdicts", "version")

    def __init__(self) -> None:
        self.version = 0
        self._verdicts: dict[str, str] = {}

    @property
    def size(self) -> int:
        """How many tokens are listed."""
        return len(self._verdicts)

    def verdict(self, id_token: str) -> str | None:
        """The status of `id_token` (case-insensitive, as identifierStrings are), or None where it is not listed."""
        return self._verdicts.get(id_token.lower())

    def update(self, version: int, entries: Sequence[ListEntry], *, differential: bool) -> str:
        """Take a list: Accepted, Failed or VersionMismatch; only the first changes anything.

        A differential update must bring a higher version (D01.FR.19). A full one without entries clears the list.
        """
        if differential and version <= self.version:
            return "VersionMismatch"
        tokens = [entry.id_token.lower() for entry in entries]
        if (version < 1 and entries) or len(set(tokens)) < len(tokens):
            return "Failed"
        if not differential and any(entry.status is None for entry in entries):
            return "Failed"
        verdicts = dict(self._verdicts) if differential else {}
        for token, entry in zip(tokens, entries, strict=True):
            if entry.status is None:
                verdicts.pop(token, None)
            else:
                verdicts[token] = entry.status
        if len(verdicts) > ENTRIES_MAX:
            return "Failed"
        self._verdicts = verdicts
        self.version = max(version, 0) if verdicts or differential else 0
        return "Accepted"

    def forget(self, id_token: str) -> None:
        """Take `id_token` off the list, as for a customer who wants to be forgotten."""
        self._verdicts.pop(id_token.lower(), None)
