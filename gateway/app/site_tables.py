"""The tables of a site's file: types, ranges, defaults and meanings of its keys. Amperes are per phase."""

from datetime import time
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255)]
Amperes: TypeAlias = Annotated[float, Meta(ge=0, le=100_000)]
Kilowatts: TypeAlias = Annotated[float, Meta(ge=0, le=100_000)]
Load: TypeAlias = Annotated[float, Meta(ge=-100_000, le=100_000)]
# Three numbers are an array with lengths and the rotation is a string with lengths, since msgspec 0.22 crashes the
# interpreter for a number with a range beside a tuple of three, and for a pattern beside an array.
PhaseAmperes: TypeAlias = Amperes | Annotated[tuple[Amperes, ...], Meta(min_length=3, max_length=3)]
PhaseLoads: TypeAlias = Load | Annotated[tuple[Load, ...], Meta(min_length=3, max_length=3)]
Rotation: TypeAlias = (
    Annotated[str, Meta(min_length=2, max_length=8, examples=["L2 L3 L1"])]
    | Annotated[tuple[Annotated[int, Meta(ge=1, le=3)], ...], Meta(min_length=1, max_length=3)]
)
EvseNumber: TypeAlias = Annotated[int, Meta(ge=1, le=64)]
EvseAmperes: TypeAlias = Annotated[float, Meta(ge=0, le=1000)]
Weight: TypeAlias = Annotated[int, Meta(ge=1, le=1000)]
Priority: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000)]
Efficiency: TypeAlias = Annotated[float, Meta(gt=0, le=1)]
LocalTime: TypeAlias = Annotated[time, Meta(tz=False)]
Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


TOKENS_MAX: Final = 10_000
"""More tokens than this in a group have a group of their own in the token file."""


class DefaultTable(Struct, frozen=True, kw_only=True):
    """What holds for every EVSE that does not say otherwise."""

    node: Annotated[Text | None, Meta(description="Name of the node on which it hangs.")] = None
    phases: Annotated[
        Rotation,
        Meta(description="Phases of the site to which its L1, L2, L3 go, in this order; fewer where it has fewer."),
    ] = "L1 L2 L3"
    minimum_a: Annotated[
        EvseAmperes, Meta(description="Least that a vehicle takes; less is not given. 6 or more on AC (IEC 61851-1).")
    ] = 6.0
    maximum_a: Annotated[EvseAmperes, Meta(description="What the EVSE, its cable and its breaker can carry.")] = 32.0
    fallback_a: Annotated[
        EvseAmperes, Meta(description="What it may draw when nothing is heard: 0, or on AC at least 6.")
    ] = 0.0
    weight: Annotated[Weight, Meta(description="Twice the weight gets twice as much, within minimum and maximum.")] = 10
    priority: Annotated[Priority, Meta(description="The least comes first where not all can charge at once.")] = 100
    current: Annotated[
        Literal["AC", "DC"], Meta(description="Of DC, all amperes are those that it takes from the site's AC.")
    ] = "AC"
    efficiency: Annotated[
        Efficiency, Meta(description="Of DC, what comes out of the power that it takes; the vehicle is told that.")
    ] = 0.9


class NodeTable(Struct, frozen=True, kw_only=True):
    """A grid connection, a feeder, a panel. One of them, the root, has no parent."""

    name: Annotated[Text, Meta(description="Name of the node; unique in the site.")]
    parent: Annotated[Text | None, Meta(description="Name of the node that feeds it; the root has none.")] = None
    limit_a: Annotated[
        PhaseAmperes | None, Meta(description="What it carries for good: on each phase, or of L1, L2 and L3.")
    ] = None
    limit_kw: Annotated[Kilowatts | None, Meta(description="What all its phases carry together.")] = None
    base_load_a: Annotated[
        PhaseLoads,
        Meta(
            description="The most that anything but EVSEs of the site draws below it, per phase. Below 0: something "
            "feeds in, surely and always."
        ),
    ] = 0.0
    unheard_limit_a: Annotated[
        PhaseAmperes | None, Meta(description="Limit while no limit that was set over the API is valid, if it is less.")
    ] = None
    unheard_limit_kw: Annotated[
        Kilowatts | None, Meta(description="The same for the power of all phases together.")
    ] = None


