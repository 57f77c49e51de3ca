# make demo: set everything up, run the main job, serve the dashboard.   make test: set everything up, pass every test.
.DEFAULT_GOAL := help
.PHONY: help install demo test lint format bench bench-factors bench-ledger bench-http bench-filing soak-ledger soak-offline cluster browser wheel lock clean

# The first Python from 3.11 to 3.13 that really starts; name another with PYTHON=…
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
SERVE ?= 1
WORKERS ?= 2

help: ## what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

install: .venv/installed ## the environment in .venv, with .venv/bin/tanzhang

.venv/installed: requirements-dev.txt pyproject.toml hatch_build.py $(wildcard api/pages/frontend/package-lock.json)
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed: install one, or name it with make PYTHON=…" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: install ## the example book, then its dashboard on 127.0.0.1 (SERVE=0 stops after the job)
	$(BIN)/tanzhang demo $(if $(filter 0,$(SERVE)),--no-serve)

test: install browser ## every test, on SQLite, on PostgreSQL and in Chromium
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

cluster: install ## pyspark beside the rest, and the engine's test on a cluster of Spark (needs Java 17)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-cluster.txt
	$(BIN)/python -m pytest -p no:xdist -q tests/factors/test_cluster.py

browser: ## Chromium, Chinese fonts and hledger for the tests that ask them, where apt may install them
	@sh .ci/tools

lint: install ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install ## mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

BENCH := $(BIN)/python -m pytest -p no:xdist --benchmark-enable --benchmark-only -s

bench: bench-factors bench-ledger ## the hot paths beside what people would use instead; ratios in one run

bench-factors: install ## packs, engine, estimate and uncertainty alone
	$(BENCH) tests/benchmarks/test_engine_speed.py tests/benchmarks/test_estimate_speed.py tests/benchmarks/test_uncertainty_speed.py

bench-ledger: install ## posting, verifying, recording and series alone, beside hordak, beancount and hledger where these are
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-bench.txt
	$(BENCH) tests/benchmarks/test_batch_speed.py tests/benchmarks/test_verify_speed.py tests/benchmarks/test_commit_speed.py tests/benchmarks/test_post_speed.py tests/benchmarks/test_record_speed.py tests/benchmarks/test_series_speed.py

bench-http: install ## a real server under load: balances, dashboards, sign-ins, posted entries, on both engines
	$(BENCH) tests/benchmarks/test_http_speed.py

bench-filing: install ## a firm's year from its workbook to the book, a report, a thousand firms in one batch
	$(BENCH) tests/benchmarks/test_filing_speed.py

SOAK := build/soak-ledger.jsonl
SOAKED := $(addprefix tests/ledger/test_,hazards.py disk_full.py tamper.py machine.py proof.py tile.py backup.py restore.py)

soak-ledger: install ## the ledger's fault tests at full count, some 25 minutes; prints the hazards' table, target against result
	@mkdir -p $(dir $(SOAK)) && rm -f $(SOAK)
	@TANZHANG_SOAK=1 TANZHANG_SOAK_REPORT=$(SOAK) nice -n 19 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -q $(SOAKED); passed=$$?; \
		$(BIN)/python -m tests.ledger.soak_report $(SOAK) && exit $$passed

wheel: install ## build the wheel, install it into an empty environment, run it there
	sh .ci/wheel

soak-offline: install ## what README says of a machine without a network: a wheelhouse, an empty environment, the network cut
	sh .ci/offline

lock: ## pin the requirements anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml --extra cluster -c requirements-dev.txt -o requirements-cluster.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml --group dev --group bench -c requirements-dev.txt -o requirements-bench.txt

clean: ## remove what was made, the book excepted
	rm -rf .venv build dist api/static/dist .pytest_cache .mypy_cache .ruff_cache
