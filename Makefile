# Everything happens in .venv: nothing is installed elsewhere. A fresh machine needs python3 (3.11+) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 4

.PHONY: demo test test-faults test-e2e lint types contracts check bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo       install, start a local AWS, and see a release go to stage and to prod"
	@echo "make test       install, and run the tests"
	@echo "make test-faults  kill it, cut it off, race it: about thirteen minutes"
	@echo "make test-e2e   deploy real containers, and take turns with 5.x: needs a Docker Engine, or root and dockerd"
	@echo "make check      lint, types, import contracts and tests"
	@echo "make bench      measure the start-up time"

# pip learnt to install dependency groups in 25.1.
$(VENV)/pip.stamp:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "weco-deploy needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/demo.stamp: $(VENV)/pip.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[sandbox]'
	@touch $@

$(VENV)/test.stamp: $(VENV)/pip.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[sandbox]' --group dev
	@touch $@

demo: $(VENV)/demo.stamp
	$(BIN)/weco-deploy sandbox demo

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest -q --numprocesses $(WORKERS) --dist worksteal -m "not faults and not e2e"

# Kills, lost answers, races: the tool as a process against a real emulator. Some thirteen minutes on two cores.
test-faults: $(VENV)/test.stamp
	$(BIN)/python -m pytest -q --numprocesses $(WORKERS) --dist worksteal -m faults tests/faults_real

# The published 5.x, in an environment of its own. Since Python 3.12 it needs the distutils that setuptools has.
$(VENV)/published.stamp: $(VENV)/test.stamp
	$(PYTHON) -m venv $(VENV)/published
	$(VENV)/published/bin/python -m pip install --quiet 'weco-deploy==5.7.4' 'setuptools<81'
	@touch $@

# On real containers, and beside the published 5.x. What the tool said is in the log (-rP).
test-e2e: $(VENV)/test.stamp $(VENV)/published.stamp
	PUBLISHED_5X_PYTHON=$(VENV)/published/bin/python $(BIN)/python -m pytest -q -rP -m e2e tests/e2e tests/legacy

lint: $(VENV)/test.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/test.stamp
	$(BIN)/mypy

contracts: $(VENV)/test.stamp
	$(BIN)/lint-imports

check: lint types contracts test

bench: $(VENV)/test.stamp
	$(BIN)/python benchmarks/startup.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
