"""Seeds that once failed, each with what it taught; they are run with every other from then on."""

from collections.abc import Mapping
from typing import Final

NOTABLE: Final[Mapping[int, str]] = {
    102: "of three endpoints only the third had receipts, and the second alone was asked for them",
}

NOTABLE_BEYOND_FINALITY: Final[Mapping[int, str]] = {
    3040: "the same, when a chain that broke its word was to be read again",
}
