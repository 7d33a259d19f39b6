# Everything a person does with a checkout. `make` alone lists it.

VENV := .venv
PY := $(VENV)/bin/python
# The drivers for PostgreSQL and Redis come along where the environment or .env names one of them.
SCALE := $(if $(DATABASE_URL)$(REDIS_URL),scale,$(shell grep -Eqs '^(DATABASE_URL|REDIS_URL)=.' .env && echo scale))
EXTRAS := $(or $(SCALE),none)
# Variables, because a comma in the text itself would divide the arguments of a call.
WANTED := $(if $(SCALE),[scale])
WANTED_DEV := [scale,dev]
INSTALLED := $(VENV)/.installed-$(EXTRAS)
INSTALLED_DEV := $(VENV)/.installed-dev
PIP := $(PY) -m pip --disable-pip-version-check --no-input -q
# Several versions may be on the path, some of them empty shims: take the first one that runs and is new enough.
PYTHON_CANDIDATES := $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14 python
# Where this is set, every process compiles all of the code again, and a start or a test run takes half as long again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install up test check bench format constraints clean
.DELETE_ON_ERROR:

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-13s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## create .venv and install what the site needs (again only when that changed)

up: $(INSTALLED) ## prepare the site and run it: web server and queue worker, until Ctrl-C
	@exec $(PY) manage.py up

test: $(INSTALLED_DEV) ## run the whole test suite (ARGS="-k name" for a part of it)
	@exec $(PY) -m pytest $(ARGS)

check: $(INSTALLED_DEV) ## lint, format, types, imports, templates, migrations, size budget
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy smartspawn catalog routing runs feedback
	$(VENV)/bin/lint-imports
	$(PY) -m djlint templates --check --lint
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) -m pytest tests/test_repository.py -n 0 -p no:cacheprovider

bench: $(INSTALLED_DEV) ## measure what the site must reach, with the machine beside each figure
	@exec $(PY) -m tests.bench $(ARGS)

format: $(INSTALLED_DEV) ## put the code into the project's format
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .
	$(PY) -m djlint templates --reformat --quiet || true

# Resolved from nothing in a fresh environment, so that what was once tried by hand does not stay pinned.
constraints: ## write .constraints.txt: the newest versions that pyproject.toml allows
	@set -eu; python=$$($(FIND_PYTHON)); work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
	"$$python" -m venv "$$work/venv"; \
	"$$work/venv/bin/python" -m pip --disable-pip-version-check -q install -e '.[scale,dev]'; \
	{ echo "# Written by 'make constraints': the versions that the tests ran with."; \
	  "$$work/venv/bin/python" -m pip --disable-pip-version-check freeze --exclude-editable | LC_ALL=C sort -f; } \
	  > .constraints.txt; \
	echo ".constraints.txt names $$(grep -c == .constraints.txt) packages"

clean: ## remove the environment and caches; data in var/ stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build *.egg-info

# --- how .venv is made --------------------------------------------------------------------------

FIND_PYTHON = for candidate in $(PYTHON_CANDIDATES); do \
	if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	echo "$$candidate"; exit 0; fi; done; \
	echo "Smart Spawn needs Python 3.11 or newer, and none of these is: $(PYTHON_CANDIDATES)." >&2; \
	echo "Install one (Debian, Ubuntu: apt install python3 python3-venv), or name it: make up PYTHON=/path/to/python3" >&2; \
	exit 1

# What an installer says matters only when it fails.
quietly = $(1) >$(VENV)/install.log 2>&1 || { cat $(VENV)/install.log >&2; exit 1; }

$(VENV)/.created:
	@set -eu; \
	if $(PY) -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then touch $@; exit 0; fi; \
	python=$$($(FIND_PYTHON)); \
	echo "Creating $(VENV) with $$("$$python" --version)."; \
	if ! "$$python" -m venv --clear $(VENV) >$(VENV).log 2>&1; then \
	  cat $(VENV).log >&2; rm -rf $(VENV) $(VENV).log; \
	  echo "This Python cannot make virtual environments. Debian, Ubuntu: apt install python3-venv" >&2; exit 1; fi; \
	rm -f $(VENV).log; touch $@

$(INSTALLED): $(VENV)/.created pyproject.toml .constraints.txt
	@echo "Installing packages into $(VENV); this takes about a minute, once."
	@$(call quietly,$(PIP) install -c .constraints.txt -e '.$(WANTED)')
	@touch $@

$(INSTALLED_DEV): $(VENV)/.created pyproject.toml .constraints.txt
	@echo "Installing packages for development into $(VENV); this takes about two minutes, once."
	@$(call quietly,$(PIP) install -c .constraints.txt -e '.$(WANTED_DEV)')
	@touch $@ $(VENV)/.installed-none $(VENV)/.installed-scale
