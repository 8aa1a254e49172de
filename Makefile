# Every target sets up what it needs, once, and starts at once the next time.
# Works with make >= 3.81 and Python 3.11-3.13 alone; `make` lists the targets.

VENV := .venv
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
  $$p -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
  >/dev/null 2>&1 && { echo $$p; break; }; done)
JOBS ?= 2

DEMO := compare --preset demo
DEMO_OUT := studies/demo

BIN := $(VENV)/bin
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
PACKAGES := core $(PLUGINS)
# The core's extras that the plugins and the tests need.
EXTRAS := run
PINS := constraints.txt $(PACKAGES:=/pyproject.toml)
SOURCES := core plugins tests docs $(wildcard bench)

# One thread per process: two processes with two threads each are far slower on two cores than two with one.
export OMP_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1
# Silences pyright's question to its registry whether there is a newer release; constraints.txt decides that.
export PYRIGHT_PYTHON_IGNORE_WARNINGS ?= 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help install install-dev demo results replay gallery test acceptance check format lint types imports dependencies docs index bench axe clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# --- set-up -----------------------------------------------------------------------------------------------------------
# A stamp is written after the last step of an installation has succeeded, so an interrupted one is simply repeated.
# Creating an environment over an existing one keeps its packages and repairs what an interruption left out.

define create
	@test -n "$(PYTHON)" || { echo "No suitable Python was found: détente needs Python 3.11, 3.12 or 3.13 with its venv \
	module (on Debian and Ubuntu: python3-venv). Install one, or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; \
	exit 1; } >&2
	@echo "Creating $(VENV) with $(PYTHON)" >&2
	@$(PYTHON) -m venv $(VENV)
endef

$(BIN)/python:
	$(create)

$(VENV)/.installed: $(BIN)/python $(PINS)
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	@echo "Installing détente and its plugins into $(VENV): a minute or two, most of it PyTorch" >&2
	@$(BIN)/python -m pip install -c constraints.txt -e 'core[$(EXTRAS)]' $(PLUGINS:%=-e %)
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@echo "Installing the tools for tests, checks and docs" >&2
	@$(BIN)/python -m pip install --quiet -c constraints.txt -r requirements-dev.txt
	@touch $@

install: $(VENV)/.installed  ## create .venv with the core and all plugins
install-dev: $(VENV)/.installed-dev  ## the same with the tools for tests, checks and docs

# --- use --------------------------------------------------------------------------------------------------------------

demo: $(VENV)/.installed  ## compare six regularizers in four kinds of data and write a report, in about ten minutes
	@began=$$(date +%s); $(BIN)/detente $(DEMO) --out $(DEMO_OUT) && \
	echo "The demo took $$(( ($$(date +%s) - began) / 60 )) min $$(( ($$(date +%s) - began) % 60 )) s."

STUDY ?= studies/classics

results: $(VENV)/.installed  ## write a finished study (STUDY=studies/classics) into docs/results
	@$(BIN)/python -m bench.results $(STUDY)

replay: $(VENV)/.installed  ## train a run again (CELL=its folder) and compare every number of its log to the bit
	@$(BIN)/python -m bench.replay $(CELL)

gallery: $(VENV)/.installed  ## train a generator for each kind of data and write docs/gallery.md
	@$(BIN)/python -m bench.gallery

# --- checks -----------------------------------------------------------------------------------------------------------

test: $(VENV)/.installed-dev  ## run the tests, but for the slow ones
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

acceptance: $(VENV)/.installed-dev  ## run the slow tests that train to a result
	@$(BIN)/python -m pytest -n $(JOBS) -m acceptance --timeout 3600 $(PYTEST_ARGS)

check: override PYTEST_ARGS += -m "not acceptance"
check: format-check lint types imports dependencies docs test  ## all that CI runs: format, lint, types, imports, docs, all tests

.PHONY: format-check
format-check: $(VENV)/.installed-dev
	@$(BIN)/ruff format --check $(SOURCES)

format: $(VENV)/.installed-dev  ## rewrite the files in the house's format
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

lint: $(VENV)/.installed-dev  ## ruff's rules
	@$(BIN)/ruff check $(SOURCES)

types: $(VENV)/.installed-dev  ## pyright
	@$(BIN)/pyright --pythonpath $(BIN)/python

imports: $(VENV)/.installed-dev  ## who may import whom
	@$(BIN)/lint-imports

# Each distribution by itself: the folder of its modules against its pyproject.toml.
dependencies: $(VENV)/.installed-dev  ## what each distribution imports and declares
	@set -e; for package in $(PACKAGES); do (cd $$package && $(CURDIR)/$(BIN)/deptry --no-ansi detente*/); done

# Material announces its successor at every build.
docs: export NO_MKDOCS_2_WARNING := 1
# mkdocs counts warnings where it prints them: --quiet would cancel --strict.
docs: $(VENV)/.installed-dev  ## build the documentation into site/
	@$(BIN)/mkdocs build --strict
	@echo "docs: site/index.html" >&2

index: $(VENV)/.installed-dev  ## rewrite the lists of regularizers in README, docs/cards/index.md and mkdocs.yml
	@$(BIN)/python docs/generate.py

bench: $(VENV)/.installed-dev  ## time a training step of each regularizer
	@$(BIN)/python -m bench

# For the tests of reports in a browser; it is no part of this project.
axe:  ## fetch axe-core with npm, which checks in the tests that people can use reports
	@npm install --no-save --no-package-lock --no-audit --no-fund --prefix . axe-core@4

clean:  ## remove the environment, the caches and the built docs; runs and studies stay
	rm -rf $(VENV) site .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
