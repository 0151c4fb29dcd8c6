"""asyncio on uvloop."""

from __future__ import annotations

import uvloop
from loops.adapters import asyncio


class Adapter(asyncio.Adapter):
    name = "uvloop"
    requires = ("uvloop",)

    def new_loop(self):
        return uvloop.new_event_loop()
