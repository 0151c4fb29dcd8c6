# The developer's interface to zmqbind. `make` lists the targets.
#
#   PYTHON          the interpreter to build for         (make test PYTHON=python3.12)
#   VENV            the virtual environment to work in   (default: .venv, or .venv-3.12 with PYTHON=python3.12)
#   ARGS            passed on to pytest or the benchmark (make test ARGS="-k socket -x")
#   SECONDS         how long the soak lasts              (make soak SECONDS=30; default: 600)
#   WHEEL_PLATFORM  the glibc that Zig builds wheels for (manylinux_2_17; default: GCC builds them, for the one here)

comma := ,

PYTHON ?= python3
VENV ?= .venv$(if $(filter-out python3,$(PYTHON)),-$(subst /,_,$(PYTHON:python%=%)))
# Not all of the tools there are can be had for a free-threaded Python (python3.13t).
EXTRAS ?= $(if $(filter %t,$(PYTHON)),cli$(comma)test-free-threading$(comma)wheel,dev)
ARGS ?=
SECONDS ?= 600

BIN := $(VENV)/bin
# One for each set of extras: what test-all installs is not all that lint and bench need.
INSTALLED := $(VENV)/.installed-$(subst $(comma),-,$(EXTRAS))
SOURCES := $(wildcard src/*.pyx src/*.h zmqbind/*.pxd buildtools/*.py) setup.py pyproject.toml

# What [build-system] in pyproject.toml asks for; quoted there, so fit for the shell as it stands.
BUILD_REQUIRES = $(shell sed -n 's/^requires = \[\(.*\)\]$$/\1/p' pyproject.toml | tr ',' ' ')

export PIP_DISABLE_PIP_VERSION_CHECK := 1

# A virtual environment that is half made would look finished to the next run.
.DELETE_ON_ERROR:
.PHONY: help build test test-all browser programs stress soak faults drafts asan valgrind bench bench-full readme-table lint docs sdist wheel wheels wheel-elsewhere reproducible clean

help:  ## List the targets
	@awk -F ':.*##  *' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

build: $(INSTALLED)  ## Make .venv, install what is missing, compile the extension in place

test: $(INSTALLED)  ## Run the tests
	@tools/sshd.sh
	@tools/peers.sh
	$(BIN)/python -m pytest $(ARGS)

test-all:  ## Run the tests on every CPython from 3.10 that pyenv has
	@tools/test-all.sh

browser: $(INSTALLED)  ## Run the tests that need headless Chromium, and install that
	@tools/browser.sh
	ZMQBIND_BROWSER=required $(BIN)/python -m pytest -n 0 -m browser $(ARGS)

programs: $(INSTALLED)  ## Run JupyterLab, circus and ipyparallel on zmqbind, and install them
	@tools/browser.sh
	@tools/programs.sh $(BIN)/python build/programs
	ZMQBIND_BROWSER=required ZMQBIND_PROGRAMS=$(abspath build/programs/bin/python) \
	    $(BIN)/python -m pytest -n 0 tests/programs $(ARGS)

faults: $(INSTALLED)  ## Let every call of libzmq and every allocation fail in turn
	@tools/instrument.sh faults $(BIN)/python $(ARGS)

drafts: $(INSTALLED)  ## Build libzmq with its drafts, and run the tests of those
	@tools/instrument.sh drafts $(BIN)/python $(ARGS)

asan: $(INSTALLED)  ## Run the tests with AddressSanitizer and UBSan, and look for leaks
	@tools/instrument.sh asan $(BIN)/python $(ARGS)

valgrind: $(INSTALLED)  ## Run some of the tests under valgrind
	@tools/instrument.sh valgrind $(BIN)/python $(ARGS)

stress: $(INSTALLED)  ## Run the stress and leak tests in full (two to three minutes)
	ZMQBIND_STRESS=full $(BIN)/python -m pytest tests/stress -n 2 --timeout=300 --durations=10 $(ARGS)

soak: $(INSTALLED)  ## Ten minutes of traffic over a bad link, peers killed; as root
	@tools/soak-tools.sh
	$(BIN)/python tests/soak $(SECONDS)

bench: $(INSTALLED)  ## Compare with PyZMQ, other peers and C, in two minutes; results go to build/bench
	$(BIN)/python -m benchmarks $(ARGS)

bench-full: $(INSTALLED)  ## The same with all sizes, scaling curves and memory, in a quarter of an hour
	$(BIN)/python -m benchmarks --full $(ARGS)

readme-table: $(INSTALLED)  ## Write README's table and plot anew from benchmarks/results
	$(BIN)/python -m benchmarks readme $(ARGS)

lint: $(INSTALLED)  ## Check style, spelling, types and workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict zmqbind $(wildcard tests/typing/*.py)
	PATH="$(abspath $(BIN)):$$PATH" cython-lint src $(wildcard zmqbind/*.pxd)
	git ls-files -z | xargs -0 $(BIN)/codespell
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows $(wildcard .github/workflows/*.yml)
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --quiet --offline .github

docs: $(INSTALLED)  ## Build the documentation into build/docs/html
	rm -rf build/docs
	$(BIN)/python -m sphinx -q -W --keep-going -d build/docs/doctrees docs build/docs/html

sdist: $(INSTALLED)  ## Build the sdist into dist, install it beside the machine's libzmq, test that
	@tools/sdist.sh $(BIN)/python

wheel: $(INSTALLED)  ## Build a wheel that carries libzmq into dist, install it, test that
	@tools/wheel.sh $(BIN)/python $(BIN)/python
	@tools/try-wheels.sh $(BIN)/python

wheels: $(INSTALLED)  ## The same for every CPython from 3.10 that pyenv has
	@pythons=$$(tools/pythons.sh | cut -d ' ' -f 2) && \
	    tools/wheel.sh $(BIN)/python $$pythons && tools/try-wheels.sh $$pythons

wheel-elsewhere: $(INSTALLED)  ## Test a wheel that is in dist on another Debian release; as root
	@tools/try-elsewhere.sh $(BIN)/python trixie 3.13

reproducible: $(INSTALLED)  ## Build a wheel twice in different places, and compare
	@tools/reproducible.sh $(BIN)/python

clean:  ## Remove everything that was built, the virtual environments too
	rm -rf build dist *.egg-info .venv .venv-* .mypy_cache .pytest_cache .ruff_cache
	rm -f zmqbind/*.so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@tools/bootstrap.sh $(PYTHON)
	@# Through sys.executable: what PYTHON names may be a launcher of pyenv's, not the interpreter.
	"$$($(PYTHON) -c 'import sys; print(sys.executable)')" -m venv $(VENV)

$(INSTALLED): $(VENV)/bin/python $(SOURCES)
	$(BIN)/python -m pip install --quiet $(BUILD_REQUIRES)
	$(BIN)/python -m pip install --quiet --no-build-isolation --prefer-binary --editable '.[$(EXTRAS)]'
	@touch $@
