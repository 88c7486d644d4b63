import base64
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate
from websockets.http11 import Response
from websockets.protocol import OPEN
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from gateway.wire.handshake import (
    HEAD_BYTES_MAX,
    IDENTITY_CHARACTERS_MAX,
    USER_AGENT_CHARACTERS_MAX,
    Handshake,
    HandshakeError,
    Request,
    choose_subprotocol,
    identity_problem,
)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HEADERS = {
    "Host": "gateway.example",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def request_bytes(target: str = "/ocpp/CP1", method: str = "GET", protocol: str = "HTTP/1.1", **headers: str) -> bytes:
    """A request with the headers that it needs; `Name_With_Parts="value"` sets one more, an empty value removes it."""
    chosen = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {target} {protocol}", *(f"{name}: {value}" for name, value in chosen.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def received(data: bytes, path_prefix: str = "/ocpp") -> Request:
    request = Handshake(path_prefix).receive(data)
    assert request is not None
    return request


def refusal(data: bytes, path_prefix: str = "/ocpp") -> HandshakeError:
    with pytest.raises(HandshakeError) as caught:
        Handshake(path_prefix).receive(data)
    error = caught.value
    response = response_of(error.response)
    assert response.status_code == error.status
    assert response.headers["Connection"] == "close"
    assert int(response.headers["Content-Length"]) == len(response.body)
    return error


def client_for(target: str = "ws://gateway.example/ocpp/CP1", **options: Any) -> ClientProtocol:
    client = ClientProtocol(parse_uri(target), **options)
    client.send_request(client.connect())
    return client


def response_of(data: bytes) -> Response:
    """The response as websockets' client reads it."""
    client = client_for()
    client.receive_data(data)
    client.receive_eof()
    (response,) = [event for event in client.events_received() if isinstance(event, Response)]
    return response


@pytest.mark.parametrize("subprotocol", ["ocpp1.6", "ocpp2.0.1", None])
def test_a_client_and_the_handshake_agree(subprotocol: str | None) -> None:
    offers = [Subprotocol("ocpp2.0.1"), Subprotocol("ocpp1.6")]
    client = client_for(subprotocols=offers, extensions=[ClientPerMessageDeflateFactory()])
    handshake = Handshake("/ocpp")
    request = handshake.receive(b"".join(client.data_to_send()))
    assert request is not None
    assert request.identity == "CP1"
    assert request.subprotocols == ("ocpp2.0.1", "ocpp1.6")
    assert request.credentials is None
    client.receive_data(handshake.accept(subprotocol))
    assert client.handshake_exc is None
    assert client.state is OPEN
    assert client.subprotocol == subprotocol
    assert client.extensions == []


def test_a_request_may_come_byte_by_byte() -> None:
    handshake = Handshake("/ocpp")
    data = request_bytes()
    for index in range(len(data) - 1):
        assert handshake.receive(data[index : index + 1]) is None
    request = handshake.receive(data[-1:])
    assert request is not None
    assert request.identity == "CP1"
    assert handshake.rest == b""


@pytest.mark.parametrize("first", [0, 1, 30, -3, -1])
def test_bytes_behind_the_request_are_kept(first: int) -> None:
    frame = b"\x81\x82\x00\x00\x00\x00{}" * 10_000
    data = request_bytes()
    handshake = Handshake("/ocpp")
    assert handshake.receive(data[:first]) is None
    assert handshake.receive(data[first:] + frame) is not None
    assert handshake.rest == frame


@pytest.mark.parametrize(
    "headers",
    [
        {"Connection": "keep-alive, Upgrade"},
        {"Connection": "upgrade"},
        {"Upgrade": "WebSocket"},
        {"Content_Length": "0"},
        {"Origin": "https://elsewhere.example"},
        {"Sec_WebSocket_Extensions": "permessage-deflate; client_max_window_bits"},
    ],
)
def test_what_stations_vary_is_accepted(headers: dict[str, str]) -> None:
    handshake = Handshake("/ocpp")
    assert handshake.receive(request_bytes(**headers)) is not None
    response = response_of(handshake.accept(None))
    assert response.status_code == 101
    assert response.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 section 1.3
    assert "Sec-WebSocket-Extensions" not in response.headers
    assert "Sec-WebSocket-Protocol" not in response.headers


@pytest.mark.parametrize(
    ("data", "statuses"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\n", {400}),
        (b"hello\r\n\r\n", {400}),
        (b"\r\n\r\n", {400}),
        (b"GET /ocpp/CP1\r\n\r\n", {400}),
        (b"GET /ocpp/CP1 HTTP/2.0\r\n\r\n", {400, 505}),
        ("GET /ocpp/ä HTTP/1.1\r\n\r\n".encode(), {400}),
        (b"GET /ocpp/CP1 HTTP/1.1\r\nno colon\r\n\r\n", {400}),
        (b"GET /ocpp/CP1 HTTP/1.1\r\n folded: x\r\n\r\n", {400}),
        (b"GET /ocpp/CP1 HTTP/1.1\nHost: x\n\n", {400}),
        (request_bytes(protocol="HTTP/1.0"), {400, 505}),
        (request_bytes(method="POST"), {400, 405}),
        (request_bytes(Content_Length="5") + b"12345", {400}),
        (request_bytes(Upgrade=""), {426}),
        (request_bytes(Upgrade="h2c"), {426}),
        (request_bytes(Connection=""), {426}),
        (request_bytes(Connection="keep-alive"), {426}),
        (request_bytes(Sec_WebSocket_Key=""), {400}),
        (request_bytes(Sec_WebSocket_Key="short"), {400}),
        (request_bytes(Sec_WebSocket_Version=""), {400}),
        (request_bytes(Sec_WebSocket_Version="8"), {400}),
        (request_bytes(Sec_WebSocket_Protocol="ocpp 1.6"), {400}),
        (request_bytes(Sec_WebSocket_Protocol=", ".join(f"p{index}" for index in range(17))), {400}),
    ],
)
def test_what_is_no_websocket_request_is_refused(data: bytes, statuses: set[int]) -> None:
    """Where two are given, the first is that of websockets before 17."""
    assert refusal(data).status in statuses


def test_garbage_is_refused_at_its_first_line() -> None:
    assert refusal(b"\x00garbage\r\nmore to come").status == 400


@pytest.mark.parametrize(
    "data",
    [
        b"G" * (HEAD_BYTES_MAX + 1),
        b"GET /ocpp/" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n",
        request_bytes(Cookie="x" * 9000),
        request_bytes(Cookie="x" * 8000, Trace="x" * 8000, More="x" * 1000),
        b"GET /ocpp/CP1 HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
    ],
)
def test_a_request_too_long_is_refused(data: bytes) -> None:
    assert refusal(data).status in (414, 431)


def test_a_request_without_end_is_refused_at_the_limit() -> None:
    handshake = Handshake("/ocpp")
    assert handshake.receive(b"GET /ocpp/CP1 HTTP/1.1\r\n") is None
    received_bytes = 24
    with pytest.raises(HandshakeError) as caught:
        while received_bytes <= HEAD_BYTES_MAX + 100:
            handshake.receive(b"a: " + b"b" * 995 + b"\r\n")
            received_bytes += 1000
    assert caught.value.status == 431
    assert received_bytes <= HEAD_BYTES_MAX


@pytest.mark.parametrize(
    ("target", "identity"),
    [
        ("/ocpp/CP1", "CP1"),
        ("/ocpp/DE*ABC*1", "DE*ABC*1"),
        ("/ocpp/a.b-c_d=e+f|g@h:i", "a.b-c_d=e+f|g@h:i"),
        ("/ocpp/CP%201", "CP 1"),
        ("/ocpp/%D0%AF%f0%9f%98%80", "Я😀"),
        ("/ocpp/100%25", "100%"),
        ("/ocpp/CP1?token=a/b", "CP1"),
        ("/ocpp/...", "..."),
        ("/ocpp/%252F", "%2F"),
        ("ws://gateway.example:9000/ocpp/CP1?x", "CP1"),
        ("HTTP://gateway.example/ocpp/CP1", "CP1"),
        (f"/ocpp/{'x' * IDENTITY_CHARACTERS_MAX}", "x" * IDENTITY_CHARACTERS_MAX),
    ],
)
def test_the_identity_is_the_last_segment_decoded(target: str, identity: str) -> None:
    assert received(request_bytes(target)).identity == identity


@pytest.mark.parametrize(
    ("prefix", "target", "identity"),
    [("", "/CP1", "CP1"), ("/", "/CP1", "CP1"), ("/a/b/", "/a/b/CP1", "CP1")],
)
def test_the_path_prefix_may_be_empty_or_deep(prefix: str, target: str, identity: str) -> None:
    assert received(request_bytes(target), prefix).identity == identity


@pytest.mark.parametrize(
    "target",
    [
        "/ocpp/",
        "/ocpp/?x",
        "/ocpp/.",
        "/ocpp/..",
        "/ocpp/%2e%2E",
        "/ocpp/..%2Fetc",
        "/ocpp/a%2Fb",
        "/ocpp/a%00b",
        "/ocpp/a%0Ab",
        "/ocpp/a%7Fb",
        "/ocpp/a%C2%85b",
        "/ocpp/a%E2%80%AEb",
        "/ocpp/%FF",
        "/ocpp/%ED%A0%80",
        "/ocpp/a%b",
        "/ocpp/a%",
        "/ocpp/a%zz",
        f"/ocpp/{'x' * (IDENTITY_CHARACTERS_MAX + 1)}",
        f"/ocpp/{'x' * 8000}",
    ],
)
def test_an_identity_that_no_station_can_have_is_refused(target: str) -> None:
    assert refusal(request_bytes(target)).status == 400


@pytest.mark.parametrize(
    "target",
    ["/", "/ocpp", "/CP1", "/OCPP/CP1", "/ocppx/CP1", "/ocpp/a/b", "/ocpp/../CP1", "/ocpp/CP1/", "*", "ocpp/CP1"],
)
def test_another_path_is_not_found(target: str) -> None:
    assert refusal(request_bytes(target)).status == 404


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_credentials_are_raw_bytes(scheme: str) -> None:
    raw = b"CP:1:" + bytes(range(236, 256))
    header = f"{scheme} {base64.b64encode(raw).decode()}"
    assert received(request_bytes(Authorization=header)).credentials == raw


def test_another_scheme_is_no_credentials() -> None:
    assert received(request_bytes(Authorization="Bearer abc")).credentials is None


@pytest.mark.parametrize("token", ["Basic ?", "Basic QQ", "Basic Q Q==", "Basic \xe4bc=", "Basic QQ==QQ=="])
def test_credentials_that_are_not_base64_are_refused_with_a_challenge(token: str) -> None:
    error = refusal(request_bytes(Authorization=token))
    assert error.status == 401
    assert response_of(error.response).headers["WWW-Authenticate"].startswith("Basic ")


def test_two_authorization_headers_are_refused() -> None:
    data = request_bytes(Authorization="Basic QTpi").replace(b"\r\n\r\n", b"\r\nAuthorization: Basic QTpj\r\n\r\n")
    assert refusal(data).status == 401


def test_a_user_agent_is_bounded_and_printable() -> None:
    agent = received(request_bytes(User_Agent="\x85\x9b" + "x" * 5000)).user_agent
    assert agent == "??" + "x" * (USER_AGENT_CHARACTERS_MAX - 2)
    assert received(request_bytes(User_Agent="Acme EVSE/1.0")).user_agent == "Acme EVSE/1.0"
    assert received(request_bytes()).user_agent is None


def test_subprotocols_keep_the_order_of_several_headers() -> None:
    data = request_bytes(Sec_WebSocket_Protocol="ocpp2.1, ocpp1.6").replace(
        b"\r\n\r\n", b"\r\nSec-WebSocket-Protocol: ocpp2.0.1\r\n\r\n"
    )
    assert received(data).subprotocols == ("ocpp2.1", "ocpp1.6", "ocpp2.0.1")


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ((), None),
        (("ocpp1.5", "mqtt"), None),
        (("ocpp2.1", "ocpp1.6", "ocpp2.0.1"), "ocpp1.6"),
        (("ocpp2.0.1", "ocpp1.6"), "ocpp2.0.1"),
        (("OCPP1.6",), "OCPP1.6"),
        (("ocpp2.0",), None),
    ],
)
def test_the_first_offer_that_is_supported_is_chosen(offered: tuple[str, ...], chosen: str | None) -> None:
    assert choose_subprotocol(offered, {"ocpp1.6", "ocpp2.0.1"}) == chosen


