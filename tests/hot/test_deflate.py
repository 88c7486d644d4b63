"""permessage-deflate (RFC 7692): compressed messages through the frame reader, and what the Deflater makes."""

import random
import sys
import tracemalloc
import zlib
from types import ModuleType

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode

from gateway.hot import BINARY, CLOSE, COMPRESSED, CONTINUATION, PING, PONG, TEXT, Deflater
from tests.hot.client_frames import client_frame
from tests.hot.test_frames import Events, failure

LIMIT = 10_000

RSV1, RSV2, RSV3 = 4, 2, 1

MIB = 1024 * 1024


def deflated(message: bytes) -> bytes:
    """The payload of a compressed message, by the recipe of RFC 7692 section 7.2.1."""
    stream = zlib.compressobj(wbits=-15)
    payload = stream.compress(message) + stream.flush(zlib.Z_SYNC_FLUSH)
    return payload.removesuffix(b"\x00\x00\xff\xff")


def compressed_frame(message: bytes, opcode: int = TEXT) -> bytes:
    return client_frame(opcode, deflated(message), reserved=RSV1)


def events_of(frames: ModuleType, *pieces: bytes, limit: int = LIMIT) -> Events:
    reader = frames.FrameReader(limit, True)
    return [event for piece in pieces for event in reader.feed(piece)]


@pytest.mark.parametrize(
    "payload",
    ["f248cdc9c90700", "000500faff48656c6c6f00", "f348cdc9c9070000", "f248050000 00ffffcac9c90700"],
    ids=["one block", "not compressed", "last block", "two blocks"],
)
def test_the_examples_of_the_standard_are_read(frames: ModuleType, payload: str) -> None:
    assert events_of(frames, client_frame(TEXT, bytes.fromhex(payload), reserved=RSV1)) == [(TEXT, b"Hello")]


def test_the_fragmented_example_of_the_standard_is_read(frames: ModuleType) -> None:
    first = client_frame(TEXT, bytes.fromhex("f248cd"), final=False, reserved=RSV1)
    assert events_of(frames, first + client_frame(CONTINUATION, bytes.fromhex("c9c90700"))) == [(TEXT, b"Hello")]


def test_a_message_that_needs_the_one_before_it_fails(frames: ModuleType) -> None:
    first = client_frame(TEXT, bytes.fromhex("f248cdc9c90700"), reserved=RSV1)
    events = events_of(frames, first + client_frame(TEXT, bytes.fromhex("f200110000"), reserved=RSV1))
    assert events[0] == (TEXT, b"Hello")
    assert failure(events) == 1002


@pytest.mark.parametrize("payload", [b"\x00", b""])
def test_an_empty_message_may_be_compressed(frames: ModuleType, payload: bytes) -> None:
    assert events_of(frames, client_frame(TEXT, payload, reserved=RSV1)) == [(TEXT, b"")]


def test_compressed_and_other_messages_may_take_turns(frames: ModuleType) -> None:
    stream = client_frame(TEXT, b"a") + compressed_frame(b"b" * 500) + client_frame(BINARY, b"c")
    assert events_of(frames, stream + compressed_frame(b"\xff", BINARY)) == [
        (TEXT, b"a"),
        (TEXT, b"b" * 500),
        (BINARY, b"c"),
        (BINARY, b"\xff"),
    ]


def test_a_plain_message_in_fragments_after_a_compressed_one_is_plain(frames: ModuleType) -> None:
    stream = compressed_frame(b"z") + client_frame(TEXT, b"a", final=False) + client_frame(CONTINUATION, b"b")
    assert events_of(frames, stream) == [(TEXT, b"z"), (TEXT, b"ab")]


def test_control_frames_may_stand_between_compressed_fragments(frames: ModuleType) -> None:
    payload = deflated(b"hello " * 50)
    stream = (
        client_frame(TEXT, payload[:5], final=False, reserved=RSV1)
        + client_frame(PING, b"?")
        + client_frame(CONTINUATION, b"", final=False)
        + client_frame(CONTINUATION, payload[5:])
        + client_frame(PONG)
    )
    assert events_of(frames, stream) == [(PING, b"?"), (TEXT, b"hello " * 50), (PONG, b"")]


@pytest.mark.parametrize(
    "frame",
    [
        client_frame(TEXT, b"x", reserved=RSV2),
        client_frame(TEXT, b"x", reserved=RSV3),
        client_frame(TEXT, deflated(b"x"), reserved=RSV1 | RSV2),
        *(client_frame(opcode, deflated(b"x"), reserved=RSV1) for opcode in (CLOSE, PING, PONG, 3, 11)),
        client_frame(TEXT, b"a", final=False) + client_frame(CONTINUATION, b"b", reserved=RSV1),
        client_frame(TEXT, b"\x00", final=False, reserved=RSV1) + client_frame(CONTINUATION, b"b", reserved=RSV1),
    ],
)
def test_reserved_bits_elsewhere_fail_with_1002(frames: ModuleType, frame: bytes) -> None:
    assert failure(events_of(frames, frame)) == 1002


