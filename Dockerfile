# The image runs one program at a time (`serve` unless told otherwise) on a Postgres and endpoints given by settings.
# It holds no Node, no local chain and no compiler: those belong to development.

FROM node:22-bookworm AS assets
WORKDIR /app
COPY Makefile package.json package-lock.json schema.graphql ./
COPY dashboard dashboard
COPY graphql_api/html graphql_api/html
RUN make assets

FROM python:3.11-slim-bookworm AS environment
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY Makefile pyproject.toml uv.lock README.md ./
# Same uv as the Makefile, so that one number says which.
RUN python -m pip install --disable-pip-version-check "uv==$(sed -n 's/^UV_VERSION := //p' Makefile)"
# Dependencies change less often than our code: their layer stays until the lock file moves.
RUN uv sync --frozen --no-dev --no-install-project
COPY . .
RUN uv sync --frozen --no-dev
COPY --from=assets /app/graphql_api/static graphql_api/static

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home lamda
COPY --from=environment /app /app
ENV PATH=/app/.venv/bin:$PATH API_HOST=0.0.0.0 ENVIRONMENT=production PYTHONUNBUFFERED=1
# Embedded servers, where somebody wants them here, keep their data below the working directory.
WORKDIR /home/lamda
USER lamda
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT') or os.environ.get('API_PORT') or 8080}/health\", timeout=2)"]
ENTRYPOINT ["lamda"]
CMD ["serve"]
