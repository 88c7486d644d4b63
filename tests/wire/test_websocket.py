import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from gateway.hot import BINARY, CLOSE, COMPRESSED, CONTINUATION, PING, PONG, TEXT, Deflater
from gateway.wire.websocket import (
    ABNORMAL_CLOSURE,
    DEFLATE_BYTES_MIN,
    GOING_AWAY,
    NO_STATUS,
    NORMAL_CLOSURE,
    State,
    WebSocket,
    WebSocketSettings,
)
from tests.hot.client_frames import client_frame
from tests.hot.test_deflate import RSV1, deflated

SETTINGS = WebSocketSettings(
    message_bytes_max=1000, ping_interval_s=60.0, pong_timeout_s=30.0, silence_max_s=600.0, close_timeout_s=5.0
)


class Connection:
    """A WebSocket at time 0 and, as the other side, what websockets' client makes of its bytes."""

    def __init__(self) -> None:
        self.client = ClientProtocol(parse_uri("ws://test/"), state=OPEN)
        self.socket = WebSocket(self.client.receive_data, SETTINGS, now=0.0)

    def sent(self) -> list[tuple[int, bytes]]:
        """The frames that the client has got since the last call."""
        frames = self.client.events_received()
        assert all(isinstance(frame, Frame) for frame in frames)
        return [(int(frame.opcode), bytes(frame.data)) for frame in frames if isinstance(frame, Frame)]

    def receive(self, *frames: bytes, now: float = 0.0) -> list[bytes]:
        return self.socket.receive(b"".join(frames), now)


@pytest.fixture
def connection() -> Connection:
    return Connection()


def close_payload(code: int, reason: str = "") -> bytes:
    return code.to_bytes(2, "big") + reason.encode()


def test_text_messages_are_delivered_in_order(connection: Connection) -> None:
    frames = (client_frame(TEXT, b"a"), client_frame(TEXT, b"b", final=False), client_frame(CONTINUATION, b"c"))
    assert connection.receive(*frames) == [b"a", b"bc"]
    assert connection.socket.state is State.OPEN
    assert connection.sent() == []


def test_what_is_sent_arrives_as_text(connection: Connection) -> None:
    assert connection.socket.send("grün".encode())
    assert connection.sent() == [(TEXT, "grün".encode())]


def test_each_ping_is_answered_with_its_own_payload(connection: Connection) -> None:
    connection.receive(client_frame(PING, b"1"), client_frame(PING), client_frame(PING, b"x" * 125))
    assert connection.sent() == [(PONG, b"1"), (PONG, b""), (PONG, b"x" * 125)]


def test_a_pong_is_no_message_and_gets_no_answer(connection: Connection) -> None:
    assert connection.receive(client_frame(PONG, b"unasked")) == []
    assert connection.sent() == []
    assert connection.socket.state is State.OPEN


@pytest.mark.parametrize(
    ("payload", "code", "reason"),
    [
        (b"", NO_STATUS, ""),
        (close_payload(1000), NORMAL_CLOSURE, ""),
        (close_payload(1001, "schläft"), GOING_AWAY, "schläft"),
        (close_payload(4001, "own"), 4001, "own"),
    ],
)
def test_the_peers_close_is_answered_with_its_code(
    connection: Connection, payload: bytes, code: int, reason: str
) -> None:
    assert connection.receive(client_frame(TEXT, b"last"), client_frame(CLOSE, payload)) == [b"last"]
    assert connection.sent() == [(CLOSE, payload[:2])]
    socket = connection.socket
    assert (socket.state, socket.close_code, socket.close_reason) == (State.CLOSED, code, reason)
    assert socket.closed_by_peer
    assert not socket.is_unresponsive


def test_our_close_waits_for_the_peers(connection: Connection) -> None:
    connection.socket.close(GOING_AWAY, "drain", now=1.0)
    assert connection.sent() == [(CLOSE, close_payload(1001, "drain"))]
    assert connection.socket.state is State.CLOSING
    assert connection.socket.next_deadline == 6.0
    answer = b"".join(connection.client.data_to_send())
    assert connection.receive(answer) == []
    assert connection.sent() == []
    socket = connection.socket
    assert (socket.state, socket.close_code, socket.close_reason) == (State.CLOSED, GOING_AWAY, "drain")
    assert not socket.closed_by_peer


