# make run: a fresh machine to a trained, compiled, measured network.    make test: the whole suite.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
CONFIGURE := $(BIN)/cmake -S . -G Ninja -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python \
	-DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja
SOURCES := pyproject.toml constraints.txt CMakeLists.txt $(shell find native -type f)

# Those of the native tests that go through all that writes to memory it has planned: sub-images, generated code, codes,
# tile registers, random programs, hostile files.
SANITIZED := $(patsubst %,tests/native/test_native_%.py,graph sub_images merge summerge jit quantize integer integer_tiles limbs int8_tiles fuzz) \
	tests/runtime/test_runtime_hostile.py

# libstdc++ is preloaded too: AddressSanitizer has to find it when it wraps the throwing of exceptions.
define run_sanitized
	$(CONFIGURE) -B build/sanitize -DPLUMLINE_SANITIZE=ON
	$(BIN)/ninja -C build/sanitize
	PLUMLINE_NATIVE_DIR=$(CURDIR)/build/sanitize \
		LD_PRELOAD="$$(c++ -print-file-name=libasan.so) $$(c++ -print-file-name=libstdc++.so)" \
		ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 $(BIN)/python -m pytest -q -n 2 $(1)
endef

.PHONY: run test lint native sanitize sanitize-some clean

run: $(VENV)/.run
	$(BIN)/plumline quickstart

test: $(VENV)/.test $(VENV)/.browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2
	$(call run_sanitized,$(SANITIZED))

lint: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy

# The module built in place, for work on the native code: only what changed is compiled again.
native:
	$(CONFIGURE) -B build/dev -DPLUMLINE_MODULE_DIR=$(CURDIR)/src/plumline/runtime
	$(BIN)/ninja -C build/dev

# The native and runtime tests again, with every access to memory and every undefined operation checked; `make test` does
# the same with some of them, as sanitize-some does alone.
sanitize: $(VENV)/.test
	$(call run_sanitized,tests/native tests/runtime)

sanitize-some: $(VENV)/.test
	$(call run_sanitized,$(SANITIZED))

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
	$(INSTALL) -e '.[train,bench,sweep,tensorboard,report,dev]'
	touch $(VENV)/.run $@

# The report page is tested in Chromium: Debian's, where it is missing and this user may install it. Without any browser
# those tests are skipped, and fail where the variable CI is set.
$(VENV)/.browser: $(VENV)/.torch
	if ! command -v chromium && [ "$$(id -u)" = 0 ] && command -v apt-get; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core; \
	fi || echo "chromium cannot be installed: the tests of the report page will be skipped, and fail where CI is set"
	touch $@
