"""Figures from two scrapes that were written by hand, with what was reckoned by hand."""

from datetime import UTC, datetime

import pytest

from gateway.app.metrics_page import Change, PageError, quantile, read_page
from gateway.app.top_figures import ACTIONS_SHOWN, Figures, Scrape, SiteTrouble, figures_of

BEFORE = """
ocpp_gateway_build_info{version="1.2.3"} 1
ocpp_gateway_connections{version="ocpp1.6"} 2
ocpp_gateway_handshakes_total{result="accepted"} 10
ocpp_gateway_handshakes_total{result="unauthorized"} 3
ocpp_gateway_disconnects_total{reason="lost"} 4
ocpp_gateway_messages_total{version="ocpp1.6",action="Heartbeat",outcome="answered"} 100
ocpp_gateway_messages_total{version="ocpp2.1",action="Heartbeat",outcome="answered"} 50
ocpp_gateway_messages_total{version="ocpp1.6",action="Heartbeat",outcome="refused"} 1
ocpp_gateway_messages_total{version="ocpp1.6",action="MeterValues",outcome="answered"} 1000
ocpp_gateway_messages_total{version="ocpp1.6",action="MeterValues",outcome="kept_raw"} 0
ocpp_gateway_messages_total{version="ocpp1.6",action="MeterValues",outcome="repeat"} 5
ocpp_gateway_messages_total{version="ocpp1.6",action="Authorize",outcome="answered"} 7
ocpp_gateway_quirks_total{quirk="a",mode="on"} 1
ocpp_gateway_quirks_total{quirk="a",mode="shadow"} 1
# TYPE ocpp_gateway_answer_seconds histogram
ocpp_gateway_answer_seconds_bucket{le="0.01"} 100
ocpp_gateway_answer_seconds_bucket{le="0.1"} 100
ocpp_gateway_answer_seconds_bucket{le="+Inf"} 100
ocpp_gateway_answer_seconds_count 100
ocpp_gateway_answer_seconds_sum 1
ocpp_gateway_readings_accepted_total 1000
ocpp_gateway_readings_stored_total 990
ocpp_gateway_readings_waiting 10
process_cpu_seconds_total 30
process_start_time_seconds 1000
"""

AFTER = """
ocpp_gateway_build_info{version="1.2.3"} 1
ocpp_gateway_connections{version="ocpp1.6"} 3
ocpp_gateway_connections{version="ocpp2.1"} 4
ocpp_gateway_connections_max 100
ocpp_gateway_stations 9
ocpp_gateway_transactions_running 5
ocpp_gateway_handshakes_total{result="accepted"} 18
ocpp_gateway_handshakes_total{result="unauthorized"} 5
ocpp_gateway_disconnects_total{reason="lost"} 6
ocpp_gateway_disconnects_total{reason="silent"} 1
ocpp_gateway_messages_total{version="ocpp1.6",action="Heartbeat",outcome="answered"} 108
ocpp_gateway_messages_total{version="ocpp2.1",action="Heartbeat",outcome="answered"} 54
ocpp_gateway_messages_total{version="ocpp1.6",action="Heartbeat",outcome="refused"} 3
ocpp_gateway_messages_total{version="ocpp1.6",action="MeterValues",outcome="answered"} 1040
ocpp_gateway_messages_total{version="ocpp1.6",action="MeterValues",outcome="kept_raw"} 1
ocpp_gateway_messages_total{version="ocpp1.6",action="MeterValues",outcome="repeat"} 6
ocpp_gateway_messages_total{version="ocpp1.6",action="Authorize",outcome="answered"} 7
ocpp_gateway_quirks_total{quirk="a",mode="on"} 3
ocpp_gateway_quirks_total{quirk="a",mode="shadow"} 9
# TYPE ocpp_gateway_answer_seconds histogram
ocpp_gateway_answer_seconds_bucket{le="0.01"} 108
ocpp_gateway_answer_seconds_bucket{le="0.1"} 110
ocpp_gateway_answer_seconds_bucket{le="+Inf"} 110
ocpp_gateway_answer_seconds_count 110
ocpp_gateway_answer_seconds_sum 2
ocpp_gateway_calls_open 2
ocpp_gateway_calls_waiting 1
ocpp_gateway_commands_under_way 3
ocpp_gateway_calls_total{version="ocpp1.6",action="Reset",outcome="timeout"} 4
ocpp_gateway_readings_accepted_total 1100
ocpp_gateway_readings_stored_total 1050
ocpp_gateway_readings_set_aside_total 8
ocpp_gateway_readings_waiting 42
ocpp_gateway_store_connected 1
ocpp_gateway_journal_used_bytes 1000
ocpp_gateway_journal_max_bytes 4000
ocpp_gateway_journal_waiting_entries{reader="store"} 6
ocpp_gateway_journal_waiting_bytes{reader="store"} 700
ocpp_gateway_journal_waiting_seconds{reader="store"} 1.5
ocpp_gateway_charging_sites 2
ocpp_gateway_charging_evses{state="charging"} 6
ocpp_gateway_charging_evses{state="offline"} 1
ocpp_gateway_charging_links 8
ocpp_gateway_charging_links_near_limit 3
ocpp_gateway_charging_limits_total{ending="accepted"} 12
ocpp_gateway_charging_oldest_limit_seconds 77
ocpp_gateway_send_buffer_bytes 5000
ocpp_gateway_send_buffer_largest_bytes 4000
process_cpu_seconds_total 31
process_resident_memory_bytes 1e8
process_open_fds 40
process_max_fds 100
process_start_time_seconds 1000
"""