class EvseTable(Struct, frozen=True, kw_only=True):
    """One EVSE of a station, or several that are alike. What is not said is as in `[default]`."""

    station: Annotated[Text, Meta(description="Identity of the station.")]
    evse: Annotated[
        EvseNumber | None, Meta(description="Number of the EVSE, from 1; of a 1.6 station, of the connector.")
    ] = None
    evses: Annotated[
        tuple[EvseNumber, ...], Meta(min_length=1, max_length=64, description="Numbers of several instead.")
    ] = ()
    node: Annotated[Text | None, Meta(description="As in `[default]`.")] = None
    phases: Annotated[Rotation | None, Meta(description="As in `[default]`.")] = None
    minimum_a: Annotated[EvseAmperes | None, Meta(description="As in `[default]`.")] = None
    maximum_a: Annotated[EvseAmperes | None, Meta(description="As in `[default]`.")] = None
    fallback_a: Annotated[EvseAmperes | None, Meta(description="As in `[default]`.")] = None
    weight: Annotated[Weight | None, Meta(description="As in `[default]`.")] = None
    priority: Annotated[Priority | None, Meta(description="As in `[default]`.")] = None
    current: Annotated[Literal["AC", "DC"] | None, Meta(description="As in `[default]`.")] = None
    efficiency: Annotated[Efficiency | None, Meta(description="As in `[default]`.")] = None


class TokenGroupTable(Struct, frozen=True, kw_only=True):
    """Sessions of some id tokens have another weight or priority than the EVSE."""

    name: Annotated[Text, Meta(description="Name of the group.")]
    tokens: Annotated[
        tuple[Text, ...],
        Meta(
            min_length=1,
            max_length=TOKENS_MAX,
            description="Id tokens, or their groups in `authorisation.token_file`.",
        ),
    ]
    weight: Annotated[Weight | None, Meta(description="Takes the place of the EVSE's, if it is set.")] = None
    priority: Annotated[Priority | None, Meta(description="Takes the place of the EVSE's, if it is set.")] = None


class ScheduleTable(Struct, frozen=True, kw_only=True):
    """A node carries less at some hours. Where several entries hold, the least counts."""

    node: Annotated[Text, Meta(description="Name of the node.")]
    begins: Annotated[LocalTime, Meta(description="When it begins, in local time.")]
    ends: Annotated[LocalTime, Meta(description="When it ends; the day after, if that is not later than `begins`.")]
    days: Annotated[tuple[Day, ...], Meta(min_length=1, max_length=7, description="Days on which it begins.")] = DAYS
    limit_a: Annotated[PhaseAmperes | None, Meta(description="On each phase, or of L1, L2 and L3.")] = None
    limit_kw: Annotated[Kilowatts | None, Meta(description="Of all phases together.")] = None


class SiteTable(Struct, frozen=True, kw_only=True):
    """The whole file."""

    name: Annotated[Text, Meta(description="Name of the site, as the API and the store have it.")]
    node: Annotated[tuple[NodeTable, ...], Meta(description="Its nodes.")]
    evse: Annotated[tuple[EvseTable, ...], Meta(description="Its EVSEs.")] = ()
    default: DefaultTable = DefaultTable()
    token_group: Annotated[tuple[TokenGroupTable, ...], Meta(description="Id tokens that are treated otherwise.")] = ()
    schedule: Annotated[tuple[ScheduleTable, ...], Meta(description="When nodes carry less.")] = ()
    voltage_v: Annotated[
        float,
        Meta(ge=50, le=333, description="From phase to neutral: by it amperes become watts. Rather too high than low."),
    ] = 230.0
    slot_s: Annotated[
        float, Meta(ge=1, le=86_400, description="How long a turn lasts where not all can charge at once.")
    ] = 900.0
    time_zone: Annotated[Text, Meta(description="Of the schedule, such as Europe/Berlin.")] = "UTC"
