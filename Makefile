PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MEASURE :=

# Even where it is forbidden, the bytecode is kept: to make it takes each process of pytest 7 s.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test check frontend bench lock clean

help: ## what can be made here
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(VENV)/.installed ## the whole bot against a local Slack and a local Twilio
	@$(BIN)/sms-bot demo

test: $(VENV)/.installed ## every test
	@$(BIN)/python -m pytest --collect-only -qq >/dev/null 2>&1 || true # all that is compiled, once
	@$(BIN)/python $(MEASURE) -m pytest --numprocesses 6 --dist worksteal

check: $(VENV)/.installed ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

frontend: ## the page of the demo, built anew into bot/sandbox/browser/static: needs Node 20
	cd bot/sandbox/browser/frontend && npm ci --no-fund --no-audit && npm run --silent build

bench: $(VENV)/.installed ## speed, beside other ways to send: docs/bench.md, about 8 minutes
	@$(BIN)/python -m tests.bench

# What runs in the container, and what builds it, are parts of the whole lock, at its versions.
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet

lock: $(VENV)/.installed ## resolve the dependencies anew, with hashes
	$(COMPILE) --upgrade --group dev pyproject.toml -o requirements.lock
	$(COMPILE) --constraint requirements.lock pyproject.toml -o requirements.run.lock
	$(COMPILE) --constraint requirements.lock --group build -o requirements.build.lock

clean: ## forget the environment
	rm -rf $(VENV) .coverage .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
