# Each target installs what it needs into a virtual environment of this checkout. `make help` lists the targets.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 5000
# Where the example application stores its sessions: make run SESSION_STORE=redis://localhost. By default in cookies.
SESSION_STORE ?=
# Further arguments of pytest, of the fuzzer or of the benchmarks: make check ARGS='-k cookies',
# make fuzz ARGS='--seed 2 waitress', make bench ARGS='--workloads A,B'.
ARGS ?=
# The number of requests that `make fuzz` sends to an application with and without the compiled entry point.
TWINS ?= 100000

# `make test PYTHON=python3.12` uses .venv-3.12: each version of Python has its own environment.
ifeq ($(PYTHON),python3)
VENV := .venv
else
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d%s" % (*sys.version_info[:2], sys.abiflags))')
VENV := .venv-$(or $(VERSION),$(error $(PYTHON) cannot be run))
endif
BIN := $(VENV)/bin
BENCH := .venv-bench
# The plugins that are measured.
BENCHED := cors csrf headers jinja session sqlalchemy
# The packages of wheezy.web, which are compiled if they are built here.
WHEEZY := wheezy.core wheezy.http wheezy.routing wheezy.web
# Compiled with libev, if that is installed.
BJOERN := 'bjoern>=3.2.2'
# The browser's driver, without an installation of Cocopot that would compile it again.
PLAYWRIGHT := 'playwright>=1.49'
PRE := .venv-pre

COMPILED := $(wildcard cocopot/speedups/*.pyx cocopot/speedups/*.pxi)
PLUGINS := $(wildcard plugins/*/pyproject.toml)
INSTALL = -m pip install --quiet --disable-pip-version-check
# The project and its plugins are installed by one command, so that this checkout meets a plugin's requirement
# of "cocopot>=1.0".
CHECKOUT = --editable '.[dev]' $(foreach file,$(PLUGINS),--editable $(dir $(file)))
# How many processes there are, and that tests that share expensive fixtures stay in one: see conftest.py.
PYTEST = -m pytest --numprocesses=auto --maxprocesses=8

# Bytecode is written whatever the caller's environment has: tests start a process of Python a thousand times.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help environment run test check test-pure test-versions test-pre browser bjoern lint style mypy pyright format docs dist fuzz bench bench-docs clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## */  make \1\t/' | expand -t 24

$(VENV)/installed: pyproject.toml hatch_build.py $(COMPILED) $(PLUGINS)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python $(INSTALL) $(CHECKOUT)
	touch $@

# The newest pre-releases of the four libraries of the core, and of what they require.
$(PRE)/installed: pyproject.toml hatch_build.py $(COMPILED) $(PLUGINS)
	test -x $(PRE)/bin/python || $(PYTHON) -m venv $(PRE)
	$(PRE)/bin/python $(INSTALL) $(CHECKOUT)
	touch $@

$(BENCH)/installed: pyproject.toml
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python $(INSTALL) '.[bench]'
	$(BENCH)/bin/python $(INSTALL) --force-reinstall --no-deps --no-cache-dir --no-build-isolation --no-binary :all: $(WHEEZY)
	test ! -f /usr/include/ev.h || $(BENCH)/bin/python $(INSTALL) $(BJOERN)
	touch $@

environment: $(VENV)/installed ## create the environment of PYTHON

run: $(VENV)/installed ## serve the example application on HOST and PORT
	$(if $(SESSION_STORE),COCOPOT_SESSION_STORE='$(SESSION_STORE)') $(BIN)/python docs/examples/notes/app.py --host $(HOST) --port $(PORT)

test: $(VENV)/installed ## run all tests, with coverage
	$(BIN)/python $(PYTEST) --cov --cov-report=term $(ARGS)

check: $(VENV)/installed ## run the tests that are not slow, without coverage
	$(BIN)/python $(PYTEST) -m 'not slow' $(ARGS)

test-pure: $(VENV)/installed ## as check, without the compiled module
	COCOPOT_PURE_PYTHON=1 $(BIN)/python $(PYTEST) -m 'not slow' $(ARGS)

test-versions: ## run all tests with every CPython from 3.11 on that is installed
	@set -e; pythons=$$($(PYTHON) .ci/pythons.py); status=0; \
	for python in $$pythons; do \
		echo "== make test PYTHON=$$python"; \
		$(MAKE) --no-print-directory test PYTHON=$$python || status=$$?; \
	done; exit $$status

test-pre: $(PRE)/installed ## run all tests with the newest pre-releases of the dependencies
	$(PRE)/bin/python $(INSTALL) --pre --upgrade pluggy importlib-metadata werkzeug click
	$(PRE)/bin/python -m pip list
	$(PRE)/bin/python $(PYTEST) $(ARGS)

browser: $(VENV)/installed ## install Playwright, and Chromium if apt-get can, for the tests of a page in a browser
	$(BIN)/python $(INSTALL) $(PLAYWRIGHT)
	command -v chromium || { apt-get update && apt-get install --yes --no-install-recommends chromium; }

bjoern: $(VENV)/installed ## install bjoern, and libev if apt-get can, for the tests of that server
	test -f /usr/include/ev.h || { apt-get update && apt-get install --yes --no-install-recommends libev-dev; }
	$(BIN)/python $(INSTALL) $(BJOERN)

lint: style mypy pyright ## check style, spelling and types

style: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

mypy: $(VENV)/installed
	$(BIN)/mypy

pyright: $(VENV)/installed
	$(BIN)/pyright --pythonpath $(BIN)/python

format: $(VENV)/installed ## format the code, and fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/installed ## generate docs/hooks.md and docs/reference.md, and run the examples of the documentation
	$(BIN)/python docs/generate_hooks.py
	$(BIN)/python docs/generate_reference.py
	$(BIN)/python -m pytest docs README.md plugins/*/README.md tests/test_docs.py

dist: $(VENV)/installed ## build the sdist, and from it a wheel of Python alone, of Cocopot and each plugin
	rm -rf dist
	for project in . $(dir $(PLUGINS)); do \
		HATCH_BUILD_NO_HOOKS=true $(BIN)/python -m build --outdir dist $$project || exit; \
	done

fuzz: $(VENV)/installed ## send random requests with and without the compiled part, then mutated ones to four servers
	$(BIN)/python -m tests.fuzz.twins $(TWINS)
	$(BIN)/python -m tests.fuzz.run $(ARGS)

# Installed as users install it, from a wheel with its bytecode, and again each time: imports are measured.
bench: $(BENCH)/installed ## measure Cocopot beside other frameworks
	$(BENCH)/bin/python $(INSTALL) --force-reinstall --no-deps . $(BENCHED:%=plugins/cocopot-%)
	$(BENCH)/bin/python benchmarks/run.py $(ARGS)

bench-docs: $(BENCH)/installed ## write the last figures into docs/benchmarks.md
	$(BENCH)/bin/python benchmarks/report.py

clean: ## remove environments, caches and build results
	rm -rf .venv .venv-* .mypy_cache .pytest_cache .ruff_cache .coverage .coverage.* dist \
		cocopot/speedups/_compiled.*.so cocopot/speedups/_compiled.*.pyd
