# SPDX-License-Identifier: Apache-2.0
#
# Two commands do everything on a fresh Debian 12 with git, make and Swift 6.3, as root: `make demo` and `make test`.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
# One target at a time: SwiftPM locks its build folder and uses every core by itself.
.NOTPARALLEL:

ARCH := $(shell uname -m)
DEMO := .build/release/demo
# A static build links other libraries than a dynamic one; in a folder of its own neither makes the other build anew.
STATIC_BUILD := .build-static
PURE_BUILD := .build-pure
STATIC := dist/rpfwatch-$(ARCH)

# Imports of a target that Package.swift does not list as a dependency are errors: the walls between the rooms.
SWIFT_BUILD := swift build -c release --explicit-target-dependency-import-check error

SWIFT_FOLDERS := $(wildcard Sources Tests Demo Benchmarks)
C_FILES = $(shell find bpf Sources Tests Benchmarks -name '*.[ch]')

.PHONY: help deps build static bpf bpf-check lint format test test-pure test-kernels fuzz-routing demo bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install the system packages that are missing (Debian; needs root only when there are any)
	@scripts/deps

build: deps ## Build .build/release/rpfwatch
	$(SWIFT_BUILD)

static: deps ## Build dist/rpfwatch-ARCH: one file that needs nothing on the machine it is copied to
	swift build -c release --scratch-path $(STATIC_BUILD) --product rpfwatch \
		--static-swift-stdlib -Xswiftc -static-executable
	mkdir -p dist
	strip -o $(STATIC) $(STATIC_BUILD)/release/rpfwatch
	scripts/check-static $(STATIC)

bpf: deps ## Rebuild bpf/prebuilt from bpf/ with the Swift toolchain's own clang
	bpf/build.sh bpf/prebuilt

bpf-check: deps ## Fail when a committed BPF object differs from its source
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	bpf/build.sh "$$fresh"; \
	for object in bpf/prebuilt/*.bpf.o; do \
		cmp "$$object" "$$fresh/$${object##*/}" || { \
			echo "$$object is not what its source builds: run \`make bpf\` and commit it." >&2; exit 1; }; \
	done

lint: deps bpf-check ## Check formatting, the walls between the rooms, licence lines and the BPF objects
	swift format lint --strict --parallel --recursive --configuration .swift-format Package.swift $(SWIFT_FOLDERS)
	clang-format --dry-run -Werror $(C_FILES)
	scripts/check-rooms

format: deps ## Format every Swift and C file
	swift format --in-place --parallel --recursive --configuration .swift-format Package.swift $(SWIFT_FOLDERS)
	clang-format -i $(C_FILES)

# As root everything runs; a test that cannot run says so with its reason. One kernel of each tier runs in a virtual
# machine; CI runs all kernels in all tiers, and there one that cannot be had is a failure.
test: build ## Build, run the demo and all tests, as root
	@if ((EUID == 0)); then $(DEMO); else echo "The demo is skipped: it needs root."; fi
	swift test --disable-xctest
	@if [[ $(ARCH) != x86_64 ]]; then echo "Other kernels are skipped: their virtual machines need an x86-64 machine."; \
	elif ! scripts/kernel-deps; then echo "Other kernels are skipped: the packages that they need are not there."; \
		[[ -z "$${CI:-}" ]]; \
	elif [[ -n "$${CI:-}" ]]; then $(MAKE) --no-print-directory test-kernels; \
	else $(MAKE) --no-print-directory test-kernels KERNELS="--may-skip 6.12:fexit 5.10:kprobe 6.1:tracepoint"; fi

# Of what is linked into the tests nothing may come from libbpf.
test-pure: deps ## Build and test the pure rooms without libbpf
	RPFWATCH_WITHOUT_LIBBPF=1 swift test --scratch-path $(PURE_BUILD) --disable-xctest \
		--filter '^(Packets|Drops|Routing|Attribution|Settings|Fixes|Reports)Tests\.'
	@! ldd $(PURE_BUILD)/debug/rpfwatchPackageTests.xctest | grep -E 'libbpf|libelf'

test-kernels: static ## Run the scenarios on Debian's kernels from 5.10 to the newest, in virtual machines (KERNELS="6.1 7:fexit")
	@scripts/kernel-deps
	swift build -c release --scratch-path $(STATIC_BUILD) --product scenario-runner \
		--static-swift-stdlib -Xswiftc -static-executable
	strip -o dist/scenario-runner-$(ARCH) $(STATIC_BUILD)/release/scenario-runner
	Tests/Kernels/run $(KERNELS)

fuzz-routing: deps ## Compare the routing model with this kernel about random hosts, as root (COMPARISONS=100000 SEED=random)
	$(SWIFT_BUILD) --product fuzz-routing
	.build/release/fuzz-routing $(or $(COMPARISONS),100000) $(SEED)

demo: build ## Show two classic cases in network namespaces: drops, report, fix, proof; as root
	@$(DEMO)

bench: build ## Run the benchmarks; each prints a ratio against something measured in the same run
	.build/release/benchmarks

clean: ## Remove everything that was built
	rm -rf .build .build-* dist
