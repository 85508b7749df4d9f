# `make help` tells what there is. Each target is a thin door to a script or to cargo.
.DEFAULT_GOAL := help
.PHONY: help run test check bench prove sbom

LISTEN ?= 127.0.0.1:3000

help: ## what there is
	@echo "Tidings: make TARGET"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-7s %s\n", $$1, $$2 }' Makefile

run: ## build the hub and start it for trying out (LISTEN=127.0.0.1:3000)
	@scripts/run.sh "$(LISTEN)"

test: ## everything; installs what the tests need (ONLY="tidy e2e" runs some stages)
	@scripts/test.sh $(ONLY)

check: ## quick, before a commit: format, lints, unit tests, tidy; installs nothing
	@scripts/check.sh

bench: ## memory and speed on this machine, against the floor (ARGS="--help" tells what else)
	@scripts/bench.sh $(ARGS)

prove: ## the proofs at full size, written to docs/evidence (ONLY="prove_drain" runs some)
	@scripts/prove.sh $(ONLY)

sbom: ## what the hub and the clients consist of, as CycloneDX in target/sbom
	@scripts/sbom.sh
