# `make run` is all that a user needs; `make help` lists the rest.
# Nothing but make and Python 3.11 (newer ones were not tried) has to be there: everything is installed into .venv.

VENV := .venv
PYTHON ?=#          the Python to make .venv with, if not the first one found
PORT ?= 8501
ADDRESS ?= 127.0.0.1

PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check

# Idle threads spin for microseconds only and then sleep: as fast as spinning on a quiet machine, and as kind as
# sleeping on a busy one.
export GOMP_SPINCOUNT ?= 20000

# A finished installation leaves a stamp, named after the content of the files it was made from and the place it
# was made for. So the second run is quick, a changed file installs again, and an interrupted run leaves no stamp.
digest = $(firstword $(shell { pwd; cat $(1); } | cksum))
LOCKS := locks/workbench.txt locks/torch.txt locks/build.txt
RUNTIME := $(VENV)/installed-$(call digest,$(LOCKS) locks/headless.txt pyproject.toml tools/venv.sh tools/opencv.sh)
DEVELOPMENT := $(VENV)/developing-$(call digest,$(LOCKS) locks/development.txt)
# What looks at the others has an environment of its own, so that it neither changes nor counts as what it looks at.
TOOLS := $(VENV)/tools
AUDITING := $(VENV)/auditing-$(call digest,locks/audit.txt locks/uv.txt)
# $(call install,PYTHON,LOCKS): pip takes no file whose SHA-256 does not stand in one of these locks.
install = $(1) -m pip --disable-pip-version-check install --require-hashes $(addprefix --requirement ,$(2))

.PHONY: help
help:  ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

# Whoever shares the workbench knows by what names it is reached; this machine has those of .streamlit/config.toml.
HOSTS := $(if $(filter 127.0.0.1 localhost,$(ADDRESS)),,--server.allowedHosts "*")

.PHONY: run
run: $(RUNTIME)  ## start the workbench on http://localhost:8501 (PORT=, ADDRESS=0.0.0.0 to share it)
	@$(PY) -m streamlit run server.py --server.port $(PORT) --server.address $(ADDRESS) $(HOSTS)

.PHONY: install
install: $(RUNTIME)  ## only install, into .venv

.PHONY: test
test: $(DEVELOPMENT)  ## run all tests, those in a Chromium last, and print the ten slowest
	@$(PY) tools/chromium.py
	@$(PY) -m pytest --durations=10

MINUTES ?= 10
.PHONY: fuzz
fuzz: $(DEVELOPMENT)  ## look for files, tables, folders and settings that break something (MINUTES=10)
	@end=$$(($$(date +%s) + 60 * $(MINUTES))); while [ $$(date +%s) -lt $$end ]; do \
	    FUZZ=long $(PY) -m pytest tests/fuzz --quiet || exit 1; done

ATTACK ?=
.PHONY: attack
attack: $(DEVELOPMENT)  ## attack a workbench as strangers would, and say what held (ATTACK="strips --scale 0.1")
	@$(PY) -m tests.attack $(ATTACK)

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
benchmark: $(DEVELOPMENT)  ## print the figures of docs/benchmarks.md
	@$(PY) benchmarks/inference.py
	@$(PY) benchmarks/training.py
	@$(PY) benchmarks/decoding.py
	@$(PY) tools/chromium.py
	@$(PY) benchmarks/comparing.py --browser
	@$(PY) -m benchmarks.layers --browser
	@$(PY) -m benchmarks.pages
	@$(PY) -m benchmarks.crowd

# Categories whose photos may be passed on (checkpoints/crr-embedded/normals/SOURCES.md), and models whose answers
# are painted to measure the painter.
SHOWN := ballscrew deeppcb mvtec_bottle mvtec_screw
PAINTED := autoencoder-embedded,masked-embedded,repair-embedded,crr-embedded

