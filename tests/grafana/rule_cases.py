"""For each alert a history in which it fires, and one like it in which it must stay silent.

Series are written as promtool wants them: `start+step x times`, one value a minute.
"""

from dataclasses import dataclass

Series = dict[str, str]

GATEWAY = 'job="ocpp-gateway", instance="a"'


def one(metric: str, values: str, labels: str = "") -> Series:
    """One series of the gateway."""
    return {f"ocpp_gateway_{metric}{{{GATEWAY}{', ' + labels if labels else ''}}}": values}


@dataclass(frozen=True, slots=True)
class Case:
    """Both histories of an alert; `at` is when it is looked at."""

    alert: str
    severity: str
    fires: Series
    silent: Series
    at: str = "30m"


def answers(per_minute: int, fast: int, minutes: int) -> Series:
    """Answers that take more than a second, beside fast ones."""
    bucket = one("answer_seconds_bucket", f"0+{fast}x{minutes}", 'version="ocpp1.6", le="1.0"')
    return bucket | one("answer_seconds_count", f"0+{per_minute}x{minutes}", 'version="ocpp1.6"')


def messages(answered: int, refused: int, minutes: int) -> Series:
    """Messages of stations by outcome."""
    action = 'version="ocpp1.6", action="Heartbeat"'
    return one("messages_total", f"0+{answered}x{minutes}", f'{action}, outcome="answered"') | one(
        "messages_total", f"0+{refused}x{minutes}", f'{action}, outcome="refused"'
    )


def handshakes(accepted: int, refused: int) -> Series:
    return one("handshakes_total", f"0+{accepted}x60", 'result="accepted"') | one(
        "handshakes_total", f"0+{refused}x60", 'result="unauthorized"'
    )


def calls(accepted: int, timeouts: int) -> Series:
    return one("calls_total", f"0+{accepted}x60", 'version="ocpp1.6", outcome="accepted"') | one(
        "calls_total", f"0+{timeouts}x60", 'version="ocpp1.6", outcome="timeout"'
    )


def limits(accepted: int, rejected: int) -> Series:
    return one("charging_limits_total", f"0+{accepted}x60", 'ending="accepted"') | one(
        "charging_limits_total", f"0+{rejected}x60", 'ending="rejected"'
    )


def readings(stored: str, waiting: int) -> Series:
    return (
        one("readings_accepted_total", "100+100x60")
        | one("readings_stored_total", stored)
        | one("readings_set_aside_total", "0x60")
        | one("journal_waiting_entries", f"{waiting}x60", 'reader="store"')
        | one("store_connected", "1x60")
    )


def waiting_bytes(of_a_hundred: int) -> Series:
    return one("journal_waiting_bytes", f"{of_a_hundred}x60", 'reader="store"') | one("journal_max_bytes", "100x60")


def files(opened: int) -> Series:
    return {f"process_open_fds{{{GATEWAY}}}": f"{opened}x60", f"process_max_fds{{{GATEWAY}}}": "1000x60"}


def places(taken: int) -> Series:
    return one("connections", f"{taken}x60", 'version="ocpp1.6"') | one("connections_max", "1000x60")


def commits(slow: int) -> Series:
    """Of a hundred commits a minute `slow` take up to half a second."""
    name = "journal_commit_seconds_bucket"
    return (
        one(name, f"0+{100 - slow}x60", 'le="0.1"')
        | one(name, "0+100x60", 'le="0.5"')
        | one(name, "0+100x60", 'le="+Inf"')
    )


def lags(late: int) -> Series:
    """Of a hundred looks a minute `late` find the loop up to half a second late."""
    name = "event_loop_lag_seconds_bucket"
    return (
        one(name, f"0+{100 - late}x60", 'le="0.1"')
        | one(name, "0+100x60", 'le="0.5"')
        | one(name, "0+100x60", 'le="+Inf"')
    )


UP = f"up{{{GATEWAY}}}"
STARTED = f"process_start_time_seconds{{{GATEWAY}}}"
VERSION = 'version="ocpp1.6"'

