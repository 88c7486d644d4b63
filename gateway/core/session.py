"""One connected station: its calls come in, are decided, put on disk, and answered.

A CALL that takes effect is answered only after its records are on disk. Until then its answer is *withheld*, and a
second CALL is held, unread, behind it: one open CALL per direction, as OCPP-J has it. Answers to our own calls and the
WebSocket's control frames pass meanwhile.
"""

import re
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from gateway.core.calls import Call, CallEnded, Outcome
from gateway.core.csms import Deviation, OutOfBounds, Reply
from gateway.core.link import NO_LINK, Link
from gateway.core.own_calls import OwnCalls
from gateway.core.quirks.second_look import Mended, Reframed, may_be_kept, with_evidence
from gateway.core.records import Entry, Event, RawMessage, Record
from gateway.core.service import REFUSALS, BoundCall, Service
from gateway.core.stations import LastMessage, Station
from gateway.core.tally import ANSWERED, KEPT_RAW, OUTCOMES, REFUSED, REPEAT, UNKNOWN_ACTION
from gateway.hot import EnvelopeError, EnvelopeFault, digest64, split_envelope
from gateway.wire.messages import (
    CALL,
    CALL_ERROR,
    CALL_RESULT,
    CALL_RESULT_ERROR,
    SEND,
    UNREADABLE_ID,
    Refusal,
    call_error,
    call_result,
)
from gateway.wire.payloads import PayloadError
from gateway.wire.signed import SUFFIX, signed_payload

DIGEST_BYTES: Final = 8
"""Of the digest that recognises a repeat, among the last 16 messages of one station."""

_CALL_HEAD: Final = re.compile(rb'\s*\[\s*2\s*,\s*"(?:[^"\\]|\\.){1,360}"\s*,\s*"([A-Za-z0-9-]{1,50})"\s*,')
"""The start of a CALL whose payload is no JSON, so that a transaction message can be kept even then."""


