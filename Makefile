SHELL := /bin/bash
PREFIX ?= /usr/local
BIN := .build/release
PYTHON := .venv/bin/python
TOOLS := $(shell scripts/tools)

.PHONY: build setup demo check lint test sanitize bench completions format install clean

build:
	@scripts/setup build
	swift build -c release --static-swift-stdlib

setup:
	@scripts/setup build test bench

demo: build
	@scripts/setup test
	@scripts/demo

check: build
	@scripts/setup test
	@$(MAKE) --no-print-directory lint test sanitize

lint:
	swift format lint --strict --parallel --recursive Sources Tests Package.swift
	@for page in $(wildcard man/*.1); do mandoc -T lint -W warning $$page || exit; done

test:
	swift test --quiet
	$(PYTHON) -m pytest

# AddressSanitizer and ThreadSanitizer exclude each other, so everything is built for each.
sanitize:
	@scripts/setup test
	scripts/sanitize address
	scripts/sanitize thread

bench: build
	@scripts/setup bench
	@bench/run

completions: build
	@scripts/completions

format:
	swift format --in-place --parallel --recursive Sources Tests Package.swift

install: build
	install -d $(DESTDIR)$(PREFIX)/{bin,share/man/man1}
	install -d $(DESTDIR)$(PREFIX)/share/{bash-completion/completions,zsh/site-functions,fish/vendor_completions.d}
	install -m 755 $(TOOLS:%=$(BIN)/%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(TOOLS:%=man/%.1) $(DESTDIR)$(PREFIX)/share/man/man1
	for tool in $(TOOLS); do \
	    install -m 644 completions/$$tool.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$tool && \
	    install -m 644 completions/_$$tool $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$$tool && \
	    install -m 644 completions/$$tool.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$tool.fish \
	    || exit; \
	done

clean:
	rm -rf .build .build-* .venv
