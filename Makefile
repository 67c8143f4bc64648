# Needs nothing but git and make; scripts/bootstrap.sh gets the rest. `make` alone lists the targets.
.DEFAULT_GOAL := help
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

VENV := .venv/bin
# How many tests run at once.
WORKERS ?= 2
# Which drills, how often, and how many at once.
TAGS ?=
REPEAT ?= 1
JOBS ?= 2

.PHONY: help setup demo test check e2e drills drills-diagnosed drills-mutated golden bench docs sample soak dashboards observability compose-test fmt clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Find Python and uv, and sync .venv from uv.lock (what every other target does first)
	@scripts/bootstrap.sh

demo: setup ## Run the packaged examples, a backtest, twenty seconds on paper and a drill, and say where to look
	@$(VENV)/tc demo
	@echo; echo "(tc is in .venv/bin: \`. .venv/bin/activate\` makes it a command of this shell)"

test: setup ## Run every test but the soak, and hold the coverage to its thresholds
	@scripts/test.sh $(WORKERS)

check: setup ## Format, lint, types, import contracts, generated files, lock file
	@scripts/check.sh

e2e: setup ## Run the tests with real engines, processes and browsers only
	@$(VENV)/pytest -m "e2e and not soak"

drills: setup ## Carry out the drills of TAGS (all), REPEAT times (1), JOBS at once (2), with real Prometheus and Alertmanager
	@$(VENV)/tc drill suite --tags "$(TAGS)" --repeat $(REPEAT) --jobs $(JOBS)

drills-diagnosed: setup ## Type what the runbook of each drill that was carried out says under Diagnosis, on what it left
	@$(VENV)/python scripts/diagnose_drills.py artifacts

drills-mutated: setup ## Carry out every drill with its detector switched off: each must fail
	@$(VENV)/python scripts/mutate_drills.py

golden: setup ## Rewrite the golden run directories; read the diff before you commit it
	@TC_REWRITE_GOLDEN=1 $(VENV)/pytest tests/golden
	@git --no-pager diff --stat -- tests/golden

bench: setup ## Measure speed; prints a table and stores JSON under bench-results/
	@$(VENV)/python scripts/bench.py

docs: setup ## Write the generated reference pages and build the site into site/
	@$(VENV)/python scripts/generate_reference.py
	@NO_MKDOCS_2_WARNING=1 $(VENV)/mkdocs build --strict
	@echo "open site/index.html"

sample: setup ## Make the committed sample run under artifacts/sample again
	@scripts/sample.sh

soak: setup ## Kill runs at random moments, 200 times of each kind, and read what is left (hours)
	@$(VENV)/python scripts/soak.py --kills 200
	@$(VENV)/pytest -m soak

observability: setup ## Serve metrics, and run Prometheus and Alertmanager of the system's packages over them, until Ctrl-C
	@scripts/observability.sh

compose-test: setup ## Bring compose/ up in a dockerd of its own, with stand-ins for the images, and prove its wiring
	@scripts/compose-test.sh

dashboards: setup ## Write Grafana's dashboards from scripts/dashboards
	@$(VENV)/python scripts/dashboards/generate.py

fmt: setup ## Format the code and mend what the linter can mend
	@$(VENV)/ruff check --fix --quiet . || true
	@$(VENV)/ruff format .

clean: ## Remove what setup, tests and builds made here; runs and data stay
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* htmlcov site
