# Every target sets up what it needs in .venv; nothing is installed by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOST ?= 127.0.0.1
PORT ?= 5000

.PHONY: run test lint format docs bench clean

# The project and its plugins are named in one command, so that a plugin's requirement of
# "cocopot>=1.0" is always met by this checkout.
$(VENV)/installed: pyproject.toml plugins/cocopot-cors/pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --editable plugins/cocopot-cors
	touch $@

$(VENV)/benchmarks: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
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
	$(BIN)/python -m pytest docs README.md plugins/*/README.md tests/test_docs.py

bench: $(VENV)/benchmarks
	cd benchmarks && ../$(BIN)/python run.py

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .coverage dist