def test_a_second_close_sends_nothing(connection: Connection) -> None:
    connection.socket.close(GOING_AWAY, "first", now=1.0)
    connection.socket.close(NORMAL_CLOSURE, "second", now=2.0)
    assert connection.sent() == [(CLOSE, close_payload(1001, "first"))]
    assert connection.socket.next_deadline == 6.0


def test_crossing_closes_end_the_connection(connection: Connection) -> None:
    connection.socket.close(GOING_AWAY, "", now=0.0)
    connection.receive(client_frame(CLOSE, close_payload(1000)))
    assert connection.sent() == [(CLOSE, close_payload(1001))]
    assert connection.socket.state is State.CLOSED
    assert connection.socket.close_code == GOING_AWAY


def test_after_our_close_messages_are_not_delivered_nor_pings_answered(connection: Connection) -> None:
    connection.socket.close(GOING_AWAY, "", now=0.0)
    connection.sent()
    assert connection.receive(client_frame(TEXT, b"late"), client_frame(PING)) == []
    assert connection.sent() == []
    assert connection.socket.state is State.CLOSING


def test_a_violation_after_our_close_ends_the_wait(connection: Connection) -> None:
    connection.socket.close(GOING_AWAY, "", now=0.0)
    connection.sent()
    connection.receive(client_frame(TEXT, masked=False))
    assert connection.socket.state is State.CLOSED
    assert connection.sent() == []


def test_a_peer_that_never_answers_our_close_is_unresponsive(connection: Connection) -> None:
    connection.socket.close(GOING_AWAY, "", now=1.0)
    connection.socket.tick(5.9)
    assert connection.socket.state is State.CLOSING
    connection.socket.tick(6.0)
    assert connection.socket.state is State.CLOSED
    assert connection.socket.is_unresponsive
    assert connection.socket.close_code == GOING_AWAY


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([client_frame(TEXT, masked=False)], CloseCode.PROTOCOL_ERROR),
        ([client_frame(TEXT, b"\xff")], CloseCode.INVALID_DATA),
        ([client_frame(TEXT, declared=1001)], CloseCode.MESSAGE_TOO_BIG),
        ([client_frame(BINARY, b"{}")], CloseCode.UNSUPPORTED_DATA),
        ([client_frame(BINARY, b"{", final=False), client_frame(CONTINUATION, b"}")], CloseCode.UNSUPPORTED_DATA),
        ([b"GET / HTTP/1.1\r\n\r\n"], CloseCode.PROTOCOL_ERROR),
    ],
)
def test_a_violation_fails_the_connection_with_its_code(
    connection: Connection, frames: list[bytes], code: CloseCode
) -> None:
    late = client_frame(TEXT, b"late")
    assert connection.receive(client_frame(TEXT, b"before"), *frames, late) == [b"before"]
    ((opcode, payload),) = connection.sent()
    assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)
    assert connection.socket.state is State.CLOSED
    assert connection.socket.close_code == code
    assert connection.socket.close_reason == payload[2:].decode() != ""
    assert not connection.socket.closed_by_peer
    assert connection.receive(late) == []


def test_nothing_is_sent_once_closed(connection: Connection) -> None:
    connection.receive(client_frame(CLOSE))
    connection.sent()
    assert not connection.socket.send(b"{}")
    connection.socket.close(NORMAL_CLOSURE, "", now=0.0)
    connection.socket.tick(1e9)
    assert connection.sent() == []
    assert connection.socket.next_deadline == float("inf")


def test_a_long_reason_is_cut_between_characters(connection: Connection) -> None:
    connection.socket.close(NORMAL_CLOSURE, "é" * 100, now=0.0)
    assert connection.sent() == [(CLOSE, close_payload(1000, "é" * 61))]


