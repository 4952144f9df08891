"""Plain integers that the hot path counts in, and their text for Prometheus at scrape."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from paifang.core.reasons import Reason
from paifang.services.live.ports import ZoneCount
from paifang.services.live.problems import PROBLEMS
from paifang.web.live.ports import WriterFigures


class Counters:
    """What this process did since it started."""

    def __init__(self) -> None:
        """Start at zero, every reason and problem named, so that rates start with the first one."""
        self.admissions: dict[str, int] = dict.fromkeys([reason.value for reason in Reason], 0)
        self.problems: dict[str, int] = dict.fromkeys(PROBLEMS, 0)
        self.listeners = 0


class _Scrape(Collector):
    """One scrape's figures as metric families."""

    def __init__(
        self, counters: Counters, writer: WriterFigures, zones: Iterable[ZoneCount]
    ) -> None:
        self._counters = counters
        self._writer = writer
        self._zones = zones

    def collect(self) -> Iterator[Metric]:
        """Yield all metric families."""
        yield _labelled(
            "paifang_admissions",
            "Decisions at gates by reason",
            "reason",
            self._counters.admissions,
        )
        yield _labelled(
            "paifang_problems",
            "Requests not carried out by problem",
            "code",
            self._counters.problems,
        )
        writer = self._writer
        yield CounterMetricFamily("paifang_batches", "Grouped commits", writer.batches)
        yield CounterMetricFamily("paifang_commands", "Commands committed", writer.commands)
        yield CounterMetricFamily(
            "paifang_commit_seconds", "Time spent in grouped commits", writer.commit_seconds
        )
        yield GaugeMetricFamily("paifang_queue_depth", "Commands waiting", writer.queue_depth)
        yield GaugeMetricFamily(
            "paifang_last_commit_seconds", "The last grouped commit", writer.last_commit_ms / 1000
        )
        yield GaugeMetricFamily(
            "paifang_stream_listeners", "Open event streams", self._counters.listeners
        )
        inside = GaugeMetricFamily("paifang_zone_inside", "People inside now", labels=["zone"])
        entries = GaugeMetricFamily("paifang_zone_entries", "People in today", labels=["zone"])
        exits = GaugeMetricFamily("paifang_zone_exits", "People out today", labels=["zone"])
        for count in self._zones:
            inside.add_metric([count.zone], count.inside)
            entries.add_metric([count.zone], count.entries)
            exits.add_metric([count.zone], count.exits)
        yield from (inside, entries, exits)


def _labelled(name: str, text: str, label: str, counts: dict[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def exposition(counters: Counters, writer: WriterFigures, zones: Iterable[ZoneCount]) -> str:
    """Return the text a Prometheus server scrapes (exposition format 0.0.4)."""
    registry = CollectorRegistry()
    registry.register(_Scrape(counters, writer, tuple(zones)))
    return generate_latest(registry).decode()
