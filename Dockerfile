# syntax=docker/dockerfile:1
# The server as a container: its binary, what that links to, and nothing else: no shell, no package manager,
# no configuration, no secret. It runs as 65532, needs no writable file system beside the folder of its
# SQLite files, if it has any, and tells its health by itself.
#
#   docker build -t vestibule .
#
# tests/it/containers.rs holds this file against the crate and the command line; it was not built by the tests.

FROM rust:1.95-slim-bookworm AS build
# aws-lc, the cryptography, is C.
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential cmake \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --profile dist --locked --bin vestibule \
    && install -D -m 0755 target/dist/vestibule /out/vestibule \
    && install -d -m 0700 /out/data

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="vestibule" \
      org.opencontainers.image.description="A standalone OAuth 2 / OpenID Connect authorization server" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/vestibule /usr/local/bin/vestibule
# Where SQLite's files go when nothing else is configured; with PostgreSQL it stays empty.
COPY --from=build --chown=65532:65532 /out/data /var/lib/vestibule
USER 65532:65532
ENV VESTIBULE_CONFIG=/etc/vestibule
EXPOSE 9400
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/local/bin/vestibule", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/vestibule"]
CMD ["serve"]
