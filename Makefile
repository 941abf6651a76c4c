# make demo   residents answer, and a village's profile arrives: no token, no server
# make test   the suite (SQLite, and PostgreSQL where one answers on 127.0.0.1:5432) in minutes;
#             make test-long has the tests that take long
# make check  lint, format, types, floors, migrations
#
# Both environments are one, .venv: `demo` needs the run time only, all others development too.

PYTHON ?= python3
# One more than there are cores: tests wait for clocks and for each other a quarter of their time.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1)
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run-time
DEV := $(VENV)/.development
OUT ?= demo-out
UV = $(shell command -v uv || echo $(BIN)/uv)
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml

# Compiled once, imported many times: without it each process compiles pandas and all else anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test test-long check coverage lock chaos bench bench-backlog bench-beside bench-coverage bench-engines bench-estimates bench-export bench-exports bench-forms bench-memory bench-profiles format clean wheel

help:
	@echo "make demo | test | test-long | check | coverage | chaos | bench | bench-backlog | bench-beside | bench-coverage | bench-engines | bench-estimates | bench-export | bench-exports | bench-forms | bench-memory | bench-profiles | format | lock | wheel | clean"

demo: $(RUN)
	@$(BIN)/usegap demo --villages 3 --residents 60 --out $(OUT)

# Four of five tests, in under five minutes on two cores; the others take twice as long.
test: $(DEV)
	$(BIN)/pytest -n $(WORKERS) --maxprocesses 8 --dist loadfile --part short

test-long: $(DEV)
	$(BIN)/pytest -n $(WORKERS) --maxprocesses 8 --dist loadfile --part long

check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/migrations.py

# Floors 0 and 1 decide what is asked and what a profile says: no line of theirs goes untried.
coverage: $(DEV)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report --include='surveys/form/*,surveys/interview/*,surveys/estimation/*' \
		--show-missing --skip-covered --fail-under=100

# A quarter of an hour and more: programs killed, databases taken away, Telegram failing; writes the table
# in docs/reliability.md. `CHAOS="--small"`: a tenth, nothing written; `CHAOS="--only disk"`: some of it.
chaos: $(DEV)
	$(BIN)/python -m tests.chaos $(CHAOS)

# usegap on SQLite and PostgreSQL beside a stock bot, seven minutes; `BENCH="--seconds 5"`: less.
bench: $(DEV)
	$(BIN)/python -m tests.bench $(BENCH)

# 50,000 updates that came while nobody listened; `BACKLOG="--updates 5000 --limits"`: as Telegram allows.
bench-backlog: $(DEV)
	$(BIN)/python -m tests.bench.backlog $(BACKLOG)

# What the bot holds in memory after so many residents: hours; `MEMORY="--residents 5000"`: minutes.
bench-memory: $(DEV)
	$(BIN)/python -m tests.bench.memory $(MEMORY)

# Simulated villages: do intervals, models and bands keep what they promise? `SIMULATE=--quick`: less.
bench-coverage: $(DEV)
	$(BIN)/python -m tests.bench.coverage $(SIMULATE)

# `usegap estimate` over Parquet on pandas, DuckDB and Spark; `ENGINES="--rows 100000"`: a look.
bench-engines: $(DEV)
	$(BIN)/python -m tests.bench.engines $(ENGINES)

# Beside svy, and R where it is installed; half an hour, most of it theirs.
bench-estimates: $(DEV)
	$(BIN)/python -m tests.bench.estimates

# A million submissions as CSV beside the database's own dump, on both; `EXPORT=--sizes 20000`: a look.
bench-export: $(DEV)
	$(BIN)/python -m tests.bench.exports_large $(EXPORT)

# A quarter of an hour: 5,000 and 50,000 submissions in every format.
bench-exports: $(DEV)
	$(BIN)/python -m tests.bench.exports

# How long answers take while exports, profiles, posters and workbooks are made beside them.
bench-beside: $(DEV)
	$(BIN)/python -m tests.bench.beside

# Publishing a form and taking one answer, beside JavaRosa; `FORM=--form=path` for one of yours.
bench-forms: $(DEV)
	$(BIN)/python -m tests.bench.forms $(FORM)

# All village profiles of a wave from the database: a hundred thousand and a million submissions.
bench-profiles: $(DEV)
	$(BIN)/python -m tests.bench.profiles

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What is locked stays as it is where it still fits; `make lock UPGRADE=--upgrade` takes the newest.
lock: $(DEV)
	$(UV) $(COMPILE) $(UPGRADE) --output-file requirements.lock
	$(UV) $(COMPILE) $(UPGRADE) --group dev --constraint requirements.lock \
		--output-file requirements-dev.lock

wheel: $(DEV)
	rm -rf dist
	$(BIN)/hatchling build -t wheel

clean:
	rm -rf $(VENV) dist build demo-out htmlcov .coverage* .pytest_cache .mypy_cache .ruff_cache \
		.hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: a second run installs nothing, a changed lock installs again.
$(RUN): requirements.lock .ci/install
	@PYTHON="$(PYTHON)" .ci/install $(VENV) requirements.lock
	@touch $@

$(DEV): requirements-dev.lock .ci/install
	@PYTHON="$(PYTHON)" .ci/install $(VENV) requirements-dev.lock
	@touch $@ $(RUN)
