"""A station's connection, as far as the core uses it."""

from typing import Final, Protocol


class Link(Protocol):
    """The station's connection, as far as a session uses it."""

    def write(self, message: bytes) -> bool:
        """Send one OCPP-J message; False, and nothing sent, if the connection takes no more."""

    def pause_reading(self) -> None:
        """Read nothing from the socket until `resume_reading`."""

    def resume_reading(self) -> None:
        """Read on."""

    def superseded(self) -> None:
        """Close: the station has a newer connection."""

    def failed(self, error: Exception) -> None:
        """Close: the session failed with an error of ours."""


class _NoLink:
    """What a closed session has for a link. The real one is let go, so that it is freed without a search for cycles."""

    __slots__ = ()

    def write(self, message: bytes) -> bool:
        return False

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def superseded(self) -> None: ...

    def failed(self, error: Exception) -> None: ...


NO_LINK: Final = _NoLink()
