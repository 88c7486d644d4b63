"""Fleet overview: are stations there, are they answered, do they do as they are told."""

from typing import Final

from grafana.dashboards.panels import Page, Panel, PromQL, Row

PAGE: Final = Page(
    uid="ocpp-gateway-fleet",
    title="OCPP gateway / Fleet overview",
    description="Rate, errors and duration of what stations say and of what they are told; who is connected.",
    rows=(
        Row(
            "Now",
            (
                Panel(
                    "Gateways",
                    "Gateways that Prometheus reaches.",
                    [PromQL("sum(up{SELECT})")],
                    kind="stat",
                    width=4,
                    runbooks=["OcppGatewayDown"],
                ),
                Panel(
                    "Stations connected",
                    "Open connections, of all versions.",
                    [PromQL("sum(ocpp_gateway_connections{SELECT})")],
                    kind="stat",
                    width=4,
                    runbooks=["OcppGatewayStationsGone"],
                ),
                Panel(
                    "Stations known",
                    "Connected or not.",
                    [PromQL("sum(ocpp_gateway_stations{SELECT})")],
                    kind="stat",
                    width=4,
                ),
                Panel(
                    "Messages",
                    "CALLs of stations per second.",
                    [PromQL("sum(rate(ocpp_gateway_messages_total{SELECT}[$__rate_interval]))")],
                    unit="reqps",
                    kind="stat",
                    width=4,
                ),
                Panel(
                    "Refused",
                    "Share of CALLs that were answered with a CALLERROR.",
                    [
                        PromQL(
                            'sum(rate(ocpp_gateway_messages_total{SELECT, outcome="refused"}[$__rate_interval]))'
                            " / sum(rate(ocpp_gateway_messages_total{SELECT}[$__rate_interval]))"
                        )
                    ],
                    unit="percentunit",
                    kind="stat",
                    width=4,
                    warn=0.01,
                    bad=0.05,
                    runbooks=["OcppGatewayMessagesRefused"],
                ),
                Panel(
                    "Answered within 1 s",
                    "Share of CALLs with records whose answer, after the commit to disk, went out within a second.",
                    [
                        PromQL(
                            'sum(rate(ocpp_gateway_answer_seconds_bucket{SELECT, le=~"1|1.0"}[$__rate_interval]))'
                            " / sum(rate(ocpp_gateway_answer_seconds_count{SELECT}[$__rate_interval]))"
                        )
                    ],
                    unit="percentunit",
                    kind="stat",
                    width=4,
                    runbooks=["OcppGatewayAnswersSlow"],
                ),
            ),
        ),
        Row(
            "Stations",
            (
                Panel(
                    "Connections by version",
                    "Open connections of stations.",
                    [PromQL("sum by (version) (ocpp_gateway_connections{SELECT})", "{{version}}")],
                    stacked=True,
                    runbooks=["OcppGatewayStationsGone"],
                ),
                Panel(
                    "Disconnects by reason",
                    "Why connections ended, per second.",
                    [
                        PromQL(
                            "sum by (reason) (rate(ocpp_gateway_disconnects_total{SELECT}[$__rate_interval]))",
                            "{{reason}}",
                        )
                    ],
                    unit="cps",
                    runbooks=["OcppGatewayStationsGone"],
                ),
                Panel(
                    "Handshakes by result",
                    "Attempts to connect, per second.",
                    [
                        PromQL(
                            "sum by (result) (rate(ocpp_gateway_handshakes_total{SELECT}[$__rate_interval]))",
                            "{{result}}",
                        )
                    ],
                    unit="cps",
                    runbooks=["OcppGatewayHandshakesRefused"],
                ),
                Panel(
                    "Deviations and quirks",
                    "What stations do against the specification, per second; quirks mend some of it.",
                    [
                        PromQL(
                            "sum by (deviation) (rate(ocpp_gateway_deviations_total{SELECT}[$__rate_interval]))",
                            "{{deviation}}",
                        ),
                        PromQL(
                            "sum by (quirk) (rate(ocpp_gateway_quirks_total{SELECT}[$__rate_interval]))",
                            "quirk {{quirk}}",
                        ),
                    ],
                    unit="cps",
                ),
            ),
        ),
        Row(
            "What stations say",
            (
                Panel(
                    "Messages by outcome",
                    "CALLs of stations per second.",
                    [
                        PromQL(
                            "sum by (outcome) (rate(ocpp_gateway_messages_total{SELECT}[$__rate_interval]))",
                            "{{outcome}}",
                        )
                    ],
                    unit="reqps",
                    stacked=True,
                    runbooks=["OcppGatewayMessagesRefused"],
                ),
                Panel(
                    "Messages by action",
                    "The ten most frequent actions, per second.",
                    [
                        PromQL(
                            "topk(10, sum by (action) (rate(ocpp_gateway_messages_total{SELECT}[$__rate_interval])))",
                            "{{action}}",
                        )
                    ],
                    unit="reqps",
                ),
                Panel(
                    "Time to the answer",
                    "From a CALL with records to its answer, the commit to disk included.",
                    [
                        PromQL(
                            f"histogram_quantile({quantile}, sum by (le) "
                            "(rate(ocpp_gateway_answer_seconds_bucket{SELECT}[$__rate_interval])))",
                            f"p{quantile * 100:g}",
                        )
                        for quantile in (0.5, 0.99)
                    ],
                    unit="s",
                    runbooks=["OcppGatewayAnswersSlow"],
                ),
                Panel(
                    "Error budget of slow answers",
                    "Share of answers that took more than 1 s; the objective allows 0.1 %. From the recording rules.",
                    [
                        PromQL(f"ocpp_gateway:answers_slow:ratio_rate{window}{{SELECT}}", f"{window} {{{{instance}}}}")
                        for window in ("5m", "1h", "6h")
                    ],
                    unit="percentunit",
                    runbooks=["OcppGatewayAnswersSlow"],
                ),
            ),
        ),
        Row(
            "What stations are told",
            (
                Panel(
                    "Our calls by outcome",
                    "CALLs to stations per second, by how they ended.",
                    [
                        PromQL(
                            "sum by (outcome) (rate(ocpp_gateway_calls_total{SELECT}[$__rate_interval]))", "{{outcome}}"
                        )
                    ],
                    unit="reqps",
                    stacked=True,
                    runbooks=["OcppGatewayCallsFailing"],
                ),
                Panel(
                    "Commands and upkeep under way",
                    "Commands of the API, and stations that the gateway asks for something by itself.",
                    [
                        PromQL("sum(ocpp_gateway_commands_under_way{SELECT})", "commands"),
                        PromQL("sum(ocpp_gateway_upkeep_stations_under_way{SELECT})", "upkeep"),
                        PromQL("sum(ocpp_gateway_upkeep_stations_waiting{SELECT})", "upkeep, waiting"),
                    ],
                ),
            ),
        ),
    ),
)
