.DEFAULT_GOAL := help
.PHONY: help run test check chaos bench bench-accept-sqlite bench-accept-postgres bench-grow-sqlite \
	bench-grow-postgres bench-jobs-sqlite bench-jobs-postgres bench-restart-sqlite \
	bench-restart-postgres bench-memory bench-memory-sqlite bench-memory-postgres bench-live-sqlite \
	bench-live-postgres bench-deliveries-sqlite bench-deliveries-postgres bench-attached-sqlite \
	bench-attached-postgres bench-turn bench-provider-sqlite bench-provider-postgres bench-peer train openapi clean-services

help: ## what there is
	@sed -n 's/^\([a-z-]*\): .*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 30

run: ## build and start the server
	cargo run --release --locked

test: ## all tests, with a PostgreSQL of their own
	tests/harness/test.sh

check: ## everything a change must pass: format, lints, documentation, OpenAPI, tests
	tests/harness/check.sh

chaos: ## the long form of the tests that kill, starve, cut off and race the engine; CENTRIUM_PROGRAM names another build of it
	CHAOS=1 tests/harness/test.sh -E 'test(/^crash::/) or test(/^assistant::races::/) or test(/^live::(log|replay)::/)'

bench: bench-accept-sqlite bench-accept-postgres bench-grow-sqlite bench-grow-postgres \
	bench-jobs-sqlite bench-jobs-postgres bench-restart-sqlite bench-restart-postgres \
	bench-memory bench-live-sqlite bench-live-postgres bench-deliveries-sqlite \
	bench-deliveries-postgres bench-attached-sqlite bench-attached-postgres bench-turn \
	bench-provider-sqlite bench-provider-postgres bench-peer ## every benchmark, written to docs/PERFORMANCE.md

bench-accept-sqlite: ## the road of a message on SQLite, beside its limits
	bench/run.sh accept sqlite

bench-accept-postgres: ## the same on PostgreSQL
	bench/run.sh accept postgres

bench-grow-sqlite: ## messages, lists, filters, search and pages up to a million tickets, on SQLite
	bench/run.sh grow sqlite

bench-grow-postgres: ## the same on PostgreSQL
	bench/run.sh grow postgres

bench-jobs-sqlite: ## jobs that wait, beside a bare loop, on SQLite
	bench/run.sh jobs sqlite

bench-jobs-postgres: ## the same on PostgreSQL
	bench/run.sh jobs postgres

bench-restart-sqlite: ## from a start to the first answer, with a million tickets, on SQLite
	bench/run.sh restart sqlite

bench-restart-postgres: ## the same on PostgreSQL
	bench/run.sh restart postgres

bench-memory: bench-memory-sqlite bench-memory-postgres ## memory with a million tickets, on both

bench-memory-sqlite: ## the same on SQLite alone
	bench/run.sh memory sqlite

bench-memory-postgres: ## the same on PostgreSQL alone
	bench/run.sh memory postgres

bench-live-sqlite: ## events on their way to 100, 1,000 and 10,000 live clients, on SQLite
	bench/run.sh live sqlite

bench-live-postgres: ## the same on PostgreSQL
	bench/run.sh live postgres

bench-deliveries-sqlite: ## deliveries to webhooks, beside a bare loop, on SQLite
	bench/run.sh deliveries sqlite

bench-deliveries-postgres: ## the same on PostgreSQL
	bench/run.sh deliveries postgres

bench-attached-sqlite: ## messages while live clients and webhooks are told of them, on SQLite
	bench/run.sh attached sqlite

bench-attached-postgres: ## the same on PostgreSQL
	bench/run.sh attached postgres

bench-turn: ## the built-in assistant alone
	bench/run.sh turn

bench-provider-sqlite: ## messages while the provider of a model is silent, on SQLite
	bench/run.sh provider sqlite

bench-provider-postgres: ## the same on PostgreSQL
	bench/run.sh provider postgres

bench-peer: ## django-helpdesk, from PyPI, beside the engine
	bench/run.sh peer

train: ## have the built-in assistant learn from prompts/cases/train: prompts/classifier.txt
	cargo run --release --locked -- train

openapi: ## write docs/openapi.json from the code
	mkdir -p docs target
	cargo run --locked -- openapi > target/openapi.json
	mv target/openapi.json docs/openapi.json

clean-services: ## stop what the tests started, should it still run
	tests/harness/postgres.sh stop
