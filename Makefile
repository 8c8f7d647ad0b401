# make run: a fresh machine to a trained, compiled, measured network.    make test: the whole suite.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
SOURCES := pyproject.toml constraints.txt CMakeLists.txt $(shell find native -type f)

.PHONY: run test lint clean

run: $(VENV)/.run
	$(BIN)/plumline quickstart

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build

# torch is named before the package so that the pinned build is the one that is installed.
$(VENV)/.torch: constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) torch
	touch $@

$(VENV)/.run: $(VENV)/.torch $(SOURCES)
	$(INSTALL) -e '.[train,bench]'
	touch $@

$(VENV)/.test: $(VENV)/.torch $(SOURCES)
	$(INSTALL) -e '.[train,bench,tensorboard,dev]'
	touch $(VENV)/.run $@
