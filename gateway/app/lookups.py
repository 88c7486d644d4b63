"""What commands look up in the store, without holding up the event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

from gateway.app.config import Config
from gateway.app.configured_store import configured_dsn, store_file
from gateway.core.commands import CommandError, Fault
from gateway.core.device_model import VariablePage, VariableQuery
from gateway.core.stations import Station
from gateway.io.sqlite_variables import look_up_variables
from gateway.io.timescale.lookups import VariableLookUp
from gateway.io.variable_pages import CursorError, LookUpError

LookUp: TypeAlias = Callable[[str, VariableQuery], Awaitable[VariablePage]]


def variables_of(config: Config) -> Callable[[Station, VariableQuery], Awaitable[VariablePage]]:
    """Return what looks up a station's variables in the configured store; it raises CommandError."""
    dsn = configured_dsn(config)
    look_up = partial(_look_up_in_thread, store_file(config)) if dsn is None else VariableLookUp(dsn)
    return partial(_stored_variables, look_up)


async def _look_up_in_thread(file: Path, station: str, query: VariableQuery) -> VariablePage:
    return await asyncio.to_thread(look_up_variables, file, station, query)


async def _stored_variables(look_up: LookUp, station: Station, query: VariableQuery) -> VariablePage:
    try:
        return await look_up(station.identity, query)
    except CursorError as error:
        raise CommandError(Fault.INVALID, str(error), "$.cursor") from None
    except LookUpError as error:
        raise CommandError(Fault.STORE_UNAVAILABLE, f"the store cannot be read: {error}") from error
