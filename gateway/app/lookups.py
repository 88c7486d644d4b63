"""What commands look up in the store, without holding up the event loop."""

import asyncio
from pathlib import Path

from gateway.core.commands import CommandError, Fault
from gateway.core.device_model import VariablePage, VariableQuery
from gateway.core.stations import Station
from gateway.io.sqlite_variables import CursorError, LookUpError, look_up_variables


async def stored_variables(path: Path, station: Station, query: VariableQuery) -> VariablePage:
    """Return what the SQLite store at `path` has of a station's variables. Raises CommandError if it cannot be read."""
    try:
        return await asyncio.to_thread(look_up_variables, path, station.identity, query)
    except CursorError as error:
        raise CommandError(Fault.INVALID, str(error), "$.cursor") from None
    except LookUpError as error:
        raise CommandError(Fault.STORE_UNAVAILABLE, f"the store cannot be read: {error}") from error