def test_the_offer_is_echoed_in_the_stations_spelling() -> None:
    client = client_for(subprotocols=[Subprotocol("OCPP1.6")])
    handshake = Handshake("/ocpp")
    request = handshake.receive(b"".join(client.data_to_send()))
    assert request is not None
    client.receive_data(handshake.accept(choose_subprotocol(request.subprotocols, {"ocpp1.6"})))
    assert client.state is OPEN
    assert client.subprotocol == "OCPP1.6"


def test_what_was_not_offered_cannot_be_accepted() -> None:
    handshake = Handshake("/ocpp")
    handshake.receive(request_bytes(Sec_WebSocket_Protocol="ocpp1.6"))
    with pytest.raises(AssertionError):
        handshake.accept("ocpp2.0.1")


NO_CONTEXT = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.mark.parametrize(
    ("offer", "answer", "bits"),
    [
        ("permessage-deflate", NO_CONTEXT, 15),
        ("permessage-deflate; client_max_window_bits", NO_CONTEXT, 15),
        ("permessage-deflate; client_max_window_bits=10", f"{NO_CONTEXT}; client_max_window_bits=10", 15),
        ("permessage-deflate; server_no_context_takeover", NO_CONTEXT, 15),
        ("permessage-deflate; server_max_window_bits=9", f"{NO_CONTEXT}; server_max_window_bits=9", 9),
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", NO_CONTEXT, 15),
        (
            "permessage-deflate; server_max_window_bits=10, permessage-deflate",
            f"{NO_CONTEXT}; server_max_window_bits=10",
            10,
        ),
        ("x-webkit-deflate-frame, permessage-deflate", NO_CONTEXT, 15),
    ],
)
def test_deflate_is_agreed_upon_without_context(offer: str, answer: str, bits: int) -> None:
    handshake = Handshake("/ocpp", deflate=True)
    assert handshake.receive(request_bytes(Sec_WebSocket_Extensions=offer)) is not None
    assert response_of(handshake.accept(None)).headers["Sec-WebSocket-Extensions"] == answer
    assert handshake.deflate_window_bits == bits


