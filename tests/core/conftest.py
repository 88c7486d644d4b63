import pytest

from tests.core.station_bench import OCPP16, OCPP201, Bench, Line


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def station_16(bench: Bench) -> Line:
    return bench.connect(OCPP16)


@pytest.fixture
def station_201(bench: Bench) -> Line:
    return bench.connect(OCPP201)


@pytest.fixture(params=[OCPP16, OCPP201])
def station(request: pytest.FixtureRequest, bench: Bench) -> Line:
    """A booted station of each version in turn."""
    return bench.connect(request.param)
