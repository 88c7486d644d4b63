"""What one password check costs: a fleet of 50,000 reconnecting stations pays it 50,000 times."""

from gateway.core.credentials import hash_line, parse_credentials

KEY = b"0123456789abcdef"
LINES = [hash_line(f"DE*ABC*E{number:05d}", KEY, number.to_bytes(16, "big")) for number in range(10_000)]


def test_verify_right_password(benchmark):
    credentials = parse_credentials("\n".join(LINES), name="bench")
    assert benchmark(credentials.verify, "DE*ABC*E00077", b"DE*ABC*E00077:" + KEY)


def test_verify_wrong_password(benchmark):
    credentials = parse_credentials("\n".join(LINES), name="bench")
    assert not benchmark(credentials.verify, "DE*ABC*E00077", b"DE*ABC*E00077:" + KEY[::-1])


def test_parse_10_000_lines(benchmark):
    text = "\n".join(LINES)
    assert len(benchmark(parse_credentials, text, name="bench")) == 10_000