# $(call train_again,NAME,OPTIONS): trains checkpoints/NAME-embedded as `crr train OPTIONS` does and measures it. Its card
# is written by hand, but for the tables: training would replace it.
define train_again
	@test -n "$(DATA)" || { echo "Name the data set: make $@ DATA=/path/to/data PAIRS=/path/to/pairs" >&2; exit 1; }
	@cp checkpoints/$(1)-embedded/README.md $(VENV)/$(1)-card.md
	$(PY) -m crr train --data "$(DATA)" --out checkpoints/$(1)-embedded --overwrite --normals 0 $(2)
	@mv $(VENV)/$(1)-card.md checkpoints/$(1)-embedded/README.md
	$(PY) -m crr evaluate --model $(1)-embedded --data "$(DATA)" --card
	$(PY) -m crr identity --model $(1)-embedded --data "$(DATA)" $(if $(PAIRS),--pairs "$(PAIRS)") --card
endef

.PHONY: checkpoint
checkpoint: $(RUNTIME)  ## train checkpoints/crr-embedded again (DATA=data set, PAIRS=defects with clean twins)
	$(call train_again,crr,--preset embedded)
	$(PY) -m crr normals --model crr-embedded --data "$(DATA)" $(addprefix --category ,$(SHOWN))

.PHONY: inversion
inversion: $(RUNTIME)  ## train checkpoints/inversion-embedded again, which paints pictures of features (DATA=)
	@test -n "$(DATA)" || { echo "Name the data set: make $@ DATA=/path/to/data" >&2; exit 1; }
	$(PY) -m crr train-inversion --data "$(DATA)" --out checkpoints/inversion-embedded --overwrite
	$(PY) -m crr evaluate-inversion --data "$(DATA)" --models $(PAINTED) --card

.PHONY: baselines
baselines: $(RUNTIME)  ## train what the embedded checkpoint is compared with (DATA=, PAIRS= likewise)
	$(call train_again,autoencoder,--method autoencoder)
	$(call train_again,masked,--method autoencoder --masking 0.4 --dropout 0.4)
	$(call train_again,repair,--segmentation none)
	$(call train_again,dinomaly,--method dinomaly)
	$(call train_again,rd,--method rd)
	$(call train_again,uniad,--method uniad)
	$(call train_again,gaussian,--method gaussian)
	$(call train_again,padim,--method padim)
	$(call train_again,patchcore,--method patchcore)

.PHONY: lock
lock: $(AUDITING)  ## write locks/ anew, after a change of constraints.txt or of a requirements file
	@$(TOOLS)/bin/python tools/lock.py

.PHONY: audit
audit: $(AUDITING)  ## ask whether a weakness is known of what is installed
	@$(TOOLS)/bin/python tools/audit.py

.PHONY: sbom
sbom: $(RUNTIME) $(AUDITING)  ## list what is installed, with licences, as CycloneDX JSON in sbom.json
	@$(TOOLS)/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application --output-reproducible \
	    --output-format JSON --output-file sbom.json $(PY)

.PHONY: clean
clean:  ## remove caches and build leftovers (.venv stays)
	@rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(RUNTIME):
	@PYTHON="$(PYTHON)" sh tools/venv.sh $(VENV)
	@echo "Installing into $(VENV): on Linux about 6 GB, most of it PyTorch. This takes minutes once, and nothing later."
	@rm -f $(VENV)/installed-*
	@$(call install,$(PY),$(LOCKS))
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@sh tools/opencv.sh $(PY)
	@touch $@

$(DEVELOPMENT): $(RUNTIME)
	@rm -f $(VENV)/developing-*
	@$(call install,$(PY),$(LOCKS) locks/development.txt) --quiet
	@touch $@

$(AUDITING):
	@PYTHON="$(PYTHON)" sh tools/venv.sh $(VENV)
	@rm -rf $(VENV)/auditing-* $(TOOLS)
	@$(PY) -m venv $(TOOLS)
	@$(call install,$(TOOLS)/bin/python,locks/audit.txt locks/uv.txt) --quiet
	@touch $@
