"""Every flow, and everything that can be looked at, as the API offers them."""

from collections.abc import Sequence
from typing import Final

from gateway.core.flows import (
    availability,
    customers,
    device_model,
    display,
    files,
    local_list,
    monitoring,
    notices,
    reservations,
    transactions,
)
from gateway.core.flows.flow import Flow, Shown

FLOWS: Final[Sequence[Flow]] = (
    *transactions.FLOWS,
    *availability.FLOWS,
    *reservations.FLOWS,
    *files.FLOWS,
    *monitoring.FLOWS,
    *display.FLOWS,
    *customers.FLOWS,
    *device_model.FLOWS,
    *local_list.FLOWS,
)
SHOWN: Final[Sequence[Shown]] = (*reservations.SHOWN, *files.SHOWN, *monitoring.SHOWN, *display.SHOWN, *notices.SHOWN)
