"""What a full allocation and one event cost beside numpy and linear programs. `pytest bench/test_bench_allocate.py`."""

import importlib
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from bench.allocation_rivals import Filling, problem_of, shares_by_linear_programs
from bench.allocation_sites import build, caltech_instance, grown_instance

Benchmark = Callable[..., Any]

PACKAGES = {"compiled": "gateway._speedups", "plain": "gateway.hot"}


def site_class(package: str) -> Any:
    return importlib.import_module(f"{PACKAGES[package]}.allocate").Site


@pytest.mark.benchmark(group="allocate Caltech's 54 EVSEs")
@pytest.mark.parametrize("package", PACKAGES)
def test_caltech(benchmark: Benchmark, package: str) -> None:
    site = build(site_class(package), caltech_instance(1))
    benchmark(site.solve)
    assert site.certificate() is None


@pytest.mark.benchmark(group="allocate Caltech's 54 EVSEs")
def test_caltech_by_numpy(benchmark: Benchmark) -> None:
    benchmark(Filling(problem_of(caltech_instance(1))).shares)


@pytest.mark.benchmark(group="allocate Caltech's 54 EVSEs")
def test_caltech_by_linear_programs(benchmark: Benchmark) -> None:
    benchmark(shares_by_linear_programs, problem_of(caltech_instance(1)))


@pytest.mark.benchmark(group="allocate 1,000 EVSEs of mixed phases")
def test_a_thousand(benchmark: Benchmark) -> None:
    site = build(site_class("compiled"), grown_instance(1000, mixed=True))
    benchmark(site.solve)
    assert site.certificate() is None


@pytest.mark.benchmark(group="allocate 1,000 EVSEs of mixed phases")
def test_a_thousand_by_numpy(benchmark: Benchmark) -> None:
    benchmark(Filling(problem_of(grown_instance(1000, mixed=True))).shares)


@pytest.mark.benchmark(group="one car of 60 may draw more or less")
@pytest.mark.parametrize("answer", ["update", "solve"])
def test_event(benchmark: Benchmark, answer: str) -> None:
    site = build(site_class("compiled"), grown_instance(60, mixed=True))
    site.solve()
    maxima_ma = itertools.cycle([8000, 16000, 32000])

    def event() -> None:
        site.set_limits(7, 6000, next(maxima_ma))
        getattr(site, answer)()

    benchmark(event)
    assert site.certificate() is None
