# One door to the project: `make` alone prints what can be done.
#
# A machine needs git, make, Python 3.11 or newer and the PyPI and npm registries. Everything else comes from the two
# lock files: uv makes .venv from uv.lock, npm makes node_modules from package-lock.json. Where uv or Node is missing
# or too old, .tools gets a private one from PyPI. A step is repeated only when the file it was made from changes.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

UV_VERSION := 0.13.9
UV_OLDEST := 0.8.0
NODE_OLDEST := 20
# PostGraphile, which only the benchmark of queries needs, wants a newer Node than everything else here.
YARDSTICK := benchmarks/postgraphile
YARDSTICK_NODE_OLDEST := 24
ROOMS := models runtime chain indexer dispatch graphql_api devnet lamda contracts migrations
# Most tests wait for servers more than they compute; a file's tests stay in one process, for the servers they share.
PYTEST_ARGS ?= -n 4 --dist loadfile
# Said aloud, because NODE_ENV=production or an npmrc may leave these out.
NPM_ARGS ?= --include=dev --include=optional

export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
unexport VIRTUAL_ENV
# .tools/bin exists only where the machine's own Node will not do, and holds node and npm.
export PATH := $(CURDIR)/.tools/bin:$(PATH)

.PHONY: help
help: ## Show this list
	@echo "Usage: make TARGET"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

.PHONY: setup
setup: .venv/made node_modules/made ## Make the environment: Python packages, npm packages, local chain

# make hands SIGTERM on and waits, and Ctrl-C reaches both; only its sudden death would leave lamda running.
DIE_WITH_MAKE = $$(setpriv --pdeathsig TERM true 2>/dev/null && echo setpriv --pdeathsig TERM)

.PHONY: run
run: setup assets ## Run everything here: Postgres, two chains, indexer, API and a small world (Ctrl-C stops)
	@exec $(DIE_WITH_MAKE) .venv/bin/lamda up $(ARGS)

.PHONY: test
test: setup assets ## Run the tests; PYTEST_ARGS narrows them, as in PYTEST_ARGS="tests/unit -k rewind"
	@.venv/bin/pytest -m "not long" $(PYTEST_ARGS)

.PHONY: test-long
test-long: setup assets ## Run all tests, those that take many minutes too
	@.venv/bin/pytest --timeout 1800 $(PYTEST_ARGS)

.PHONY: test-browser
test-browser: setup assets ## Run the tests that drive the dashboard in a real Chromium (Debian: apt-get install chromium)
	@.venv/bin/pytest --timeout 1800 tests/browser $(PYTEST_ARGS)

.PHONY: screenshots
screenshots: setup assets ## Take the pictures of the dashboard in docs/images anew (minutes; needs Chromium)
	@.venv/bin/python -m tests.browser.album

.PHONY: bench
bench: setup $(YARDSTICK)/node_modules/made ## Measure what must stay fast, each figure beside a yardstick (minutes, and 5 GB of disk)
	@.venv/bin/python -m benchmarks.state

	@.venv/bin/python -m benchmarks.ingest --logs 1000000 --head-seconds 30
	@.venv/bin/python -m benchmarks.heartbeats
	@.venv/bin/python -m benchmarks.effects
	@.venv/bin/python -m benchmarks.subscriptions
	@.venv/bin/python -m benchmarks.queries

.PHONY: lint
lint: setup ## Check style, formatting and types
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy --strict $(ROOMS) benchmarks tests

# A package that the registry cannot be asked about is a fault, too: green means that all were asked about.
.PHONY: audit
audit: .venv/made ## Ask PyPI and npm for known faults of what the lock files name (needs both registries)
	@mkdir -p .tools; $(find_uv); "$$uv" export --frozen --quiet --no-emit-project --format requirements-txt > .tools/requirements.txt; \
	UV_PROJECT_ENVIRONMENT=.tools/audit "$$uv" sync --frozen --quiet --only-group audit
	@.tools/audit/bin/pip-audit --requirement .tools/requirements.txt --require-hashes --disable-pip --strict
	@npm audit --package-lock-only

.PHONY: image-lint
image-lint: .venv/made ## Check the Dockerfile (hadolint)
	@$(find_uv); UV_PROJECT_ENVIRONMENT=.tools/image "$$uv" sync --frozen --quiet --only-group image
	@.tools/image/bin/hadolint Dockerfile && echo "Dockerfile: nothing to complain about"

.PHONY: format
format: setup ## Put every Python file in order
	@.venv/bin/ruff check --fix-only .
	@.venv/bin/ruff format .

.PHONY: contracts
contracts: setup ## Compile the Solidity sources to the committed ABI and bytecode
	@node contracts/compile.mjs

.PHONY: schema
schema: setup ## Write schema.graphql, the public schema, anew after a change
	@.venv/bin/python -m graphql_api.schema > schema.graphql.new
	@mv schema.graphql.new schema.graphql

.PHONY: reference
reference: setup ## Write docs/reference anew after a change of settings, commands, metrics, schema or packages
	@.venv/bin/python -m tests.documents

# GraphiQL's page is served from here, not from a CDN. graphql-ws and @noble/hashes are ES modules that import files
# beside them, so each keeps a folder of its own.
STATIC := graphql_api/static

