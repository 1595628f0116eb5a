# `make demo` and `make test` work on a fresh machine with Python 3.11, pip and make.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# processes that share the tests, a file at a time
WORKERS ?= 2
INSTALLED := $(VENV)/.installed

.PHONY: demo test lint types tests benchmarks constraints clean

demo: $(INSTALLED)
	$(BIN)/forecasting demo --out demo

test: lint types tests

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

tests: $(INSTALLED)
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

benchmarks: $(INSTALLED)
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

# torch first: where pip knows a CPU build it takes that, else PyPI's
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[airflow,demo,dev]'
	touch $@

constraints: $(INSTALLED)
	$(BIN)/uv pip compile --universal --python-version 3.11 --all-extras --upgrade pyproject.toml --output-file constraints.txt

clean:
	rm -rf $(VENV) demo dist build
