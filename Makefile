# Everything happens in .venv: nothing is installed elsewhere. A fresh machine needs python3 (3.11+) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 4
BASE ?= origin/main

# What is installed, and what builds it, are the releases that constraints.txt names.
INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt --build-constraint constraints.txt
SIDE_BY_SIDE := -q --numprocesses $(WORKERS) --dist worksteal
QUICK := not faults and not e2e and not packaging and not browser

# Many images of Python set it. Then each process that tests start, and each worker, would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo reference docs screenshots test test-exhaustive coverage test-faults test-e2e test-board test-lowest test-packaging lint format types contracts \
  changelog changelog-check release-notes constraints check bench bench-full bench-sandbox clean
.DEFAULT_GOAL := help

help:
	@echo "make demo       install, start a local AWS, and see a release, a promotion, a failure and a rollback"
	@echo "make test       install, and run the tests"
	@echo "make check      lint, types, import contracts, changelog fragments and tests"
	@echo ""
	@echo "make setup           install what developing needs into .venv"
	@echo "make format          format the code, and correct what the linter can"
	@echo "make lint            make types            make contracts        make changelog-check"
	@echo "make coverage        the tests, with branch coverage and its floor"
	@echo "make test-lowest     the tests on the oldest dependencies that pyproject.toml allows"
	@echo "make test-packaging  install as the action and the Dockerfile do, and do what CONTRIBUTING.md says"
	@echo "make test-faults     kill it, cut it off, race it: about thirteen minutes"
	@echo "make test-e2e        deploy real containers, and take turns with 5.x: needs a Docker Engine, or root and dockerd"
	@echo "make test-board      read the board in a headless Chromium: needs Debian's chromium, or another one that CHROMIUM names"
	@echo "make reference       write the pages of docs/reference from the program"
	@echo "make docs            build the documentation site in build/site, and fail on broken links"
	@echo "make screenshots     take the screenshots of the documentation, in a sandbox"
	@echo "make bench           measure whole deployments, next to other tools, against the goals: about five minutes"
	@echo "make bench-full      the same with more sizes, and write tables and plots into docs/performance.md"
	@echo "make bench-sandbox   measure the start-up time, and the sandbox with many services"
	@echo "make changelog       print what the changelog will say of the next release"
	@echo "make constraints     renew constraints.txt and constraints-lowest.txt from the package index"

$(VENV)/pip.stamp: constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "weco-deploy needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt pip
	@touch $@

$(VENV)/demo.stamp: $(VENV)/pip.stamp pyproject.toml
	$(INSTALL) --editable '.[sandbox]'
	@touch $@

$(VENV)/test.stamp: $(VENV)/pip.stamp pyproject.toml
	$(INSTALL) --editable '.[sandbox,publish,board,notify,github]' --group dev
	@touch $@

setup: $(VENV)/test.stamp

demo: $(VENV)/demo.stamp
	$(BIN)/weco-deploy sandbox demo

# Of generated examples the first forty; `make coverage` tries all hundred.
test: $(VENV)/test.stamp
	HYPOTHESIS_PROFILE=$(or $(HYPOTHESIS_PROFILE),quick) $(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "$(QUICK) and not exhaustive"

# Kills and faults at all calls where they make a difference, in process, and large projects. Some minutes on two cores.
test-exhaustive: $(VENV)/test.stamp
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m exhaustive

# The tests of both, measured. pyproject.toml has the floor.
coverage: $(VENV)/test.stamp
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(SIDE_BY_SIDE) -m "$(QUICK)"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Kills, lost answers, races: the tool as a process against a real emulator. Some thirteen minutes on two cores.
test-faults: $(VENV)/test.stamp
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m faults tests/faults_real

# The published 5.x, in an environment of its own. Since Python 3.12 it needs the distutils that setuptools has.
$(VENV)/published.stamp: $(VENV)/test.stamp
	$(PYTHON) -m venv $(VENV)/published
	$(VENV)/published/bin/python -m pip install --quiet 'weco-deploy==5.7.4' 'setuptools<81'
	@touch $@

# On real containers, and beside the published 5.x. What the tool said is in the log (-rP).
test-e2e: $(VENV)/test.stamp $(VENV)/published.stamp
	PUBLISHED_5X_PYTHON=$(VENV)/published/bin/python $(BIN)/python -m pytest -q -rP -m e2e tests/e2e tests/legacy

# What drives a browser is large, and only these tests need it. .ci/install-browser installs the browser.
$(VENV)/browser.stamp: $(VENV)/test.stamp
	$(INSTALL) --group browser
	@touch $@

# The board in a browser: what axe-core finds, the keyboard, a phone's width, requests.
test-board: $(VENV)/browser.stamp
	$(BIN)/python -m pytest -q -m browser tests/browser

# The oldest releases that pyproject.toml allows, in an environment of their own. The sandbox pins botocore, so what starts it
# is left out; the emulators of the contract tests are processes that run in the other environment.
LOWEST := $(VENV)/lowest
$(LOWEST).stamp: $(VENV)/test.stamp constraints-lowest.txt
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --constraint constraints.txt pip
	$(LOWEST)/bin/python -m pip install --quiet --constraint constraints-lowest.txt --build-constraint constraints.txt \
	  --editable '.[publish,board,notify,github]' --group lowest
	@touch $@

# The tests of the modules that import other packages: the import contracts keep these out of the rest.
test-lowest: $(LOWEST).stamp
	$(BIN)/mypy --python-executable $(LOWEST)/bin/python src/weco_deploy/aws
	EMULATORS_PYTHON=$(abspath $(BIN))/python $(LOWEST)/bin/python -m pytest $(SIDE_BY_SIDE) -m "$(QUICK) and not sandbox and not exhaustive" \
	  tests/aws tests/cli tests/config tests/contracts tests/local tests/report

# Installs anew, from the package index.
test-packaging: $(VENV)/test.stamp
	$(BIN)/python -m pytest -q -m packaging tests/packaging

lint: $(VENV)/test.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(VENV)/test.stamp
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV)/test.stamp
	$(BIN)/mypy

