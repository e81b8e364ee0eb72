# Two commands do everything on a fresh machine with git, Python 3, Node.js 20 and make:
# `make demo` shows the product at work, `make test` runs all that must hold.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:

BIN := .venv/bin

# Any Python 3 that really runs can set up; .python-version may name one that pyenv does not have.
FIND_PYTHON := for python in python3 /usr/bin/python3 python3.13 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1 && break; \
	python=; done; [ -n "$$python" ] || { echo "Python 3 is not on PATH: see https://www.python.org/downloads." >&2; exit 1; }

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Fetch what is missing: Python 3.13, pinned packages, Azurite
	@$(FIND_PYTHON); "$$python" scripts/setup.py

.PHONY: demo
demo: setup ## Connect four demo subscriptions, sync, print the evidence register, stop
	@$(BIN)/python -m local.demo

.PHONY: dev
dev: setup ## The same, but keep everything running for work
	@$(BIN)/python -m local.demo --keep

.PHONY: check
check: setup ## Format, lint, types and security, changing nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --configfile pyproject.toml --ignore-nosec --recursive function_app.py pipeline collectors mappings
	$(BIN)/python scripts/audit.py

.PHONY: infra
infra: ## Hold infra/ against Azure's models, a scanner, the roles and the settings
	@$(FIND_PYTHON); "$$python" scripts/setup.py --infra
	.venv-infra/bin/python -m pytest -q -c tests/infra/pytest.ini tests/infra

.PHONY: test
test: check infra ## All of check and infra, then the whole suite; fails under 95% branch coverage
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile \
		--cov=pipeline --cov=collectors --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=95

.PHONY: format
format: setup ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: bench
bench: setup ## Measure what docs promise, against a floor program in the same run
	@$(BIN)/python -m benchmarks

.PHONY: clean
clean: ## Remove caches and what local runs left; keep .venv and node_modules
	rm -rf .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* htmlcov
	find . -type d \( -name .venv -o -name node_modules -o -name .git \) -prune -o -type d -name __pycache__ -exec rm -rf {} +
