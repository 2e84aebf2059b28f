"""The layers that every request goes through, whatever its route: time, labels, origins, then quotas and sizes."""

from starlette.middleware import Middleware

from graphql_api.figures import Measuring
from graphql_api.labelling import Labelling
from graphql_api.metering import Metering
from graphql_api.origins import Origins
from graphql_api.reading import World


def guards(world: World) -> list[Middleware]:
    """Return the layers, outermost first: a page may read also the answer that it asks too often."""
    return [
        Middleware(Measuring, figures=world.figures),
        Middleware(Labelling, is_secure=world.terms.is_secure),
        Middleware(Origins, named=frozenset(world.limits.api_origins)),
        Middleware(Metering, world=world),
    ]
