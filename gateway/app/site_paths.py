"""Where in a site's file a fault of its description is: a description has an EVSE where the file may say `default`."""

import re
from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

import msgspec

from gateway.app.site_tables import DefaultTable, EvseTable, SiteTable
from gateway.core.charging.site_faults import SiteFault

_PATH: Final = re.compile(r"(\w+)(?:\[(\d+)\])?(?:\.(\w+))?")
_NAME_OF_NODE: Final = re.compile(r"node(\[\d+\]\.name)?")
_PLACE_OF_NODE: Final = re.compile(r"node(\[\d+\]\.(name|parent))?")

_INHERITED: Final = frozenset(DefaultTable.__struct_fields__)

_JUDGED_BY: Final[Mapping[tuple[str, str | None], tuple[str, ...]]] = {
    ("evse", "minimum_a"): ("minimum_a", "maximum_a", "current"),
    ("evse", "fallback_a"): ("fallback_a", "maximum_a", "current"),
    ("evse", None): ("station", "evse", "evses"),
    ("schedule", None): ("limit_a", "limit_kw"),
}
"""The keys that a fault of a table and key is about, where that is not the key alone."""


def path_of(fault: SiteFault, table: SiteTable, rows: Sequence[int], wrong: Set[str]) -> str | None:
    """Return the path in the file of a fault. What `default` alone is to blame for is there.

    None if the fault may only be there because a key of `wrong` was not read. `rows` are the `evse_rows` of the table.
    """
    found = _PATH.fullmatch(fault.path)
    assert found is not None, "faults_of names tables and keys"
    name, index, key = found[1], found[2], found[3]
    if index is None:
        misread = fault.path in wrong or (name == "node" and any(map(_PLACE_OF_NODE.fullmatch, wrong)))
        return None if misread else fault.path
    row = f"{name}[{index}]"
    keys = _JUDGED_BY.get((name, key)) or ((key,) if key else ())
    involved = {f"{row}.{one}" for one in keys}
    place = fault.path
    if name == "evse":
        number = rows[int(index)]
        evse = table.evse[number]
        row = f"evse[{number}]"
        place = f"{row}.{key}" if key else row
        unsaid = {one for one in keys if one in _INHERITED and getattr(evse, one) is None}
        involved = {f"{row}.{one}" for one in keys} | {f"default.{one}" for one in unsaid}
        if unsaid:
            involved.add("default")
        # A minimum of `default` that is above an EVSE's own maximum is that EVSE's fault.
        if key in unsaid and not ("maximum_a" in fault.reason and "maximum_a" not in unsaid):
            place = f"default.{key}"
    if (key in ("node", "parent") and any(map(_NAME_OF_NODE.fullmatch, wrong))) or not involved.isdisjoint(wrong):
        return None
    return place


def value_at(path: str, tables: Mapping[str, Any], table: SiteTable) -> object:
    """Return what a file, which has `tables`, says at a path of `path_of`, or by `default`; UNSET if it is no key."""
    found = _PATH.fullmatch(path)
    assert found is not None, "a path of path_of"
    name, index, key = found[1], found[2], found[3]
    if key is None:
        return msgspec.UNSET
    row = {} if index is None else tables[name][int(index)]
    if key not in row and name in ("default", "evse") and key in _INHERITED:
        return tables.get("default", {}).get(key, getattr(table.default, key))
    return row.get(key, msgspec.UNSET)


def evse_rows(table: SiteTable) -> tuple[int, ...]:
    """Return for each EVSE of the description which of the file's tables it is from."""
    return tuple(number for number, evse in enumerate(table.evse) for _ in numbers_of(evse))


def numbers_of(evse: EvseTable) -> tuple[int, ...]:
    """Return the numbers of the EVSEs that a table is of."""
    return evse.evses if evse.evse is None else (evse.evse,)
