"""What is measured: the parameters that both ends have to agree on, and what fits together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

import zmqbind

from .failures import BadArgument

PATTERNS = ("push-pull", "pub-sub", "req-rep", "router-dealer")
APIS = ("single", "batch", "multipart", "zero-copy", "asyncio", "uvloop", "trio")
# The modules that an API needs, each with what to install for it.
NEEDS = {"uvloop": {"uvloop": "uvloop"}, "trio": {"anyio": "zmqbind[anyio]", "trio": "trio"}}
DEFAULTS: dict[str, Any] = {
    "sizes": [10, 1000, 100_000],
    "apis": ["single"],
    "rounds": 3,
    "time": 1.0,
    "count": None,
    "warm_up": 0.2,
    "curve": False,
    "hwm": None,
}
DEFAULT_PATTERN = {"throughput": "push-pull", "latency": "req-rep"}
# What messages may queue at either end, in bytes and in messages (which is libzmq's default).
QUEUED_BYTES = 64 << 20
QUEUED_MESSAGES = 1000


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    api: str
    size: int  # bytes in a message, over all of its parts


@dataclass(frozen=True)
class Settings:
    """The parameters of a measurement. The fields are named as in the JSON."""

    command: str  # "throughput" or "latency"
    pattern: str
    sizes: list[int]
    apis: list[str]
    rounds: int
    time: float | None  # seconds in each round; None: by count
    count: int | None  # messages or round trips in each round; None: by time
    warm_up: float  # seconds
    curve: bool
    hwm: int | None  # messages that may queue at either end; None: 1000, fewer if large

    def high_water_mark(self, size: int) -> int:
        """How many messages of this size may queue at either end."""
        return self.hwm or max(2, min(QUEUED_MESSAGES, QUEUED_BYTES // max(size, 1)))

    @property
    def lockstep(self) -> bool:
        """Whether a message is sent only when the one before has been answered."""
        return self.command == "latency" or self.pattern == "req-rep"

    @property
    def cases(self) -> list[Case]:
        return [Case(api, size) for api in self.apis for size in self.sizes]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def complete(given: dict[str, Any]) -> Settings:
    """Fill in the defaults. `given` has the command, and what was said on the command lines."""
    values = {**DEFAULTS, "pattern": DEFAULT_PATTERN[given["command"]], **given}
    if values["count"] is not None:
        values["time"] = None
    settings = Settings(**values)
    if settings.lockstep and "batch" in settings.apis:
        reason = "latency" if settings.command == "latency" else f"--pattern {settings.pattern}"
        raise BadArgument(f"--api batch: not with {reason}, where every message waits for the answer to the one before")
    return settings


def check_installed(settings: Settings) -> None:
    """Raise BadArgument for what this machine has not got."""
    for api in settings.apis:
        for module, package in NEEDS.get(api, {}).items():
            if find_spec(module) is None:
                raise BadArgument(f"--api {api}: {module} is not installed (pip install '{package}')")
    if settings.command == "latency" and find_spec("hdrh") is None:
        raise BadArgument("latency: hdrhistogram is not installed (pip install 'zmqbind[cli]')")
    if settings.curve and not zmqbind.has("curve"):
        raise BadArgument("--curve: this libzmq has no CURVE")
