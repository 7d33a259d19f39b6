# Two stages: what it takes to install stays behind; what runs has no compiler, no pip cache and no root.
FROM python:3.11-slim AS build
WORKDIR /app
COPY pyproject.toml .constraints.txt README.md ./
RUN mkdir smartspawn catalog routing runs feedback \
 && python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir -c .constraints.txt ".[scale]" \
 && /venv/bin/pip uninstall --yes smart-spawn pip setuptools

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    SMARTSPAWN_DOTENV=off \
    SMARTSPAWN_HOME=/data
RUN useradd --system --uid 10001 --home-dir /data --create-home smartspawn
WORKDIR /app
COPY --from=build /venv /venv
COPY manage.py ./
COPY smartspawn smartspawn
COPY catalog catalog
COPY routing routing
COPY runs runs
COPY feedback feedback
COPY integrations integrations
COPY templates templates
COPY static static
RUN python -m compileall -q .
USER smartspawn
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
# By itself the image is the whole site on SQLite; compose.yaml starts its parts apart.
CMD ["python", "manage.py", "up"]
