"""Ingest: readings from the socket to the database, none lost and none twice."""

from typing import Final

from grafana.dashboards.panels import Page, Panel, PromQL, Row

PAGE: Final = Page(
    uid="ocpp-gateway-ingest",
    title="OCPP gateway / Ingest",
    description="From the socket to the journal to the store: accepted = stored + set aside + waiting, always.",
    rows=(
        Row(
            "Conservation",
            (
                Panel(
                    "Readings per second",
                    "Accepted is on disk and answered; stored is in the database.",
                    [
                        PromQL("sum(rate(ocpp_gateway_readings_accepted_total{SELECT}[$__rate_interval]))", "accepted"),
                        PromQL("sum(rate(ocpp_gateway_readings_stored_total{SELECT}[$__rate_interval]))", "stored"),
                        PromQL(
                            "sum(rate(ocpp_gateway_readings_set_aside_total{SELECT}[$__rate_interval]))", "set aside"
                        ),
                    ],
                    unit="cps",
                ),
                Panel(
                    "Readings between journal and store",
                    "Accepted less stored less set aside: what waits. 0 when no entry waits, and never negative.",
                    [
                        PromQL(
                            "ocpp_gateway_readings_accepted_total{SELECT} - ocpp_gateway_readings_stored_total{SELECT}"
                            " - ocpp_gateway_readings_set_aside_total{SELECT}",
                            "readings {{instance}}",
                        ),
                        PromQL('ocpp_gateway_journal_waiting_entries{SELECT, reader="store"}', "entries {{instance}}"),
                    ],
                    runbooks=["OcppGatewayReadingsUnaccounted"],
                ),
            ),
        ),
        Row(
            "The journal's readers",
            (
                Panel(
                    "Age of what waits",
                    "Of the oldest batch that a reader has not confirmed.",
                    [PromQL("ocpp_gateway_journal_waiting_seconds{SELECT}", "{{reader}} {{instance}}")],
                    unit="s",
                    runbooks=["OcppGatewayStoreLagging"],
                ),
                Panel(
                    "Bytes that wait",
                    "Of `journal.bytes_max`; when they reach it, answers are withheld.",
                    [PromQL("ocpp_gateway_journal_waiting_bytes{SELECT}", "{{reader}} {{instance}}")],
                    unit="bytes",
                    runbooks=["OcppGatewayJournalFilling"],
                ),
                Panel(
                    "Entries per batch",
                    "Batches grow with the load by themselves.",
                    [
                        PromQL(
                            "sum(rate(ocpp_gateway_journal_entries_total{SELECT}[$__rate_interval]))"
                            " / sum(rate(ocpp_gateway_journal_batches_total{SELECT}[$__rate_interval]))",
                            "entries",
                        )
                    ],
                ),
                Panel(
                    "Written to disk",
                    "Encoded bytes committed to the journal, per second.",
                    [
                        PromQL(
                            "sum(rate(ocpp_gateway_journal_written_bytes_total{SELECT}[$__rate_interval]))", "journal"
                        )
                    ],
                    unit="Bps",
                ),
            ),
        ),
        Row(
            "The store",
            (
                Panel(
                    "Connected",
                    "1 while the store is open.",
                    [PromQL("ocpp_gateway_store_connected{SELECT}", "{{instance}}")],
                    unit="bool_on_off",
                    runbooks=["OcppGatewayStoreDisconnected"],
                ),
                Panel(
                    "Transactions and errors",
                    "Committed by the store, and failed and tried again, per second.",
                    [
                        PromQL(
                            "sum(rate(ocpp_gateway_store_transactions_total{SELECT}[$__rate_interval]))", "committed"
                        ),
                        PromQL(
                            "sum by (kind) (rate(ocpp_gateway_store_errors_total{SELECT}[$__rate_interval]))",
                            "{{kind}}",
                        ),
                    ],
                    unit="cps",
                    runbooks=["OcppGatewayStoreDisconnected"],
                ),
                Panel(
                    "Entries set aside",
                    "Refused by the database for what they hold, ever. They are in files in `DATA/set-aside`.",
                    [PromQL("sum(ocpp_gateway_store_set_aside_entries_total{SELECT})")],
                    kind="stat",
                    width=6,
                    bad=1,
                    runbooks=["OcppGatewayEntriesSetAside"],
                ),
                Panel(
                    "Batches missing",
                    "That the store lacks and the journal no longer keeps.",
                    [PromQL("sum(ocpp_gateway_store_missing_batches_total{SELECT})")],
                    kind="stat",
                    width=6,
                    bad=1,
                    runbooks=["OcppGatewayBatchesMissing"],
                ),
            ),
        ),
    ),
)
