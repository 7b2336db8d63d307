SHELL := /bin/bash
PREFIX ?= /usr/local
BIN := .build/release
PYTHON := .venv/bin/python
TOOLS := $(shell scripts/tools)

MAN := $(DESTDIR)$(PREFIX)/share/man
BASH_COMPLETIONS := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS := $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISH_COMPLETIONS := $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

.PHONY: build help setup demo check lint test instructions sanitize renewal fuzz bench queue examples completions \
    format install uninstall deb tarball deb-check html clean

build:
	@scripts/setup build
	swift build -c release --static-swift-stdlib --disable-local-rpath

help:
	@echo 'make             builds the tools, and installs what the build needs'
	@echo 'make demo        runs the flow of the README on an S3 server of its own'
	@echo 'make check       runs all tests; takes a quarter of an hour'
	@echo
	@echo 'make install     installs what make has built: PREFIX=/usr/local, DESTDIR='
	@echo 'make uninstall   removes what make install has installed'
	@echo 'make deb         makes a Debian package in .build/dist'
	@echo 'make tarball     makes a tar file of the same files in .build/dist'
	@echo 'make html        makes web pages of the manual in .build/dist/html'
	@echo 'make deb-check   installs, upgrades and purges the package in a Debian of its own'
	@echo
	@echo 'make bench       compares the speed of the tools with that of others'
	@echo 'make examples    runs all of examples/; installs Spark, Java and Slurm, and takes long'
	@echo 'make queue       kills the worker of a queue twenty times on each of three servers'
	@echo 'make sanitize    runs the unit tests under AddressSanitizer and ThreadSanitizer'
	@echo 'make renewal     runs pipelines for ten minutes with credentials that live for one'
	@echo 'make fuzz        fuzzes each reader of foreign input for FUZZ_SECONDS=120'
	@echo 'make lint, make test, make instructions'
	@echo '                 are the parts of make check'
	@echo
	@echo 'make setup       installs what building, tests and benchmarks need'
	@echo 'make completions writes the completions again, after a change of options'
	@echo 'make format      formats the Swift files'
	@echo 'make clean       removes everything that was built, and .venv'

setup:
	@scripts/setup build test bench

demo: build
	@scripts/setup test
	@scripts/demo

check: build
	@scripts/setup test
	@$(MAKE) --no-print-directory lint test instructions

lint:
	swift format lint --strict --parallel --recursive Sources Tests Package.swift
	@for page in $(wildcard man/*.[17]); do mandoc -T lint -W warning $$page || exit; done

# The tests of a file run one after the other; files run in parallel, because tests mostly wait.
TEST_WORKERS ?= 2
test:
	swift test --quiet
	$(PYTHON) -m pytest --numprocesses $(TEST_WORKERS) --dist loadfile --durations 10

# Counts instructions, because times vary on a busy machine.
instructions:
	$(PYTHON) scripts/instructions

# AddressSanitizer and ThreadSanitizer exclude each other, so everything is built twice.
sanitize:
	@scripts/setup test
	scripts/sanitize address
	scripts/sanitize thread

# Runs a pipeline with each source of credentials, in parallel, for ten minutes; then compares 3,000 mixtures of sources
# with botocore.
renewal: build
	@scripts/setup test
	$(PYTHON) -m pytest -s Tests/integration/test_credentials_renewal.py -k renewed --renewal-seconds=600
	$(PYTHON) -m pytest Tests/integration/test_credentials_precedence.py --precedence-rows=500

# Fuzzes each parser of external input with libFuzzer, for FUZZ_SECONDS each.
FUZZ_SECONDS ?= 120
fuzz:
	for part in json answers keys config; do scripts/fuzz.sh $$part $(FUZZ_SECONDS) || exit; done

bench: build
	@scripts/setup bench
	@bench/run

# Runs all blocks of examples/, and kills workers while they store a million lines.
EXAMPLE_LINES ?= 1000000
examples: build
	@scripts/setup examples
	$(PYTHON) -m pytest Tests/integration/test_examples.py -k examples/ --all-examples
	$(PYTHON) -m pytest Tests/integration/test_example_files.py Tests/integration/test_example_workers.py \
	    --all-examples --worker-lines $(EXAMPLE_LINES)

# Runs a queue on three servers and kills its worker twenty times.
queue: build
	@scripts/setup test
	bench/queue

completions: build
	@scripts/completions

format:
	swift format --in-place --parallel --recursive Sources Tests Package.swift

# Installs what `make` has built; builds nothing itself, so it can run as root.
install:
	@test -x $(BIN)/$(firstword $(TOOLS)) || { echo "make install: nothing is built yet; run: make" >&2; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/bin $(MAN)/man1 $(MAN)/man7 $(BASH_COMPLETIONS) $(ZSH_COMPLETIONS) $(FISH_COMPLETIONS)
	install -s -m 755 $(TOOLS:%=$(BIN)/%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(wildcard man/*.1) $(MAN)/man1
	install -m 644 $(wildcard man/*.7) $(MAN)/man7
	for tool in $(TOOLS); do \
	    install -m 644 completions/$$tool.bash $(BASH_COMPLETIONS)/$$tool && \
	    install -m 644 completions/_$$tool $(ZSH_COMPLETIONS)/_$$tool && \
	    install -m 644 completions/$$tool.fish $(FISH_COMPLETIONS)/$$tool.fish || exit; \
	done

uninstall:
	rm -f $(TOOLS:%=$(DESTDIR)$(PREFIX)/bin/%) $(patsubst man/%,$(MAN)/man1/%,$(wildcard man/*.1)) \
	    $(patsubst man/%,$(MAN)/man7/%,$(wildcard man/*.7)) $(TOOLS:%=$(BASH_COMPLETIONS)/%) \
	    $(TOOLS:%=$(ZSH_COMPLETIONS)/_%) $(TOOLS:%=$(FISH_COMPLETIONS)/%.fish)

# Makes a Debian package in .build/dist, and a tar file of the same files for systems without dpkg.
deb: build
	@scripts/setup package
	scripts/package deb

tarball: build
	scripts/package tarball

# Installs, upgrades and purges the package in a clean Debian. Needs root or sudo.
deb-check: deb
	scripts/deb-check

html:
	@scripts/setup manual
	scripts/package html

clean:
	rm -rf .build .build-* .venv
