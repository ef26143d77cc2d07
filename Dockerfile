# One image for every role; the command picks it: web, worker, beat, relay, sandbox or manage COMMAND.
FROM python:3.12-slim-bookworm AS packages
WORKDIR /build
COPY requirements.txt .
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9 \
    && /opt/venv/bin/uv pip install --quiet --system-certs --require-hashes \
        --python /opt/venv/bin/python -r requirements.txt

FROM python:3.12-slim-bookworm
# what WeasyPrint opens at run time
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin vyapar \
    && install -d -o vyapar -g vyapar -m 0700 /data
COPY --from=packages /opt/venv /opt/venv
COPY . /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=vyapar.settings \
    VYAPAR_BIND=0.0.0.0 \
    VYAPAR_HOME=/data \
    PORT=8000
USER vyapar
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["python", "-m", "vyapar.ops.role"]
CMD ["web"]
