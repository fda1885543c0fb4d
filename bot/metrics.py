"""What is counted, for Prometheus. The only import of its client; no label ever holds a name or an address.

Counters live in this process. What stands in the database is read when somebody asks, and handed to `exposition`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
_FETCHES = Counter(
    "vedette_fetches", "Reads of sources: new, same, or the kind of error.", ["result"], registry=REGISTRY
)
_ARTICLES = Counter("vedette_articles", "Articles filed, new or changed.", registry=REGISTRY)
_ALERTS = Counter("vedette_alerts", "Alerts raised.", ["platform"], registry=REGISTRY)
_DELIVERIES = Counter(
    "vedette_deliveries", "Attempts to send: sent, later or never.", ["platform", "result"], registry=REGISTRY
)
_PUSHES = Counter("vedette_pushes", "What hubs sent: taken, kept, ignored, busy.", ["result"], registry=REGISTRY)
MATCH_SECONDS = Histogram(
    "vedette_match_seconds", "Finding names in one batch of new articles.", buckets=_SECONDS, registry=REGISTRY
)
INGEST_SECONDS = Histogram(
    "vedette_ingest_seconds", "One batch from document to commit.", buckets=_SECONDS, registry=REGISTRY
)


def fetched(result: str) -> None:
    """A source was read: "new", "same", or the class of the error."""
    _FETCHES.labels(result).inc()


def filed(articles: int) -> None:
    _ARTICLES.inc(articles)


def alerted(platform: str, count: int = 1) -> None:
    _ALERTS.labels(platform).inc(count)


def delivered(platform: str, result: str) -> None:
    """An attempt ended: "sent", "later" or "never"."""
    _DELIVERIES.labels(platform, result).inc()


def pushed(result: str) -> None:
    """A hub called: "taken", "kept" for the next poll, "ignored" for its signature, or "busy"."""
    _PUSHES.labels(result).inc()


class _Gauges(Collector):
    """Name → (help, value), true for one answer."""

    def __init__(self, gauges: Mapping[str, tuple[str, float]], loops: Mapping[str, float]) -> None:
        self._gauges = gauges
        self._loops = loops

    def collect(self) -> Iterable[Metric]:
        for name, (about, value) in self._gauges.items():
            yield GaugeMetricFamily(name, about, value)
        ages = GaugeMetricFamily("vedette_loop_age_seconds", "Seconds since a loop last turned.", labels=["loop"])
        for loop, age in self._loops.items():
            ages.add_metric([loop], age)
        yield ages


def exposition(gauges: Mapping[str, tuple[str, float]], loops: Mapping[str, float]) -> bytes:
    """All of it in Prometheus' text format; `gauges` is name → (help, value), `loops` name → seconds."""
    passing = CollectorRegistry(auto_describe=False)
    passing.register(_Gauges(gauges, loops))
    return generate_latest(passing) + generate_latest(REGISTRY)
