# The commands of this repository. `make` alone lists them.
#
# Needed: Rust (rust-toolchain.toml says which) and Go 1.26 or later; Python 3 for one test.
# Everything else is fetched or built, and kept in ~/.cache/adx-follower-operator.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

cache := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/adx-follower-operator
target := $(or $(CARGO_TARGET_DIR),target)

image := adx-follower-operator:dev
host = $(shell rustc -vV | sed -n 's/^host: //p')

cargo_deny_version := 0.20.2
cargo_deny := $(cache)/cargo-deny-$(cargo_deny_version)/bin/cargo-deny

.PHONY: help
help: ## list the commands
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | sort | while IFS=$$'\t' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

.PHONY: all
all: lint test ## check and test everything

.PHONY: demo
demo: ## tell the main job step by step on a real API server (KEEP=1 leaves it running)
	cargo build --locked --workspace --bins
	KEEP=$(KEEP) $(target)/debug/demo

# The last lines are cargo's summary of the last test program.
.PHONY: test
test: lint ## check and test everything, end to end included: what CI runs
	cargo test --locked --workspace --lib --bins --tests --no-run
	$(target)/debug/tools
	cargo test --locked --workspace --doc
	cargo test --locked --workspace --lib --bins --tests --no-fail-fast

.PHONY: e2e
e2e: ## only the tests with the real binaries on the real API server
	cargo test --locked --workspace --lib --bins --tests --no-run
	$(target)/debug/tools kube-apiserver etcd kubectl
	cargo test --locked --workspace --test e2e

.PHONY: build
build: ## build the release binaries
	cargo build --locked --release --workspace --bins

.PHONY: tools
tools: ## build Kubernetes, Helm, Flux, Argo CD and what judges manifests (25 minutes, once)
	cargo build --locked --workspace --bin tools
	$(target)/debug/tools

.PHONY: generate
generate: ## write the generated files again (crds/, charts/, deploy/, in docs/)
	UPDATE=1 cargo test --locked --test generated --test argocd
	UPDATE=1 cargo test --locked --test charts -- equal recorded

.PHONY: lint
lint: $(cargo_deny) ## formatting, clippy, documentation, dependencies
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps
	$(cargo_deny) --locked check bans licenses sources

.PHONY: advisories
advisories: $(cargo_deny) ## compare the dependencies with the advisory database (needs the network)
	$(cargo_deny) --locked check advisories

.PHONY: bench
bench: build ## measure the release build: time to Ready, calls, memory, size
	$(target)/release/measure

.PHONY: fuzz
fuzz: ## the property tests with many more cases (CASES=20000)
	PROPTEST_CASES=$(or $(CASES),20000) cargo test --locked --workspace --lib --bins

.PHONY: image
image: ## build the container image with docker, podman or buildah, whichever is there
	@for tool in docker podman buildah; do \
	  if command -v "$$tool" >/dev/null; then \
	    echo "$$tool build --tag $(image)"; \
	    exec "$$tool" build --tag $(image) --build-arg REVISION="$$(git rev-parse HEAD)" .; \
	  fi; \
	done; \
	echo 'make image: none of docker, podman and buildah is there; `make static` builds the binary without them' >&2; exit 1

# Without the second flag a static binary reads random numbers from /dev/urandom, since it finds no such function to load.
.PHONY: static
static: ## build the static binary that the image has, and check that it needs nothing else
	RUSTFLAGS='-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom"' cargo build --locked --release --package adx-follower-operator --bin adx-follower --target $(host)
	deploy/image/check-static.sh $(target)/$(host)/release/adx-follower

# In its own directory for each version, so that an update installs the new one.
$(cargo_deny):
	@echo 'Building cargo-deny $(cargo_deny_version): about 3 minutes, once.'
	cargo install --locked --root $(cache)/cargo-deny-$(cargo_deny_version) cargo-deny@$(cargo_deny_version)