contracts: $(VENV)/test.stamp
	$(BIN)/lint-imports

changelog: $(VENV)/test.stamp
	@$(BIN)/towncrier build --draft --version unreleased

# Moves the fragments into CHANGELOG.md: make release-notes VERSION=6.0.0
release-notes: $(VENV)/test.stamp
	$(BIN)/towncrier build --yes --version $(VERSION)

# Fragments must have a known type; and what changes what is installed, compared with the branch BASE, must have one.
changelog-check: $(VENV)/test.stamp
	@$(BIN)/towncrier build --draft --version unreleased >/dev/null
	@if ! git rev-parse --quiet --verify $(BASE) >/dev/null; then \
	  echo "changelog-check: there is no $(BASE) to compare with"; \
	elif ! git diff --quiet $(BASE)... -- src action.yml Dockerfile; then \
	  $(BIN)/towncrier check --compare-with $(BASE); \
	fi

check: lint types contracts changelog-check test

# `make constraints` takes the newest releases; with UPGRADE= it keeps those that are there and adds what is missing.
UPGRADE ?= --upgrade
COMPILE := $(BIN)/uv pip compile --quiet --python-version 3.11 --custom-compile-command "make constraints" pyproject.toml
constraints: $(VENV)/test.stamp
	$(COMPILE) $(UPGRADE) --universal --all-extras --group dev --group browser --group bench --output-file constraints.txt
	$(COMPILE) --upgrade --resolution lowest-direct --extra publish --extra board --extra notify --extra github --group lowest --output-file constraints-lowest.txt

# Which pages these are, documentation/reference.py says. A test compares them with the program.
reference: $(VENV)/test.stamp
	$(BIN)/python -m documentation

# Strict: a link to a page or a heading that does not exist fails.
docs: $(VENV)/test.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict

# Real runs in a sandbox with 120 services, each as an SVG file. .ci/run takes them, too, but keeps those that are committed.
SCREENSHOTS ?= docs/screenshots
screenshots: $(VENV)/browser.stamp
	$(BIN)/python -m documentation.screenshots $(SCREENSHOTS)
	$(BIN)/python -m documentation.board_screenshots $(SCREENSHOTS)

# What people use otherwise, each in an environment of its own, because they need different releases of botocore.
OTHER_TOOLS := awscli ecs-deploy
awscli_VERSION := 1.46.3
ecs-deploy_VERSION := 1.17.0
$(OTHER_TOOLS:%=$(VENV)/%.stamp): $(VENV)/%.stamp: $(VENV)/pip.stamp
	$(PYTHON) -m venv $(VENV)/$*
	$(VENV)/$*/bin/python -m pip install --quiet '$*==$($*_VERSION)'
	@touch $@

$(VENV)/bench.stamp: $(VENV)/test.stamp
	$(INSTALL) --group bench
	@touch $@

BENCH_NEEDS := $(VENV)/bench.stamp $(VENV)/published.stamp $(OTHER_TOOLS:%=$(VENV)/%.stamp)

bench: $(BENCH_NEEDS)
	$(BIN)/python -m benchmarks

bench-full: $(BENCH_NEEDS)
	$(BIN)/python -m benchmarks --full --write

bench-sandbox: $(VENV)/test.stamp
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/sandbox.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.*
