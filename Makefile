# titanic-batch: one command each. `make` prints them. All that they need is Python >= 3.11 and make.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# BentoML counts its users unless it is told not to.
export BENTOML_DO_NOT_TRACK := true

# One more than there are CPUs: many tests wait, for processes or for the disk.
TESTERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# When make started: its time includes the install.
STARTED := $(shell date +%s)

# What starts few processes and trains little, of every room.
QUICK := $(addprefix tests/,alignment/test_[a-r]*.py chunk predict scoring serving sinks \
	sources/test_csv_[fh]*.py sources/test_[eps]*.py publish/test_[lmoprv]*.py \
	jobs/test_[bdgjlopr]*.py schema/test_d*.py training/test_s*.py models/test_[st]*.py \
	cli/test_help.py)

# A stamp's name holds a checksum of the lock file and of pyproject.toml: any change to them, a
# switch of branches too, installs again, and nothing else does.
RUNTIME_STAMP := $(VENV)/.installed-runtime-$(shell cat requirements.lock pyproject.toml | cksum | cut -d' ' -f1)
DEV_STAMP     := $(VENV)/.installed-dev-$(shell cat requirements-dev.lock pyproject.toml | cksum | cut -d' ' -f1)

PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet

# One lock for every platform and Python version, with hashes and without addresses. Versions stay
# as they are unless pyproject.toml asks for others; `make lock UPGRADE=--upgrade` takes the newest.
UPGRADE ?=
COMPILE := $(BIN)/uv pip compile pyproject.toml --no-config --quiet --universal --fork-strategy fewest \
	--python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
	--extra bentoml --extra skops --extra report $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help score test test-quick test-services lint format serve bento-test bench faults lock clean
.NOTPARALLEL:

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

score: $(RUNTIME_STAMP) ## train the reference model if there is none, and score sample_data
	@$(BIN)/titanic-batch models show titanic_model:latest >/dev/null 2>&1 || $(BIN)/titanic-batch models train
	@mkdir -p scored
	$(BIN)/titanic-batch score sample_data/passengers.csv scored/passengers.parquet

serve: $(RUNTIME_STAMP) ## the same model online: http://localhost:3000
	@$(BIN)/titanic-batch models show titanic_model:latest >/dev/null 2>&1 || $(BIN)/titanic-batch models train
	$(BIN)/bentoml serve titanic_batch.service:TitanicService

test: lint ## lint, then the whole test suite; prints its time
	$(BIN)/python -m pytest -n $(TESTERS) --dist worksteal
	@echo "make test took $$(( $$(date +%s) - $(STARTED) )) seconds"

test-quick: $(DEV_STAMP) ## some tests of every room, in less than a minute
	$(BIN)/python -m pytest -q -n $(TESTERS) --dist worksteal $(QUICK)
	@echo "make test-quick took $$(( $$(date +%s) - $(STARTED) )) seconds"

test-services: $(DEV_STAMP) ## what needs a browser; installs Debian's chromium if there is none
	@command -v chromium >/dev/null || $(install-chromium)
	TEST_SERVICES=1 $(BIN)/python -m pytest tests/services

lint: $(DEV_STAMP) ## ruff, mypy, import layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV_STAMP) ## put the code into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bento-test: $(DEV_STAMP) ## pack the service and the command, and run both in environments of their own
	PACKAGING=fresh $(BIN)/python -m pytest tests/service/test_packaging.py tests/docs/test_serving.py

bench: $(DEV_STAMP) ## titanic-batch beside the script that one would write by hand
	$(BIN)/python -m bench

faults: $(DEV_STAMP) ## kill, interrupt and starve real runs, try random models; print promise, cases, failures
	$(BIN)/python -m tests.faults

lock: $(DEV_STAMP) ## write the lock files anew from pyproject.toml
	$(COMPILE) --group build -o requirements.lock
	$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock
	@! grep -nE 'https?://|file://' requirements.lock requirements-dev.lock

clean: ## remove what the other commands made, the virtual environment too
	rm -rf $(VENV) scored dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

define install-chromium
{ command -v apt-get >/dev/null || { \
	echo "make: test-services needs chromium on the PATH; install it as your system does" >&2; exit 1; }; \
  [ "$$(id -u)" = 0 ] || { \
	echo "make: test-services needs chromium, and only root may install it: run 'apt-get install chromium' as root first" >&2; exit 1; }; \
  echo "installing chromium ..."; \
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	chromium fonts-dejavu-core >/dev/null; } || { \
	echo "make: test-services could not install chromium; see what apt-get says above" >&2; exit 1; }; }
endef

# A virtual environment that was left half-made, or whose Python is gone, is made anew.
define make-venv
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "make: titanic-batch needs Python 3.11 or later, but '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true); try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; \
	exit 1; }
@$(BIN)/python -c 'import pip' 2>/dev/null || { \
	echo "making $(VENV) with $$($(PYTHON) --version) ..."; $(PYTHON) -m venv --clear $(VENV); }
@rm -f $(VENV)/.installed-*
endef

$(RUNTIME_STAMP):
	$(make-venv)
	@echo "installing the locked packages (a few minutes the first time) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

# The dev lock holds all of the runtime lock, so it stands for both.
$(DEV_STAMP):
	$(make-venv)
	@echo "installing the locked packages, tests' and linters' too (a few minutes the first time) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $(RUNTIME_STAMP) $@
