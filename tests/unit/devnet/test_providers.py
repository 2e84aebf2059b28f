"""The cards of the local world can be told apart."""

from devnet.accounts import PROVIDERS
from devnet.providers import CARDS


def test_every_provider_has_a_card_of_another_kind() -> None:
    """So that filters by model and by memory have something to choose from."""
    assert len({card.model for card in CARDS}) == len({card.vram_mib for card in CARDS}) == len(PROVIDERS)


def test_memory_is_in_mib_as_nvidia_smi_prints_it() -> None:
    """A card of 24 GB is some 24 thousand, not 24."""
    assert all(20_000 < card.vram_mib < 100_000 for card in CARDS)
