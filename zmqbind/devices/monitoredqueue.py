"""The monitored queue: a proxy that publishes what passes."""

from __future__ import annotations

from .._core import monitored_queue

__all__ = ["monitored_queue"]
