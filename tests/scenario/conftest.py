"""Coroutine tests run on an event loop of their own, as those of the fleet do."""

from tests.fleet.conftest import pytest_pyfunc_call

__all__ = ["pytest_pyfunc_call"]
