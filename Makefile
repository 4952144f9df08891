# The daily commands. On a fresh machine only Python >= 3.11 with venv, make and the package registries are needed.
#
#   make demo    a server with demo data on http://127.0.0.1:8000   (PORT=… DATA=… BIND=… override)
#   make test    the whole test suite: vitest first, pytest's summary last
#   make check   format, lint, types, import contracts, translations, docs
#   make bench   all benchmarks, or one: make bench BENCH=admit
#   make soak    the same tests with big counts, for hours
#   make setup   everything the others need, without running them

PORT ?= 8000
BIND ?= 127.0.0.1
DATA ?= data/demo
BENCH ?=
WORKERS ?= 2

VENV := .venv
PY := $(VENV)/bin/python
NODE := $(PY) tools/node.py -C terminal

# Stamps say what is done; each depends on what would make it stale.
RUN_STAMP := $(VENV)/.paifang-run
DEV_STAMP := $(VENV)/.paifang-dev
SHELL_BUILT := paifang/web/desk/static/terminal/.vite/manifest.json
NODE_MODULES := terminal/node_modules/.package-lock.json
FONTS := paifang/services/desk/paper/fonts/NotoSansSC_400Regular.ttf
STRINGS := terminal/src/strings.json
PO := $(wildcard paifang/locale/*/LC_MESSAGES/django.po)
MO := $(PO:.po=.mo)
SHELL_SOURCES := $(shell find terminal/src -type f 2>/dev/null) $(wildcard terminal/*.ts terminal/*.html terminal/*.json) \
  paifang/web/desk/static/desk/tokens.css

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test check bench soak assets wheel packages clean

help:
	@sed -n 's/^#   //p' Makefile

# --- the environment ---------------------------------------------------------------------------------------------------

$(PY):
	@found=; for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    found="$$python"; break; fi; done; \
	if [ -z "$$found" ]; then echo "Python 3.11 or newer with venv is needed (Debian: apt-get install python3-venv)" >&2; \
	  exit 1; fi; \
	echo "environment: $(VENV), by $$($$found --version)"; "$$found" -m venv $(VENV)

$(RUN_STAMP): pyproject.toml | $(PY)
	@echo "installing Python packages into $(VENV) …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[build]'
	@touch $@

$(DEV_STAMP): pyproject.toml | $(PY)
	@echo "installing Python packages into $(VENV) …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(RUN_STAMP) $@

# --- what is built, not committed --------------------------------------------------------------------------------------

%.mo: %.po $(RUN_STAMP)
	$(VENV)/bin/pybabel --quiet compile --input-file=$< --output-file=$@ \
	  --locale=$(notdir $(patsubst %/LC_MESSAGES/,%,$(dir $<)))

$(STRINGS): $(PO) paifang/core/reasons.py tools/terminal_strings.py $(shell find terminal/src -name '*.ts' -o -name '*.svelte' 2>/dev/null) $(RUN_STAMP)
	$(PY) tools/terminal_strings.py

$(NODE_MODULES): terminal/package.json terminal/package-lock.json $(RUN_STAMP)
	$(NODE) npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(SHELL_BUILT): $(NODE_MODULES) $(STRINGS) $(SHELL_SOURCES)
	$(NODE) npm run --silent build
	@touch $@

$(FONTS): $(NODE_MODULES) tools/paper_fonts.py
	$(PY) tools/paper_fonts.py
	@touch $@

assets: $(MO) $(SHELL_BUILT) $(FONTS)

setup: $(DEV_STAMP) assets packages

wheel: assets $(DEV_STAMP)
	$(PY) -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

# Debian packages the tests need: installed when root, otherwise named.
packages: $(DEV_STAMP)
	@$(PY) tools/debian_packages.py

# --- the commands ------------------------------------------------------------------------------------------------------

demo: $(RUN_STAMP) assets
	$(VENV)/bin/paifang demo --data $(DATA) --bind $(BIND):$(PORT)

# A file's tests share one worker: they share its servers, and never meet in the same directory or name. Files are
# begun in the order of tests/conftest.py, the long ones first; what took longest is told.
test: setup
	$(NODE) npm run --silent test
	$(PY) -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder \
	  --durations=40 --durations-min=5 \
	  --cov=paifang/core --cov=paifang/ledger --cov=paifang/sync --cov-fail-under=100

check: $(DEV_STAMP) assets
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo
	$(PY) -m codespell_lib --toml pyproject.toml
	$(PY) -m deptry .
	$(PY) -m djlint --check --lint --quiet paifang/web/desk/templates
	$(PY) tools/check_translations.py
	$(PY) -m django makemigrations --check --dry-run --settings=paifang.runtime.django_settings
	$(PY) -m django check --deploy --fail-level=WARNING --settings=paifang.runtime.django_settings
	$(NODE) npm run --silent check
	$(PY) -m pytest --quiet -p no:randomly tests/test_tidy.py tests/test_rooms.py tests/test_docs.py tests/test_docs_commands.py

bench: $(DEV_STAMP) assets
	@$(PY) -m bench $(BENCH)

soak: setup
	PAIFANG_SOAK=1 $(PY) -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder --timeout=0 -m 'soak or kill or http'

clean:
	rm -rf $(SHELL_BUILT) $(MO) $(STRINGS) $(dir $(FONTS)) terminal/node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
