"""Print the public schema: `make schema` writes `schema.graphql` with this."""

import sys

from graphql_api.schema.build import build

if __name__ == "__main__":
    sys.stdout.write(f"{build()}\n")
