"""Saturation: utilisation, saturation and errors of what a gateway has only so much of."""

from typing import Final

from grafana.dashboards.panels import Page, Panel, PromQL, Row

PAGE: Final = Page(
    uid="ocpp-gateway-saturation",
    title="OCPP gateway / Saturation",
    description="What runs out first: CPU, memory, open files, places for stations, room in the journal.",
    rows=(
        Row(
            "The process",
            (
                Panel(
                    "CPU",
                    "CPU time per second. The loop is one thread: it is full near 1, less journal and store.",
                    [
                        PromQL("rate(process_cpu_seconds_total{SELECT}[$__rate_interval])", "process {{instance}}"),
                        PromQL(
                            "rate(ocpp_gateway_journal_cpu_seconds_total{SELECT}[$__rate_interval])",
                            "journal {{instance}}",
                        ),
                        PromQL(
                            "rate(ocpp_gateway_store_cpu_seconds_total{SELECT}[$__rate_interval])", "store {{instance}}"
                        ),
                    ],
                    runbooks=["OcppGatewayAnswersSlow", "OcppGatewayLoopLagging"],
                ),
                Panel(
                    "Lag of the event loop",
                    "How late it comes to what is due. Above some tens of milliseconds it has too little of a CPU.",
                    [
                        PromQL(
                            f"histogram_quantile({quantile}, sum by (le) "
                            "(rate(ocpp_gateway_event_loop_lag_seconds_bucket{SELECT}[$__rate_interval])))",
                            f"p{quantile * 100:g}",
                        )
                        for quantile in (0.5, 0.99)
                    ],
                    unit="s",
                    runbooks=["OcppGatewayLoopLagging"],
                ),
                Panel(
                    "Bytes that stations have not taken",
                    "Of all connections, and of the one with the most: that is cut off at 256 KiB.",
                    [
                        PromQL("sum(ocpp_gateway_send_buffer_bytes{SELECT})", "all"),
                        PromQL("max(ocpp_gateway_send_buffer_largest_bytes{SELECT})", "largest"),
                    ],
                    unit="bytes",
                ),
                Panel(
                    "Our calls",
                    "Open: a station has not answered yet. Waiting: behind an open one.",
                    [
                        PromQL("sum(ocpp_gateway_calls_open{SELECT})", "open"),
                        PromQL("sum(ocpp_gateway_calls_waiting{SELECT})", "waiting"),
                    ],
                    runbooks=["OcppGatewayCallsFailing"],
                ),
                Panel(
                    "Resident memory",
                    "Of the process; about 20 KB a station at rest beside what the journal's readers hold.",
                    [PromQL("process_resident_memory_bytes{SELECT}", "{{instance}}")],
                    unit="bytes",
                ),
                Panel(
                    "Open files",
                    "Share of what the process may open. A connection is one.",
                    [PromQL("process_open_fds{SELECT} / process_max_fds{SELECT}", "{{instance}}")],
                    unit="percentunit",
                    warn=0.7,
                    bad=0.85,
                    runbooks=["OcppGatewayFilesNearlyAllOpen"],
                ),
                Panel(
                    "Places for stations",
                    "Share of `listener.connections_max` that is taken.",
                    [
                        PromQL(
                            "sum without (version) (ocpp_gateway_connections{SELECT})"
                            " / ocpp_gateway_connections_max{SELECT}",
                            "{{instance}}",
                        )
                    ],
                    unit="percentunit",
                    warn=0.8,
                    bad=0.9,
                    runbooks=["OcppGatewayNearlyFull"],
                ),
            ),
        ),
        Row(
            "The journal",
            (
                Panel(
                    "Time of a commit",
                    "fsync included; every answer waits for one.",
                    [
                        PromQL(
                            f"histogram_quantile({quantile}, sum by (le) "
                            "(rate(ocpp_gateway_journal_commit_seconds_bucket{SELECT}[$__rate_interval])))",
                            f"p{quantile * 100:g}",
                        )
                        for quantile in (0.5, 0.99)
                    ],
                    unit="s",
                    runbooks=["OcppGatewayCommitsSlow"],
                ),
                Panel(
                    "Size of the journal",
                    "What it holds, of `journal.bytes_max`. What all have read makes room when it is needed.",
                    [
                        PromQL("ocpp_gateway_journal_used_bytes{SELECT}", "used {{instance}}"),
                        PromQL("ocpp_gateway_journal_max_bytes{SELECT}", "most {{instance}}"),
                    ],
                    unit="bytes",
                    runbooks=["OcppGatewayJournalFilling", "OcppGatewayJournalFull"],
                ),
                Panel(
                    "Waiting for the disk",
                    "Encoded bytes whose stations wait for their answer.",
                    [PromQL("ocpp_gateway_journal_pending_bytes{SELECT}", "{{instance}}")],
                    unit="bytes",
                    runbooks=["OcppGatewayCommitsSlow"],
                ),
                Panel(
                    "Journal full",
                    "1 while there is no room and answers are withheld.",
                    [PromQL("ocpp_gateway_journal_full{SELECT}", "{{instance}}")],
                    unit="bool_on_off",
                    runbooks=["OcppGatewayJournalFull"],
                ),
            ),
        ),
        Row(
            "Errors",
            (
                Panel(
                    "Log lines lost",
                    "Lines that could not be written, per second.",
                    [PromQL("rate(ocpp_gateway_log_lines_lost_total{SELECT}[$__rate_interval])", "{{instance}}")],
                    unit="cps",
                    runbooks=["OcppGatewayLogLinesLost"],
                ),
                Panel(
                    "Turned away or too slow",
                    "Stations refused for want of room, or cut off because they do not read, per second.",
                    [
                        PromQL(
                            "sum by (result) (rate(ocpp_gateway_handshakes_total"
                            '{SELECT, result=~"full|journal_full|timeout"}[$__rate_interval]))',
                            "handshake {{result}}",
                        ),
                        PromQL(
                            'sum by (reason) (rate(ocpp_gateway_disconnects_total{SELECT, reason=~"too_slow|failed"}'
                            "[$__rate_interval]))",
                            "disconnect {{reason}}",
                        ),
                    ],
                    unit="cps",
                    runbooks=["OcppGatewayNearlyFull"],
                ),
            ),
        ),
    ),
)
