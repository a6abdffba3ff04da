# Everything a stranger needs: `make quickstart` and `make test`. Each makes or reuses .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PINS := pyproject.toml constraints.txt

.PHONY: quickstart test check coverage gate bless reports bench clean

quickstart: $(VENV)/.quickstart ## run the main job on the embedded models and write its report
	$(BIN)/evalsuite run reports/quickstart/experiment.yaml --out runs/quickstart

test: $(VENV)/.dev ## run the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadscope

check: $(VENV)/.dev ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

coverage: $(VENV)/.dev ## the test suite with branch coverage of the package; fails below 90 %
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

# A run from scratch: one that goes on would hide a change of ours that no fingerprint covers.
gate: $(VENV)/.dev ## run the embedded models and gate them by results/gate/baseline.json
	rm -rf runs/gate
	$(BIN)/evalsuite run reports/gate/experiment.yaml --out runs/gate --quiet
	$(BIN)/evalsuite gate runs/gate --baseline results/gate/baseline.json \
	  --config reports/gate/gate.yaml --junit runs/gate/junit.xml

bless: $(VENV)/.dev ## make today's answers of the embedded models the baseline
	rm -rf runs/gate
	$(BIN)/evalsuite run reports/gate/experiment.yaml --out runs/gate --quiet
	$(BIN)/evalsuite bless runs/gate --baseline results/gate/baseline.json --replace

reports: $(VENV)/.dev ## run the quickstart anew and refresh the table and pictures it is shown by
	rm -rf runs/reports
	$(BIN)/evalsuite run reports/quickstart/experiment.yaml --out runs/reports/quickstart
	for kind in md png; do \
	  $(BIN)/evalsuite report runs/reports/quickstart --out reports/quickstart/report.$$kind; done
	mkdir -p results/quickstart
	cp runs/reports/quickstart/*.json runs/reports/quickstart/*.parquet results/quickstart/
	$(BIN)/python docs/refresh_readme.py
	$(BIN)/python docs/screenshots.py

bench: $(VENV)/.dev ## run the benchmarks; each prints a table and checks its targets
	@for file in benchmarks/[a-z]*.py; do $(BIN)/python $$file --check || exit 1; done

clean: ## forget runs and environments
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.quickstart: $(PINS) | $(BIN)/python
	$(PIP) install --constraint constraints.txt --editable '.[quickstart]'
	touch $@

$(VENV)/.dev: $(PINS) | $(BIN)/python
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	touch $@ $(VENV)/.quickstart
