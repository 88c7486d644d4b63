"""Smart charging: does every circuit hold, are limits obeyed, who is turned down."""

from typing import Final

from grafana.dashboards.panels import Page, Panel, PromQL, Row, Sql, Variable

PAGE: Final = Page(
    uid="ocpp-gateway-charging",
    title="OCPP gateway / Smart charging",
    description="Sites whose power is shared. Which link binds which EVSE is in `GET /api/v1/sites/SITE`.",
    uses_database=True,
    variables=(
        Variable(
            "site", "Site", "SELECT DISTINCT site FROM ocpp.station WHERE site IS NOT NULL ORDER BY site", is_sql=True
        ),
    ),
    rows=(
        Row(
            "Circuits",
            (
                Panel(
                    "Sites",
                    "Whose power is shared.",
                    [PromQL("sum(ocpp_gateway_charging_sites{SELECT})")],
                    kind="stat",
                    width=4,
                ),
                Panel(
                    "Links over their limit",
                    "More may be in force there than they carry: lowered as fast as stations allow.",
                    [PromQL("sum(ocpp_gateway_charging_links_over_limit{SELECT})")],
                    kind="stat",
                    width=5,
                    bad=1,
                    runbooks=["OcppGatewayLinksOverLimit"],
                ),
                Panel(
                    "Largest deficit",
                    "By how much the worst phase of any node may be overloaded, until what is in force has ended.",
                    [PromQL("max(ocpp_gateway_charging_deficit_amperes{SELECT})")],
                    kind="stat",
                    unit="amp",
                    width=5,
                    bad=1,
                    runbooks=["OcppGatewayLinksOverLimit"],
                ),
                Panel(
                    "Links near their limit",
                    "95 % or more is reserved: the sites are used well, and those who come wait.",
                    [PromQL("sum(ocpp_gateway_charging_links_near_limit{SELECT})")],
                    kind="stat",
                    width=5,
                ),
                Panel(
                    "Sites with a fault",
                    "Whose last allocation did not prove right when checked. Always 0, or a bug.",
                    [PromQL("sum(ocpp_gateway_charging_sites_with_fault{SELECT})")],
                    kind="stat",
                    width=5,
                    bad=1,
                    runbooks=["OcppGatewaySiteFault"],
                ),
                Panel(
                    "Links over time",
                    "Phases of nodes, and nodes in kilowatts, that have a limit.",
                    [
                        PromQL("sum(ocpp_gateway_charging_links{SELECT})", "all"),
                        PromQL("sum(ocpp_gateway_charging_links_near_limit{SELECT})", "near their limit"),
                        PromQL("sum(ocpp_gateway_charging_links_over_limit{SELECT})", "over their limit"),
                    ],
                    runbooks=["OcppGatewayLinksOverLimit"],
                ),
                Panel(
                    "Power of sites",
                    "Drawn on average in each quarter of an hour, as the stations' meters say.",
                    [
                        Sql(
                            "SELECT bucket AS time, site AS metric, power_w AS value FROM ocpp.site_power\n"
                            "WHERE bucket BETWEEN $__timeFrom()::timestamptz - interval '15 min' AND $__timeTo()\n"
                            "    AND site IN (${site:sqlstring})\nORDER BY bucket"
                        )
                    ],
                    unit="watt",
                ),
            ),
        ),
        Row(
            "Limits",
            (
                Panel(
                    "EVSEs by state",
                    "Of all sites.",
                    [PromQL("sum by (state) (ocpp_gateway_charging_evses{SELECT})", "{{state}}")],
                    stacked=True,
                ),
                Panel(
                    "Limits by ending",
                    "Ordered of stations, per second. `unknown` stays reserved until it has surely ended.",
                    [
                        PromQL(
                            "sum by (ending) (rate(ocpp_gateway_charging_limits_total{SELECT}[$__rate_interval]))",
                            "{{ending}}",
                        )
                    ],
                    unit="cps",
                    runbooks=["OcppGatewayLimitsFailing"],
                ),
                Panel(
                    "What needs somebody",
                    "Events of sites, in an hour. The log has which station and EVSE.",
                    [
                        PromQL(
                            "sum by (event) (increase(ocpp_gateway_charging_events_total{SELECT}[1h]))",
                            "{{event}}",
                        )
                    ],
                    runbooks=["OcppGatewayStationDisobeys", "OcppGatewaySiteFault"],
                ),
                Panel(
                    "Oldest limit in force",
                    "Of those that end by themselves: about a third of its lease, while its station can be heard.",
                    [PromQL("max(ocpp_gateway_charging_oldest_limit_seconds{SELECT})", "age")],
                    unit="s",
                ),
                Panel(
                    "Time of a controller's turn",
                    "To take in what changed, to allocate, and to order limits.",
                    [
                        PromQL(
                            f"histogram_quantile({quantile}, sum by (le) "
                            "(rate(ocpp_gateway_charging_turn_seconds_bucket{SELECT}[$__rate_interval])))",
                            f"p{quantile * 100:g}",
                        )
                        for quantile in (0.5, 0.99)
                    ],
                    unit="s",
                ),
                Panel(
                    "Waiting",
                    "Limits that wait for the disk; stations that are being made ready for limits.",
                    [
                        PromQL("sum(ocpp_gateway_charging_limits_waiting{SELECT})", "limits"),
                        PromQL("sum(ocpp_gateway_charging_stations_preparing{SELECT})", "stations"),
                    ],
                ),
            ),
        ),
    ),
)
