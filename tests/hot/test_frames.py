import importlib
import sys
from types import ModuleType

import pytest

from gateway.hot import BINARY, CLOSE, CONTINUATION, FAILED, FRAGMENTS_MAX, PING, PONG, TEXT
from tests.hot.client_frames import client_frame

LIMIT = 1000

Events = list[tuple[int, bytes]]


def events_of(frames: ModuleType, *pieces: bytes, limit: int = LIMIT) -> Events:
    reader = frames.FrameReader(limit)
    return [event for piece in pieces for event in reader.feed(piece)]


def failure(events: Events) -> int:
    """The close code of the failure that must be the last event."""
    opcode, payload = events[-1]
    assert opcode == FAILED, events
    assert payload[2:].decode("ascii").strip(), "a failure says why"
    assert len(payload) <= 125
    return int.from_bytes(payload[:2], "big")


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 125, 126, 127, 999, 1000])
def test_a_text_frame_is_one_event(frames: ModuleType, size: int) -> None:
    text = bytes(32 + index % 95 for index in range(size))
    assert events_of(frames, client_frame(TEXT, text)) == [(TEXT, text)]


def test_lengths_of_two_and_eight_bytes_are_read(frames: ModuleType) -> None:
    text = b"x" * 70_000
    assert events_of(frames, client_frame(BINARY, text), limit=70_000) == [(BINARY, text)]
    assert events_of(frames, client_frame(BINARY, b"abc", length_bytes=2)) == [(BINARY, b"abc")]
    assert events_of(frames, client_frame(BINARY, b"abc", length_bytes=8)) == [(BINARY, b"abc")]


def test_frames_of_one_read_come_in_order(frames: ModuleType) -> None:
    stream = client_frame(TEXT, b"a") + client_frame(PING, b"p") + client_frame(PONG) + client_frame(BINARY, b"\xff")
    assert events_of(frames, stream) == [(TEXT, b"a"), (PING, b"p"), (PONG, b""), (BINARY, b"\xff")]


def test_a_frame_may_come_byte_by_byte(frames: ModuleType) -> None:
    stream = client_frame(TEXT, b"first" * 100) + client_frame(TEXT, b"second")
    pieces = [stream[index : index + 1] for index in range(len(stream))]
    assert events_of(frames, *pieces) == [(TEXT, b"first" * 100), (TEXT, b"second")]


def test_the_rest_of_a_read_begins_the_next_frame(frames: ModuleType) -> None:
    stream = client_frame(TEXT, b"a") + client_frame(TEXT, b"b")
    reader = frames.FrameReader(LIMIT)
    assert reader.feed(stream[:-1]) == [(TEXT, b"a")]
    assert reader.feed(stream[-1:]) == [(TEXT, b"b")]


def test_fragments_are_joined_around_control_frames(frames: ModuleType) -> None:
    stream = (
        client_frame(TEXT, b"one ", final=False)
        + client_frame(PING, b"?")
        + client_frame(CONTINUATION, b"", final=False)
        + client_frame(CONTINUATION, b"two")
        + client_frame(TEXT, b"three")
    )
    assert events_of(frames, stream) == [(PING, b"?"), (TEXT, b"one two"), (TEXT, b"three")]


def test_a_character_may_be_cut_by_fragments(frames: ModuleType) -> None:
    euro = "€".encode()
    stream = client_frame(TEXT, euro[:1], final=False) + client_frame(CONTINUATION, euro[1:])
    assert events_of(frames, stream) == [(TEXT, euro)]


@pytest.mark.parametrize(
    "text",
    [b"\xff", b"abcdefgh\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xe2\x82", b"12345678\x80"],
)
def test_text_that_is_not_utf8_fails_with_1007(frames: ModuleType, text: bytes) -> None:
    assert failure(events_of(frames, client_frame(TEXT, text))) == 1007
    fragmented = client_frame(TEXT, b"ok", final=False) + client_frame(CONTINUATION, text)
    assert failure(events_of(frames, fragmented)) == 1007


def test_a_high_bit_in_one_message_does_not_taint_the_next(frames: ModuleType) -> None:
    binary = client_frame(BINARY, b"\xff", final=False) + client_frame(CONTINUATION, b"\xfe")
    text = client_frame(TEXT, b"a", final=False) + client_frame(CONTINUATION, b"b")
    assert events_of(frames, binary + text) == [(BINARY, b"\xff\xfe"), (TEXT, b"ab")]


@pytest.mark.parametrize(
    "frame",
    [
        client_frame(TEXT, b"x", masked=False),
        client_frame(PING, masked=False),
        *(client_frame(TEXT, b"x", reserved=bits) for bits in (1, 2, 4, 7)),
        *(client_frame(opcode) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
        client_frame(PING, b"x" * 126),
        client_frame(CLOSE, b"\x03\xe8" + b"x" * 124),
        client_frame(PING, final=False),
        client_frame(CLOSE, final=False),
        client_frame(CONTINUATION, b"x"),
        client_frame(TEXT, b"x", final=False) + client_frame(TEXT, b"y"),
        client_frame(BINARY, declared=1 << 63, length_bytes=8),
        client_frame(CLOSE, b"\x03"),
        *(client_frame(CLOSE, code.to_bytes(2, "big")) for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535)),
    ],
)
def test_a_violation_fails_with_1002(frames: ModuleType, frame: bytes) -> None:
    assert failure(events_of(frames, client_frame(TEXT, b"before") + frame)) == 1002
    assert events_of(frames, client_frame(TEXT, b"before") + frame)[0] == (TEXT, b"before")


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1011, 1012, 1013, 1014, 3000, 4999])
def test_a_close_frame_ends_the_stream(frames: ModuleType, code: int) -> None:
    payload = code.to_bytes(2, "big") + "schön".encode()
    reader = frames.FrameReader(LIMIT)
    assert reader.feed(client_frame(CLOSE, payload) + client_frame(TEXT, b"late")) == [(CLOSE, payload)]
    assert reader.feed(client_frame(TEXT, b"later")) == []