def test_without_the_extension_a_compressed_message_fails_with_1002(frames: ModuleType) -> None:
    assert failure(frames.FrameReader(LIMIT).feed(compressed_frame(b"x"))) == 1002


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_of_the_limit_passes_and_one_byte_more_fails_with_1009(frames: ModuleType, opcode: int) -> None:
    assert events_of(frames, compressed_frame(b"x" * LIMIT, opcode)) == [(opcode, b"x" * LIMIT)]
    assert failure(events_of(frames, compressed_frame(b"x" * (LIMIT + 1), opcode))) == 1009


def test_a_bomb_fails_with_1009_and_is_never_inflated(frames: ModuleType) -> None:
    bomb = compressed_frame(bytes(10 * MIB))
    assert len(bomb) < 11_000
    reader = frames.FrameReader(128 * 1024, True)
    tracemalloc.start()
    try:
        assert failure(reader.feed(bomb)) == 1009
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MIB


def test_text_is_checked_after_it_is_inflated(frames: ModuleType) -> None:
    assert events_of(frames, compressed_frame("Zählerstand €".encode())) == [(TEXT, "Zählerstand €".encode())]
    assert failure(events_of(frames, compressed_frame(b"\xed\xa0\x80"))) == 1007
    assert events_of(frames, compressed_frame(b"\xed\xa0\x80", BINARY)) == [(BINARY, b"\xed\xa0\x80")]


TEXTS = [b"x", b"x" * 900, bytes(random.Random(1).choices(b"abcdefghij", k=300)), bytes(range(128))]


@pytest.mark.parametrize("message", TEXTS, ids=["one byte", "runs", "letters", "bytes"])
def test_a_message_that_breaks_off_anywhere_fails_with_1002(frames: ModuleType, message: bytes) -> None:
    payload = deflated(message)
    for size in range(1, len(payload)):
        events = events_of(frames, client_frame(BINARY, payload[:size], reserved=RSV1))
        assert failure(events) == 1002, (size, events)


@pytest.mark.parametrize("junk", [b"\x00", b"junk", b"\x03\x00", b"\x00\x00\xff\xff\x03\x00" * 2])
def test_what_follows_the_last_block_is_not_dropped_silently(frames: ModuleType, junk: bytes) -> None:
    stream = zlib.compressobj(wbits=-15)
    payload = stream.compress(b"Hello") + stream.flush()
    assert events_of(frames, client_frame(TEXT, payload, reserved=RSV1)) == [(TEXT, b"Hello")]
    assert events_of(frames, client_frame(TEXT, payload + b"\x00", reserved=RSV1)) == [(TEXT, b"Hello")]
    assert failure(events_of(frames, client_frame(TEXT, payload + b"\x00" + junk, reserved=RSV1))) == 1002


def test_a_reader_of_compressed_messages_holds_nothing_between_them(frames: ModuleType) -> None:
    reader = frames.FrameReader(MIB, True)
    assert sys.getsizeof(reader) == sys.getsizeof(frames.FrameReader(MIB))
    fresh = sys.getsizeof(reader)
    reader.feed(compressed_frame(b"x" * 50_000))
    assert sys.getsizeof(reader) == fresh


@pytest.mark.parametrize("bits", range(9, 16))
def test_each_message_can_be_inflated_alone_within_its_window(bits: int) -> None:
    """By websockets' client that gave the server this window; the messages repeat over longer distances."""
    deflater = Deflater(bits)
    client = PerMessageDeflate(
        remote_no_context_takeover=True,
        local_no_context_takeover=True,
        remote_max_window_bits=bits,
        local_max_window_bits=15,
    )
    dice = random.Random(bits)
    block = bytes(dice.choices(b"abcdefghijklmnop", k=700))
    messages = [block * dice.randint(1, 80), b"x", dice.randbytes(3000), block]
    payloads = [deflater.deflate(message) for message in messages]
    for message, payload in reversed(list(zip(messages, payloads, strict=True))):
        assert client.decode(Frame(Opcode.BINARY, payload, rsv1=True)).data == message


def test_a_compressed_frame_is_marked(frames: ModuleType) -> None:
    frame = frames.server_frame(TEXT | COMPRESSED, b"abc")
    assert frame == b"\xc1\x03abc"


def test_a_stored_block_that_breaks_off_is_not_filled_up_with_what_the_receiver_adds(frames: ModuleType) -> None:
    there = b'[2,"1","Heartbeat"'
    size = len(there) + 4
    payload = b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + there
    assert failure(events_of(frames, client_frame(BINARY, payload, reserved=RSV1))) == 1002
