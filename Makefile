# Each target calls a program a person can run as well. `make help` lists them.
PYTHON ?= python3
VPY = .venv/bin/python

.DEFAULT_GOAL = help
.PHONY: help setup demo test test-long test-mpy test-device bench proof stage flash monitor backup restore
.PHONY: lint format cover clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' Makefile | while read -r name text; do printf '  %-11s %s\n' "$$name" "$$text"; done

setup:  ## all that the other targets need, into .venv and build/ (each runs it by itself)
	@$(PYTHON) tools/prepare.py

demo: setup  ## a live dashboard of a simulated meter, through the real firmware
	@$(VPY) -m tools.demo $(ARGS)

test:  ## lint and the tests, on CPython and both MicroPythons (under 5 minutes on 2 cores)
	@$(PYTHON) tools/prepare.py --tests
	@$(VPY) -m tools.check

test-long: setup  ## hours of the fault timeline, on CPython and MicroPython (2 minutes more)
	@$(VPY) -m tools.check long

test-mpy: setup  ## only tests/both, under both MicroPythons
	@$(VPY) -m tools.check mpy

test-device: setup  ## check a module that has the firmware (PORT=/dev/ttyUSB0)
	@$(VPY) -m tests.device --port "$(PORT)" $(ARGS)

flash: setup  ## all onto a module (PORT=... BOARD=dabbler [IMAGE=file] [ARGS=--download])
	@$(VPY) -m tools.mepctl flash --port "$(PORT)" --board "$(BOARD)" $(if $(IMAGE),--image "$(IMAGE)") $(ARGS)

monitor: setup  ## print what a module says (PORT=...)
	@$(VPY) -m tools.mepctl monitor --port "$(PORT)" $(ARGS)

backup: setup  ## keep a module's files, secrets too (PORT=... DIR=...)
	@$(VPY) -m tools.mepctl backup "$(DIR)" --port "$(PORT)" $(ARGS)

restore: setup  ## give them back (PORT=... DIR=...)
	@$(VPY) -m tools.mepctl restore "$(DIR)" --port "$(PORT)" $(ARGS)

bench: setup  ## measure reads a second, digest speed, memory
	@$(VPY) -m tools.bench $(ARGS)

proof: setup  ## the long proofs; `make test` has a short form of each
	@$(VPY) -m tools.proof $(ARGS)

stage: setup  ## compile the device's code to build/stage/ARCH (ARCH=xtensawin)
	@$(VPY) -m tools.stage --arch $(or $(ARCH),xtensawin)

lint: setup  ## check style and format
	@$(VPY) -m ruff check . && $(VPY) -m ruff format --check .

format: setup  ## put the sources into the house format
	@$(VPY) -m ruff check --fix . && $(VPY) -m ruff format .

cover: setup  ## which lines the tests reach
	@$(VPY) -m coverage run --data-file=build/coverage -m pytest -q
	@$(VPY) -m coverage report --data-file=build/coverage

clean:  ## remove all that setup and tests made
	@rm -rf .venv build .pytest_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
