# One word per intention. `make demo` and `make test` set up whatever they need first; see scripts/set_up.py.
SHELL := /bin/bash
PYTHON := .venv/bin/python
# All cores, a file's tests together: what a file sets up in an engine is set up once.
PYTEST := $(PYTHON) -m pytest -n auto --dist loadfile
# Set-up leaves the URL of a PostgreSQL that answers; without one, the ledger's tests on it are skipped and say so.
POSTGRES_URL = $${TRE_TEST_POSTGRES_URL:-$$(cat build/postgres/url 2>/dev/null)}
DEMO ?= demo
# Of `make torture`: how many jobs a night, which night, and whether they are played or run in real boxes.
JOBS ?= 1000
SEED ?= 1
ENGINE ?= played

.DEFAULT_GOAL := help
.PHONY: help demo test check check-style check-types check-walls check-house check-shell fix bench torture oracle hostile pictures docs environment engine-stop postgres-stop clean

help: ## this list
	@awk -F ' *## ' '/^[a-z-]+:.*## / { sub(/:.*/, "", $$1); printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## one study, from a spec to a released table, in the folder demo/ (DEMO=folder for another)
	@scripts/set-up demo
	@.venv/bin/tre demo --into $(DEMO)

test: ## every test; sets up a container engine, the sandbox images and a PostgreSQL first
	@scripts/set-up test
	@TRE_TEST_POSTGRES_URL="$(POSTGRES_URL)" $(PYTEST)

check: check-style check-types check-walls check-house check-shell ## everything a machine can read: style, types, walls, sizes, generated files

check-style: environment
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .

check-types: environment
	@$(PYTHON) -m mypy

check-walls: environment
	@.venv/bin/lint-imports --no-cache

check-house: environment
	@$(PYTHON) -m pytest -q tests/architecture tests/promises

check-shell:
	@if command -v shellcheck >/dev/null; then shellcheck scripts/set-up .ci/run; \
	else echo "shellcheck is not on this machine: the two shell scripts were not read"; fi

fix: environment ## let the tools mend what they can
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

bench: ## one JSON line for each benchmark; fails when one misses its bar
	@scripts/set-up test
	@$(PYTHON) -m benchmarks

torture: ## bad nights at full size: a thousand jobs on four workers and a server, a thousand on one and a file; ENGINE=docker restarts the real engine
	@scripts/set-up test
	@TRE_TEST_POSTGRES_URL="$(POSTGRES_URL)" $(PYTHON) -m tests.torture --jobs $(JOBS) --seed $(SEED) --workers 4 --engine $(ENGINE)
	@$(PYTHON) -m tests.torture --jobs $(JOBS) --seed $(SEED) --workers 1 --engine $(ENGINE)

oracle: ## three thousand random queries: guard, engine and the slow interpreter must agree on each
	@scripts/set-up environment
	@TRE_ORACLE_QUERIES=3000 $(PYTHON) -m pytest -q -n auto -m slow tests/sql/test_sql_generated.py

hostile: ## the attack suites alone
	@scripts/set-up test
	@$(PYTHON) -m pytest -m hostile

pictures: ## take the pictures of every page in docs/pages again, while the journeys are walked
	@scripts/set-up test
	@TRE_SCREENSHOTS=docs/pages $(PYTHON) -m pytest tests/browser

docs: environment ## write the generated files again: the house, the promises, schemas, diagrams
	@$(PYTHON) -m scripts.generate

environment:
	@scripts/set-up environment

engine-stop: ## end the container engine, if it was started from this clone
	@scripts/set-up stop-engine

postgres-stop: ## end the PostgreSQL, if it was started from this clone, and remove its cluster
	@scripts/set-up stop-postgres

clean: engine-stop postgres-stop ## remove what was made here: environment, build and demo folders, caches
	@rm -rf .venv build demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