def scraped(page: str, at_s: float, **how: object) -> Scrape:
    return Scrape(at=datetime.fromtimestamp(5000 + at_s, UTC), monotonic_s=at_s, samples=read_page(page), **how)


def reckoned(before: str = BEFORE, after: str = AFTER, **how: object) -> Figures:
    return figures_of(scraped(before, 10.0), scraped(after, 14.0, **how))


def test_figures_of_four_seconds():
    figures = reckoned()
    assert (figures.version, figures.interval_s, figures.ready, figures.restarted) == ("1.2.3", 4.0, True, False)
    assert figures.alarms == []
    stations = figures.stations
    assert (stations.connected, stations.connections_max, stations.known, stations.transactions) == (7, 100, 9, 5)
    assert stations.by_version == {"ocpp1.6": 3, "ocpp2.1": 4}
    assert stations.handshakes_per_s == {"accepted": 2.0, "unauthorized": 0.5}
    assert stations.disconnects_per_s == {"lost": 0.5, "silent": 0.25}
    messages = figures.messages
    assert messages.per_s == (8 + 4 + 2 + 40 + 1 + 1) / 4
    assert (messages.refused_per_s, messages.kept_raw_per_s, messages.repeats_per_s) == (0.5, 0.25, 0.25)
    assert messages.mended_per_s == 0.5
    assert [(row.action, row.per_s, row.refused_per_s, row.kept_raw_per_s) for row in messages.actions] == [
        ("MeterValues", 10.5, 0.0, 0.25),
        ("Heartbeat", 3.5, 0.5, 0.0),
    ]
    process = figures.process
    assert (process.cpu_share, process.memory_bytes, process.open_files, process.open_files_max) == (0.25, 1e8, 40, 100)
    assert process.uptime_s == 4014.0
    assert (figures.journal.full, figures.journal.used_bytes, figures.journal.max_bytes) == (False, 1000, 4000)
    reader = figures.journal.readers["store"]
    assert (reader.waiting_s, reader.entries, reader.size_bytes) == (1.5, 6, 700)
    store = figures.store
    assert (store.connected, store.accepted_per_s, store.stored_per_s) == (True, 25.0, 15.0)
    assert store.accepted == store.stored + store.set_aside + store.waiting == 1100
    assert (figures.calls.open, figures.calls.waiting, figures.calls.commands) == (2, 1, 3)
    assert figures.calls.ended_per_s == {"timeout": 1.0}
    charging = figures.charging
    assert (charging.sites, charging.links, charging.links_near, charging.links_over) == (2, 8, 3, 0)
    assert charging.evses == {"charging": 6, "offline": 1}
    assert (charging.limits_per_s, charging.oldest_limit_s) == ({"accepted": 3.0}, 77.0)
    assert (figures.buffers.total_bytes, figures.buffers.largest_bytes) == (5000, 4000)


def test_quantiles_are_those_of_the_interval_alone():
    """Ten answers came: eight within 10 ms, two within 100 ms. The fifth is at 5/8 of the first bucket."""
    answer = reckoned().messages.answer
    assert answer.per_s == 2.5
    assert answer.p50_s == pytest.approx(0.01 * 5 / 8)
    assert answer.p99_s == pytest.approx(0.01 + 0.09 * (9.9 - 8) / 2)
    assert answer.bound_s == 0.1


def test_without_an_answer_in_the_interval_there_is_no_quantile():
    answer = reckoned(after=BEFORE).messages.answer
    assert (answer.per_s, answer.p50_s, answer.p99_s) == (0.0, None, None)