@pytest.mark.parametrize(
    "offer",
    [
        "",
        "x-webkit-deflate-frame",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; unknown",
    ],
)
def test_an_offer_that_cannot_be_met_is_declined(offer: str) -> None:
    handshake = Handshake("/ocpp", deflate=True)
    assert handshake.receive(request_bytes(Sec_WebSocket_Extensions=offer)) is not None
    response = response_of(handshake.accept(None))
    assert response.status_code == 101
    assert "Sec-WebSocket-Extensions" not in response.headers
    assert handshake.deflate_window_bits is None


@pytest.mark.parametrize("bits", [None, 9, 12, 15])
def test_websockets_client_agrees_to_our_answer(bits: int | None) -> None:
    client = client_for(extensions=[ClientPerMessageDeflateFactory(server_max_window_bits=bits)])
    handshake = Handshake("/ocpp", deflate=True)
    assert handshake.receive(b"".join(client.data_to_send())) is not None
    client.receive_data(handshake.accept(None))
    assert client.state is OPEN
    (extension,) = client.extensions
    assert isinstance(extension, PerMessageDeflate)
    assert extension.remote_no_context_takeover
    assert extension.local_no_context_takeover
    assert extension.remote_max_window_bits == handshake.deflate_window_bits == (bits or 15)


