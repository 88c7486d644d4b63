"""Facts about the log: what a line is, what is kept out of it, and what a flood costs."""

import ast
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gateway
from gateway.app.logs import FIELD_CHARACTERS_MAX, LINES_PER_EVENT_MAX, SECRET_FIELDS, JsonLog, file_writer

START = datetime(2026, 1, 1, 12, 0, 0, 500_000, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.time = START

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lines():
    return []


@pytest.fixture
def log(clock, lines):
    return JsonLog(lines.append, level="info", now=clock)


def test_a_line_is_one_json_object(log, lines):
    log("station_connected", station="CP1", connections=3)
    assert lines == [
        b'{"at":"2026-01-01T12:00:00.500Z","level":"info","event":"station_connected","station":"CP1","connections":3}\n'
    ]


def test_events_below_the_level_are_not_written(log, lines):
    log("frame_received", level="debug")
    assert lines == []
    log("journal_full", level="warning")
    assert json.loads(lines[0])["level"] == "warning"


@pytest.mark.parametrize(
    "text",
    [
        'CP1"}\n{"event":"forged"}',
        "\x1b[2J\x1b]0;title\x07",
        "\x9b2J",
        "\x7f",
        "a\u2028b\u2029c",
        "\u202eevil",
        "\ud800",
        "é😀",
        "\x00",
    ],
)
def test_what_a_station_sends_stays_in_its_field(log, lines, text):
    log("refused", identity=text)
    (line,) = lines
    assert line.count(b"\n") == 1
    assert all(0x20 <= byte < 0x7F for byte in line[:-1])
    assert json.loads(line)["identity"] == text


@given(st.dictionaries(st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1), st.text() | st.binary()))
def test_any_fields_make_one_line_of_ascii(fields):
    lines = []
    JsonLog(lines.append, level="info", now=Clock())("event", **{f"x_{name}": text for name, text in fields.items()})
    assert lines[0].isascii()
    assert lines[0].count(b"\n") == 1
    assert json.loads(lines[0])["event"] == "event"


@pytest.mark.parametrize("text", ["x" * 1_000_000, b"x" * 1_000_000, ["x" * 1_000_000], {"a": "x" * 1_000_000}])
def test_a_long_field_is_cut(log, lines, text):
    log("refused", reason=text)
    assert len(lines[0]) < FIELD_CHARACTERS_MAX + 200
    json.loads(lines[0])


def test_values_that_json_has_no_word_for_become_text(log, lines):
    log(
        "odd",
        error=ValueError("no"),
        at_time=START,
        path=Path("/x"),
        payload=b"a\xff",
        big=2**70,
        several=("a", 1),
        nothing=None,
    )
    fields = json.loads(lines[0])
    assert fields["error"] == "ValueError: no"
    assert fields["at_time"] == "2026-01-01T12:00:00.500Z"
    assert fields["path"] == "/x"
    assert fields["payload"] == "a\\xff"
    assert fields["big"] == 2**70
    assert fields["several"] == ["a", "1"]
    assert fields["nothing"] is None


@pytest.mark.parametrize("name", sorted(SECRET_FIELDS))
def test_a_secret_is_withheld(log, lines, name):
    log("login", **{name: "hunter2"})
    assert b"hunter2" not in lines[0]
    assert json.loads(lines[0])[name] == "[withheld]"


def test_a_flood_of_one_event_is_thinned_and_counted(log, lines, clock):
    for _ in range(1000):
        log("refused")
    log("other")
    assert len(lines) == LINES_PER_EVENT_MAX + 1
    clock.time += timedelta(seconds=1)
    log("refused")
    assert json.loads(lines[-1])["suppressed"] == 1000 - LINES_PER_EVENT_MAX
    log("refused")
    assert "suppressed" not in json.loads(lines[-1])


def test_closing_says_what_was_suppressed(log, lines):
    for _ in range(LINES_PER_EVENT_MAX + 7):
        log("refused")
    log.close()
    last = json.loads(lines[-1])
    assert (last["event"], last["suppressed"]) == ("refused", 7)
    log.close()
    assert len(lines) == LINES_PER_EVENT_MAX + 1


def test_a_full_disk_does_not_raise_into_the_caller(clock):
    def full(line: bytes) -> None:
        raise OSError(28, "No space left on device")

    log = JsonLog(full, level="info", now=clock)
    log("event")
    log("event")
    assert log.lines_lost == 2


def test_a_file_is_appended_to(tmp_path, clock):
    file = tmp_path / "gateway.log"
    file.write_text("before\n")
    JsonLog(file_writer(file), level="info", now=clock)("started")
    first, second = file.read_text().splitlines()
    assert first == "before"
    assert json.loads(second)["event"] == "started"


def log_calls():
    for source in Path(gateway.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func).removeprefix("self.")
                if called in {"log", "_log"}:
                    yield source.name, node


def test_no_line_of_the_gateway_names_a_secret():
    calls = list(log_calls())
    assert calls
    for source, call in calls:
        assert not SECRET_FIELDS & {keyword.arg for keyword in call.keywords}, f"{source}:{call.lineno}"


def test_every_event_of_the_gateway_is_a_constant_name():
    for source, call in log_calls():
        event = call.args[0] if call.args else None
        assert isinstance(event, ast.Constant), f"{source}:{call.lineno}"
        assert event.value.replace("_", "").isalnum(), f"{source}:{call.lineno}"
