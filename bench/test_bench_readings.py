"""Meter values of OCPP 1.6 by template beside the general decoder, and the digest of a message beside BLAKE2b."""

import hashlib
import importlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from bench.test_bench_payloads import METER_VALUES_16
from gateway.core import metering
from gateway.core.metering import samples_16
from gateway.core.records import Sample
from gateway.wire import ocpp16
from gateway.wire.payloads import decode_request
from gateway.wire.versions import OCPP16

PACKAGES = {"compiled": "gateway._speedups", "plain": "gateway.hot"}
PAYLOAD = json.dumps(METER_VALUES_16, separators=(",", ":")).encode()
SAMPLES = 8
ACTION = OCPP16.from_station["MeterValues"]

Benchmark = Callable[..., Any]


@pytest.fixture(params=PACKAGES)
def package(request: pytest.FixtureRequest) -> str:
    return PACKAGES[request.param]


def decode_in_general(payload: bytes) -> list[Sample]:
    request = decode_request(ACTION, payload)
    assert isinstance(request, ocpp16.MeterValuesRequest)
    return samples_16(request.meter_value[0].sampled_value)[0]


@pytest.mark.benchmark(group="eight samples of a 1.6 MeterValues")
def test_read_by_template(benchmark: Benchmark, package: str) -> None:
    reader = importlib.import_module(f"{package}.readings").MeterValuesReader(metering._learn, Sample)
    _, _, [(_, samples)] = benchmark(reader.read, PAYLOAD)
    assert samples == decode_in_general(PAYLOAD)


@pytest.mark.benchmark(group="eight samples of a 1.6 MeterValues")
def test_decode_and_convert(benchmark: Benchmark) -> None:
    assert len(benchmark(decode_in_general, PAYLOAD)) == SAMPLES


@pytest.mark.benchmark(group="digest of a 1.6 MeterValues")
def test_digest64(benchmark: Benchmark, package: str) -> None:
    digest64 = importlib.import_module(f"{package}.digest").digest64
    assert benchmark(digest64, PAYLOAD, 0) < 2**64


@pytest.mark.benchmark(group="digest of a 1.6 MeterValues")
def test_blake2b(benchmark: Benchmark) -> None:
    assert len(benchmark(lambda: hashlib.blake2b(PAYLOAD, digest_size=8).digest())) == 8