def test_a_close_frame_may_be_empty(frames: ModuleType) -> None:
    assert events_of(frames, client_frame(CLOSE)) == [(CLOSE, b"")]


def test_a_close_reason_that_is_not_utf8_fails_with_1007(frames: ModuleType) -> None:
    assert failure(events_of(frames, client_frame(CLOSE, b"\x03\xe8\xff"))) == 1007


def test_after_a_failure_everything_is_ignored(frames: ModuleType) -> None:
    reader = frames.FrameReader(LIMIT)
    assert failure(reader.feed(client_frame(3) + client_frame(TEXT, b"late"))) == 1002
    assert reader.feed(client_frame(TEXT, b"later")) == []


@pytest.mark.parametrize("declared", [LIMIT + 1, 1 << 20, (1 << 63) - 1])
def test_a_message_too_big_fails_as_soon_as_its_header_is_there(frames: ModuleType, declared: int) -> None:
    header = client_frame(TEXT, declared=declared)[:-4]
    assert failure(events_of(frames, header)) == 1009


def test_fragments_together_too_big_fail_at_the_header_that_exceeds(frames: ModuleType) -> None:
    first = client_frame(TEXT, b"x" * (LIMIT - 1), final=False)
    assert events_of(frames, first + client_frame(CONTINUATION, b"x")) == [(TEXT, b"x" * LIMIT)]
    assert failure(events_of(frames, first + client_frame(CONTINUATION, declared=2)[:2])) == 1009


def test_a_control_frame_does_not_count_for_the_message(frames: ModuleType) -> None:
    first = client_frame(TEXT, b"x" * LIMIT, final=False)
    stream = first + client_frame(PING, b"p" * 125) + client_frame(CONTINUATION)
    assert events_of(frames, stream) == [(PING, b"p" * 125), (TEXT, b"x" * LIMIT)]


def test_endless_empty_fragments_fail_with_1008(frames: ModuleType) -> None:
    reader = frames.FrameReader(LIMIT)
    assert reader.feed(client_frame(TEXT, final=False)) == []
    chunk = client_frame(CONTINUATION, final=False) * 1024
    read = 1
    events: Events = []
    while not events and read <= FRAGMENTS_MAX:
        events = reader.feed(chunk)
        read += 1024
    assert failure(events) == 1008
    assert read > FRAGMENTS_MAX


def test_as_many_fragments_as_allowed_pass(frames: ModuleType) -> None:
    reader = frames.FrameReader(LIMIT)
    reader.feed(client_frame(TEXT, b"a", final=False))
    chunk = client_frame(CONTINUATION, final=False) * 1022
    for _ in range((FRAGMENTS_MAX - 2) // 1022):
        assert reader.feed(chunk) == []
    for _ in range((FRAGMENTS_MAX - 2) % 1022):
        assert reader.feed(client_frame(CONTINUATION, final=False)) == []
    assert reader.feed(client_frame(CONTINUATION, b"b")) == [(TEXT, b"ab")]


def test_an_idle_reader_holds_little(frames: ModuleType) -> None:
    reader = frames.FrameReader(1 << 20)
    fresh = sys.getsizeof(reader)
    assert fresh < 300
    big = client_frame(TEXT, b"x" * 50_000)
    reader.feed(big[:-1])
    assert sys.getsizeof(reader) > 50_000
    reader.feed(big[-1:] + client_frame(TEXT, b"y" * 50_000, final=False) + client_frame(CONTINUATION))
    assert sys.getsizeof(reader) == fresh


def test_a_small_rest_does_not_keep_the_room_of_a_big_message(frames: ModuleType) -> None:
    reader = frames.FrameReader(1 << 20)
    big = client_frame(TEXT, b"x" * 50_000)
    reader.feed(big[:-1])
    reader.feed(big[-1:] + client_frame(TEXT, b"y")[:3])
    assert sys.getsizeof(reader) < 500


def test_a_declared_length_within_the_limit_allocates_nothing(frames: ModuleType) -> None:
    reader = frames.FrameReader(1 << 30)
    reader.feed(client_frame(TEXT, declared=1 << 30))
    assert sys.getsizeof(reader) < 500


@pytest.mark.parametrize("wrong", ["text", bytearray(b"x"), memoryview(b"x"), None, 7])
def test_the_compiled_reader_takes_only_bytes(wrong: object) -> None:
    compiled = importlib.import_module("gateway._speedups.frames")
    with pytest.raises(TypeError):
        compiled.FrameReader(LIMIT).feed(wrong)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(frames: ModuleType, limit: int) -> None:
    with pytest.raises(ValueError, match="message_bytes_max"):
        frames.FrameReader(limit)


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, "8100"),
        (5, "8105"),
        (125, "817d"),
        (126, "817e007e"),
        (65535, "817effff"),
        (65536, "817f0000000000010000"),
    ],
)
def test_a_server_frame_is_final_and_unmasked(frames: ModuleType, size: int, head: str) -> None:
    assert frames.server_frame(TEXT, b"x" * size) == bytes.fromhex(head) + b"x" * size
