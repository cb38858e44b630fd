.DEFAULT_GOAL := help
.PHONY: help run test check chaos bench bench-accept-sqlite bench-accept-postgres openapi clean-services

help: ## what there is
	@sed -n 's/^\([a-z-]*\): .*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

run: ## build and start the server
	cargo run --release --locked

test: ## all tests, with a PostgreSQL of their own
	tests/harness/test.sh

check: ## everything a change must pass: format, lints, documentation, OpenAPI, tests
	tests/harness/check.sh

chaos: ## the long form of the tests that kill, starve and cut off the engine; CENTRIUM_PROGRAM names another build of it
	CHAOS=1 tests/harness/test.sh -E 'test(/^crash::/)'

bench: bench-accept-sqlite bench-accept-postgres ## every benchmark, written to docs/PERFORMANCE.md

bench-accept-sqlite: ## the road of a message on SQLite, beside its limits
	bench/run.sh accept sqlite

bench-accept-postgres: ## the same on PostgreSQL
	bench/run.sh accept postgres

openapi: ## write docs/openapi.json from the code
	mkdir -p docs target
	cargo run --locked -- openapi > target/openapi.json
	mv target/openapi.json docs/openapi.json

clean-services: ## stop what the tests started, should it still run
	tests/harness/postgres.sh stop
