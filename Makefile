# The chores, each by its name. `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
CAMPAIGN := scripts/test --campaign-scale=full --timeout=0

.PHONY: help setup demo test check bench bench-pi bench-install bench-arm lock vectors announcements \
        campaign-kill campaign-power campaign-chaos campaign-tamper campaign-joins campaign-hearing campaign-day campaign-offline campaign-hostile

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make this clone ready
	@scripts/setup

demo: ## show the whole story once, on a simulated body
	@scripts/demo

test: ## run the tests, campaigns as samples
	@scripts/test

check: setup ## read the code: style, format, types, import contracts
	@scripts/check

bench: setup ## measure capture, evidence, memory, provisioning and transfer
	@for file in scripts/bench/[a-z]*.py; do \
	  name=$$(basename "$$file" .py); echo "== $$name"; $(PYTHON) -m "scripts.bench.$$name" || exit 1; \
	done

campaign-kill: ## kill processes and cut the power at every step, full size
	@$(CAMPAIGN) tests/power

campaign-power: ## cut the power at 250 instants of a recording, a push and a release, full size
	@$(CAMPAIGN) -s tests/power/test_power_cuts.py

campaign-chaos: ## slow, cut and restart the broker and the desk, full size
	@$(CAMPAIGN) tests/wire

campaign-tamper: ## flip, drop, reorder, replay every class of byte, full size
	@$(CAMPAIGN) tests/tamper

campaign-joins: ## record over many segment joins, count every frame, full size
	@$(CAMPAIGN) tests/story

campaign-hearing: ## hear the announcement in rooms and noise, and nothing else, full size
	@$(CAMPAIGN) tests/hearing

campaign-offline: ## attack a card in hand, and dock honest ones a thousand times, full size
	@$(CAMPAIGN) -s tests/offline

campaign-hostile: ## fill the medium, step the clock, search the card, switch off, full size
	@$(CAMPAIGN) tests/hostile

campaign-day: ## record 24 virtual hours with drift, losses and clock steps, full size
	@$(CAMPAIGN) -s tests/campaign

bench-pi: setup ## run the Pi's real stacks without a Pi: camera tier, emulated Pi 3, installed recorder in a VM
	@scripts/bench_pi/camera/run
	@scripts/bench_pi/overlays/run
	@scripts/bench_pi/machine/run
	@scripts/bench_pi/overlays/validate

bench-install: setup ## run the installer to its end twice in Debian 12 and 13; downloads
	@scripts/bench_pi/install/run

bench-arm: setup ## install every dependency of the device on emulated aarch64; downloads
	@scripts/bench_pi/aarch64

vectors: setup ## make the evidence test vectors again; no diff means nothing changed
	@$(PYTHON) -m scripts.make_vectors

announcements: setup ## render the built-in announcements again; no diff means nothing changed
	@$(PYTHON) -m scripts.render_announcements

lock: setup ## resolve pyproject.toml again and write the hashed locks
	@scripts/lock
