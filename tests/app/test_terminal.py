"""Facts about the demo's picture, as text."""

import io
import re
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.app.terminal import (
    Look,
    Progress,
    Screen,
    Snapshot,
    StationRow,
    kilowatt_hours,
    kilowatts,
    line,
    picture,
    size,
)

STATION = StationRow(
    identity="SIM-0001",
    version="1.6",
    state="Charging",
    soc_percent=43.2,
    power_w=11_000,
    power_max_w=22_000,
    energy_wh=12_340,
)
SNAPSHOT = Snapshot(
    title="ocpp-gateway demo",
    at=datetime(2026, 1, 1, 12, 34, 56, tzinfo=UTC),
    elapsed_s=83.9,
    speed=60,
    figures=[
        ["connected 2/2", "charging 1", f"power {kilowatts(11_000)}", f"delivered {kilowatt_hours(1_234_560)}"],
        ["messages 34/s", f"readings stored {12_345:,}", f"journal {size(3 * 1024 * 1024)}, 7 waiting"],
    ],
    stations=[
        STATION,
        msgspec.structs.replace(STATION, identity="SIM-0002", soc_percent=None, power_w=0, state="Available"),
    ],
    footer=["Try: sqlite3 store.sqlite 'select count(*) from reading'", "Ctrl-C stops"],
)
FLEET = msgspec.structs.replace(
    SNAPSHOT, stations=[msgspec.structs.replace(STATION, identity=f"SIM-{number:04}") for number in range(1, 501)]
)


def test_where_somebody_limits_stations_the_picture_says_to_what():
    free, held = SNAPSHOT.stations
    limited = msgspec.structs.replace(SNAPSHOT, stations=[free, msgspec.structs.replace(held, limit="9.5 A")])
    head, first, second = picture(limited, 100, 30).split("\n")[5:8]
    column = slice(head.index("limit") - 3, head.index("limit") + 5)
    assert (head[column], first[column], second[column]) == ("   limit", "       -", "   9.5 A")
    assert max(map(len, (head, first, second))) == 80


def test_the_picture_of_two_stations():
    assert picture(SNAPSHOT, 100, 30).split("\n") == [
        "ocpp-gateway demo   2026-01-01 12:34:56   60 times real time   running 00:01:23",
        "",
        "connected 2/2   charging 1   power 11.0 kW   delivered 1,234.56 kWh",
        "messages 34/s   readings stored 12,345   journal 3.0 MiB, 7 waiting",
        "",
        "station     version  state              EV  power                       energy",
        "SIM-0001    1.6      Charging         43 %  ######......   11.0 kW   12.34 kWh",
        "SIM-0002    1.6      Available           -  ............    0.0 kW   12.34 kWh",
        "",
        "Try: sqlite3 store.sqlite 'select count(*) from reading'",
        "Ctrl-C stops",
    ]


def test_stations_that_do_not_fit_are_counted():
    lines = picture(FLEET, 100, 24).split("\n")
    assert len(lines) == 24
    shown = [text for text in lines if text.startswith("SIM-")]
    assert f"... and {500 - len(shown)} more" in lines
    assert lines[-1] == "Ctrl-C stops"


def test_a_table_that_just_fits_is_whole():
    fleet = msgspec.structs.replace(FLEET, stations=FLEET.stations[:20])
    height = len(picture(fleet, 100, 100).split("\n"))
    assert "more" not in picture(fleet, 100, height)
    assert "... and 2 more" in picture(fleet, 100, height - 1)


@given(width=st.integers(-5, 300), height=st.integers(-5, 100), look=st.builds(Look, st.booleans(), st.booleans()))
def test_no_line_is_wider_and_no_picture_higher_than_the_terminal(width, height, look):
    lines = picture(FLEET, width, height, look).split("\n")
    assert len(lines) <= max(height, 12)
    assert max(len(re.sub(r"\x1b\[\d*m", "", text)) for text in lines) <= max(width, 40)


