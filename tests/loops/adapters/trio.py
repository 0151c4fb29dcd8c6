"""anyio on trio."""

from __future__ import annotations

import trio  # noqa: F401  # where it is missing, this adapter is skipped
from loops.adapters.anyio import Adapter as AnyioAdapter


class Adapter(AnyioAdapter):
    name = "trio"
    backend = "trio"
