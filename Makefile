# The two commands you need are `make run` and `make test`; the rest is for those who change the code.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test lint check bench eval lock clean

run: $(STAMP)
	@$(BIN)/vedette run --tour

test: $(STAMP)
	@$(BIN)/python -m pytest -n auto -m "not slow"

lint: $(STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint
	@$(BIN)/python -m pytest -n auto -m "not kill and not postgres and not slow"

bench: $(STAMP)
	@$(BIN)/python -m bench

eval: $(STAMP)
	@$(BIN)/python -m bench.eval

# Dependencies come hash-locked; uv is used where it is installed, pip otherwise.
$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) scripts/install.py $(VENV) requirements/dev.txt
	@touch $@

lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header -q \
		-p 3.11 pyproject.toml -o requirements/run.txt
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header -q \
		-p 3.11 pyproject.toml --group dev -o requirements/dev.txt

clean:
	rm -rf $(VENV) var dist build .mypy_cache .ruff_cache .pytest_cache
