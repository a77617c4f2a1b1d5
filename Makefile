# make demo, make test: all that a new checkout needs is Python 3.11+ and make.
# The first Python that is new enough; name another with make PYTHON=…
PYTHON ?= $(firstword $(foreach python,python3 python3.13 python3.12 python3.11 python,\
	$(shell $(python) -c 'import sys; sys.version_info >= (3, 11) and print("$(python)")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-all browser chromium nightly benchmark check docs site clean

demo: $(VENV)/.demo
	$(BIN)/onnxfi demo

# Under 3 minutes, without TensorFlow and PyTorch: against references that
# tools/make_references.py recorded.
test: $(VENV)/.test
	$(BIN)/python -m pytest -m "not live and not thorough and not nightly and not browser" --numprocesses auto --dist worksteal

# The thorough tests and the live oracles too: installs TensorFlow and PyTorch, about 3 GB.
test-all: test $(VENV)/.all
	$(BIN)/python -m pytest -m "(live or thorough) and not nightly and not browser" --numprocesses auto --dist worksteal
	@if $(MAKE) --no-print-directory chromium; then $(MAKE) --no-print-directory browser; \
	else echo "The browser tests did not run: Chromium cannot be installed here." >&2; fi

# Opens the reports in headless Chromium: axe, keyboard, phone, paper.
browser: $(VENV)/.browser chromium
	$(BIN)/python -m pytest tests/browser

chromium:
	@test -n "$(CHROMIUM)" || command -v chromium >/dev/null || command -v google-chrome >/dev/null \
		|| (apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium fonts-liberation)

# What takes an hour: every model of the onnx package split at every tensor, and the like.
nightly: $(VENV)/.all
	$(BIN)/python -m pytest -m nightly -rP --numprocesses auto --dist worksteal

# An hour on a quiet machine; with ARGUMENTS=--quick some minutes. Installs what it compares with.
benchmark: $(VENV)/.bench
	$(BIN)/python -m tools.benchmark $(ARGUMENTS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The documentation, while it is written: at http://localhost:8000.
docs: $(VENV)/.docs
	$(BIN)/python -m tools.write_cli_reference
	$(BIN)/zensical serve

# The same in the folder site/; a warning is an error.
site: $(VENV)/.docs
	$(BIN)/python -m tools.write_cli_reference
	$(BIN)/zensical build --strict --clean

# The wheel and the sdist of the last commit in dist/, built twice, compared and checked.
dist: $(VENV)/.release
	$(BIN)/python -m tools.release.build $(ARGUMENTS)

clean:
	rm -rf $(VENV) build dist site *.egg-info onnxfi-demo

# Each mark stands for what is installed, and is older than pyproject.toml when that has changed.
$(VENV)/.demo: EXTRAS = demo
$(VENV)/.test: EXTRAS = test
$(VENV)/.dev: EXTRAS = dev
$(VENV)/.docs: EXTRAS = docs
$(VENV)/.all: EXTRAS = test,oracles
$(VENV)/.bench: EXTRAS = bench
$(VENV)/.browser: EXTRAS = browser
$(VENV)/.release: EXTRAS = release
$(VENV)/.demo $(VENV)/.test $(VENV)/.dev $(VENV)/.docs $(VENV)/.all $(VENV)/.bench $(VENV)/.browser $(VENV)/.release: pyproject.toml $(VENV)/.created
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$(EXTRAS)]"
	touch $@

$(VENV)/.created:
	@test -n "$(PYTHON)" || { echo "onnxfi needs Python 3.11 or newer, and none was found." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	touch $@
