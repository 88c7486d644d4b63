"""What a feature needs of the station that has it, and what the station needs of a feature that does things later."""

from datetime import datetime
from typing import Protocol

from gateway.fleet.behaviour import Behaviour
from gateway.fleet.intents import Intent


class Timed(Protocol):
    """A feature that does something without anybody's doing."""

    @property
    def next_at(self) -> datetime | None:
        """When it wants to be ticked; None: not of itself."""

    def tick(self, now: datetime) -> None:
        """Do what has become due."""


class Home(Protocol):
    """A station, as its features see it."""

    identity: str
    version: str
    behaviour: Behaviour

    @property
    def online(self) -> bool:
        """Whether it is connected and accepted."""

    @property
    def charging(self) -> bool:
        """Whether any transaction runs."""

    def say(self, intent: Intent) -> bool:
        """Queue `intent`; False where it found no room, or was for a server that is not there."""

    def restart(self, now: datetime, *, reason: str) -> None:
        """Switch off and on again; `reason` is the next boot's (BootReasonEnumType)."""
