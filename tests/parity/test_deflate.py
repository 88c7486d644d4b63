"""Compressed messages: the compiled frame reader against its twin, and both against websockets."""

import importlib

from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from gateway.hot import BINARY, CONTINUATION, FAILED, TEXT
from gateway.hot import frames as plain
from gateway.hot.deflate import Deflater
from tests.hot.client_frames import client_frame
from tests.hot.test_deflate import RSV1, deflated
from tests.parity.test_frames import LIMIT, Events, cut, cuts, events_of, streams

compiled = importlib.import_module("gateway._speedups.frames")

messages = st.one_of(
    st.tuples(st.just(TEXT), st.text(max_size=60).map(str.encode)),
    st.tuples(st.just(BINARY), st.binary(max_size=200)),
    st.tuples(st.just(BINARY), st.builds(bytes.__mul__, st.binary(max_size=20), st.integers(0, 60))),
)


def no_context() -> PerMessageDeflate:
    return PerMessageDeflate(
        remote_no_context_takeover=True,
        local_no_context_takeover=True,
        remote_max_window_bits=15,
        local_max_window_bits=15,
    )


@st.composite
def client_messages(draw: st.DrawFn) -> tuple[Events, bytes]:
    """Messages as websockets' client sends them, in fragments, compressed or not, with what they say."""
    events: Events = []
    stream = b""
    client = no_context()
    for opcode, message in draw(st.lists(messages, max_size=5)):
        if len(message) > LIMIT:
            continue
        compressed = draw(st.booleans())
        pieces = cut(message, draw(st.lists(st.integers(0, 200), max_size=3)))
        for index, piece in enumerate(pieces):
            frame = Frame(Opcode(opcode if index == 0 else CONTINUATION), piece, fin=index == len(pieces) - 1)
            frame = client.encode(frame) if compressed else frame
            stream += client_frame(
                int(frame.opcode), bytes(frame.data), final=frame.fin, reserved=RSV1 if frame.rsv1 else 0
            )
        events.append((opcode, message))
    return events, stream


@settings(max_examples=400, deadline=None)
@given(client_messages(), cuts)
def test_what_a_client_compresses_is_read_however_it_is_cut(said: tuple[Events, bytes], at: list[int]) -> None:
    events, stream = said
    for frames in (compiled, plain):
        assert events_of(frames.FrameReader(LIMIT, True), cut(stream, at)) == events


@st.composite
def damaged_frames(draw: st.DrawFn) -> bytes:
    """A compressed message with a part of its payload replaced, cut off or made up."""
    opcode, message = draw(messages)
    payload = bytearray(deflated(message))
    at = draw(st.integers(0, len(payload)))
    payload[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    if draw(st.booleans()):
        del payload[draw(st.integers(0, len(payload))) :]
    return client_frame(opcode, bytes(payload), reserved=RSV1)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.one_of(damaged_frames(), streams(2)), max_size=4).map(b"".join), cuts)
def test_twin_and_leaf_agree_on_damaged_streams(stream: bytes, at: list[int]) -> None:
    whole = events_of(plain.FrameReader(LIMIT, True), [stream])
    assert events_of(compiled.FrameReader(LIMIT, True), [stream]) == whole
    assert events_of(compiled.FrameReader(LIMIT, True), cut(stream, at)) == whole


@settings(max_examples=600, deadline=None)
@given(damaged_frames())
def test_websockets_reads_what_we_read_and_nothing_that_it_refuses_passes(frame: bytes) -> None:
    """It does not notice a stream that breaks off or goes on behind its end: there we may fail, with 1002."""
    (ours,) = events_of(compiled.FrameReader(LIMIT, True), [frame])
    theirs = websockets_event(frame)
    if ours[0] != FAILED or ours[1][:2] != (1002).to_bytes(2, "big"):
        assert (ours[0], ours[1][:2] if ours[0] == FAILED else ours[1]) == theirs
    else:
        assert theirs[0] != FAILED or theirs[1] in ((1002).to_bytes(2, "big"), (1007).to_bytes(2, "big"))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=400), max_size=6), st.integers(9, 15))
def test_what_we_compress_is_what_websockets_client_reads(said: list[bytes], bits: int) -> None:
    deflater, client = Deflater(bits), no_context()
    for message in said:
        frame = Frame(Opcode.BINARY, deflater.deflate(message), rsv1=True)
        assert client.decode(frame).data == message


def websockets_event(stream: bytes) -> tuple[int, bytes]:
    """What websockets' server makes of one compressed message, in our words."""
    protocol = ServerProtocol(state=OPEN, max_size=LIMIT)
    protocol.extensions = [no_context()]
    protocol.receive_data(stream)
    events = protocol.events_received()
    if not events:
        assert protocol.close_sent is not None
        return FAILED, protocol.close_sent.code.to_bytes(2, "big")
    (frame,) = events
    assert isinstance(frame, Frame)
    if frame.opcode is Opcode.TEXT:
        try:
            bytes(frame.data).decode()
        except UnicodeDecodeError:
            return FAILED, (1007).to_bytes(2, "big")
    return int(frame.opcode), bytes(frame.data)
