# Each target says what it does behind ##; `make` or `make help` prints that list.
PORT ?= 8000
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test test-quick bench accuracy fuzz pictures lint types requirements clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.installed ## Install what is missing and start everything on 127.0.0.1:$PORT (default 8000)
	@exec $(BIN)/python manage.py up --port $(PORT)

test: $(VENV)/.installed-dev ## Run every check and every test, on SQLite and on PostgreSQL
	@$(BIN)/python tests/run.py

test-quick: $(VENV)/.installed-dev ## Run the checks and the everyday tests on SQLite, in under two minutes
	@$(BIN)/python tests/run.py --quick

bench: $(VENV)/.installed-dev ## Measure how fast it is
	@$(BIN)/python -m benchmarks

accuracy: $(VENV)/.installed-dev ## Measure how right the findings are
	@$(BIN)/python -m benchmarks.accuracy

fuzz: $(VENV)/.installed-dev ## Put 20,000 mutated files and texts through the sandboxes; takes an hour or so
	@$(BIN)/python -m tests.fuzz

pictures: $(VENV)/.installed-dev ## Take the pictures in docs/pictures anew
	@PICTURES=$(CURDIR)/docs/pictures $(BIN)/python -m pytest -q tests/workspace/test_browser.py -k wider

lint: $(VENV)/.installed-dev ## Check style and imports
	@$(BIN)/python tests/run.py --only lint

types: $(VENV)/.installed-dev ## Check types
	@$(BIN)/python tests/run.py --only types

requirements: $(VENV)/.installed-dev ## Compile requirements*.txt, pinned with hashes, from requirements*.in
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --upgrade \
		--custom-compile-command "make requirements" --python-version 3.11 requirements.in -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --upgrade \
		--custom-compile-command "make requirements" --python-version 3.11 requirements-extras.in -o requirements-extras.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --upgrade \
		--custom-compile-command "make requirements" --python-version 3.11 requirements-dev.in -o requirements-dev.txt

clean: ## Remove the virtual environment and the caches; the data folder var/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: nothing is installed again while the requirements are unchanged.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "On Debian, install python3-venv."; exit 1; }

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	@echo "Installing requirements.txt ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing requirements-dev.txt ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/.installed
