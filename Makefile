# make run ARGS="..."   set up once, then `aarlab run ...`
# make test             set up once, then lint, types, import order and the tests
# make test-slow        the tests that take minutes, need the language model, or fine-tune (installs PyTorch); coding agents too:
#                       npm install -g @openai/codex opencode-ai @anthropic-ai/claude-code
# make test-browser     the dashboard in a real Chromium, which is installed with playwright and axe-core (minutes)
# make screenshots      docs/images: a study is run and photographed (minutes)
# make bench            benchmarks, each as a ratio (minutes); not peers.py and ordering.py: docs/peers.md, docs/ordering.md
# make docs             rewrite the generated references
# make results          docs/results.md: all methods on all embedded domains (minutes)
# make claims           docs/claims.md: five claims about the organisation of research, as experiments (minutes)
# make verified         docs/verified.md: each of them handed in to a real lab, in each domain (minutes)
SHELL := /bin/bash
ARGS ?=
export PYTHON

# A user's own text needs the language model: named in ARGS, or in a study file that ARGS names.
OWN_TEXT = $(findstring problem.data,$(ARGS))$(shell grep -lsE '^[[:space:]]*data[[:space:]]*=' $(filter %.toml,$(ARGS)))

.PHONY: run test test-slow test-browser screenshots lint bench docs results verified claims setup

run:
	@tools/setup.sh $(if $(strip $(OWN_TEXT)),text)
	@.venv/bin/aarlab run $(ARGS)

test: lint
	@.venv/bin/python -m pytest -m "not slow" -n 3 --dist loadfile $(or $(strip $(ARGS)),--ignore tests/alone tests/redteam tests/minds tests/cli tests)
	@$(if $(strip $(ARGS)),,.venv/bin/python -m pytest tests/alone)

test-slow:
	@tools/setup.sh dev text hf
	@.venv/bin/python -m pytest -m "slow or model or hf" $(ARGS)

test-browser:
	@tools/setup.sh dev browser
	@.venv/bin/python -m pytest tests/browser $(ARGS)

screenshots:
	@tools/setup.sh browser
	@.venv/bin/python tools/screenshots.py $(ARGS)

lint:
	@tools/setup.sh dev
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo

bench:
	@tools/setup.sh dev
	@set -e; for file in $(filter-out %/ordering.py %/peers.py %/verified.py,$(wildcard benchmarks/*.py)); do echo "== $$file"; PYTHONPATH=. .venv/bin/python $$file; done

docs:
	@tools/setup.sh
	@.venv/bin/python -m aarlab.cli.reference --write docs

results:
	@tools/setup.sh
	@.venv/bin/aarlab w2s table --markdown docs/results.md $(ARGS)

verified:
	@tools/setup.sh
	@.venv/bin/python benchmarks/verified.py --markdown docs/verified.md $(ARGS)

claims:
	@tools/setup.sh
	@.venv/bin/python examples/claims/claims.py --markdown docs/claims.md $(ARGS)

setup:
	@tools/setup.sh $(ARGS)
