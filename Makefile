# `make` lists the targets. Everything they create is in this folder: .venv, .aws-sam, .demo.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
READY := .venv/.ready
PYTHON_FOLDERS := $(wildcard functions instance_scripts local_cloud tests tools)
BENCH := PYTHONPATH=functions:instance_scripts:. $(BIN)/python -m tools.bench
SHELL_PROGRAM := PYTHONPATH=instance_scripts $(BIN)/python -m repo_backup
STACK_OPTION = $(if $(STACK),--stack $(STACK))
# Bytecode is kept in one folder, not beside the sources. Without it, each process compiles the SDK anew: two seconds.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup check run-now sam-local test-events patterns reference pictures lock demo demo-interruption test coverage browser lint \
	github-api fmt bench bench-functions bench-page fault-matrix release policies scan clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## Create .venv with everything that development needs

$(READY): requirements-dev.txt local_cloud/setup.sh
	@bash local_cloud/setup.sh

demo: setup ## Run a complete backup on an embedded cloud (OWNER=name: of that GitHub account)
	@PYTHONPATH=instance_scripts PATH="$(CURDIR)/$(BIN):$$PATH" exec $(BIN)/python -m local_cloud.demo $(if $(OWNER),--owner $(OWNER)) $(DEMO_OPTIONS)

demo-interruption: setup ## Show how AWS reclaims the instance during a run, and the next attempt continues
	@PYTHONPATH=instance_scripts PATH="$(CURDIR)/$(BIN):$$PATH" exec $(BIN)/python -m local_cloud.demo.interruption

check: setup ## Check whether a deployed stack is in order (STACK=name)
	@$(SHELL_PROGRAM) check $(STACK_OPTION) || test $$? = 3  # 3: action is needed, as shown above

run-now: setup ## Start a backup of a deployed stack, and follow it (STACK=name)
	@$(SHELL_PROGRAM) run-now $(STACK_OPTION)

sam-local: setup ## Invoke a function in docker with EVENT=manual_check or any file of events/, against an embedded cloud
	@PYTHONPATH=functions:instance_scripts:. $(BIN)/python -m local_cloud.sam_local $(or $(EVENT),manual_check)

test-events: setup ## Save the manual events in the Lambda console as shareable events (STACK=name)
	@for event in events/manual*.json; do \
		name=$$(basename "$$event" .json); \
		$(BIN)/sam remote test-event put LauncherFunction $(if $(STACK),--stack-name $(STACK)) --force --name "$${name//_/-}" --file "$$event"; \
	done

test: lint ## Run the linters, then all tests
	@TIMEFORMAT='%U + %S CPU seconds'; time $(BIN)/pytest -q -n auto --dist loadfile --durations 10 $(PYTEST_OPTIONS)

browser: setup ## Test the page in the machine's Chromium, with axe
	@$(BIN)/uv pip install --quiet --require-hashes --python $(BIN)/python --requirement tests/browser/requirements.txt
	@$(BIN)/pytest -q -m browser tests/browser $(PYTEST_OPTIONS)

lint: setup ## Run the linters: ruff, mypy, import contracts, shellcheck, shfmt
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy $(PYTHON_FOLDERS)
	@PYTHONPATH=functions:instance_scripts:. $(BIN)/lint-imports --no-logo >/dev/null || PYTHONPATH=functions:instance_scripts:. $(BIN)/lint-imports --no-logo
	@git ls-files -z '*.sh' .ci/run | xargs -0r $(BIN)/shellcheck
	@git ls-files -z '*.sh' .ci/run | xargs -0r $(BIN)/shfmt -d

coverage: setup ## Measure test coverage, and fail below the minimum in pyproject.toml (PYTEST_OPTIONS=tests/unit: unit tests only)
	@$(BIN)/pytest -q -n auto --dist loadfile --cov --cov-report=term:skip-covered --cov-report=html:.cache/coverage $(PYTEST_OPTIONS)

fmt: setup ## Format the code with ruff and shfmt
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .
	@git ls-files -z '*.sh' .ci/run | xargs -0r $(BIN)/shfmt -w

bench: setup ## Measure the backup program (PART=… and BENCH_OPTIONS=… for one thing: tools/bench/README.md)
ifneq ($(PART)$(BENCH_OPTIONS),)
	@$(BENCH)$(if $(PART),.$(PART)) $(BENCH_OPTIONS)
else
	@$(BENCH) --repeat 3 --rivals-once
	@$(BENCH) --one-core --no-rivals --repeat 3 --results tools/bench/results/one-core
	@$(BENCH) --large --repositories 300 --latency 0 --repeat 1 --no-rivals --results tools/bench/results/large
	@$(BENCH).memory
	@$(BENCH).scale
	@if [ "$$(id -u)" = 0 ]; then $(BENCH).small --eighth; $(BENCH).small; fi
endif

bench-page: setup ## Measure the page: 10,000 repositories, three years
	@$(BIN)/uv pip install --quiet --require-hashes --python $(BIN)/python --requirement tests/browser/requirements.txt
	@$(BENCH).page $(BENCH_OPTIONS)

bench-functions: setup ## Measure both functions in AWS's runtime interface emulator
	@$(BENCH).functions $(BENCH_OPTIONS)

fault-matrix: setup ## Run the fault matrix and write docs/fault-matrix.md (MATRIX_OPTIONS=--embedded: that part)
	@POWERTOOLS_LOG_LEVEL=CRITICAL PYTHONPATH=functions:instance_scripts:. $(BIN)/python -m tests.fault_matrix $(MATRIX_OPTIONS)

release: setup ## Build dist/onlinebackup-VERSION.zip, which users deploy without Python, make or a build
	@PATH="$(CURDIR)/$(BIN):$$PATH" SAM_CLI_TELEMETRY=0 $(BIN)/python -m tools.release

policies: setup ## Check with a policy evaluator what each role can and cannot do
	@bash tools/scanners/install.sh evaluator
	@$(BIN)/pytest -q -m policies tests/infrastructure

github-api: setup ## Validate the stand-in for GitHub and the program's queries against GitHub's published API
	@bash tools/scanners/install.sh github-api
	@$(BIN)/pytest -q -m slow tests/unit/local_cloud/data

scan: setup ## Run the scanners: cfn-lint, checkov, cloudsplaining, bandit, zizmor, pip-audit
	@bash tools/scanners/install.sh
	@bash tools/scanners/scan.sh

patterns: setup ## Generate the patterns of options and names in template.yaml
	@PYTHONPATH=functions:instance_scripts:. $(BIN)/python -m tools.template_patterns

reference: setup ## Generate docs/reference.md from the sources
	@PYTHONPATH=functions:instance_scripts:. $(BIN)/python -m tools.reference

pictures: setup ## Generate the README's pictures from a run on the embedded cloud
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m local_cloud.demo.pictures

lock: setup ## Update every Python lock; the other locks follow requirements-dev.txt
	@for folder in . tools/scanners tests/browser functions instance_scripts local_cloud/lambda_image tools/bench; do \
		(cd "$$folder" && for wanted in *.in; do \
			"$(CURDIR)/$(BIN)/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade \
				--output-file "$${wanted%.in}.txt" "$$wanted"; done); done

clean: ## Remove everything that the other targets created
	@rm -rf .venv .aws-sam .demo .cache tools/iam/evaluator/node_modules tools/github_api/node_modules .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	@find . -name __pycache__ -prune -exec rm -rf {} +
