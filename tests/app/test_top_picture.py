"""Facts about the picture of a running gateway: what stands where, and that it fits every terminal."""

import pytest

from gateway.app.terminal import RED, Look
from gateway.app.top_figures import SiteTrouble
from gateway.app.top_picture import HEIGHT_MIN, WIDTH_MIN, Trouble, line, picture, rate
from tests.app.test_top_figures import AFTER, reckoned

URL = "http://127.0.0.1:8080"

WHOLE = """\
ocpp-gateway 1.2.3   http://127.0.0.1:8080   1970-01-01 01:23:34Z   up 01:06:54
READY

stations   connected 7 of 100   1.6: 3   2.1: 4   known 9   transactions 5
           handshakes 2.5/s:   accepted 2.0/s   ! unauthorized 0.50/s
           disconnects 0.75/s:   lost 0.50/s   silent 0.25/s
messages   14.0/s   ! refused 0.50/s   ! kept raw 0.25/s   mended 0.50/s
           repeats 0.25/s   answered in p50 6.2 ms, p99 96 ms
           MeterValues 10.5/s                 ! Heartbeat 3.5/s refused 0.50/s
process    CPU 25% of a core (journal 0%, store 0%)   memory 95.4 MiB
           open files 40 of 100   loop late by p50 -, p99 -
journal    not full   1 KiB of 4 KiB   written 0 KiB/s   commit p50 -, p99 -
           store waits 1.5 s, 6 entries
store      connected   accepted 25.0/s   stored 15.0/s
           readings 1,100 = stored 1,050 + set aside 8 + waiting 42
calls      open 2   waiting 1   commands 3   ended 1.0/s:   ! timeout 1.0/s
charging   sites 2   charging 6   offline 1
           links 8   near limit 3   over limit 0   limits 3.0/s:
           accepted 3.0/s   oldest lease 77 s   waiting 0   preparing 0
unsent     5 KiB   largest 4 KiB of 256 KiB"""


def test_the_whole_picture():
    assert picture(reckoned(), URL, 80) == WHOLE


def test_what_needs_somebody_stands_first():
    after = AFTER.replace("store_connected 1", "store_connected 0").replace("near_limit 3", "over_limit 1")
    figures = reckoned(after=after, reasons=("the gateway is draining",), troubles=(SiteTrouble("depot", 1, None),))
    lines = picture(figures, URL, 100).splitlines()
    assert lines[1:4] == [
        "! NOT READY: the gateway is draining",
        "! the store is away: the journal keeps everything until it is full",
        "! more may be drawn than some links of sites carry",
    ]
    assert any(text.strip() == "! depot: 1 links over limit" for text in lines)


def test_where_a_token_is_needed_to_know_which_sites_are_meant_it_says_so():
    assert "--token-file" in picture(reckoned(after=AFTER.replace("near_limit 3", "over_limit 1")), URL, 80)
    assert "--token-file" not in picture(reckoned(), URL, 80)


def test_a_gateway_that_does_not_answer_is_told_above_its_last_figures():
    text = picture(reckoned(), URL, 80, trouble=Trouble("connection refused", 12.4))
    assert text.splitlines()[1] == "! NO ANSWER for 12 s: connection refused"
    assert "connected 7 of 100" in text


@pytest.mark.parametrize("look", [Look(), Look(colour=True, blocks=True)])
@pytest.mark.parametrize("height", [1, 3, 10, 24, 60])
@pytest.mark.parametrize("width", [1, 24, 40, 79, 80, 200])
def test_no_line_is_wider_and_no_picture_higher_than_the_terminal(width, height, look):
    text = picture(reckoned(), URL, width, height, look, trouble=Trouble("refused", 1.0), footer="Ctrl-C stops")
    plain = text
    for style in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[32m", RED):
        plain = plain.replace(style, "")
    assert "\x1b" not in plain
    lines = plain.split("\n")
    assert len(lines) <= max(height, HEIGHT_MIN)
    assert max(map(len, lines)) <= max(width, WIDTH_MIN)


def test_a_narrow_terminal_gets_more_lines_and_loses_no_figure():
    wide, narrow = (picture(reckoned(), URL, width).split() for width in (200, 40))
    assert sorted(wide) == sorted(narrow)


def test_a_low_terminal_loses_its_least_busy_actions_first():
    counts = "".join(
        f'ocpp_gateway_messages_total{{version="ocpp2.1",action="A{n:02}",outcome="answered"}} {n * 4}\n'
        for n in range(1, 9)
    )
    figures = reckoned(after=AFTER + counts)
    height = len(picture(figures, URL, 80).splitlines())
    low = picture(figures, URL, 80, height - 2)
    assert "more: the terminal is too small" not in low
    assert ("A08 8.0/s" in low, "A01 1.0/s" in low, "other actions" in low) == (True, False, True)


def test_a_terminal_that_is_too_low_says_so():
    assert picture(reckoned(), URL, 80, 8).splitlines()[-1].endswith("lines more: the terminal is too small")


def test_a_name_cannot_steer_the_terminal():
    figures = reckoned(troubles=(SiteTrouble("de\x1b[2Jpot", 1, None),))
    assert "! de?[2Jpot: 1 links over limit" in picture(figures, URL, 80)
    assert "\x1b" not in line(reckoned(reasons=("\x1b[2J",)))


def test_a_line_says_the_most_important():
    assert line(reckoned()) == (
        "01:23:34  ready  connected 7  messages 14.0/s  refused 0.50/s  answered p99 96 ms  journal 25%"
        "  readings waiting 42"
    )
    away = reckoned(after=AFTER.replace("store_connected 1", "store_connected 0"), reasons=("draining",))
    assert "  ! not ready: draining  " in line(away)
    assert line(away).endswith("  ! the store is away: the journal keeps everything until it is full")
    assert line(away, Trouble("refused", 3.0)) == "01:23:34  no answer for 3 s: refused"


@pytest.mark.parametrize(
    ("per_s", "text"),
    [(0, "0/s"), (0.004, "<0.01/s"), (0.25, "0.25/s"), (3.14159, "3.1/s"), (99.4, "99.4/s"), (1234.5, "1,234/s")],
)
def test_rates_have_as_many_digits_as_somebody_reads(per_s, text):
    assert rate(per_s) == text