CASES = (
    Case("OcppGatewayDown", "critical", {UP: "1x9 0x60"}, {UP: "1x28 0x1 1x60"}),
    Case("OcppGatewayAnswersSlow", "critical", answers(1000, 950, 90), answers(1000, 995, 90), "80m"),
    Case("OcppGatewayAnswersSlow", "warning", answers(1000, 990, 480), answers(1000, 998, 480), "450m"),
    Case("OcppGatewayMessagesRefused", "critical", messages(800, 200, 90), messages(900, 100, 90), "80m"),
    Case("OcppGatewayMessagesRefused", "warning", messages(900, 100, 480), messages(970, 30, 480), "450m"),
    Case(
        "OcppGatewayStationsGone",
        "critical",
        one("connections", "100x20 79x60", VERSION),
        one("connections", "100x20 90x60", VERSION),
    ),
    Case("OcppGatewayHandshakesRefused", "warning", handshakes(60, 40), handshakes(90, 10)),
    Case("OcppGatewayCallsFailing", "warning", calls(80, 20), calls(95, 5), "40m"),
    Case(
        "OcppGatewayLinksOverLimit",
        "critical",
        one("charging_links_over_limit", "0x10 1x60"),
        one("charging_links_over_limit", "0x24 1x60"),
    ),
    Case(
        "OcppGatewayLinksLowered",
        "warning",
        one("charging_links_over_limit", "0x25 1x60"),
        one("charging_links_over_limit", "0x60"),
    ),
    Case(
        "OcppGatewaySiteFault",
        "critical",
        one("charging_sites_with_fault", "0x25 1x60"),
        one("charging_sites_with_fault", "0x60"),
    ),
    Case("OcppGatewayLoopLagging", "warning", lags(20), lags(1)),
    Case(
        "OcppGatewayStationDisobeys",
        "warning",
        one("charging_evses", "0x20 2x60", 'state="disobedient"'),
        one("charging_evses", "2x60", 'state="waiting"'),
    ),
    Case("OcppGatewayLimitsFailing", "warning", limits(70, 30), limits(90, 10), "40m"),
    Case("OcppGatewayJournalFull", "critical", one("journal_full", "0x20 1x60"), one("journal_full", "0x60")),
    Case("OcppGatewayJournalFilling", "warning", waiting_bytes(60), waiting_bytes(40)),
    Case(
        "OcppGatewayStoreDisconnected",
        "warning",
        one("store_connected", "1x20 0x60"),
        one("store_connected", "1x28 0x1 1x60"),
    ),
    Case(
        "OcppGatewayStoreLagging",
        "warning",
        one("journal_waiting_seconds", "0+60x60", 'reader="store"'),
        one("journal_waiting_seconds", "2x60", 'reader="store"'),
    ),
    Case("OcppGatewayReadingsUnaccounted", "critical", readings("50+100x60", 0), readings("50+100x60", 7)),
    Case(
        "OcppGatewayEntriesSetAside",
        "warning",
        one("store_set_aside_entries_total", "5x20 6x60"),
        one("store_set_aside_entries_total", "5x60"),
    ),
    Case(
        "OcppGatewayBatchesMissing",
        "critical",
        one("store_missing_batches_total", "0x20 9x60"),
        one("store_missing_batches_total", "9x60"),
    ),
    Case("OcppGatewayCommitsSlow", "warning", commits(5), commits(0)),
    Case("OcppGatewayFilesNearlyAllOpen", "warning", files(900), files(800)),
    Case("OcppGatewayNearlyFull", "warning", places(950), places(850)),
    Case("OcppGatewayRestarting", "warning", {STARTED: "1x5 2x5 3x5 4x60"}, {STARTED: "1x5 2x60"}),
    Case(
        "OcppGatewayLogLinesLost",
        "warning",
        one("log_lines_lost_total", "0x20 3x60"),
        one("log_lines_lost_total", "3x60"),
    ),
)
