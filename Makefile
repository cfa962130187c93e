# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# Every target sets up what it needs; `make help` lists them. PYTHON=/path/to/python chooses the interpreter.

SHELL := /bin/bash
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# The tests start hundreds of processes; with this variable set each would compile the collection anew.
unexport PYTHONDONTWRITEBYTECODE
PYTEST := .venv/bin/python -m pytest
# One more than there are cores, since many tests wait for a process or a clock.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
PARALLEL := --numprocesses $(WORKERS) --dist loadscope

.DEFAULT_GOAL := help
.PHONY: help environment demo test lint format unit coverage sanity integration browser artifacts build docs changelog release bench test-matrix clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

environment: ## make or update .venv with everything that the other targets need
	@scripts/environment .venv dev

demo: environment ## converge a small fleet in the sandbox: changes, no changes, a drift repaired, plan, apply and import by the command
	@scripts/demo

test: environment ## everything that CI runs: lint, sanity, then unit, integration, browser and artifact tests
	@scripts/test $(PARALLEL)

lint: environment ## ruff, mypy, ansible-lint, yamllint, documentation and changelog lint
	@scripts/lint

format: environment ## let ruff rewrite the Python files
	@ruff check --fix .
	@ruff format .

unit: environment ## unit tests; fails where the engine's branch coverage is below the bound in pyproject.toml
	@$(PYTEST) tests/unit $(PARALLEL) --cov --cov-report=term

coverage: environment ## the same, with a report to read in htmlcov/index.html
	@$(PYTEST) tests/unit $(PARALLEL) --cov --cov-report=term --cov-report=html

sanity: environment ## ansible-test sanity on what the Galaxy tarball holds
	@scripts/sanity

integration: environment ## the command and real ansible-playbook runs against the sandbox
	@$(PYTEST) tests/command tests/integration $(PARALLEL)

browser: environment ## the page of a plan in a Chromium without a window; skipped where there is none (scripts/chromium installs it)
	@$(PYTEST) tests/browser $(PARALLEL)

artifacts: environment ## build the wheel and the Galaxy tarball and try them in clean environments
	@$(PYTEST) tests/artifacts $(PARALLEL)

build: environment ## the wheel, the source archive and the Galaxy tarball, in dist/
	@scripts/build dist

docs: environment ## write the generated tables into the documentation
	@scripts/docs

changelog: environment ## judge the changelog fragments
	@antsibull-changelog lint

release: environment ## turn the changelog fragments into CHANGELOG.md for the version in galaxy.yml
	@scripts/release

bench: environment ## calls, time and memory for large fleets, beside what a user would write instead
	@scripts/bench

test-matrix: ## unit and integration tests on every supported pair of Python and ansible-core found here
	@scripts/matrix $(PARALLEL)

clean: ## remove environments, caches and everything else that is built
	@rm -rf .venv .matrix .cache .ansible .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist htmlcov tests/output
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