class Session:
    """One connection of one station. Messages come in through `receive`; answers and our calls leave by the link."""

    __slots__ = (
        "_closed",
        "_held",
        "_link",
        "_own_calls",
        "_paused",
        "_received_monotonic_s",
        "_service",
        "_withheld",
        "asked_for",
        "station",
        "strict",
    )

    def __init__(self, station: Station, service: Service, link: Link, *, strict: bool) -> None:
        self.station = station
        self.strict = strict
        self._service = service
        self._link = link
        self._withheld: bytes | None = None
        self._held: deque[bytes] | None = None
        self._received_monotonic_s = 0.0
        self._paused = False
        self._closed = False
        self._own_calls: OwnCalls | None = None
        self.asked_for: set[str] | None = None
        """Actions that the station was asked to send: it may, before it is accepted (2.0.1 use case B02)."""

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way: no answer withheld and no message held."""
        return self._withheld is None and self._held is None

    @property
    def subprotocol(self) -> str:
        """The version that this connection speaks, such as `ocpp1.6`."""
        return self._service.protocol.version.subprotocol

    def close(self) -> None:
        """Write nothing more. What was appended to the journal stays; its answer is given to the repeat."""
        self._closed = True
        held, self._held = self._held, None
        if held is not None:
            self._count_lost(held)
        self._link = NO_LINK
        self._service.waiting_for_room.pop(self, None)
        calls, self._own_calls = self._own_calls, None
        if calls is not None:
            calls.close()

    @property
    def takes_calls(self) -> bool:
        """Whether `call` may be called: neither closed, nor are there too many calls under way."""
        return not self._closed and (self._own_calls is None or not self._own_calls.full)

    @property
    def calls_under_way(self) -> tuple[str | None, int]:
        """The action of our open call, None if there is none, and how many wait behind it."""
        return (None, 0) if self._own_calls is None else self._own_calls.under_way

    def call(self, call: Call) -> None:
        """Send a call of ours, after those before it; `call.ended` hears what became of it. See `takes_calls`."""
        if self._closed:
            call.ended(CallEnded(Outcome.OFFLINE, sent=False))
            return
        self._calls().put(call)

    def _calls(self) -> OwnCalls:
        if self._own_calls is None:
            self._own_calls = OwnCalls(self.station, self._service, self._link, strict=self.strict)
        return self._own_calls

    def supersede(self) -> None:
        """End this connection in favour of a newer one of the same station."""
        link = self._link
        self.close()
        link.superseded()

    def receive(self, text: bytes) -> None:
        """Handle one OCPP-J message (OCPP-J 1.6 section 4.2, 2.x Part 4 section 4.2). Never raises for its content."""
        try:
            message_type, message_id, word, description, start, end = split_envelope(text)
        except EnvelopeError as error:
            if error.message_type in (CALL_RESULT, CALL_ERROR, CALL_RESULT_ERROR):
                self._receive_broken(text, error)
            elif not self.idle:
                self._hold_call(text)
            elif not self._service.journal.has_room:
                self._wait_for_room(text)
            else:
                self._receive_broken(text, error)
            return
        if message_type == CALL:
            if not self.idle:
                self._hold_call(text)
            elif not self._service.journal.has_room:
                self._wait_for_room(text)
            else:
                self._receive_call(message_id, word, text[start:end])
        elif message_type == CALL_RESULT:
            self._calls().take_result(message_id, text[start:end])
        elif message_type == CALL_ERROR:
            self._calls().take_error(message_id, word, description)
        elif message_type == SEND and self._service.sends:
            self._receive_send(text, word, text[start:end])
        elif message_type == CALL_RESULT_ERROR and self._service.protocol.version.sends:
            self._service.csms.deviated(Deviation.RESULT_REFUSED)
            self._service.log("result_refused", level="warning", station=self.station.identity, code=word)
        else:
            self._receive_unknown_type(message_id)

    def _hold_call(self, text: bytes) -> None:
        """Keep a CALL that came before the answer to the last one, and read no further."""
        self._service.csms.deviated(Deviation.CALL_BEFORE_ANSWER)
        self._hold(text)

    def _hold(self, text: bytes) -> None:
        if self._held is None:
            self._held = deque()
        self._held.append(text)
        if not self._paused:
            self._paused = True
            self._link.pause_reading()

    def _wait_for_room(self, text: bytes) -> None:
        """Keep a message until the journal has room for what it may become."""
        self._held = deque((text,))
        self._service.waiting_for_room[self] = None

    def go_on(self) -> None:
        """Take up what is held, in order, until an answer is withheld again; read on once nothing is held.

        Never raises: whoever calls it has other sessions to serve. An error of ours closes this connection.
        """
        try:
            self._take_up_held()
        except Exception as error:
            self._link.failed(error)

    def _take_up_held(self) -> None:
        held = self._held
        while held and self._withheld is None:
            if not self._service.journal.has_room:
                self._service.waiting_for_room[self] = None
                return
            self._held = None  # nothing stands before the first of them any more
            self.receive(held.popleft())
            self._held = held or None
        if self._paused and not self._held and not self._closed:
            self._paused = False
            self._link.resume_reading()

    def _receive_call(self, message_id: str, name: str, payload: bytes, retold: RawMessage | None = None) -> None:
        """Answer a CALL. `retold` keeps what the station said where quirks had to mend even the text of it."""
        service = self._service
        station = self.station
        self._received_monotonic_s = service.monotonic()
        now = service.now()
        call = service.call_named(name)
        if call is None:
            if name in service.protocol.version.to_station:
                self._refuse(message_id, Refusal.UNSUPPORTED_ACTION, "no station sends this action", UNKNOWN_ACTION)
            else:
                self._refuse(message_id, Refusal.UNKNOWN_ACTION, "this action is unknown", UNKNOWN_ACTION)
            return
        is_signed = name != call.name
        name = call.name
        if station.state.registration in call.refused_while and not self._was_asked_for(name):
            self._refuse(message_id, Refusal.NOT_ACCEPTED, "the station is not accepted: send BootNotification", name)
            return
        mended: Mended | None = None
        original = payload if retold is None else retold.payload
        try:
            said = signed_payload(payload) if is_signed else payload
        except PayloadError as error:
            self._keep_or_refuse(message_id, call, original, now, REFUSALS[error.violation], str(error))
            return
        try:
            request = call.decode(call.action, said)
        except PayloadError as error:
            mended = self._mend(call, said)
            if mended is None:
                self._keep_or_refuse(message_id, call, original, now, REFUSALS[error.violation], str(error))
                return
            request = mended.payload
        digest = None
        if call.keyed:
            digest = _digest(call, said if retold is None else original)
            if self._answer_repeat(message_id, call, digest, now):
                return
        try:
            request, reply, mended = self._handle(call, said, request, mended, now)
        except OutOfBounds:
            reason = "a number is beyond what can be recorded"
            self._keep_or_refuse(message_id, call, original, now, Refusal.CONSTRAINT, reason)
            return
        except Exception as error:
            service.log("answer_failed", level="error", station=station.identity, action=name, error=repr(error))
            self._keep_or_refuse(message_id, call, original, now, Refusal.INTERNAL, "the gateway failed to answer")
            return
        if reply.records:
            records = reply.records
            if is_signed:
                if may_be_kept(name, said):
                    records.append(_evidence(call, payload, now))
            elif mended is not None or retold is not None:
                records = with_evidence(records, mended, retold, self.subprotocol, name, original)
            self._commit(message_id, call, Entry(station.identity, now, digest, reply.answer, records), ANSWERED)
        else:
            self._link.write(call_result(message_id, reply.answer))
            self._note(call, now, ANSWERED)
        if station.listeners is not None:
            for listener in station.listeners:
                listener(name, request)
        if call.noted:
            service.noted(station, name)

    def _mend(self, call: BoundCall, payload: bytes) -> Mended | None:
        """Return what the quirks of the station make of a request that cannot be taken as it is, or None."""
        look = self._service.second_look
        return None if look is None else look.request(self.station, self.subprotocol, call.action, payload, self.strict)

    def _handle(
        self, call: BoundCall, payload: bytes, request: Any, mended: Mended | None, now: datetime
    ) -> tuple[Any, Reply, Mended | None]:
        """Handle a request, once more as quirks make it where a value of it cannot be recorded. Raises OutOfBounds."""
        csms = self._service.csms
        try:
            reply = call.handle(csms, self.station, request, now)
        except OutOfBounds:
            mended = self._mend(call, payload) if mended is None else None
            if mended is None:
                raise
        else:
            if mended is not None or not reply.records or type(reply.records[0]) is not RawMessage:
                return request, reply, mended
            mended = self._mend(call, payload)  # a value in it is no number
            if mended is None:
                return request, reply, None
        return mended.payload, call.handle(csms, self.station, mended.payload, now), mended

    def _was_asked_for(self, name: str) -> bool:
        """Whether we asked a station for this message that is not accepted yet, but not rejected either."""
        return self.asked_for is not None and name in self.asked_for and self.station.state.registration != "Rejected"

    def _count_lost(self, held: Iterable[bytes]) -> None:
        """Count as refused what is lost with the connection: a CALL comes again, what is never answered does not."""
        service = self._service
        for text in held:
            try:
                message_type, _, name, *_ = split_envelope(text)
            except EnvelopeError:
                continue
            if message_type == SEND and service.sends:
                service.tally.messages.add(service.tally.base(self.subprotocol, name.removesuffix(SUFFIX)) + REFUSED)

    def _receive_send(self, text: bytes, name: str, payload: bytes) -> None:
        """Take in a message that is never answered (2.1 Part 4 section 4.2.5). It may overtake an open CALL."""
        service = self._service
        if self._held is not None:
            self._hold(text)  # what one station sends stays in order, as far as it is held
            return
        if not service.journal.has_room:
            self._hold(text)
            service.waiting_for_room[self] = None
            return
        call = service.sends.get(name) or service.sends.get(name.removesuffix(SUFFIX))
        if call is None:
            service.tally.messages.add(service.tally.base(self.subprotocol, UNKNOWN_ACTION) + REFUSED)
            return
        if self.station.state.registration in call.refused_while:
            service.tally.messages.add(call.counted + REFUSED)
            return
        now = service.now()
        try:
            said = payload if name == call.name else signed_payload(payload)
            records = call.handle(service.csms, self.station, call.decode(call.action, said), now).records
        except PayloadError as error:
            self._keep_send(call, payload, now, REFUSALS[error.violation], str(error))
        except OutOfBounds:
            self._keep_send(call, payload, now, Refusal.CONSTRAINT, "a number is beyond what can be recorded")
        except Exception as error:
            service.log("answer_failed", level="error", station=self.station.identity, action=name, error=repr(error))
            self._keep_send(call, payload, now, Refusal.INTERNAL, "the gateway failed to take it")
        else:
            if said is not payload:
                records.append(_evidence(call, payload, now))
            self._record_send(call, records, now, ANSWERED)

    def _keep_send(self, call: BoundCall, payload: bytes, now: datetime, refusal: Refusal, reason: str) -> None:
        """Keep what could not be taken in: nobody would send it again."""
        raw = RawMessage(self.subprotocol, call.name, refusal.value, reason, payload)
        self._record_send(call, [raw], now, KEPT_RAW)

    def _record_send(self, call: BoundCall, records: list[Record], now: datetime, outcome: int) -> None:
        self._service.recorder.put(self.station, Entry(self.station.identity, now, None, b"", records), _nothing)
        self._note(call, now, outcome)

    def _answer_repeat(self, message_id: str, call: BoundCall, digest: bytes, now: datetime) -> bool:
        """Give a repeat the answer that the first got, once that one is on disk. Return whether it is a repeat."""
        answer = self.station.answer_to_repeat(digest)
        if answer is None:
            return False
        self._withheld = call_result(message_id, answer)
        self._note(call, now, REPEAT)
        self._service.journal.barrier(self._durable)
        return True

    def _commit(self, message_id: str, call: BoundCall, entry: Entry, outcome: int) -> None:
        """Let an entry take effect, and withhold its answer until it is on disk."""
        self._service.recorder.put(self.station, entry, self._durable)
        self._withheld = call_result(message_id, entry.answer)
        self._note(call, entry.received_at, outcome)

    def _durable(self) -> None:
        """Write the withheld answer: its entry is on disk."""
        assert self._withheld is not None
        withheld, self._withheld = self._withheld, None
        if self._closed:
            return
        self._link.write(withheld)
        service = self._service
        service.tally.answer_seconds.observe(service.monotonic() - self._received_monotonic_s)
        if self._held is not None:
            self.go_on()

    def _keep_or_refuse(
        self, message_id: str, call: BoundCall, payload: bytes, now: datetime, refusal: Refusal, reason: str
    ) -> None:
        """Keep an undecodable transaction message as it is and answer it; refuse any other, and all if strict.

        A CALLERROR would make the station throw the message away, and with it what somebody owes for a charge.
        """
        if call.answer_raw is None or self.strict:
            self._refuse(message_id, refusal, reason, call.name)
            return
        digest = _digest(call, payload)
        if self._answer_repeat(message_id, call, digest, now):
            return
        service = self._service
        answer, transaction = call.answer_raw(service.csms, self.station, payload, now)
        raw = RawMessage(self.subprotocol, call.name, refusal.value, reason, payload, transaction)
        service.log("message_kept_raw", level="warning", station=self.station.identity, action=call.name, reason=reason)
        self._commit(message_id, call, Entry(self.station.identity, now, digest, answer, [raw]), KEPT_RAW)

    def _receive_broken(self, text: bytes, error: EnvelopeError) -> None:
        """Handle a text that is no OCPP-J message: mend it by quirks, keep, answer or count it."""
        head = _CALL_HEAD.match(text) if error.kind is EnvelopeFault.NOT_JSON else None
        if (look := self._service.second_look) is not None:
            reframed = look.frame(self.station, self.subprotocol, text, error, self.strict)
            if reframed is not None:
                self._receive_reframed(reframed, text if head is None else _payload_behind(head, text))
                return
        if head is not None and error.message_id is not None:
            call = self._service.call_named(head[1].decode())
            if call is not None and call.answer_raw and self.station.state.registration not in call.refused_while:
                payload = _payload_behind(head, text)
                self._received_monotonic_s = self._service.monotonic()
                reason = f"not JSON: {error.reason}"
                self._keep_or_refuse(error.message_id, call, payload, self._service.now(), Refusal.SYNTAX, reason)
                return
        if error.kind is EnvelopeFault.UNKNOWN_TYPE:
            self._receive_unknown_type(error.message_id or UNREADABLE_ID)
            return
        self._service.csms.deviated(Deviation.MESSAGE_UNREADABLE)
        if error.message_type in (CALL_RESULT, CALL_ERROR):
            self._calls().take_broken(error)
        if error.message_type is not None and error.message_type != CALL:
            return
        elif self._service.protocol.answers_unreadable:
            self._refuse(error.message_id or UNREADABLE_ID, Refusal.FRAMEWORK, error.reason, UNKNOWN_ACTION)
        elif error.message_type == CALL and error.message_id is not None:
            self._refuse(error.message_id, Refusal.SYNTAX, error.reason, UNKNOWN_ACTION)

    def _receive_reframed(self, reframed: Reframed, original: bytes) -> None:
        """Handle a message that is one only with quirks; `original` is its payload as the station wrote it."""
        message_type, _, word, description, start, end = reframed.envelope
        payload = reframed.text[start:end]
        if message_type == CALL:
            self._receive_call(reframed.message_id, word, payload, reframed.retold(self.subprotocol, word, original))
        elif message_type == CALL_RESULT:
            self._calls().take_result(reframed.message_id, payload)
        elif message_type == CALL_ERROR:
            self._calls().take_error(reframed.message_id, word, description)
        elif message_type == SEND and self._service.sends:
            self._receive_send(reframed.text, word, payload)
        else:
            self._receive_unknown_type(reframed.message_id)

    def _receive_unknown_type(self, message_id: str) -> None:
        self._service.csms.deviated(Deviation.MESSAGE_TYPE_UNKNOWN)
        if self._service.protocol.answers_unknown_type:
            self._refuse(message_id, Refusal.MESSAGE_TYPE, "this message type number is unknown", UNKNOWN_ACTION)

    def _refuse(self, message_id: str, refusal: Refusal, reason: str, action: str) -> None:
        service, station = self._service, self.station
        code = service.protocol.codes[refusal]
        self._link.write(call_error(message_id, code, reason))
        service.tally.messages.add(service.tally.base(self.subprotocol, action) + REFUSED)
        station.note(LastMessage(service.now(), action, code))
        service.log(
            "message_refused", level="warning", station=station.identity, action=action, code=code, reason=reason
        )

    def _note(self, call: BoundCall, now: datetime, outcome: int) -> None:
        self._service.tally.messages.add(call.counted + outcome)
        self.station.note(LastMessage(now, call.name, OUTCOMES[outcome]))


def _evidence(call: BoundCall, signature: bytes, now: datetime) -> Event:
    """Return a signed message as it came: the signature was not verified, so that others can do it later."""
    return Event(now, call.name + SUFFIX, '{"jws":' + signature.decode() + "}")


def _payload_behind(head: re.Match[bytes], text: bytes) -> bytes:
    """Return what stands in the place of the payload of a CALL whose text is no JSON."""
    return text[head.end() :].rstrip().removesuffix(b"]")


def _nothing() -> None:
    """Nobody waits for what is never answered."""


def _digest(call: BoundCall, payload: bytes) -> bytes:
    return digest64(payload, call.digest_seed).to_bytes(DIGEST_BYTES, "big")
