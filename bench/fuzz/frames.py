"""Frames: the compiled reader against its plain twin, however the stream is cut, and both against websockets."""

import importlib
import zlib
from random import Random
from typing import Any

from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from bench.fuzz.damage import STRINGS, damaged
from bench.fuzz.hunt import Case, Complaint
from gateway.hot import BINARY, CLOSE, CONTINUATION, FAILED, PING, PONG, TEXT
from gateway.hot import frames as plain
from tests.hot.client_frames import client_frame

compiled = importlib.import_module("gateway._speedups.frames")

LIMITS = (1, 125, 126, 1000, 70_000)
COMPRESSED = 4
"""Reserved bit 1 among the three, as `client_frame` takes them."""

STRICTER = (b"inflate", b"exceeds", b"control frame is too long")
"""Words of the faults that websockets may see later, or not at all."""

EMPTY_BLOCK = b"\x00\x00\xff\xff"
"""What a sender takes off the end of a compressed message (RFC 7692 section 7.2.1)."""

NO_CODE = 1005
"""What websockets calls the code of a Close frame without one (RFC 6455 section 7.4.1)."""

FAILURES = {1002, 1007, 1008, 1009}
FRAME_TOKENS = (
    b"\x81", b"\x01", b"\x80", b"\x00", b"\xc1", b"\x41", b"\x88\x80", b"\x89\x80", b"\x8a\x80", b"\xfe", b"\xff",
    b"\x7e\x00\x7e", b"\xfe\xff\xff", b"\xff\x80\x00\x00\x00\x00\x00\x00\x00", b"\xff\x00\x00\x00\x00\x00\x01\x00\x00",
    b"\x00\x00\xff\xff", b"\xed\xa0\x80", b"\xc3\xa4", b"\x03\xe8", b"\x00" * 8,
)  # fmt: skip

Events = list[tuple[int, bytes]]


class StrictDeflate(PerMessageDeflate):
    """The oracle's permessage-deflate. It fails a message that breaks off within a block, which websockets lets pass.

    RFC 7692 section 7.2.2 does not say what such a message means, so that nothing behind it is compared.
    """

    def __init__(self) -> None:
        super().__init__(True, True, 15, 15)
        self._stream: Any = None

    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:
        """Inflate a frame, and once more on the side."""
        decoded = super().decode(frame, max_size=max_size)
        if frame.opcode in (TEXT, BINARY):
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS) if frame.rsv1 else None
        if self._stream is None or frame.opcode >= CLOSE:
            return decoded
        try:
            self._stream.decompress(frame.data)
            breaks_off = frame.fin and not self._stream.eof and self._stream.decompress(EMPTY_BLOCK) != b""
        except zlib.error as error:
            raise ProtocolError("is no stream") from error
        if breaks_off:
            raise ProtocolError("breaks off") from zlib.error()
        return decoded


class Frames:
    """A stream in pieces. The setting is (message_bytes_max, whether permessage-deflate was negotiated)."""

    name = "frames"

    def make(self, random: Random) -> Case:
        """Return some messages and control frames, often damaged, cut at random."""
        deflate = random.random() < 0.5
        stream = b"".join(_piece(random, deflate) for _ in range(random.randint(1, 6)))
        if random.random() < 0.1:
            stream = random.randbytes(random.randint(0, 200))
        if random.random() < 0.5:
            stream = damaged(random, stream, FRAME_TOKENS)
        return Case((random.choice(LIMITS), deflate), _cut(random, stream))

    def check(self, case: Case) -> Complaint | None:
        """Compare whole and cut, leaf and twin, ours and theirs."""
        limit, deflate = int(case.setting[0]), bool(case.setting[1])
        pieces = [step for step in case.steps if isinstance(step, bytes)]
        whole = [b"".join(pieces)]
        events = _events_of(plain.FrameReader(limit, deflate), whole)
        for name, reader, fed in (
            ("twin, cut", plain.FrameReader(limit, deflate), pieces),
            ("leaf, whole", compiled.FrameReader(limit, deflate), whole),
            ("leaf, cut", compiled.FrameReader(limit, deflate), pieces),
        ):
            if (other := _events_of(reader, fed)) != events:
                return Complaint(f"{name}, differs", f"{other} instead of {events}")
        return _check_events(events, limit) or _check_theirs(events, whole[0], limit, deflate)


def _piece(random: Random, deflate: bool) -> bytes:
    """Return a frame that is wrong in itself, a control frame, or a message in fragments."""
    key = random.randbytes(4)
    if random.random() < 0.15:
        return client_frame(
            random.randrange(16),
            random.randbytes(random.choice((0, 1, 2, 10, 125, 126))),
            final=random.random() < 0.7,
            reserved=random.choice((0, 0, 0, 1, 2, 4, 7)),
            masked=random.random() < 0.8,
            key=key,
        )
    if random.random() < 0.2:
        return _control(random, key)
    text = random.random() < 0.8
    payload = random.choice(STRINGS).encode() if text else random.randbytes(random.randint(0, 150))
    opcode = TEXT if text else BINARY
    compressed = deflate and random.random() < 0.7
    return _message(random, opcode, _deflated(random, payload) if compressed else payload, compressed)


