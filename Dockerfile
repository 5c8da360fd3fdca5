# syntax=docker/dockerfile:1
# A static binary, the system's certificate authorities, and nothing else.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    RUSTFLAGS="-C target-feature=+crt-static" \
    cargo build --locked --release --package adx-follower-operator --target "$(rustc -vV | sed -n 's/^host: //p')" \
    && cp target/*/release/adx-follower /adx-follower

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /adx-follower /adx-follower
USER 65532:65532
ENTRYPOINT ["/adx-follower"]
CMD ["run"]
