"""Seeds of worlds with reactors that once failed, each with what it taught."""

from collections.abc import Mapping
from typing import Final

NOTABLE: Final[Mapping[int, str]] = {}
