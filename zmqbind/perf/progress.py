"""A progress bar that leaves the measurement alone: it is drawn between two steps, four times a second at most."""

from __future__ import annotations

from time import monotonic
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from .measure import Meter
from .settings import Case, Settings
from .units import scaled, size_text

INTERVAL = 0.25  # seconds


class Bar:
    """Shown where the console is a terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[rate]}/s"),
            TimeRemainingColumn(),
            console=console,
            auto_refresh=False,  # or a thread would take its share of the processor
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = TaskID(0)
        self._settings: Settings | None = None
        self._drawn = 0.0

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._settings is not None:
            self._progress.stop()

    def start(self, settings: Settings) -> None:
        self._settings = settings
        self._task = self._progress.add_task("", total=settings.rounds * len(settings.cases), rate=scaled(None))
        self._progress.start()

    def advance(self, number: int, case: Case, meter: Meter) -> None:
        now = monotonic()
        if now - self._drawn < INTERVAL or self._settings is None:
            return
        self._drawn = now
        settings = self._settings
        done = meter.seconds / settings.time if settings.time is not None else meter.count / (settings.count or 1)
        before = (number - 1) * len(settings.cases) + settings.cases.index(case)
        fields: dict[str, Any] = {
            "completed": before + min(done, 1),
            "description": f"round {number} of {settings.rounds}, {case.api}, {size_text(case.size)}",
            "rate": scaled(meter.count / meter.seconds),
        }
        self._progress.update(self._task, refresh=True, **fields)