# The dashboard is built anew when its source or the schema that its types come from has changed.
DASHBOARD := $(STATIC)/dashboard
DASHBOARD_SOURCE := $(shell find dashboard -type f -not -path 'dashboard/src/generated/*' 2>/dev/null)

.PHONY: assets
assets: $(STATIC)/made $(DASHBOARD)/made ## Build the dashboard, and bring GraphiQL's page, to the API's static files

$(STATIC)/made: node_modules/made
	@rm -rf $(STATIC) && mkdir -p $(STATIC)/graphql-ws $(STATIC)/noble-hashes
	@cp node_modules/graphiql/graphiql.min.js node_modules/graphiql/graphiql.min.css $(STATIC)/
	@cp node_modules/react/umd/react.production.min.js node_modules/react-dom/umd/react-dom.production.min.js $(STATIC)/
	@cp node_modules/graphql-ws/dist/client.js node_modules/graphql-ws/dist/common-*.js $(STATIC)/graphql-ws/
	@cp $(addprefix node_modules/@noble/hashes/,sha3.js _u64.js utils.js) $(STATIC)/noble-hashes/
	@touch $@

$(DASHBOARD)/made: $(STATIC)/made schema.graphql $(DASHBOARD_SOURCE)
	$(say) "the dashboard, from dashboard/"
	@node dashboard/codegen.mjs
	@node_modules/.bin/tsc --project dashboard
	@node_modules/.bin/vite build --config dashboard/vite.config.ts --logLevel warn
	@touch $@

.PHONY: clean
clean: ## Remove what was made: environments, caches and static files (not the data in .lamda)
	@rm -rf .venv .tools node_modules $(YARDSTICK)/node_modules $(STATIC) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find $(ROOMS) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# How the environment is made.

say = @printf '· %s\n'

# The first Python that runs and is new enough; a name on PATH may be a pyenv shim with nothing behind it.
define find_python
	for name in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
		if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python="$$name"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "No Python 3.11 or newer on PATH. Install python3.11, or name one: make setup PYTHON=/path/to/python" >&2; exit 1; \
	fi
endef

# uv from PATH where it is new enough to read the lock file, else the one in .tools.
define find_uv
	uv=$$(command -v uv || true); \
	version=$$([ -n "$$uv" ] && "$$uv" --version 2>/dev/null | cut -d' ' -f2 || true); \
	oldest=$$(printf '%s\n' $(UV_OLDEST) "$$version" | sort -V | head -n 1); \
	if [ -z "$$version" ] || [ "$$oldest" != $(UV_OLDEST) ]; then uv=.tools/uv/bin/uv; fi
endef

define bring_uv
	if [ "$$uv" = .tools/uv/bin/uv ] && ! .tools/uv/bin/uv --version >/dev/null 2>&1; then \
		if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
			echo "$$python cannot make a virtual environment: install its venv module (Debian: apt-get install python3-venv), or uv itself" >&2; exit 1; \
		fi; \
		echo "  uv is missing or older than $(UV_OLDEST): installing $(UV_VERSION) into .tools/uv"; \
		rm -rf .tools/uv; \
		"$$python" -m venv .tools/uv && .tools/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) \
			|| { rm -rf .tools/uv; echo "uv $(UV_VERSION) could not be installed from PyPI: see above" >&2; exit 1; }; \
	fi
endef

.venv/made: uv.lock pyproject.toml
	$(say) "Python packages, from uv.lock into .venv (about 100 MB the first time)"
	@$(find_python); $(find_uv); $(bring_uv); \
	UV_PYTHON="$$python" "$$uv" sync --frozen --quiet
	@touch $@

node_modules/made: package.json package-lock.json
	$(say) "npm packages, from package-lock.json into node_modules (about 230 MB there)"
	@version=$$(node --version 2>/dev/null | tr -d v | cut -d. -f1); \
	if [ "$${version:-0}" -lt $(NODE_OLDEST) ] || ! npm --version >/dev/null 2>&1; then \
		echo "  Node is missing or older than $(NODE_OLDEST): installing one from PyPI into .tools/node"; \
		$(find_python); $(find_uv); $(bring_uv); \
		UV_PYTHON="$$python" UV_PROJECT_ENVIRONMENT=.tools/node "$$uv" sync --frozen --quiet --only-group node || exit 1; \
		mkdir -p .tools/bin && ln -sf ../node/bin/node ../node/bin/npm .tools/bin/; \
	fi
	@npm ci --no-audit --no-fund --no-update-notifier --loglevel=error $(NPM_ARGS)
	@touch $@

$(YARDSTICK)/node_modules/made: $(YARDSTICK)/package.json $(YARDSTICK)/package-lock.json
	$(say) "PostGraphile, for the benchmark of queries (about 50 MB the first time)"
	@version=$$(node --version 2>/dev/null | tr -d v | cut -d. -f1); \
	if [ "$${version:-0}" -lt $(YARDSTICK_NODE_OLDEST) ]; then \
		echo "  Node is missing or older than $(YARDSTICK_NODE_OLDEST): installing one from PyPI into .tools/node"; \
		$(find_python); $(find_uv); $(bring_uv); \
		UV_PYTHON="$$python" UV_PROJECT_ENVIRONMENT=.tools/node "$$uv" sync --frozen --quiet --only-group node || exit 1; \
		export PATH="$(CURDIR)/.tools/node/bin:$$PATH"; \
	fi; \
	npm ci --prefix $(YARDSTICK) --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@
