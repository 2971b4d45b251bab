# Everything a developer types. The work is done by small scripts: .ci/ (checks), tests/lab/ (a real cluster), tests/bench/ (figures).
# Logs of every step: build/logs.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
VENV := .venv/bin

.PHONY: help
help: ## show this list
	@echo 'make demo   brings up a real cluster with HiveMQ brokers; make test   runs every test. All targets:'
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: venv venv-newest
venv: ## Python 3.11 with ansible-core 2.19 and all tools, in .venv
	@.ci/venv .venv 3.11 requirements-dev.txt
venv-newest: ## Python 3.13 with the newest ansible-core, in .venv-newest
	@.ci/venv .venv-newest 3.13 requirements-newest.txt

.PHONY: test lint sanity test-unit test-simulation build test-installed test-molecule test-integration
test: ## everything: lint, unit, installed, sanity, molecule, integration
	@.ci/test
lint: ## ruff, mypy, yamllint, ansible-lint (production, no ignores), changelog, generated files
	@.ci/test lint
sanity: ## ansible-test sanity with ansible-core 2.19 and the newest
	@.ci/test sanity
test-unit: ## unit tests on both Pythons; ARGS go to pytest
	@.ci/unit $(ARGS)
test-simulation: ## simulated runs with injected faults; ARGS go to pytest
	@SIMULATION_RUNS=$${SIMULATION_RUNS:-400} .ci/unit --simulation $(ARGS)
build: ## the collection's tarball, in build/dist
	@.ci/build
test-installed: ## playbooks and modules from the installed tarball
	@.ci/test installed
test-molecule: venv ## scenarios on a real cluster; SCENARIO=name runs one
	@tests/molecule $(SCENARIO)

test-integration: ## playbooks as a user runs them, right and wrong, on that cluster
	@.ci/test integration

.PHONY: generate check-generated
generate: venv ## write the generated files: CRD of the role, tables of the READMEs
	@$(VENV)/python .ci/generate.py
check-generated: venv ## fail if a generated file is out of date
	@$(VENV)/python .ci/generate.py --check

.PHONY: demo lab-up lab-down bench-ansible bench-core
demo: venv ## the main job, end to end, on a cluster in this machine's Docker
	@tests/lab/demo
lab-up: venv ## that cluster only: kind, load balancer, storage, images
	@tests/lab/up
lab-down: ## remove it
	@tests/lab/down
bench-ansible: venv ## second run of the playbooks against kubernetes.core.k8s: time and API calls
	@$(VENV)/python tests/bench/ansible_apply.py
bench-core: venv ## validation and objects of one resource against helm template; HELM_CHART names the vendor's chart
	@$(VENV)/python tests/bench/core.py