def test_a_connection_lost_without_a_close_is_abnormal(connection: Connection) -> None:
    connection.socket.connection_lost()
    assert (connection.socket.state, connection.socket.close_code) == (State.CLOSED, ABNORMAL_CLOSURE)
    assert connection.socket.closed_by_peer


def test_a_connection_lost_after_a_close_keeps_its_code(connection: Connection) -> None:
    connection.socket.close(GOING_AWAY, "drain", now=0.0)
    connection.socket.connection_lost()
    assert (connection.socket.state, connection.socket.close_code) == (State.CLOSED, GOING_AWAY)
    assert not connection.socket.closed_by_peer


def run_until(connection: Connection, end: float) -> list[tuple[float, int]]:
    """Tick at each deadline up to `end`; return what was sent when."""
    sent = []
    while (now := connection.socket.next_deadline) <= end:
        connection.socket.tick(now)
        sent += [(now, opcode) for opcode, _ in connection.sent()]
    return sent


def test_a_ping_goes_out_each_interval(connection: Connection) -> None:
    sent = []
    for now in range(30, 200, 30):
        sent += run_until(connection, now)
        connection.receive(client_frame(TEXT, b"x"), now=now)
    assert sent == [(60.0, PING), (120.0, PING), (180.0, PING)]


def test_a_ping_is_one_that_the_client_answers(connection: Connection) -> None:
    run_until(connection, 60.0)
    answer = b"".join(connection.client.data_to_send())
    assert answer[0] & 0x0F == Opcode.PONG
    connection.receive(answer, now=61.0)
    run_until(connection, 61.0 + 89.9)
    assert connection.socket.state is State.OPEN


def test_a_peer_that_stops_answering_pings_is_given_up_after_interval_and_timeout(connection: Connection) -> None:
    connection.receive(client_frame(PONG, b""))
    assert run_until(connection, 89.9) == [(60.0, PING)]
    assert connection.socket.state is State.OPEN
    assert run_until(connection, 90.0) == []
    socket = connection.socket
    assert (socket.state, socket.close_code) == (State.CLOSED, ABNORMAL_CLOSURE)
    assert socket.is_unresponsive
    assert not socket.closed_by_peer


def test_a_peer_that_never_answered_a_ping_is_given_up_after_a_longer_silence(connection: Connection) -> None:
    run_until(connection, 599.9)
    assert connection.socket.state is State.OPEN
    run_until(connection, 600.0)
    assert connection.socket.state is State.CLOSED
    assert connection.socket.is_unresponsive


def test_a_station_that_only_sends_heartbeats_and_never_answers_pings_is_tolerated(connection: Connection) -> None:
    for now in range(300, 6000, 300):
        run_until(connection, now)
        connection.receive(client_frame(TEXT, b"x"), now=now)
    assert connection.socket.state is State.OPEN


def test_half_a_frame_counts_as_life(connection: Connection) -> None:
    connection.receive(client_frame(PONG, b""))
    connection.receive(client_frame(TEXT, b"x")[:3], now=80.0)
    run_until(connection, 169.9)
    assert connection.socket.state is State.OPEN
    run_until(connection, 170.0)
    assert connection.socket.state is State.CLOSED


def test_an_early_tick_does_nothing(connection: Connection) -> None:
    connection.socket.tick(59.9)
    assert connection.sent() == []
    assert connection.socket.next_deadline == 60.0


def deflating() -> Connection:
    """A connection that agreed on permessage-deflate without context, as does its client."""
    connection = Connection()
    connection.socket = WebSocket(connection.client.receive_data, SETTINGS, 0.0, Deflater(15))
    connection.client.extensions = [
        PerMessageDeflate(
            remote_no_context_takeover=True,
            local_no_context_takeover=True,
            remote_max_window_bits=15,
            local_max_window_bits=15,
        )
    ]
    return connection


def compressed(message: bytes) -> bytes:
    return client_frame(TEXT, deflated(message), reserved=RSV1)


def test_compressed_messages_are_delivered() -> None:
    connection = deflating()
    assert connection.receive(compressed(b"a" * 700), client_frame(TEXT, b"b"), compressed(b"c")) == [
        b"a" * 700,
        b"b",
        b"c",
    ]


