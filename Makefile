# Each target does all of its own set-up. `make demo` and `make test` are the two to know.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_ARGS ?=
BENCH_ARGS ?=

.PHONY: demo test lint types setup dev bench dashboards dist clean

demo: setup  ## A gateway and simulated stations, live on this terminal
	@$(BIN)/ocpp-gateway demo $(DEMO_ARGS)

test: dev lint  ## Everything that gates: lint, types, layers, tests
	$(BIN)/pytest

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

setup: $(VENV)/.installed

dev: $(VENV)/.installed-dev

bench: dev  ## What the leaves cost, then whole processes beside a floor and rivals
	$(BIN)/pytest bench --benchmark-columns=min,median,rounds
	$(BIN)/python -m bench $(BENCH_ARGS)

dashboards: dev  ## Write the JSON of Grafana's dashboards from grafana/dashboards
	$(BIN)/python -m grafana.dashboards

dist: dev
	$(BIN)/pip install --quiet build
	$(BIN)/python -m build

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("ocpp-gateway needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo 'ocpp-gateway: Python has no venv module. On Debian: apt-get install python3-venv' >&2; exit 1; }
	@$(PYTHON) setup.py toolchain
	@echo 'Setting up $(VENV) ...'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip

SOURCES := $(wildcard _speedups/*) setup.py pyproject.toml

$(VENV)/.installed: $(BIN)/python $(SOURCES)
	@echo 'Compiling and installing ocpp-gateway ...'
	@PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test,lint,dashboards]'
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info gateway/_speedups/*.so
