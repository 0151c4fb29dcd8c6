"""What has been measured so far, what to make of it, and the JSON. docs/perf.md describes the fields."""

from __future__ import annotations

from datetime import datetime, timezone
from statistics import median
from typing import Any

from . import histogram
from .settings import Case, Settings

SCHEMA, SCHEMA_VERSION = "zmqbind-perf", 1
MILLION = 1e6


class Results:
    """The samples of each case, by round, and where they come from."""

    def __init__(self, settings: Settings, transport: str, hosts: dict[str, Any]) -> None:
        """hosts: what `machine.describe` told at the two ends, by "bind" and "connect"."""
        self.settings = settings
        self.transport = transport
        self.hosts = hosts
        self.interrupted = False
        self.failure: str | None = None  # what ended it before its time, if not Ctrl-C
        self.date = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self._samples: dict[Case, list[dict[str, Any]]] = {case: [] for case in settings.cases}

    def add(self, case: Case, sample: dict[str, Any]) -> None:
        self._samples[case].append(sample)

    @property
    def measured(self) -> list[Case]:
        """The cases of which something is known."""
        return [case for case, samples in self._samples.items() if samples]

    def histogram(self, case: Case) -> Any:
        """Of latency: the round trips of all rounds."""
        return histogram.merge(sample["histogram"] for sample in self._samples[case])

    def summary(self, case: Case) -> dict[str, Any]:
        """One row: medians over the rounds, percentiles over all of them, totals of what was lost."""
        samples = self._samples[case]
        rates = [sample["rate"] for sample in samples]
        row: dict[str, Any] = {
            "count": sum(sample["count"] for sample in samples),
            "rate": median(rates),
            "rate_min": min(rates),
            "rate_max": max(rates),
            "bytes_per_second": median(rates) * case.size,
            "cpu": {end: middle(sample["cpu"][end] for sample in samples) for end in ("bind", "connect")},
            "sent": total(sample["sent"] for sample in samples),
            "lost": total(sample["lost"] for sample in samples),
        }
        if self.settings.command == "latency":
            row["latency_us"] = histogram.percentiles(self.histogram(case))
        return row

    def document(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "date": self.date,
            "settings": self.settings.as_dict(),
            "transport": self.transport,
            "hosts": self.hosts,
            "interrupted": self.interrupted,
            "failure": self.failure,
            "cases": [
                {
                    "api": case.api,
                    "size": case.size,
                    "summary": self.summary(case),
                    "samples": self._samples[case],
                }
                for case in self.measured
            ],
        }


def sample(leading: Any, number: int, told: dict[str, Any] | None) -> dict[str, Any]:
    """One round of one case.

    leading: the Leading that measured it. number: of the round, from 1. told: totals of both ends; None if the round
    was interrupted, when they are not known.
    """
    meter = leading.meter
    made = {
        "round": number,
        "partial": told is None,
        "count": meter.count,
        "seconds": meter.seconds,
        "rate": meter.count / meter.seconds,
        "sent": told and told["sent"],
        "received": told and told["received"],
        "lost": told and told["sent"] - told["received"],
        "cpu": {
            "bind": meter.cpu / meter.count * MILLION,
            "connect": told["cpu"] / told["sent"] * MILLION if told and told["sent"] else None,
        },
    }
    if leading.histogram is not None:
        made["latency_us"] = histogram.percentiles(leading.histogram)
        made["histogram"] = histogram.encode(leading.histogram)
    return made


def middle(values: Any) -> float | None:
    """The median of those that are known."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def total(values: Any) -> int | None:
    """The sum of those that are known."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
