"""Every flow, and everything that can be looked at, as the API offers them."""

from collections.abc import Sequence
from typing import Final

from gateway.core.flows.flow import Flow, Shown

FLOWS: Final[Sequence[Flow]] = ()
SHOWN: Final[Sequence[Shown]] = ()
