# What can be done here, and how: `make help`. Everything is set up under .venv, web/node_modules and .cache.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The Python that makes .venv; the first of these that is new enough.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; exit; }; done; echo python3)
RUN := .venv/bin/python

.PHONY: help setup demo test check proof bench docs pages pictures web format lock clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

setup: .venv/.runtime ## Make .venv with what the hub needs to run

demo: .venv/.runtime ## Start a sandbox factory and the hub, and show each order's way (ERP=tryton: a real ERP; SCENARIO=all: played and judged; PACK=first-process: your own)
	@$(RUN) -m tools.console --if-possible
ifeq ($(ERP),tryton)
	@$(RUN) -m tools.tryton demo
else ifdef SCENARIO
	@.venv/bin/lineshaft demo --scenario $(SCENARIO) $(if $(FAULTS),--faults $(FAULTS))
else
	@.venv/bin/lineshaft demo $(if $(PACK),--pack $(PACK))
endif

test: .venv/.dev ## Run every test but the long ones; sets up what it needs by itself
	@$(RUN) -m tools.test

check: .venv/.dev ## Format, lint, types, floors, budgets, fast tests: before every commit (< 60 s)
	@$(RUN) -m tools.check

proof: .venv/.dev ## Run the long tests (faults, storms, fuzz) and record them in docs/reference/proof.md
	@$(RUN) -m tools.proof

bench: .venv/.bench ## Measure speed and record it in docs/reference/performance.md
	@$(RUN) -m bench.run

docs: pages ## Write the generated pages anew, and take the pictures where a browser is there
	@if $(RUN) -c 'import sys; from tools import services; sys.exit(services.SERVICES["browser"].find() is None)'; \
		then $(MAKE) pictures; else echo "pictures: no browser here; they stay as they are"; fi

pages: .venv/.dev ## Write the generated pages of docs/ anew, without pictures
	@$(RUN) -m tools.docs

pictures: .venv/.dev ## Take the pictures of README and guides anew, of the running product (needs a browser)
	@$(RUN) -m tools.console
	@PICTURES=1 $(RUN) -m pytest -q tests/e2e/console/test_first_ten_minutes.py \
		tests/e2e/console/test_first_process.py

web: .venv/.runtime ## Build the console into the package
	@$(RUN) -m tools.console

format: .venv/.dev ## Format the code and mend what can be mended by itself
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

lock: .venv/.dev ## Write requirements/ anew after a change of dependencies in pyproject.toml
	@$(RUN) -m tools.lock

clean: ## Remove everything that was set up or built here
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .lineshaft
	rm -rf build dist web/node_modules src/lineshaft/api/console tests/.artifacts
	find src tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.runtime: pyproject.toml requirements/runtime.txt requirements/build.txt tools/environment.py
	@$(PYTHON) tools/environment.py runtime

.venv/.dev: .venv/.runtime requirements/dev.txt
	@$(PYTHON) tools/environment.py dev

.venv/.bench: .venv/.dev requirements/bench.txt
	@$(PYTHON) tools/environment.py bench
