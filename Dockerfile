# The program without its build tools, as a user of its own. Data (database, key) live in /data.
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.lock ./
RUN python -m venv /usegap \
    && /usegap/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY alembic ./alembic
COPY surveys ./surveys
COPY bot ./bot
# hatchling alone builds the wheel; it does not come along.
RUN python -m venv /tools && /tools/bin/pip install --no-cache-dir 'hatchling>=1.27' \
    && /tools/bin/hatchling build -t wheel \
    && /usegap/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.11-slim
# Pango: WeasyPrint sets PDFs with it.
RUN apt-get update && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data --create-home usegap
COPY --from=build /usegap /usegap
ENV PATH=/usegap/bin:$PATH PYTHONUNBUFFERED=1 USEGAP_DATABASE_URL=sqlite:////data/usegap.db
USER usegap
WORKDIR /data
VOLUME /data
# Healthy: the program starts, and the database can be read and is of this version.
HEALTHCHECK --interval=60s --timeout=20s --start-period=30s CMD ["usegap", "db", "check"]
ENTRYPOINT ["usegap"]
CMD ["run"]
