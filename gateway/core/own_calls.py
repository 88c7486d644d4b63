"""The calls of ours on one connection: written, and ended by what the station answers, whatever that is."""

from collections.abc import Callable

from gateway.core.calls import Call, CallEnded, CallQueue, Outcome, outcome_of
from gateway.core.csms import Deviation
from gateway.core.link import Link
from gateway.core.service import REFUSALS, Service
from gateway.core.stations import Station
from gateway.hot import EnvelopeError
from gateway.wire import messages
from gateway.wire.messages import CALL_RESULT, Refusal, call_result_error
from gateway.wire.payloads import PayloadError, decode_response


class OwnCalls:
    """The calls of one connection, from `put` to their ends, counted by outcome.

    A station of 2.1 is told of a CALLRESULT that cannot be taken, by a CALLRESULTERROR (2.1 Part 4 section 4.2.4).
    """

    __slots__ = ("_link", "_queue", "_service", "_station", "_strict")

    def __init__(self, station: Station, service: Service, link: Link, *, strict: bool) -> None:
        self._station = station
        self._service = service
        self._link = link
        self._strict = strict
        self._queue = CallQueue(_sender(service, link), service.schedule)

    @property
    def full(self) -> bool:
        """Whether no call can be taken now."""
        return self._queue.full

    @property
    def under_way(self) -> tuple[str | None, int]:
        """The action of the open call, None if there is none, and how many wait behind it."""
        return self._queue.open_action, self._queue.waiting

    def put(self, call: Call) -> None:
        """Send a call, after those before it; `call.ended` hears what became of it. Must not be `full`."""
        tally, ended = self._service.tally, call.ended
        subprotocol, name = self._service.protocol.version.subprotocol, call.action.name

        def count(end: CallEnded) -> None:
            tally.call_ended(subprotocol, name, end.outcome)
            ended(end)

        call.ended = count
        self._queue.put(call)

    def close(self) -> None:
        """End everything: the connection is gone."""
        self._queue.close()

    def take_result(self, message_id: str, payload: bytes) -> None:
        """End the open call with its CALLRESULT, as quirks make it where it does not fit its schema."""
        call = self._answered(message_id)
        if call is None:
            return
        service = self._service
        try:
            decoded = decode_response(call.action, payload)
        except PayloadError as error:
            end = self._mended(call, payload)
            if end is None:
                service.csms.deviated(Deviation.RESULT_INVALID)
                code, reason = service.protocol.codes[REFUSALS[error.violation]], str(error)
                self._tell(call, code, reason)
                end = CallEnded(Outcome.CALL_ERROR, response=payload, error_code=code, reason=reason)
        else:
            response = b"{}" if payload == b"null" else payload
            end = CallEnded(outcome_of(response), response=response, payload=decoded)
        self._end(call, end)

    def take_error(self, message_id: str, code: str, description: str) -> None:
        """End the open call with its CALLERROR."""
        call = self._answered(message_id)
        if call is not None:
            self._end(call, CallEnded(Outcome.CALL_ERROR, error_code=code, reason=description))

    def take_broken(self, error: EnvelopeError) -> None:
        """End the open call if it is the one that an unreadable answer names."""
        call = None if error.message_id is None else self._queue.take_answered(error.message_id)
        if call is None:
            return
        if error.message_type == CALL_RESULT:
            self._tell(call, self._service.protocol.codes[Refusal.FRAMEWORK], error.reason)
        self._end(call, CallEnded(Outcome.CALL_ERROR, reason=error.reason))

    def _answered(self, message_id: str) -> Call | None:
        call = self._queue.take_answered(message_id)
        if call is None:
            self._service.csms.deviated(Deviation.ANSWER_WITHOUT_CALL)
        return call

    def _mended(self, call: Call, payload: bytes) -> CallEnded | None:
        """Return the end of a call whose result only the quirks of its station can read, None if they cannot either."""
        look = self._service.second_look
        if look is None:
            return None
        subprotocol = self._service.protocol.version.subprotocol
        mended = look.result(self._station, subprotocol, call.action, payload, self._strict)
        if mended is None:
            return None
        return CallEnded(outcome_of(mended.json), response=mended.json, payload=mended.payload)

    def _tell(self, call: Call, code: str, reason: str) -> None:
        """Tell a station that wants to know that its result cannot be taken."""
        if self._service.protocol.version.sends:
            self._link.write(call_result_error(call.message_id, code, reason))

    def _end(self, call: Call, end: CallEnded) -> None:
        call.ended(end)
        self._queue.send_next()


def _sender(service: Service, link: Link) -> Callable[[Call], bool]:
    """Return what gives a call its id and writes it. It does not hold the calls themselves, which would be a cycle."""

    def send(call: Call) -> bool:
        call.message_id = service.next_message_id()
        return link.write(messages.call(call.message_id, call.action.name, call.payload))

    return send
