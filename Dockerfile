# A small, unprivileged image. The private Postgres is not in it: beside a container there is always a real one.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 stentor
COPY --from=build /build/target/release/stentor /usr/local/bin/stentor
USER stentor
EXPOSE 8080
ENTRYPOINT ["stentor"]
CMD ["run"]
