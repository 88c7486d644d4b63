"""What all sessions of one version share: its actions, and everything that a session needs of the gateway."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias
from zlib import crc32

from msgspec import Struct

from gateway.core.calls import Schedule
from gateway.core.csms import AnswerRaw, Csms, Decode, Handle, Registration
from gateway.core.protocols import Protocol
from gateway.core.quirks.second_look import SecondLook
from gateway.core.recorder import Recorder
from gateway.core.stations import Station
from gateway.core.tally import Tally
from gateway.wire.messages import Refusal
from gateway.wire.signed import SUFFIX
from gateway.wire.versions import Action, Send
from gateway.wire.violations import Violation

if TYPE_CHECKING:
    from gateway.core.session import Session

REFUSALS: Final = {
    Violation.SYNTAX: Refusal.SYNTAX,
    Violation.UNKNOWN_PROPERTY: Refusal.UNKNOWN_PROPERTY,
    Violation.MISSING: Refusal.MISSING,
    Violation.TYPE: Refusal.TYPE,
    Violation.CONSTRAINT: Refusal.CONSTRAINT,
}

NOTED: Final = frozenset({"BootNotification", "OpenPeriodicEventStream"})
"""Actions after which the gateway may have something to ask of the station by itself (see `core.upkeep`)."""

Log: TypeAlias = Callable[..., None]


class BoundCall(Struct, frozen=True):
    """Everything that is known beforehand of one action of one version that a station may call or send."""

    name: str
    digest_seed: int
    action: Action | Send
    decode: Decode
    handle: Handle
    keyed: bool
    answer_raw: AnswerRaw | None
    refused_while: frozenset[Registration]
    counted: int
    noted: bool


class Service:
    """What all sessions of one version share."""

    def __init__(
        self,
        protocol: Protocol,
        *,
        csms: Csms,
        recorder: Recorder,
        tally: Tally,
        schedule: Schedule,
        next_message_id: Callable[[], str],
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        log: Log,
        second_look: SecondLook | None = None,
        noted: Callable[[Station, str], None] = lambda _station, _action: None,
    ) -> None:
        """`schedule` has a queue of outgoing calls ticked at its deadline; `next_message_id` gives each an id.

        `second_look` looks at what was refused, with the quirks of its station; without it there are none.
        `noted` hears of each station whose message of an action in NOTED was taken in.
        """
        self.protocol = protocol
        self.csms = csms
        self.recorder = recorder
        self.journal = recorder.journal
        self.tally = tally
        self.schedule = schedule
        self.next_message_id = next_message_id
        self.now = now
        self.monotonic = monotonic
        self.log = log
        self.noted = noted
        self.second_look = second_look
        self.waiting_for_room: dict[Session, None] = {}
        """Sessions that hold a message until the journal has room, in order. Who closes is no longer among them."""
        self.calls = self._bind(protocol.version.from_station)
        self.sends = self._bind(protocol.version.sends)

    def _bind(self, actions: Mapping[str, Action | Send]) -> dict[str, BoundCall]:
        rules = self.protocol.rules
        return {
            name: BoundCall(
                name=name,
                digest_seed=crc32(name.encode()),
                action=action,
                decode=rules[name].decode,
                handle=rules[name].handle,
                keyed=rules[name].keyed,
                answer_raw=rules[name].answer_raw,
                refused_while=rules[name].refused_while,
                counted=self.tally.base(self.protocol.version.subprotocol, name),
                noted=name in NOTED,
            )
            for name, action in actions.items()
        }

    def call_named(self, name: str) -> BoundCall | None:
        """Return the action that a station calls by `name`: its own, or that of its signed form."""
        call = self.calls.get(name)
        if call is None and self.protocol.unwraps_signed and name.endswith(SUFFIX):
            return self.calls.get(name.removesuffix(SUFFIX))
        return call

    def go_on(self) -> None:
        """Let the sessions go on that wait: the journal has room again."""
        waiting = list(self.waiting_for_room)
        self.waiting_for_room.clear()
        for session in waiting:
            session.go_on()
