# The two commands of the README are `make demo` and `make test`. Everything they need beyond Rust, Node.js and make they
# install (as root, through the system's package manager) or ask for by name.

SHELL := /bin/sh
RECIPIENTS ?= 2000
DEMO ?=
CARGO ?= cargo

.PHONY: help demo build page test test-page check bench fuzz fuzz-api docs fmt postgres-programs page-modules deny-program

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: postgres-programs page ## Send an announcement to 2,000 simulated people (RECIPIENTS=…, DEMO='--exit …')
	@echo "building Stentor; the first time takes some minutes …"
	$(CARGO) build --locked
	@$(CARGO) run --quiet --locked -- demo --recipients $(RECIPIENTS) $(DEMO)

build: page ## Leave target/release/stentor
	$(CARGO) build --release --locked

page: ## Build the page, which the program embeds
	@./scripts/page

# The gate has run the tests within the sources.
test: check test-page ## Everything: the quick gate, the page in a browser, then every other test
	./scripts/test --bins --test '*'

test-page: ## The tests of the page, in a real browser
	CARGO='$(CARGO)' ./scripts/page-tests

check: postgres-programs deny-program page-modules ## The quick gate: format, lints as errors, dependencies, documents, fast tests
	npm --prefix web run --silent check
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) deny --log-level error check licenses bans sources
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --quiet
	$(CARGO) test --locked --quiet --lib

bench: postgres-programs ## Measure, in short form, and write docs/benchmarks.md (needs a release build)
	$(CARGO) run --release --locked --quiet -- bench all --short --write docs/benchmarks.md

fuzz: ## Ten minutes of odd input for lists, audiences in words and events (FUZZ_SECONDS=…)
	./scripts/fuzz

fuzz-api: postgres-programs ## Ten minutes of odd requests to the API (FUZZ_SECONDS=…)
	./scripts/fuzz-api

docs: postgres-programs ## Write the documents that are rendered from the code
	STENTOR_WRITE_DOCS=1 $(CARGO) test --locked --quiet --lib the_page
	STENTOR_WRITE_DOCS=1 $(CARGO) test --locked --quiet --test packaging shows_every_halt
	STENTOR_WRITE_DOCS=1 $(CARGO) test --locked --quiet --test teams_page the_page
	STENTOR_WRITE_DOCS=1 ./scripts/test --test api the_page_of_the_api

fmt: page-modules ## Format
	$(CARGO) fmt --all
	npm --prefix web run --silent fix

postgres-programs:
	@./scripts/postgres-programs

page-modules:
	@./scripts/page modules

deny-program:
	@$(CARGO) deny --version >/dev/null 2>&1 || { \
	  echo "installing cargo-deny, once; it takes some minutes …"; $(CARGO) install --locked --quiet --debug cargo-deny; }