@pytest.mark.parametrize(
    ("share", "counts", "expected"),
    [
        (0.5, [0, 0, 10], 2.0),  # all beyond the last bound: it took that long at least
        (0.5, [0, 10, 10], 1.5),
        (1.0, [10, 10, 10], 1.0),
        (0.5, [], None),
        (0.5, [0, 0, 0], None),
    ],
)
def test_a_quantile_is_linear_within_its_bucket(share, counts, expected):
    assert quantile(share, [1.0, 2.0, float("inf")], counts) == expected


def test_after_a_restart_all_of_a_counter_is_new_and_no_rate_is_negative():
    after = (
        AFTER.replace("start_time_seconds 1000", "start_time_seconds 4990")
        .replace('result="accepted"} 18', 'result="accepted"} 8')
        .replace('result="unauthorized"} 5', 'result="unauthorized"} 4')
        .replace("cpu_seconds_total 31", "cpu_seconds_total 2")
    )
    figures = reckoned(after=after)
    assert figures.restarted
    assert figures.stations.handshakes_per_s == {"accepted": 2.0, "unauthorized": 1.0}
    assert figures.process.cpu_share == 0.5
    assert figures.store.accepted_per_s == 25.0  # on disk: it goes on


def test_a_counter_that_fell_without_a_known_restart_is_taken_for_new():
    figures = reckoned(before=AFTER, after=BEFORE)
    assert not figures.restarted
    assert figures.stations.handshakes_per_s == {"accepted": 2.5, "unauthorized": 0.75}
    assert (figures.store.accepted_per_s, figures.store.stored_per_s) == (0.0, 0.0)


def test_of_many_actions_ten_are_shown_and_the_others_summed():
    counts = "".join(
        f'ocpp_gateway_messages_total{{version="ocpp2.1",action="A{n:02}",outcome="answered"}} {n * 4}\n'
        for n in range(1, 14)
    )
    messages = reckoned(
        before='ocpp_gateway_build_info{version="1"} 1\n', after=BEFORE.split("ocpp_gateway_hand")[0] + counts
    ).messages
    assert [row.action for row in messages.actions] == [f"A{n:02}" for n in range(13, 3, -1)]
    assert len(messages.actions) == ACTIONS_SHOWN
    assert (messages.other_actions, messages.other_actions_per_s) == (3, 6.0)


@pytest.mark.parametrize(
    ("change", "alarm"),
    [
        (("store_connected 1", "store_connected 0"), "the store is away"),
        (("journal_used_bytes 1000", "journal_full 1"), "the journal is full"),
        (('bytes{reader="store"} 700', 'bytes{reader="store"} 2001'), "fills more than 50% of the journal"),
        (('seconds{reader="store"} 1.5', 'seconds{reader="store"} 301'), "the store is late by more than 300 s"),
        (("process_open_fds 40", "process_open_fds 86"), "open files are above 85%"),
        (("connections_max 100", "connections_max 7"), "connections are above 90%"),
        (("largest_bytes 4000", "largest_bytes 140000"), "does not read its answers"),
        (("links_near_limit 3", "links_over_limit 1"), "more may be drawn"),
        (("links_near_limit 3", "sites_with_fault 1"), "did not prove right"),
        (('evses{state="offline"}', 'evses{state="disobedient"}'), "ignore their limits"),
    ],
)
def test_what_needs_somebody_is_said_in_words(change, alarm):
    assert change[0] in AFTER
    (told,) = reckoned(after=AFTER.replace(*change)).alarms
    assert alarm in told


def test_readings_are_unaccounted_for_only_if_nothing_waits_for_longer_than_a_moment():
    idle = AFTER.replace('entries{reader="store"} 6', 'entries{reader="store"} 0')
    assert reckoned(after=idle).alarms == []
    (told,) = reckoned(before=idle, after=idle).alarms
    assert "unaccounted" in told


def test_a_gateway_that_is_not_ready_says_why():
    figures = reckoned(reasons=("the journal is full",), troubles=(SiteTrouble("depot", 2, None),))
    assert (figures.ready, figures.reasons) == (False, ("the journal is full",))
    assert figures.charging.troubles == (SiteTrouble("depot", 2, None),)


def test_where_the_process_tells_nothing_of_itself_its_figures_are_none():
    page = "\n".join(text for text in AFTER.splitlines() if not text.startswith("process_"))
    process = reckoned(before=page, after=page).process
    assert (process.uptime_s, process.cpu_share, process.memory_bytes, process.open_files) == (None, None, None, None)


@pytest.mark.parametrize("text", ["", "<html>", "up 1\n", "a{b=1} x\n", '{"json": true}', "a{", "x y z w"])
def test_another_page_is_refused(text):
    with pytest.raises(PageError):
        read_page(text)


def test_two_scrapes_of_one_time_are_a_mistake():
    with pytest.raises(ValueError, match="later"):
        Change({}, {}, 0.0)
