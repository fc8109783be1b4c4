# What a person types. Everything installs what it needs into .venv and build/; nothing is expected but Python 3.11, make and git.

PYTHON ?= python3
UV := build/uv/bin/uv
BIN := .venv/bin
ACCELERATOR ?= cpu
# What .venv holds is one of the two; the stamp says which, and the other one's goes.
LOCK_cpu := requirements/dev.txt
LOCK_cuda := requirements/worker-cuda.txt
LOCK := $(or $(LOCK_$(ACCELERATOR)),$(error ACCELERATOR=$(ACCELERATOR): is cpu or cuda))
READY := .venv/.ready$(patsubst %,-%,$(filter-out cpu,$(ACCELERATOR)))
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header


export UV_PYTHON_DOWNLOADS := never
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup check test endurance minors e2e demo science science-grid studies version release coder-small docs docs-site crds locks images clean bench-sample bench-train bench-gpu bench-grade bench-operator bench-check

help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: $(READY) ## install everything into .venv (also done by the other commands); ACCELERATOR=cuda: what a run on GPUs needs

$(UV): requirements/setup.txt
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/setup.txt
	@touch $@

$(READY): $(UV) $(LOCK) pyproject.toml
	@scripts/system-packages $(ACCELERATOR)
	@rm -f .venv/.ready*
	$(UV) venv --quiet --seed --allow-existing --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python $(BIN)/python --compile-bytecode $(LOCK)
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

check: $(READY) .venv-docs/.ready ## format, lint, types, import directions, freshness of what is generated
	scripts/check

test: $(READY) ## pure tests and tests on a real API server, with coverage
	scripts/test

endurance: $(READY) .venv-release/.ready ## the tests that take minutes: kill -9 again and again, crash schedules, hundreds of trials, other minors
	scripts/test endurance
	scripts/minors

minors: $(READY) ## the tests that need an API server, on other minors of Kubernetes; each is built once, for minutes
	scripts/minors

demo: $(READY) ## a small real experiment on the CPU, from sampling to a decision
	scripts/demo

science: $(READY) ## the positive control and its control arm over 20 fixed seeds; stop it any time, it goes on
	nice $(BIN)/python scripts/science.py

science-grid: $(READY) ## does untruncated training collapse onto T_train x T_eval, and truncated training gain? minutes
	nice $(BIN)/python scripts/science_grid.py

studies: $(READY) ## run a short form of each ready study and draw its figure for docs/studies.md; stop it any time
	nice $(BIN)/python scripts/studies.py && $(BIN)/python scripts/generate_docs.py

e2e: $(READY) ## the whole product on real pods: node, images, chart, experiment
	scripts/e2e

.venv-release/.ready: $(UV) requirements/release.txt
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-release
	$(UV) pip sync --quiet --python .venv-release/bin/python requirements/release.txt
	@touch $@

VERSION ?=
COSIGN_KEY ?=
PREFIX ?=
IMAGES ?=
PLATFORMS ?=
release: $(READY) .venv-release/.ready ## everything that a user installs, into dist/VERSION; VERSION=0.2.0 [PREFIX=…/ [IMAGES=cuda [PLATFORMS=…]]] [COSIGN_KEY=FILE]
	PYTHONPATH=scripts $(BIN)/python -m release --version '$(VERSION)' --prefix '$(PREFIX)' --key '$(COSIGN_KEY)' \
	    --images '$(IMAGES)' --platforms '$(PLATFORMS)'

version: $(READY) ## write VERSION=0.2.0 into the tree, to be committed before a release
	PYTHONPATH=scripts $(BIN)/python -m release --stamp --version '$(VERSION)'

images: ## build the images with docker, podman or buildah
	scripts/images

.venv-docs/.ready: $(UV) requirements/docs.txt
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-docs
	$(UV) pip sync --quiet --python .venv-docs/bin/python requirements/docs.txt
	@touch $@

docs-site: .venv-docs/.ready ## the pages as a site with search, in build/site; a warning fails it
	PYTHON=$(PYTHON) scripts/site

docs: $(READY) ## rewrite the generated pages
	$(BIN)/python scripts/generate_docs.py

crds: $(READY) ## rewrite crds/ from the models
	$(BIN)/python -m ssd_operator.crd
	$(BIN)/python -m ssd_operator.crd --folder charts/selfdistill-operator/files/crds

locks: $(UV) ## resolve the lock files again
	scripts/locks

PROBLEMS ?=
coder-small: $(READY) ## a real code model through every stage on the CPU, as small as can be; PROBLEMS=FILE (examples/coder)
	$(BIN)/python examples/coder/build.py work --problems '$(PROBLEMS)' --benchmark-problems 20
	$(BIN)/ssd run examples/coder/small.yaml --workdir work

bench-sample: $(READY) ## tokens/s of the sample stage against a bare engine
	$(BIN)/python -m benchmarks.sample

bench-train: $(READY) ## useful tokens/s of the train stage against TRL
	UV=$(UV) $(BIN)/python -m benchmarks.train

BENCH_GPU := build/bench-gpu
bench-gpu: $(READY) ## what one GPU is worth, part by part, within four minutes; run it again to go on
	$(BIN)/python -m benchmarks.gpu $(BENCH_GPU) --scratch build/bench-gpu-scratch

bench-grade: $(READY) ## programs/s of the grader against fresh processes and LiveCodeBench's scheme
	$(BIN)/python benchmarks/grade.py

N ?= 100
bench-operator: $(READY) ## N resources at once against a real API server
	$(BIN)/python benchmarks/operator_scale.py --resources $(N)

bench-check: $(READY) ## fail where a figure of the operator has left its range (benchmarks/ranges.json); on a quiet machine
	$(BIN)/python -m benchmarks.check

clean: ## remove what was built here; caches below ~/.cache stay
	rm -rf .venv .venv-* build dist work .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
