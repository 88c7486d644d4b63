"""Facts about look-ups in the configured store."""

import asyncio
from pathlib import Path

import pytest

from gateway.app.config import Config, StoreSection
from gateway.app.lookups import variables_of
from gateway.core.commands import CommandError, Fault
from gateway.core.device_model import VariableQuery
from gateway.core.stations import Station

CLOSED = "postgresql://nobody:hunter2@127.0.0.1:1/nothing"


@pytest.mark.parametrize("store", ["sqlite", "timescale"])
@pytest.mark.parametrize(
    ("query", "fault", "path"),
    [
        (VariableQuery(), Fault.STORE_UNAVAILABLE, None),
        (VariableQuery(cursor="?"), Fault.INVALID, "$.cursor"),
    ],
)
def test_a_store_that_is_away_and_a_cursor_that_is_none_are_told_apart(
    tmp_path: Path, store: str, query: VariableQuery, fault: Fault, path: str | None
) -> None:
    section = StoreSection(path=tmp_path / "store.sqlite") if store == "sqlite" else StoreSection(dsn=CLOSED)
    with pytest.raises(CommandError) as raised:
        asyncio.run(variables_of(Config(store=section))(Station("S"), query))
    assert (raised.value.fault, raised.value.path) == (fault, path)
    assert "hunter2" not in str(raised.value)
