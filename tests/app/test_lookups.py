import asyncio
from pathlib import Path

import pytest

from gateway.app.lookups import stored_variables
from gateway.core.commands import CommandError, Fault
from gateway.core.device_model import VariableQuery
from gateway.core.stations import Station


@pytest.mark.parametrize(
    ("query", "fault", "path"),
    [
        (VariableQuery(), Fault.STORE_UNAVAILABLE, None),
        (VariableQuery(cursor="?"), Fault.INVALID, "$.cursor"),
    ],
)
def test_a_store_that_is_away_and_a_cursor_that_is_none_are_told_apart(
    tmp_path: Path, query: VariableQuery, fault: Fault, path: str | None
) -> None:
    with pytest.raises(CommandError) as raised:
        asyncio.run(stored_variables(tmp_path / "store.sqlite", Station("S"), query))
    assert (raised.value.fault, raised.value.path) == (fault, path)
