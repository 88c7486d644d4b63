# The gateway alone. compose.yaml runs it with a database, Prometheus and Grafana.
#
#     docker build -t ocpp-gateway .

FROM python:3.11.13-slim-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/ocpp-gateway
WORKDIR /build
COPY pyproject.toml setup.py MANIFEST.in README.md LICENSE ./
COPY _speedups _speedups
COPY gateway gateway
RUN /opt/ocpp-gateway/bin/pip install --no-cache-dir --disable-pip-version-check . \
    && /opt/ocpp-gateway/bin/ocpp-gateway --version

FROM python:3.11.13-slim-bookworm
# A fixed number, so that a volume keeps its owner from one image to the next.
RUN groupadd --gid 10001 gateway \
    && useradd --uid 10001 --gid gateway --no-create-home --home-dir /var/lib/ocpp-gateway --shell /usr/sbin/nologin gateway \
    && install -d -o gateway -g gateway -m 700 /var/lib/ocpp-gateway
COPY --from=build /opt/ocpp-gateway /opt/ocpp-gateway
ENV PATH=/opt/ocpp-gateway/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
USER gateway
WORKDIR /var/lib/ocpp-gateway
VOLUME /var/lib/ocpp-gateway
# Stations, stations with TLS, metrics and API. Without a configuration each is listened on in the container only.
EXPOSE 9000 9443 8080
# SIGTERM drains: stations get the answers that they wait for.
STOPSIGNAL SIGTERM
ENTRYPOINT ["ocpp-gateway"]
CMD ["serve"]
