# The program without its build tools, as a user of its own. Data (database, key) live in /data.
# Checked without a container engine, step by step, by .ci/dockerfile.py.
FROM python:3.11.13-slim-bookworm AS build
WORKDIR /build
COPY requirements.lock ./
RUN python -m venv /usegap \
    && /usegap/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY alembic ./alembic
COPY surveys ./surveys
COPY bot ./bot
# hatchling alone builds the wheel; it does not come along.
RUN python -m venv /tools && /tools/bin/pip install --no-cache-dir 'hatchling==1.33.0' \
    && /tools/bin/hatchling build -t wheel \
    && /usegap/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.11.13-slim-bookworm
# Pango: WeasyPrint sets PDFs with it. Chinese letters come with the program (zhplot: Noto Sans SC).
RUN apt-get update && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data --create-home usegap
COPY --from=build /usegap /usegap
ENV PATH=/usegap/bin:$PATH PYTHONUNBUFFERED=1 MPLCONFIGDIR=/tmp XDG_CACHE_HOME=/tmp \
    TMPDIR=/var/tmp USEGAP_DATABASE_URL=sqlite:////data/usegap.db
USER usegap
WORKDIR /data
# What exports make waits in /var/tmp: /tmp may be in memory.
VOLUME ["/data", "/var/tmp"]
# What is begun is ended first: give it 30 seconds (`docker run --stop-timeout 30`).
STOPSIGNAL SIGTERM
# Healthy: the database can be read and is of this version.
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s CMD ["usegap", "db", "check"]
ENTRYPOINT ["usegap"]
CMD ["run"]
