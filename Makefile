# Every target sets up what it needs, in .venv or, for the benchmarks, in .venv-bench; nothing is installed by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
HOST ?= 127.0.0.1
PORT ?= 5000
# For `make bench`, such as ARGS='--parts in-process --workloads A,B'.
ARGS ?=

.PHONY: run test lint format docs bench bench-docs clean

# The project and its plugins are named in one command, so that a plugin's requirement of
# "cocopot>=1.0" is always met by this checkout.
$(VENV)/installed: pyproject.toml hatch_build.py cocopot/speedups/_compiled.pyx plugins/cocopot-cors/pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --editable plugins/cocopot-cors
	touch $@

$(BENCH)/installed: pyproject.toml
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check '.[bench]'
	touch $@

run: $(VENV)/installed
	$(BIN)/python docs/examples/notes/app.py --host $(HOST) --port $(PORT)

test: $(VENV)/installed
	$(BIN)/python -m pytest --cov --cov-report=term

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/installed
	$(BIN)/python docs/generate_hooks.py
	$(BIN)/python -m pytest docs README.md plugins/*/README.md tests/test_docs.py

# Installed as users have it, from a wheel with its bytecode, because imports are measured; anew each time.
bench: $(BENCH)/installed
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps .
	$(BENCH)/bin/python benchmarks/run.py $(ARGS)

bench-docs: $(BENCH)/installed
	$(BENCH)/bin/python benchmarks/report.py

clean:
	rm -rf $(VENV) $(BENCH) .mypy_cache .pytest_cache .ruff_cache .coverage dist cocopot/speedups/_compiled.*.so cocopot/speedups/_compiled.*.pyd