@pytest.mark.parametrize("target", ["/echo", "/echo?agent=suite", "http://gateway.example/echo"])
def test_at_the_echo_path_there_is_no_identity(target: str) -> None:
    request = Handshake("/ocpp", echo_path="/echo").receive(request_bytes(target))
    assert request is not None
    assert request.identity is None


@pytest.mark.parametrize("target", ["/echo/", "/echo/CP1", "/Echo", "/"])
def test_nothing_is_beside_the_echo_path(target: str) -> None:
    with pytest.raises(HandshakeError, match="404"):
        Handshake("/ocpp", echo_path="/echo").receive(request_bytes(target))


def test_without_an_echo_path_there_is_none() -> None:
    assert refusal(request_bytes("/echo")).status == 404


@pytest.mark.parametrize("status", [401, 404, 503])
def test_the_caller_may_refuse(status: int) -> None:
    handshake = Handshake("/ocpp")
    assert handshake.receive(request_bytes()) is not None
    response = response_of(handshake.refuse(status, "No", retry_after_s=30 if status == 503 else None))
    assert (response.status_code, response.body) == (status, b"No\n")
    assert ("WWW-Authenticate" in response.headers) == (status == 401)
    assert response.headers.get("Retry-After") == ("30" if status == 503 else None)


@pytest.mark.parametrize(
    ("identity", "subprotocol", "is_fine"),
    [
        ("CP1", "ocpp2.0.1", True),
        ("aZ09*-_=+|@.", "ocpp2.1", True),
        ("x" * 48, "ocpp2.0.1", True),
        ("x" * 49, "ocpp2.0.1", False),
        ("a:b", "ocpp2.0.1", False),
        ("a:b", "OCPP2.0.1", False),
        ("a b", "ocpp2.1", False),
        ("ä", "ocpp2.0.1", False),
        ("a\n", "ocpp2.0.1", False),
        ("a:b", "ocpp1.6", True),
        ("a b", "ocpp1.6", True),
        ("x" * 49, "ocpp1.6", True),
        ("a:b", None, True),
        ("", "ocpp1.6", False),
        ("..", "ocpp1.6", False),
        ("a/b", "ocpp1.6", False),
        ("a\x00", "ocpp1.6", False),
        ("x" * 256, None, False),
    ],
)
def test_each_version_has_its_own_rule_for_identities(identity: str, subprotocol: str | None, is_fine: bool) -> None:
    assert (identity_problem(identity, subprotocol) is None) == is_fine


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 200), st.integers(0, 8), st.binary(max_size=8), st.lists(st.integers(0, 250), max_size=4))
@example(0, 0, b"", [])
def test_a_damaged_request_is_read_or_refused_however_it_is_cut(
    at: int, size: int, put: bytes, cuts: list[int]
) -> None:
    data = bytearray(request_bytes(Authorization="Basic QTpi", Sec_WebSocket_Protocol="ocpp1.6, ocpp2.0.1"))
    data[at : at + size] = put
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    outcomes = []
    for pieces in ([bytes(data)], [bytes(data[low:high]) for low, high in pairwise(bounds)]):
        handshake = Handshake("/ocpp")
        outcome: Request | int | None = None
        try:
            for piece in pieces:
                outcome = handshake.receive(piece) if outcome is None else outcome
        except HandshakeError as error:
            outcome = response_of(error.response).status_code
        outcomes.append(outcome)
    assert outcomes[0] == outcomes[1]
