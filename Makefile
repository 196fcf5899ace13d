# Everything here needs only python3 (3.10 or newer), make, git and access to a package index.
# The environment is .venv; it is made again when the lock or pyproject.toml changes, the folder moves or Python goes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV := $(BIN)/python -m uv

# The certificates of the machine: behind a company's proxy uv's own do not do. Older versions know the second name.
export UV_SYSTEM_CERTS ?= 1
export UV_NATIVE_TLS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Many tests wait for servers and for leases to run out, so that a processor does for two of them.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')
# Few of the fast ones wait, and each worker begins with reading all tests.
FAST_WORKERS ?= $(shell $(PYTHON) -c 'import os; print(os.cpu_count() or 1)')

_ := $(shell grep -qxF '$(CURDIR)' $(STAMP) 2>/dev/null && $(BIN)/python -c '' 2>/dev/null || rm -f $(STAMP))

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-fast docs docs-serve lint browser pool emulators bench live-check lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMP) ## Build the sample shop, send it to a local Iterable, change it, send again
	@$(BIN)/reverse-etl demo $(ARGS)

test: lint ## Check everything: lint, types, layers, tests (ARGS="-k users" for some tests)
	@echo "== tests"
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not repeat" $(ARGS)

test-all: lint ## Check everything, and what `make test` shows once also on each server and local warehouse
	@echo "== tests"
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-fast: $(STAMP) ## Most of the tests in two minutes: no local cloud warehouse, no browser, no killing
	@$(BIN)/python -m pytest -q -n $(FAST_WORKERS) --dist loadfile -m "not (emulator or browser or kills or slow or repeat)" $(ARGS)

docs: $(STAMP) ## Build the documentation into site/, with every warning an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict && echo "site/index.html"

docs-serve: $(STAMP) ## Show the documentation at http://127.0.0.1:8000 while you write
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs serve --quiet

lint: $(STAMP) ## Check style, types and layers
	@echo "== style"
	@$(BIN)/python -m ruff check --quiet .
	@$(BIN)/python -m ruff format --quiet --check . || { echo "Not formatted; run: $(BIN)/ruff format ."; exit 1; }
	@echo "== types"
	@$(BIN)/python -m mypy --no-error-summary
	@if [ -f .importlinter ]; then echo "== layers"; $(BIN)/lint-imports --no-logo; fi

browser: ## Install Chromium for the tests of the sandbox's pages, where it is missing (Debian, as root)
	@{ command -v chromium && command -v chromedriver; } >/dev/null \
		|| { export DEBIAN_FRONTEND=noninteractive; timeout 600 sh -c 'apt-get update -qq \
			&& apt-get install -qq --no-install-recommends chromium chromium-driver' >/dev/null 2>&1; } \
		|| echo "No browser, and none could be installed: tests/browser is skipped"

pool: ## Install PgBouncer for the tests that go through it, where it is missing (Debian, as root)
	@PATH="$$PATH:/usr/sbin" command -v pgbouncer >/dev/null \
		|| { export DEBIAN_FRONTEND=noninteractive; timeout 300 sh -c 'apt-get update -qq \
			&& apt-get install -qq --no-install-recommends pgbouncer' >/dev/null 2>&1; } \
		|| echo "No PgBouncer, and none could be installed: the tests through a pool are skipped"

bench: $(STAMP) ## Measure speed and memory, also of other programs (ARGS="users 100000" for one measurement)
	@$(BIN)/python -m tests.bench $(ARGS)

live-check: $(STAMP) ## Ask a Snowflake or BigQuery account what only it can tell; without one, print the ten checks
	@$(BIN)/python -m tests.live_check

lock: $(STAMP) ## Resolve requirements.lock again (ARGS=--upgrade for newer versions)
	@$(UV) pip compile --quiet pyproject.toml --universal --python-version 3.10 \
		--extra dbt --extra duckdb --extra bigquery --extra postgres --extra snowflake --extra sandbox --group dev --group docs \
		--generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS) -o requirements.lock
	@for name in fakesnow bqemulator dbt_bigquery dbt_snowflake dagster; do \
		$(UV) pip compile --quiet tests/emulators/$$name.in --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS) \
			-o tests/emulators/$$name.txt || exit 1; \
	done
	@$(UV) pip compile --quiet tests/bench/peers/peers.in -c requirements.lock --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS) \
		-o tests/bench/peers/peers.txt

emulators: $(STAMP) ## Build the environments of the tests' local warehouses and Dagster, if they are missing
	@$(BIN)/python -m tests.emulators.environment fakesnow bqemulator dbt_bigquery dbt_snowflake dagster

clean: ## Remove the environment, caches and whatever was built
	@rm -rf $(VENV) .emulators .bench build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .sandbox logs
	@cd sample_dbt_project && rm -rf target logs dbt_packages .user.yml shop.duckdb shop.duckdb.wal
	@find reverse_etl tests -type d -name __pycache__ -prune -exec rm -rf {} +

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "Python 3.10 or newer is needed; name one: make PYTHON=python3.12"; exit 1; }
	@echo "== environment ($(VENV), once)"
	@base=$$($(PYTHON) -c 'import os, sys; print(os.path.realpath(sys.executable))') \
		&& rm -rf $(VENV) && "$$base" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet "uv>=0.5,<1"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock \
		|| { echo "uv could not; trying pip, which takes longer"; \
			$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock; }
	@$(UV) pip install --quiet --python $(BIN)/python --offline --no-deps --no-build-isolation -e .
	@echo '$(CURDIR)' > $@
