# From a fresh checkout: `make run` boots to a prompt, `make test` runs every test.
.PHONY: all install build images run test lint bench clean

all: build

install: node_modules/.package-lock.json

node_modules/.package-lock.json: package-lock.json
	npm ci --no-fund --no-audit
	@touch $@

build images: install
	npm run -s build

run: build
	@node bin/qemu-like

test: install
	npm test

lint: install
	npm run -s lint

bench: install
	npm run -s bench

clean:
	rm -rf dist images/out/*
