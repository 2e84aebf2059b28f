"""Figures are plain numbers until somebody reads them, and are then told as Prometheus has it."""

from prometheus_client.parser import text_string_to_metric_families

from runtime.metrics import Labels, Metrics, Spread


async def samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return what Prometheus would read, by name and labels."""
    text = (await metrics.exposition()).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_what_is_told_is_what_is_so_when_it_is_read() -> None:
    """Nothing is kept from an earlier reading."""
    counts: dict[Labels, float] = {("a",): 1}
    metrics = Metrics("test")
    metrics.counter("lamda_test_total", "Things.", ("kind",), lambda: counts)
    metrics.gauge("lamda_test_level", "Level.", (), lambda: {})

    before = await samples(metrics)
    counts[("b",)] = 2
    del counts[("a",)]
    after = await samples(metrics)

    assert before == {("lamda_test_total", frozenset({("kind", "a")})): 1.0}
    assert after == {("lamda_test_total", frozenset({("kind", "b")})): 2.0}


async def test_a_spread_counts_what_is_at_most_as_large_as_each_bound() -> None:
    """The bound belongs to its bucket, and the last one holds everything."""
    spread = Spread((1, 10))
    for figure in (0.5, 1, 2, 10, 11):
        spread.note(("a",), figure)
    metrics = Metrics("test")
    metrics.histogram("lamda_test_seconds", "Times.", ("kind",), spread.read)

    read = await samples(metrics)

    buckets = {
        labels["le"]: value
        for (name, found), value in read.items()
        if name == "lamda_test_seconds_bucket" and (labels := dict(found))
    }
    assert buckets == {"1.0": 2, "10.0": 4, "+Inf": 5}
    assert read["lamda_test_seconds_sum", frozenset({("kind", "a")})] == 24.5


async def test_labels_may_hold_anything() -> None:
    """What an endpoint is called, or a client sends, breaks no line."""
    strange = 'a"b\\c\nd'
    metrics = Metrics("test")
    metrics.gauge("lamda_test_level", "Level.", ("name",), lambda: {(strange,): 1})

    assert await samples(metrics) == {("lamda_test_level", frozenset({("name", strange)})): 1.0}


async def test_what_must_be_asked_elsewhere_is_asked_before_each_reading() -> None:
    """Once a reading, before any figure is read."""
    asked: list[int] = []
    metrics = Metrics("test")

    async def look() -> None:
        asked.append(1)

    metrics.prepare(look)
    metrics.gauge("lamda_test_level", "Level.", (), lambda: {(): len(asked)})

    assert [set((await samples(metrics)).values()) for _ in range(2)] == [{1.0}, {2.0}]
