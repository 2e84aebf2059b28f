"""Metrics as Prometheus reads them."""

from dataclasses import dataclass
from typing import Self

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from runtime.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Exposition:
    """One reading."""

    samples: tuple[Sample, ...]

    @classmethod
    async def of(cls, metrics: Metrics) -> Self:
        """Read metrics in this process."""
        return cls.parsed((await metrics.exposition()).decode())

    @classmethod
    def parsed(cls, text: str) -> Self:
        """Read what a program has answered."""
        return cls(tuple(sample for family in text_string_to_metric_families(text) for sample in family.samples))

    def has(self, name: str) -> bool:
        """Say whether a metric has any figure."""
        return any(sample.name == name for sample in self.samples)

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's figures that have these labels, of which there is one at least."""
        found = [
            sample.value for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()
        ]
        assert found, f"{name} {labels} is not told"
        return sum(found)

    def labels(self, name: str, label: str) -> set[str]:
        """Return the values that a label of a metric has."""
        return {sample.labels[label] for sample in self.samples if sample.name == name}