def _control(random: Random, key: bytes) -> bytes:
    opcode = random.choice((CLOSE, PING, PING, PONG, PONG))
    payload = random.randbytes(random.randint(0, 10))
    if opcode == CLOSE:
        code = random.choice((1000, 1001, 1004, 1005, 1006, 1007, 1011, 1014, 1015, 2999, 3000, 4999, 5000))
        payload = random.choice(
            (b"", b"\x03", code.to_bytes(2, "big"), code.to_bytes(2, "big") + b"why", b"\x03\xe8\xff")
        )
    return client_frame(opcode, payload, key=key)


def _message(random: Random, opcode: int, payload: bytes, compressed: bool) -> bytes:
    cuts = sorted(random.randint(0, len(payload)) for _ in range(random.choice((0, 0, 1, 2, 5))))
    pieces = [payload[low:high] for low, high in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
    stream = b""
    for index, piece in enumerate(pieces):
        first, final = index == 0, index == len(pieces) - 1
        reserved = COMPRESSED if compressed and first else 0
        stream += client_frame(
            opcode if first else CONTINUATION, piece, final=final, reserved=reserved, key=random.randbytes(4)
        )
        if random.random() < 0.1:
            stream += _control(random, random.randbytes(4))
    return stream


def _deflated(random: Random, payload: bytes) -> bytes:
    """Compress as RFC 7692 section 7.2.1 says, in any of the ways that it allows."""
    stream = zlib.compressobj(random.choice((0, 1, 6, 9)), zlib.DEFLATED, -random.choice((9, 12, 15)))
    middle = random.randint(0, len(payload))
    compressed = stream.compress(payload[:middle])
    if random.random() < 0.3:
        compressed += stream.flush(random.choice((zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH)))
    compressed += stream.compress(payload[middle:])
    if random.random() < 0.2:
        return compressed + stream.flush(zlib.Z_FINISH) + b"\x00"
    return (compressed + stream.flush(zlib.Z_SYNC_FLUSH)).removesuffix(EMPTY_BLOCK)


def _cut(random: Random, stream: bytes) -> tuple[bytes, ...]:
    if random.random() < 0.1:
        return tuple(stream[at : at + 1] for at in range(len(stream)))
    cuts = sorted(random.randint(0, len(stream)) for _ in range(random.randint(0, 8)))
    return tuple(stream[low:high] for low, high in zip([0, *cuts], [*cuts, len(stream)], strict=True))


def _events_of(reader: plain.FrameReader, pieces: list[bytes]) -> Events:
    return [event for piece in pieces for event in reader.feed(piece)]


def _check_events(events: Events, limit: int) -> Complaint | None:
    """What `FrameReader.feed` promises of its events."""
    for index, (opcode, payload) in enumerate(events):
        if opcode in (CLOSE, FAILED) and index != len(events) - 1:
            return Complaint("something follows the end", f"{events}")
        if opcode in (TEXT, BINARY) and len(payload) > limit:
            return Complaint("longer than the limit", f"{len(payload)} bytes")
        if opcode >= CLOSE and len(payload) > plain.CONTROL_BYTES_MAX:
            return Complaint("control frame too long", f"{opcode}: {payload!r}")
        if opcode == FAILED and (int.from_bytes(payload[:2], "big") not in FAILURES or not payload[2:].isascii()):
            return Complaint("failed for no reason", f"{payload!r}")
        if opcode == TEXT:
            payload.decode()
    return None


def _check_theirs(ours: Events, stream: bytes, limit: int, deflate: bool) -> Complaint | None:
    """Hold our events against those of websockets.

    Where a deflate stream is bad or a message too long, each may be the first to say so: websockets inflates frame by
    frame, lets pass what ends too early, counts a control frame between fragments as a part of the message, and takes a
    control frame whose short length is written as a long one.
    """
    reason = ours[-1][1][2:] if ours and ours[-1][0] == FAILED else b""
    messages = [event for event in ours if event[0] != FAILED]
    theirs, gave_up = _websockets_events(stream, limit, deflate)
    if gave_up or any(word in reason for word in STRICTER):
        shorter = min(len(messages), len(theirs))
        messages, theirs = messages[:shorter], theirs[:shorter]
    return None if messages == theirs else Complaint("websockets disagrees", f"{theirs} instead of {messages}")


def _websockets_events(stream: bytes, limit: int, deflate: bool) -> tuple[Events, bool]:
    """Return what websockets reads until the end or a fault, and whether ours may see it otherwise (see above)."""
    protocol = ServerProtocol(state=OPEN, max_size=limit)
    if deflate:
        protocol.extensions = [StrictDeflate()]
    protocol.receive_data(stream)
    events: Events = []
    message, message_opcode = b"", CONTINUATION
    for frame in protocol.events_received():
        assert isinstance(frame, Frame)
        if frame.opcode >= CLOSE:
            events.append((int(frame.opcode), bytes(frame.data)))
            continue
        message_opcode = int(frame.opcode) or message_opcode
        message += frame.data
        if not frame.fin:
            continue
        try:
            if message_opcode == TEXT:
                message.decode()
        except UnicodeDecodeError:
            return events, False
        events.append((message_opcode, message))
        message = b""
    fault = protocol.parser_exc
    if fault is not None and protocol.close_rcvd is not None:
        # A Close inside a fragmented message is a fault to websockets, but allowed by RFC 6455 section 5.4.
        events.append((CLOSE, b"" if protocol.close_rcvd.code == NO_CODE else protocol.close_rcvd.serialize()))
    return events, isinstance(fault, PayloadTooBig) or (fault is not None and isinstance(fault.__cause__, zlib.error))
