# Every target makes what it needs: `make demo` and `make test` work in a fresh clone.

VENV := .venv
BIN := $(VENV)/bin
# Python 3.11 is the main development environment; any of 3.10 to 3.13 will do.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.10 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& echo $$p && break; done)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PACKAGE := pyproject.toml setup.py

.PHONY: help demo test check docs lint bench clean
.NOTPARALLEL:

help:
	@echo "make demo    simulate a cortical microcircuit and draw demo/raster.png"
	@echo "make test    lint, types and the whole test suite"
	@echo "make check   the quick part of the test suite"
	@echo "make docs    build the documentation into docs/_build/html"
	@echo "make lint    ruff and mypy"
	@echo "make bench   the benchmarks"
	@echo "make clean   remove what was built (keeps $(VENV))"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.10 to 3.13 with the venv module was found: install one, or say make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# One stamp per set of requirements; the interpreter is needed to exist only, its date means nothing.
$(VENV)/.neurosim-core: $(PACKAGE) | $(BIN)/python
	@echo "Installing neurosim into $(VENV) ..."
	$(PIP) -e .
	@touch $@

$(VENV)/.neurosim-dev: $(PACKAGE) | $(BIN)/python
	@echo "Installing neurosim with Brian2 and the development tools into $(VENV) ..."
	$(PIP) -e ".[dev,brian2]"
	@touch $@ $(VENV)/.neurosim-core

# In the user's cache, where neurosim looks for it; another one is named by NEUROSIM_LAVA_PYTHON.
$(VENV)/.neurosim-lava: $(VENV)/.neurosim-core hardware/loihi/lava.py
	@test -n "$$NEUROSIM_LAVA_PYTHON" || $(BIN)/neurosim lava setup
	@touch $@

$(VENV)/.neurosim-docs: $(VENV)/.neurosim-core
	@echo "Installing the documentation tools into $(VENV) ..."
	$(PIP) -e ".[docs,brian2]" # pages run Brian2
	@touch $@

demo: $(VENV)/.neurosim-core
	$(BIN)/neurosim run microcircuit --scale 0.1 --duration 1s --out demo

lint: $(VENV)/.neurosim-dev
	$(BIN)/ruff check .
	$(BIN)/python .ci/typetree.py
	$(BIN)/mypy

test: lint $(VENV)/.neurosim-lava
	NEUROSIM_FULL=1 NEUROSIM_REQUIRE_ENGINES=1 $(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/.neurosim-dev
	$(BIN)/python -m pytest

docs: $(VENV)/.neurosim-docs $(VENV)/.neurosim-lava # a page runs Lava
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/.neurosim-dev
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf build dist docs/_build docs/generated .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	find neurosim hardware models tests -name __pycache__ -type d -prune -exec rm -rf {} +
