import pytest

from tests.core.station_bench import OCPP16, OCPP21, OCPP201, Bench, Line


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def station_16(bench: Bench) -> Line:
    return bench.connect(OCPP16)


@pytest.fixture(params=[OCPP201, OCPP21])
def station_2(request: pytest.FixtureRequest, bench: Bench) -> Line:
    """A booted station of 2.0.1, then one of 2.1."""
    return bench.connect(request.param)


@pytest.fixture
def station_21(bench: Bench) -> Line:
    return bench.connect(OCPP21)


@pytest.fixture(params=[OCPP16, OCPP201, OCPP21])
def station(request: pytest.FixtureRequest, bench: Bench) -> Line:
    """A booted station of each version in turn."""
    return bench.connect(request.param)
