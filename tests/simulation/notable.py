"""Seeds that once failed, each with what it taught; they are run with every other from then on."""

from collections.abc import Mapping
from typing import Final

NOTABLE: Final[Mapping[int, str]] = {}
