"""Every test of a leaf runs on the compiled leaf and on its plain twin."""

import importlib
from types import ModuleType

import pytest

import gateway.hot  # noqa: F401 - the door comes first: a compiled leaf takes its constants and errors from its twin

PACKAGES = {"compiled": "gateway._speedups", "plain": "gateway.hot"}


@pytest.fixture(params=PACKAGES)
def allocate(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"{PACKAGES[request.param]}.allocate")


@pytest.fixture(params=PACKAGES)
def frames(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"{PACKAGES[request.param]}.frames")


@pytest.fixture(params=PACKAGES)
def envelope(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"{PACKAGES[request.param]}.envelope")


@pytest.fixture(params=PACKAGES)
def counters(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"{PACKAGES[request.param]}.counters")


@pytest.fixture(params=PACKAGES)
def reading_rows(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"{PACKAGES[request.param]}.reading_rows")
