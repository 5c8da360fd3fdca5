# syntax=docker/dockerfile:1
# A static binary, the certificate authorities of Debian, and nothing else.
#
# For several platforms at once: docker buildx build --platform linux/amd64,linux/arm64 .
# The compiler runs on the builder's own platform and cross-compiles: an emulated one would take an hour.

FROM --platform=$BUILDPLATFORM rust:1.95.0-bookworm AS build
ARG BUILDARCH TARGETARCH
WORKDIR /src
COPY rust-toolchain.toml ./

# The linker and the static C library of the other platform, where there is one.
RUN set -eu; \
    case "$TARGETARCH" in \
      amd64) target=x86_64-unknown-linux-gnu gnu=x86_64-linux-gnu debian=x86-64-linux-gnu ;; \
      arm64) target=aarch64-unknown-linux-gnu gnu=aarch64-linux-gnu debian=aarch64-linux-gnu ;; \
      *) echo "TARGETARCH must be amd64 or arm64, not $TARGETARCH" >&2; exit 1 ;; \
    esac; \
    echo "$target" > /target; \
    echo "$gnu" > /gnu; \
    rustup target add "$target"; \
    if [ "$BUILDARCH" != "$TARGETARCH" ]; then \
      apt-get update; \
      apt-get install --yes --no-install-recommends "gcc-$debian" "libc6-dev-$TARGETARCH-cross"; \
      rm -rf /var/lib/apt/lists/*; \
    fi

COPY Cargo.toml Cargo.lock ./
COPY simulator simulator
COPY testbed testbed
COPY src src
# As `make static` does it. The caches outlive a change of the sources: what is compiled again is the operator, not its dependencies.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,id=target-$TARGETARCH,sharing=locked \
    set -eu; \
    target="$(cat /target)"; gnu="$(cat /gnu)"; \
    name="$(echo "$target" | tr 'a-z-' 'A-Z_')"; \
    export "CARGO_TARGET_${name}_LINKER=$gnu-gcc" "CC_$(echo "$target" | tr - _)=$gnu-gcc"; \
    export RUSTFLAGS='-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom"'; \
    cargo build --locked --release --package adx-follower-operator --bin adx-follower --target "$target"; \
    install -D --mode=0755 "target/$target/release/adx-follower" /root-of-image/usr/local/bin/adx-follower

# Where Go and OpenSSL look for authorities, and rustls-native-certs with them. One file, not Debian's folder of links.
RUN install -D --mode=0644 /etc/ssl/certs/ca-certificates.crt /root-of-image/etc/ssl/certs/ca-certificates.crt

FROM scratch
ARG VERSION=0.0.0-dev REVISION=unknown SOURCE=https://github.com/adx-follower-operator/adx-follower-operator
LABEL org.opencontainers.image.title="adx-follower-operator" \
      org.opencontainers.image.description="A Kubernetes operator that keeps Azure Data Explorer follower databases as declared" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.documentation="$SOURCE/tree/main/docs" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /root-of-image /
# So that `kubectl exec … -- adx-follower doctor` finds it.
ENV PATH=/usr/local/bin
# A number, so that Kubernetes sees that it is not root.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/adx-follower"]
CMD ["run"]
