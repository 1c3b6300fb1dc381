# A small image without a shell's worth of extras, for an unprivileged user and a read-only root. The private Postgres is
# not in it: beside a container there is always a real one.
FROM node:22-bookworm-slim AS page
WORKDIR /page
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web .
# The types of what the server answers are written down in the sources, so the page needs nothing else.
RUN npm run build

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
COPY --from=page /page/dist web/dist
RUN cargo build --release --locked

FROM debian:bookworm-slim
# Certificate authorities must be today's, so they carry no version.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 stentor \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin stentor
COPY --from=build /build/target/release/stentor /usr/local/bin/stentor
USER 10001:10001
# Nothing is ever written here; it only has to be a place.
WORKDIR /tmp
# In a container, loopback is nobody's neighbour.
ENV STENTOR__HTTP__LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["stentor", "health"]
ENTRYPOINT ["stentor"]
CMD ["run"]
