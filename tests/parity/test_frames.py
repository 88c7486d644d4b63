"""The compiled frame reader against its twin, and both against websockets' Sans-I/O protocol."""

import importlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from gateway.hot import BINARY, CLOSE, CONTINUATION, FAILED, PING, PONG, TEXT
from gateway.hot import frames as plain
from tests.hot.client_frames import client_frame

compiled = importlib.import_module("gateway._speedups.frames")

LIMIT = 1000

Events = list[tuple[int, bytes]]

payloads = st.one_of(st.binary(max_size=40), st.text(max_size=12).map(str.encode), st.just(b"\xed\xa0\x80"))
close_payloads = st.one_of(
    st.binary(max_size=1),
    st.binary(min_size=2, max_size=2),
    st.binary(max_size=20).map(b"\x03\xe8".__add__),
    st.text(max_size=12).map(lambda reason: b"\x0f\xa0" + reason.encode()),
)
keys = st.binary(min_size=4, max_size=4)


@st.composite
def message_frames(draw: st.DrawFn) -> bytes:
    """One whole message in one to four fragments, perhaps with a control frame between them."""
    pieces = draw(
        st.lists(st.one_of(st.binary(max_size=30), st.text(max_size=10).map(str.encode)), min_size=1, max_size=4)
    )
    stream = b""
    for index, piece in enumerate(pieces):
        opcode = draw(st.sampled_from([TEXT, BINARY])) if index == 0 else CONTINUATION
        stream += client_frame(opcode, piece, final=index == len(pieces) - 1, key=draw(keys))
        if draw(st.booleans()):
            stream += client_frame(draw(st.sampled_from([PING, PONG])), draw(st.binary(max_size=20)), key=draw(keys))
    return stream


@st.composite
def any_frame(draw: st.DrawFn) -> bytes:
    """One frame, complete, with at most one fault of its own: for two faults the order of checks is free."""
    opcode, key = draw(st.integers(0, 15)), draw(keys)
    payload = draw(close_payloads if opcode == CLOSE else payloads)
    fault = draw(st.sampled_from(["none"] * 6 + ["reserved", "mask", "fragment", "big"]))
    if fault == "reserved":
        return client_frame(opcode, payload, reserved=draw(st.integers(1, 7)), key=key)
    if fault == "mask":
        return client_frame(opcode, payload, masked=False)
    if fault == "fragment":
        return client_frame(opcode, payload, final=False, key=key)
    if fault == "big" and opcode in (TEXT, BINARY):
        return client_frame(opcode, b"x" * draw(st.integers(LIMIT, LIMIT + 2)), key=key)
    return client_frame(
        opcode, payload, key=key, length_bytes=draw(st.sampled_from([None, 2, 8])) if opcode < CLOSE else None
    )


def streams(size_max: int = 12) -> st.SearchStrategy[bytes]:
    return st.lists(st.one_of(message_frames(), any_frame()), max_size=size_max).map(b"".join)


def cut(stream: bytes, cuts: list[int]) -> list[bytes]:
    bounds = [0, *sorted(min(at, len(stream)) for at in cuts), len(stream)]
    return [stream[low:high] for low, high in pairwise(bounds)]


def events_of(reader: object, pieces: list[bytes]) -> Events:
    return [event for piece in pieces for event in reader.feed(piece)]  # type: ignore[attr-defined]


cuts = st.lists(st.integers(0, 400), max_size=12)


@settings(max_examples=500, deadline=None)
@given(streams(), cuts)
def test_cuts_change_nothing_and_twin_and_leaf_agree(stream: bytes, at: list[int]) -> None:
    whole = events_of(plain.FrameReader(LIMIT), [stream])
    assert events_of(compiled.FrameReader(LIMIT), [stream]) == whole
    assert events_of(compiled.FrameReader(LIMIT), cut(stream, at)) == whole
    assert events_of(plain.FrameReader(LIMIT), cut(stream, at)) == whole


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), cuts, st.integers(1, 200))
def test_random_bytes_give_the_same_events(stream: bytes, at: list[int], limit: int) -> None:
    whole = events_of(plain.FrameReader(limit), [stream])
    assert events_of(compiled.FrameReader(limit), [stream]) == whole
    assert events_of(compiled.FrameReader(limit), cut(stream, at)) == whole


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), keys, st.integers(0, 8))
def test_unmasking_agrees_at_every_size_and_place(payload: bytes, key: bytes, before: int) -> None:
    stream = client_frame(PONG, b"x" * before) + client_frame(BINARY, payload, key=key)
    expected = [(PONG, b"x" * before), (BINARY, payload)]
    assert events_of(compiled.FrameReader(LIMIT), [stream]) == expected
    assert events_of(plain.FrameReader(LIMIT), [stream]) == expected


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=40), st.text(max_size=20).map(str.encode)))
def test_text_passes_if_python_decodes_it(text: bytes) -> None:
    try:
        text.decode()
        expected = TEXT
    except UnicodeDecodeError:
        expected = FAILED
    assert events_of(compiled.FrameReader(LIMIT), [client_frame(TEXT, text)])[0][0] == expected


@settings(max_examples=500, deadline=None)
@given(streams())
def test_websockets_reads_the_same(stream: bytes) -> None:
    ours = [
        (opcode, payload[:2] if opcode == FAILED else payload)
        for opcode, payload in events_of(compiled.FrameReader(LIMIT), [stream])
    ]
    assert ours == websockets_events(stream)


@pytest.mark.parametrize("opcode", [TEXT, BINARY, CLOSE, PING, PONG])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
def test_frames_are_written_as_websockets_writes_them(opcode: int, size: int) -> None:
    payload = b"x" * size
    head = bytes.fromhex(
        {0: "00", 1: "01", 125: "7d", 126: "7e007e", 65535: "7effff", 65536: "7f0000000000010000"}[size]
    )
    expected = bytes((0x80 | opcode,)) + head + payload
    assert compiled.server_frame(opcode, payload) == plain.server_frame(opcode, payload) == expected
    if opcode in (TEXT, BINARY):
        assert expected == Frame(opcode, payload).serialize(mask=False)  # type: ignore[arg-type]


def websockets_events(stream: bytes) -> Events:
    """What websockets' protocol makes of `stream`, in our words. It leaves joining and checking text to its user."""
    protocol = ServerProtocol(state=OPEN, max_size=LIMIT)
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
        if message_opcode == TEXT:
            try:
                message.decode()
            except UnicodeDecodeError:
                return [*events, (FAILED, (1007).to_bytes(2, "big"))]
        events.append((message_opcode, message))
        message = b""
    if protocol.parser_exc is not None and protocol.close_sent is not None and protocol.close_rcvd is None:
        events.append((FAILED, protocol.close_sent.code.to_bytes(2, "big")))
    return events
