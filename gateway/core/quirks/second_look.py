"""The second look at a message that was refused: with the quirks of its station, and then as strictly as before."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from gateway.core.device_model import names_secret
from gateway.core.quirks.policy import Choice, QuirkPolicy
from gateway.core.quirks.quirk import TRANSACTIONS, Direction, Mode, Quirk
from gateway.core.quirks.walk import Walk
from gateway.core.records import MENDED, RawMessage, Record
from gateway.core.stations import Station
from gateway.hot import Envelope, EnvelopeError, EnvelopeFault, split_envelope
from gateway.wire.messages import CALL_RESULT
from gateway.wire.payloads import PayloadError, decode_request, decode_response
from gateway.wire.schema_types import Payload
from gateway.wire.versions import Action, Send

LOGGED_MAX: Final = 4096
"""Lines about quirks in one life of a process, one for each quirk of each firmware: vendors choose these words."""

CALL_BYTES_MAX: Final = 32 * 1024
"""Largest message of a station that is looked at again. A look takes up to 1 ms a KiB, in which nobody else is served;
nearly all messages are below 2 KiB. Answers to our own calls may be of any size: we asked for them, one at a time."""

_FRAME_FAULTS: Final = frozenset({EnvelopeFault.NOT_AN_ENVELOPE, EnvelopeFault.BAD_MESSAGE_ID})


class Mended(Struct, frozen=True):
    """A payload that is valid after quirks: decoded, and as JSON. `quirks` are those that changed something."""

    payload: Payload
    json: bytes
    quirks: tuple[Quirk, ...]


class Reframed(Struct, frozen=True):
    """A message after quirks. `message_id` is as the station wrote it; `is_retold`: even its text was changed."""

    text: bytes
    envelope: Envelope
    message_id: str
    is_retold: bool
    quirks: tuple[Quirk, ...]

    def retold(self, version: str, action: str, original: bytes) -> RawMessage | None:
        """Return what keeps the original payload, where not even the text stayed as it was."""
        return RawMessage(version, action, MENDED, _names(self.quirks), original) if self.is_retold else None


def with_evidence(
    records: list[Record],
    mended: Mended | None,
    retold: RawMessage | None,
    version: str,
    action: str,
    original: bytes,
) -> list[Record]:
    """Return `records` with the original message before them, if it bills somebody or if something was left out.

    One that names a secret is not kept.

    It takes the place of what the handler itself kept raw: that was made of the mended message.
    """
    quirks = () if mended is None else mended.quirks
    if action not in TRANSACTIONS and not (any(quirk.loses for quirk in quirks) and may_be_kept(action, original)):
        return records
    names = ", ".join(filter(None, ("" if retold is None else retold.error, _names(quirks))))
    evidence = RawMessage(version, action, MENDED, names, original)
    return [evidence, *(record for record in records if type(record) is not RawMessage)]


def may_be_kept(action: str, original: bytes) -> bool:
    """Whether a message may be kept as it came: what bills somebody always, else what names no secret.

    Secrets are never kept, and of what cannot be read nobody knows whether it names one.
    """
    if action in TRANSACTIONS:
        return True
    try:
        return not names_secret(msgspec.json.decode(original))
    except msgspec.DecodeError:
        return False


def _names(quirks: Iterable[Quirk]) -> str:
    return ", ".join(quirk.name for quirk in quirks)


Look = TypeVar("Look", Mended, Reframed)


class SecondLook:
    """Looks again at what was refused. In shadow mode it counts what quirks would have mended, and mends nothing."""

    def __init__(
        self, policy: QuirkPolicy, *, counted: Callable[[Quirk, Mode], None], log: Callable[..., None]
    ) -> None:
        self._policy = policy
        self._counted = counted
        self._log = log
        self._logged: set[tuple[str, ...]] = set()

    def request(
        self, station: Station, version: str, action: Action | Send, payload: bytes, strict: bool
    ) -> Mended | None:
        """Return the request that quirks make of `payload`, or None if they cannot, or must not.

        It was refused, or holds a value that cannot be recorded.
        """
        choice = self._policy.choose(station, strict=strict)
        mended = None
        if choice.quirks and len(payload) <= CALL_BYTES_MAX:
            walk = Walk(choice.quirks, version, action.name, "request")
            mended = _mended(walk, payload, action.request_type, lambda json: decode_request(action, json))
        return self._told(mended, choice, station, version, action.name, "request")

    def result(self, station: Station, version: str, action: Action, payload: bytes, strict: bool) -> Mended | None:
        """Return the response that quirks make of the payload of a CALLRESULT, or None."""
        choice = self._policy.choose(station, strict=strict)
        mended = None
        if choice.quirks:
            walk = Walk(choice.quirks, version, action.name, "result")
            mended = _mended(walk, payload, action.response_type, lambda json: decode_response(action, json))
        return self._told(mended, choice, station, version, action.name, "result")

    def frame(self, station: Station, version: str, text: bytes, error: EnvelopeError, strict: bool) -> Reframed | None:
        """Return the message that quirks make of a text that `split_envelope` refused with `error`, or None."""
        choice = self._policy.choose(station, strict=strict)
        reframed = None
        if len(text) <= CALL_BYTES_MAX or error.message_type == CALL_RESULT:
            reframed = _reframed([quirk for quirk in choice.quirks if version in quirk.versions], text, error)
        return self._told(reframed, choice, station, version, "frame", "request")

    def _told(
        self, look: Look | None, choice: Choice, station: Station, version: str, action: str, direction: Direction
    ) -> Look | None:
        """Count and log what a look made of a message; return it unless it is only to be counted."""
        if look is None:
            return None
        boot = station.state.boot
        firmware: tuple[str, ...] = () if boot is None else (boot.vendor, boot.model, boot.firmware or "")
        for quirk in look.quirks:
            self._counted(quirk, choice.mode)
            seen = (quirk.name, *firmware)
            if seen not in self._logged and len(self._logged) < LOGGED_MAX:
                self._logged.add(seen)
                self._log(
                    "quirk",
                    quirk=quirk.name,
                    mode=choice.mode,
                    station=station.identity,
                    version=version,
                    action=action,
                    direction=direction,
                    firmware=" ".join(firmware),
                )
        return look if choice.mode == "on" else None


def _mended(walk: Walk, payload: bytes, expected: type[Payload], decode: Callable[[bytes], Payload]) -> Mended | None:
    try:
        value: Any = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    right, value = walk.mend({} if value is None else value, expected)
    if not right or not walk.applied:
        return None
    json = msgspec.json.encode(value)
    try:
        return Mended(decode(json), json, tuple(walk.applied.values()))
    except PayloadError:
        return None


def _reframed(quirks: list[Quirk], text: bytes, error: EnvelopeError) -> Reframed | None:
    """Mend the text until it is JSON, then the elements until they are a message."""
    applied: list[Quirk] = []
    kind = error.kind
    for quirk in quirks:
        if kind is not EnvelopeFault.NOT_JSON or quirk.mend_text is None:
            continue
        retold = quirk.mend_text(text)
        if retold is None:
            continue
        text = retold
        applied.append(quirk)
        try:
            envelope = split_envelope(text)
        except EnvelopeError as next_error:
            kind = next_error.kind
        else:
            return Reframed(text, envelope, envelope[1], True, tuple(applied))
    if kind not in _FRAME_FAULTS:
        return None
    return _with_other_elements(quirks, text, applied)


def _with_other_elements(quirks: list[Quirk], text: bytes, applied: list[Quirk]) -> Reframed | None:
    retold = bool(applied)
    try:
        elements = [bytes(element) for element in msgspec.json.decode(text, type=list[msgspec.Raw])]
    except msgspec.MsgspecError:
        return None
    said_id = elements[1] if len(elements) > 1 else b""
    for quirk in quirks:
        mended = None if quirk.mend_frame is None else quirk.mend_frame(elements)
        if mended is not None:
            elements = mended
            applied.append(quirk)
    text = b"[" + b",".join(elements) + b"]"
    try:
        envelope = split_envelope(text)
    except EnvelopeError:
        return None
    return Reframed(text, envelope, msgspec.json.decode(said_id), retold, tuple(applied))
