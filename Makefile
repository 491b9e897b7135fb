# `make run` is all that a user needs; `make help` lists the rest.
# Nothing but make and Python 3.11 or newer has to be there: everything is installed into .venv.

VENV := .venv
PYTHON ?=#          the Python to make .venv with, if not the first one found
PORT ?= 8501
ADDRESS ?= 127.0.0.1

EMBEDDED := checkpoints/crr-embedded
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check

# Idle threads spin for microseconds only and then sleep: as fast as spinning on a quiet machine, and as kind as
# sleeping on a busy one.
export GOMP_SPINCOUNT ?= 20000

# A finished installation leaves a stamp, named after the content of the files it was made from and the place it
# was made for. So the second run is quick, a changed file installs again, and an interrupted run leaves no stamp.
digest = $(firstword $(shell { pwd; cat $(1); } | cksum))
RUNTIME := $(VENV)/installed-$(call digest,requirements.txt constraints.txt pyproject.toml tools/venv.sh tools/opencv.sh)
DEVELOPMENT := $(VENV)/developing-$(call digest,requirements-dev.txt constraints.txt)

.PHONY: help
help:  ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

.PHONY: run
run: $(RUNTIME)  ## start the workbench on http://localhost:8501 (PORT=, ADDRESS=0.0.0.0 to share it)
	@$(PY) -m streamlit run streamlit_app.py --server.port $(PORT) --server.address $(ADDRESS)

.PHONY: test
test: $(DEVELOPMENT)  ## run all tests, the fast ones first, then those in a Chromium
	@$(PY) tools/chromium.py
	@$(PY) -m pytest

.PHONY: lint
lint: $(DEVELOPMENT)  ## check formatting, style, types, and who imports whom
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-logo

.PHONY: format
format: $(DEVELOPMENT)  ## format the code and mend what can be mended
	@$(PY) -m ruff format
	@$(PY) -m ruff check --fix

.PHONY: benchmark
benchmark: $(DEVELOPMENT)  ## print the figures of the README on speed
	@$(PY) benchmarks/inference.py
	@$(PY) benchmarks/training.py
	@$(PY) tools/chromium.py
	@$(PY) benchmarks/comparing.py --browser

.PHONY: checkpoint
checkpoint: $(RUNTIME)  ## train checkpoints/crr-embedded again (DATA=folder of the data set)
	@test -n "$(DATA)" || { echo "Name the data set: make checkpoint DATA=/path/to/data" >&2; exit 1; }
	@cp $(EMBEDDED)/README.md $(VENV)/embedded-card.md  # written by hand; training would replace it
	$(PY) -m crr train --preset embedded --data "$(DATA)" --out $(EMBEDDED) --overwrite
	@mv $(VENV)/embedded-card.md $(EMBEDDED)/README.md
	$(PY) -m crr evaluate --model $(EMBEDDED) --data "$(DATA)" --card

train_baseline = $(PY) -m crr train --data "$(DATA)" --out checkpoints/$(1)-embedded --overwrite $(2)

.PHONY: baselines
baselines: $(RUNTIME)  ## train what the embedded checkpoint is compared with (DATA=folder of the data set)
	@test -n "$(DATA)" || { echo "Name the data set: make baselines DATA=/path/to/data" >&2; exit 1; }
	$(call train_baseline,autoencoder,--method autoencoder)
	$(call train_baseline,masked,--method autoencoder --masking 0.4 --dropout 0.4)
	$(call train_baseline,repair,--segmentation none)
	$(call train_baseline,dinomaly,--method dinomaly)
	$(call train_baseline,rd,--method rd)
	$(call train_baseline,uniad,--method uniad)
	$(call train_baseline,gaussian,--method gaussian)
	$(call train_baseline,padim,--method padim)
	$(call train_baseline,patchcore,--method patchcore)

.PHONY: clean
clean:  ## remove caches and build leftovers (.venv stays)
	@rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(RUNTIME):
	@PYTHON="$(PYTHON)" sh tools/venv.sh $(VENV)
	@echo "Installing into $(VENV): on Linux about 6 GB, most of it PyTorch. This takes minutes once, and nothing later."
	@rm -f $(VENV)/installed-*
	@$(PIP) install --requirement requirements.txt --constraint constraints.txt
	@$(PIP) install --quiet --no-deps --editable .
	@sh tools/opencv.sh $(PY)
	@touch $@

$(DEVELOPMENT): $(RUNTIME)
	@rm -f $(VENV)/developing-*
	@$(PIP) install --quiet --requirement requirements-dev.txt --constraint constraints.txt
	@touch $@