@pytest.mark.parametrize("size", [0, 1, DEFLATE_BYTES_MIN - 1, DEFLATE_BYTES_MIN, 100_000])
def test_messages_are_compressed_from_the_size_on_where_it_pays(size: int) -> None:
    connection = deflating()
    written: list[bytes] = []
    connection.socket = WebSocket(written.append, SETTINGS, 0.0, Deflater(15))
    assert connection.socket.send(b"x" * size)
    (frame,) = written
    assert bool(frame[0] & COMPRESSED) == (size >= DEFLATE_BYTES_MIN)
    assert len(frame) < max(size, DEFLATE_BYTES_MIN) + 4
    connection.client.receive_data(frame)
    assert connection.sent() == [(TEXT, b"x" * size)]


def test_control_frames_are_never_compressed() -> None:
    connection = deflating()
    connection.receive(client_frame(PING, b"x" * 125))
    connection.socket.close(GOING_AWAY, "y" * 123, now=0.0)
    assert connection.sent() == [(PONG, b"x" * 125), (CLOSE, close_payload(1001, "y" * 123))]


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([client_frame(TEXT, b"\xff\xff\xff", reserved=RSV1)], CloseCode.PROTOCOL_ERROR),
        ([client_frame(PING, b"", reserved=RSV1)], CloseCode.PROTOCOL_ERROR),
        ([compressed(b"x" * 1001)], CloseCode.MESSAGE_TOO_BIG),
        ([compressed(b"\xff")], CloseCode.INVALID_DATA),
        ([client_frame(BINARY, deflated(b"{}"), reserved=RSV1)], CloseCode.UNSUPPORTED_DATA),
    ],
)
def test_a_violation_inside_compression_fails_the_connection_with_its_code(
    frames: list[bytes], code: CloseCode
) -> None:
    connection = deflating()
    assert connection.receive(compressed(b"before"), *frames, compressed(b"late")) == [b"before"]
    ((opcode, payload),) = connection.sent()
    assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)


def test_who_takes_any_message_gets_text_and_binary_in_order() -> None:
    connection = Connection()
    frames = client_frame(BINARY, b"\xff") + client_frame(PING, b"p") + client_frame(TEXT, b"t")
    assert list(connection.socket.receive_any(frames, 0.0)) == [(BINARY, b"\xff"), (TEXT, b"t")]
    assert connection.sent() == [(PONG, b"p")]


def test_who_takes_any_message_can_answer_it_before_the_close_behind_it() -> None:
    connection = Connection()
    for opcode, message in connection.socket.receive_any(client_frame(BINARY, b"m") + client_frame(CLOSE), 0.0):
        assert connection.socket.send(message, opcode)
    assert connection.sent() == [(BINARY, b"m"), (CLOSE, b"")]
    assert connection.socket.state is State.CLOSED


pieces = st.one_of(
    st.binary(max_size=40),
    st.builds(
        client_frame,
        st.sampled_from([TEXT, BINARY, CLOSE, CONTINUATION, PING, PONG]),
        st.one_of(st.binary(max_size=30), st.text(max_size=20).map(str.encode)),
        final=st.booleans(),
        masked=st.sampled_from([True, True, True, False]),
    ),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(pieces, max_size=10), st.integers(0, 12))
def test_whatever_comes_our_side_keeps_the_protocol(received: list[bytes], close_at: int) -> None:
    """Nothing raises, messages are UTF-8, and the client reads all that we send: pongs, then at most one Close."""
    connection = Connection()
    for index, piece in enumerate(received):
        if index == close_at:
            connection.socket.close(GOING_AWAY, "", now=0.0)
        for message in connection.receive(piece):
            message.decode()
    assert connection.client.parser_exc is None or connection.client.close_rcvd is not None
    opcodes = [opcode for opcode, _ in connection.sent()]
    assert set(opcodes[:-1]) <= {PONG}
    assert (CLOSE in opcodes) == (connection.socket.state is not State.OPEN)
