"""Devices: loops that pass messages between sockets."""

from __future__ import annotations

from .._core import device, monitored_queue, proxy, proxy_steerable

__all__ = ["device", "monitored_queue", "proxy", "proxy_steerable"]
