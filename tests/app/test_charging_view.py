"""Facts about sites as the API shows them."""

from gateway.app.charging_view import node_now, site_in_full, site_summary
from gateway.core.charging.description import EvseDescription, NodeDescription, SiteDescription
from gateway.core.charging.views import EvseView, LinkView, SiteView

AT = 1_793_606_400.0


def link(node: str, phase: int, capacity: int | None = 100_000, reserved: int = 0, deficit: int = 0) -> LinkView:
    return LinkView(
        node=node,
        phase=phase,
        capacity=capacity,
        base=10_000,
        allocated=32_500,
        reserved=reserved,
        measured=16_040,
        deficit=deficit,
    )


def evse(number: int, node: str = "panel", state: str = "charging", binding: tuple[str, int] | None = None) -> EvseView:
    return EvseView(
        station="CP1",
        evse=number,
        node=node,
        state=state,  # type: ignore[arg-type]
        transaction="T1",
        phases=(1, 2, 3),
        limit_ma=16_000,
        target_ma=20_500,
        reach_ma=(16_000, 16_000, 6000),
        drawn_ma=15_900,
        binding=binding,
        turn_at=None,
        why="the grid's phase 2 is full",
    )


DESCRIPTION = SiteDescription(
    name="depot",
    nodes=(NodeDescription(name="grid"), NodeDescription(name="panel", parent="grid")),
    evses=tuple(EvseDescription(station="CP1", evse=number, node="panel") for number in (1, 2)),
)
VIEW = SiteView(
    name="depot",
    at=AT,
    links=(
        *(link("grid", phase, reserved=96_000) for phase in (1, 2, 3)),
        link("grid", 0, 69_000_000),
        *(link("panel", phase, None) for phase in (1, 2, 3)),
        link("panel", 0, None),
    ),
    evses=(evse(1, binding=("grid", 2)), evse(2, state="waiting")),
    fault=None,
)


def test_a_site_is_shown_as_its_tree_with_amperes_and_kilowatts():
    shown = site_in_full(DESCRIPTION, VIEW)
    root = shown["tree"]
    assert (shown["site"], shown["at"], root["node"]) == ("depot", "2026-11-02T08:00:00.000Z", "grid")
    assert root["phases"][1] == {
        "phase": 2,
        "capacity_a": 100.0,
        "base_load_a": 10.0,
        "allocated_a": 32.5,
        "reserved_a": 96.0,
        "measured_a": 16.04,
        "deficit_a": 0.0,
    }
    assert root["power"]["capacity_kw"] == 69.0
    (panel,) = root["nodes"]
    assert (panel["node"], panel["power"], panel["phases"][0]["capacity_a"]) == ("panel", None, None)
    assert [shown["evse"] for shown in panel["evses"]] == [1, 2]


def test_an_evse_says_which_link_binds_it_and_why():
    first, second = site_in_full(DESCRIPTION, VIEW)["tree"]["nodes"][0]["evses"]
    assert first["binding"] == {"node": "grid", "phase": 2}
    assert first["why"] == "the grid's phase 2 is full"
    assert (first["limit_a"], first["target_a"], first["reserved_a"]) == (16.0, 20.5, [16.0, 16.0, 6.0])
    assert (second["binding"], second["state"]) == (None, "waiting")


def test_a_summary_counts_what_evses_do():
    summary = site_summary(DESCRIPTION, VIEW)
    assert (summary["evses"], summary["charging"], summary["waiting"], summary["links_with_deficit"]) == (2, 1, 1, 0)


def test_one_node_is_shown_without_what_is_below_it():
    shown = node_now(VIEW, "panel")
    assert (shown["site"], shown["node"], len(shown["phases"])) == ("depot", "panel", 3)
    assert "nodes" not in shown
