from datetime import UTC, datetime

from msgspec import Struct

from gateway.core.facts.kind import FactKind, in_full
from gateway.core.records import Entry, Fact
from gateway.core.stations import FACTS_MAX, Station

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Colour(Struct, omit_defaults=True):
    name: str
    shade: str | None = None


COLOURS = FactKind("colour", Colour)


def station_with(*facts: Fact) -> Station:
    station = Station("CP1")
    for fact in facts:
        station.apply(Entry("CP1", NOW, None, b"", [fact], own=True))
    return station


def test_what_was_said_last_holds_until_it_ends():
    red, blue = COLOURS.holds("door", Colour("red"), NOW), COLOURS.holds("door", Colour("blue", "dark"), NOW)
    assert COLOURS.get(station_with(red, blue), "door") == Colour("blue", "dark")
    ended = station_with(red, blue, COLOURS.ends("door", NOW))
    assert COLOURS.get(ended, "door") is None
    assert COLOURS.of(ended) == {}


def test_what_was_said_longest_ago_comes_first_and_goes_first():
    facts = [COLOURS.holds(str(number), Colour("red"), NOW) for number in range(FACTS_MAX)]
    again = COLOURS.holds("0", Colour("blue"), NOW)
    station = station_with(*facts, again, COLOURS.holds("new", Colour("green"), NOW))
    assert list(COLOURS.of(station)) == [*(str(number) for number in range(2, FACTS_MAX)), "0", "new"]


def test_a_value_of_a_version_with_other_fields_is_read():
    older, newer = Fact(NOW, "colour", "a", '{"name":"red"}'), Fact(NOW, "colour", "b", '{"name":"red","gloss":7}')
    assert list(COLOURS.of(station_with(older, newer)).values()) == [Colour("red"), Colour("red")]


def test_defaults_take_no_room_on_disk_but_are_shown():
    assert COLOURS.holds("a", Colour("red"), NOW).value == '{"name":"red"}'
    assert in_full(Colour("red")) == {"name": "red", "shade": None}