@pytest.mark.parametrize(
    ("power_w", "power_max_w", "bar"),
    [
        (0, 22_000, "............"),
        (22_000, 22_000, "############"),
        (11_000, 22_000, "######......"),
        (50_000, 22_000, "############"),
        (-5, 22_000, "............"),
        (5, 0, "............"),
    ],
)
def test_the_bar_is_the_share_of_the_highest_power(power_w, power_max_w, bar):
    station = msgspec.structs.replace(STATION, power_w=power_w, power_max_w=power_max_w)
    assert bar in picture(msgspec.structs.replace(SNAPSHOT, stations=[station]), 100, 30)


def test_blocks_are_for_terminals_that_have_them():
    assert "██████░░░░░░" in picture(SNAPSHOT, 100, 30, Look(blocks=True))
    assert picture(SNAPSHOT, 100, 30).isascii()


def test_a_name_cannot_steer_the_terminal():
    station = msgspec.structs.replace(STATION, identity="\x1b[2J\n\x9b", state="a\rb")
    text = picture(msgspec.structs.replace(SNAPSHOT, stations=[station], footer=["\x1b]0;x\x07"]), 100, 30)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert len(text.split("\n")) == len(picture(SNAPSHOT, 100, 30).split("\n")) - 2


def test_a_line_says_the_same_without_a_terminal():
    assert line(SNAPSHOT) == (
        "00:01:23  connected 2/2  charging 1  power 11.0 kW  delivered 1,234.56 kWh  messages 34/s"
        "  readings stored 12,345  journal 3.0 MiB, 7 waiting"
    )


@pytest.fixture(autouse=True)
def able_terminal(monkeypatch):
    """What these tests run in may be dumb, or without colours."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_file_gets_a_line_every_five_seconds():
    stream = io.StringIO()
    screen = Screen(stream)
    for elapsed_s in range(12):
        screen.show(msgspec.structs.replace(SNAPSHOT, elapsed_s=elapsed_s))
    screen.close()
    assert [text[:8] for text in stream.getvalue().splitlines()] == ["00:00:00", "00:00:05", "00:00:10"]
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_is_cleared_once_and_then_redrawn_in_place():
    stream = Terminal()
    screen = Screen(stream)
    screen.show(SNAPSHOT)
    screen.show(SNAPSHOT)
    assert stream.getvalue().count("\x1b[2J") == 1
    assert stream.getvalue().count("\x1b[H") == 2
    assert "█" in stream.getvalue()


def test_the_cursor_is_given_back():
    stream = Terminal()
    screen = Screen(stream, colour=False)
    screen.show(SNAPSHOT)
    assert stream.getvalue().startswith("\x1b[?25l")
    screen.close()
    assert stream.getvalue().endswith("\x1b[?25h")


def test_a_screen_that_showed_nothing_writes_nothing():
    stream = Terminal()
    Screen(stream).close()
    assert stream.getvalue() == ""


def test_progress_overwrites_its_own_line_and_leaves_nothing() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    for text in ("restoring: 0 messages", "restoring: 0 messages", "restoring: 10,000 messages", ""):
        progress(text)
    assert terminal.getvalue() == "\r\x1b[Krestoring: 0 messages\r\x1b[Krestoring: 10,000 messages\r\x1b[K"


def test_progress_says_nothing_where_nobody_watches() -> None:
    stream = io.StringIO()
    Progress(stream)("draining: 5 stations still connected")
    assert stream.getvalue() == ""


def test_a_dumb_terminal_gets_lines(monkeypatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    screen = Screen(stream)
    screen.show(SNAPSHOT)
    screen.close()
    assert stream.getvalue() == line(SNAPSHOT) + "\n"


def test_no_color_takes_the_colours_away(monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    Screen(stream).show(SNAPSHOT)
    assert "\x1b[1m" not in stream.getvalue()


def test_what_the_encoding_lacks_is_a_question_mark() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Screen(stream).print(lambda width, look: "Depot Süd")
    assert raw.getvalue() == b"Depot S?d\n"
