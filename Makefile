# Every target works on a fresh Debian machine with Python 3.11, make and git; what it
# needs is installed first, and only once. `make test ARGS="-k upgrade -x"` passes
# arguments on to pytest.

SHELL := /bin/bash
BIN := .venv/bin

# Also `make bench ARGS="speed --rounds 3"`.
.PHONY: help test bench demo lint types docs check clean environment servers original rivals

help:
	@echo "make test    run the tests on SQLite, PostgreSQL and MariaDB"
	@echo "make bench   measure beside other tools: crowds, kills, speed, commands ..."
	@echo "make demo    watch a small shop migrate its database"
	@echo "make lint    style, and the layers of the design"
	@echo "make types   mypy, and whether every public name has a type"
	@echo "make docs    build the documentation"
	@echo "make check   all of these"
	@echo "make clean   remove everything that was made here"

test: environment servers original
	@# Two at once, each with servers of its own; a file stays in one piece.
	@$(BIN)/pytest --numprocesses 2 --dist loadfile $(ARGS)

bench: environment servers original rivals
	@$(BIN)/python -m benchmarks $(or $(ARGS),all)

demo: environment
	@$(BIN)/python scripts/demo

lint: environment
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports

types: environment
	@$(BIN)/mypy
	@# Pyright asks the first Python on PATH what is installed. Without ours it would
	@# look at the stubs of Flask-Migrate that it brings along.
	@PATH="$(CURDIR)/$(BIN):$$PATH"; \
	    found=$$(pyright --verifytypes flask_migrate --ignoreexternal) \
	    || { echo "$$found"; exit 1; }; \
	    echo "$$found" | grep --after-context=2 "Type completeness"

docs: environment
	@$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs docs/_build/html
	@echo "The documentation is in docs/_build/html/index.html."

# The tests come last, so that their summary is the last thing on the screen.
check: lint types docs demo
	@$(MAKE) --no-print-directory test

clean:
	rm -rf .venv .venvs build dist docs/_build
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests examples -name __pycache__ -prune -exec rm -rf {} +

environment:
	@scripts/environment

servers: environment
	@scripts/servers

original: environment
	@scripts/original-environment

rivals: environment
	@scripts/rival-environment
