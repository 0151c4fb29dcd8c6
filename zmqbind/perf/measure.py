"""What the two ends do in one round of one case, around the loops."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

from . import histogram
from .control import Control
from .failures import PerfError
from .loops import Plain
from .patterns import Ends, where
from .settings import Settings

STEP = 0.005  # seconds between two looks at the clock, about
LONGEST_STEP = 1 << 16  # messages
RESEND = 20  # ms
END = b"zmqbind perf: end"  # no message that is measured looks like it: those are zeros

Clock = Callable[[], float]
Advance = Callable[["Meter"], None]


class Meter:
    """How many messages in how much time, and how much of it on a processor."""

    def __init__(self, cpu_clock: Clock) -> None:
        self.count = 0
        self.seconds = 0.0
        self.cpu = 0.0  # seconds, of all threads
        self._cpu_clock = cpu_clock
        self.begin()

    def begin(self) -> None:
        """What has been since the last mark does not count."""
        self._cpu_begun = self._cpu_clock()
        self._begun = perf_counter()

    def mark(self, count: int) -> float:
        """So many messages since the last mark, or `begin`. Return the seconds that they took."""
        now, cpu = perf_counter(), self._cpu_clock()
        took = now - self._begun
        self.count += count
        self.seconds += took
        self.cpu += cpu - self._cpu_begun
        self._begun, self._cpu_begun = now, cpu
        return took


class Pace:
    """How many messages to move between two looks at the clock."""

    def __init__(self) -> None:
        self.step = 1

    def adapt(self, took: float) -> None:
        if took < STEP:
            self.step = min(2 * self.step, LONGEST_STEP)
        elif took > 4 * STEP:
            self.step = max(self.step // 2, 1)


class Leading:
    """The end that receives the stream, or asks. What has been measured can be told at any time."""

    def __init__(self, control: Control, settings: Settings, timeout: float, cpu_clock: Clock, advance: Advance):
        self.meter: Meter | None = None  # once the warm-up is over
        self.histogram = histogram.new() if settings.command == "latency" else None
        self._control = control
        self._settings = settings
        self._timeout = timeout
        self._cpu_clock = cpu_clock
        self._advance = advance
        self._pace = Pace()

    def _steps(self, meter: Meter, seconds: float | None, count: int | None) -> Iterator[int]:
        """How many messages to move next; by the meter, which is marked in between, it ends in time."""
        while count is None or meter.count < count:
            if seconds is not None and meter.seconds >= seconds:
                return
            yield self._pace.step if count is None else min(self._pace.step, count - meter.count)
            if meter is self.meter:
                self._advance(meter)

    def _phases(self) -> Iterator[tuple[Meter, Iterator[int]]]:
        """The warm-up, then what is measured."""
        meter = Meter(self._cpu_clock)
        yield meter, self._steps(meter, self._settings.warm_up, None)
        self.meter = meter = Meter(self._cpu_clock)
        yield meter, self._steps(meter, self._settings.time, self._settings.count)

    async def stream(self, ends: Ends, loops: Plain) -> dict[str, Any]:
        """Receive; return how many came in all, and how many were sent."""
        if not ends.receives.poll(self._timeout * 1000):
            raise PerfError(f"no message came in at {where(ends.receives)} within {self._timeout:g} s")
        received = 0
        for meter, steps in self._phases():
            meter.begin()
            for step in steps:
                await loops.receive(step)
                self._pace.adapt(meter.mark(step))
            received += meter.count
        self._control.send("stop")
        while (await loops.get())[-1] != END:
            received += 1
        self._control.send("drained")
        tally = self._control.receive("tally")
        return {**tally, "received": received}

    async def questions(self, ends: Ends, loops: Plain) -> dict[str, Any]:
        """Ask; return how much was asked and answered in all."""
        from zmqbind import POLLOUT

        if not ends.sends.poll(self._timeout * 1000, POLLOUT):
            raise PerfError(f"nobody came to {where(ends.sends)} within {self._timeout:g} s")
        times = array("Q", bytes(8 * LONGEST_STEP))
        for meter, steps in self._phases():
            is_measured = meter is self.meter
            for step in steps:
                await announce(loops, step)
                meter.begin()
                await loops.ask(step, times)
                self._pace.adapt(meter.mark(step))
                if is_measured and self.histogram is not None:
                    histogram.record(self.histogram, times[:step])
        await announce(loops, 0)
        tally = self._control.receive("tally")
        return {**tally, "received": tally["sent"]}


async def announce(loops: Plain, count: int) -> None:
    """Tell the one who answers how many questions come next; 0: none any more."""
    await loops.put([count.to_bytes(8, "big")])
    await loops.get()


async def send_stream(control: Control, loops: Plain, cpu_clock: Clock) -> dict[str, Any]:
    """Send until told to stop, then tell the receiver that this was all."""
    meter, pace = Meter(cpu_clock), Pace()
    while not control.pending():
        await loops.send(pace.step)
        pace.adapt(meter.mark(pace.step))
    control.receive("stop")
    await loops.put([END])
    while not control.pending(RESEND):  # where it publishes, that may have been dropped
        await loops.put([END])
    control.receive("drained")
    return {"sent": meter.count, "cpu": meter.cpu}


async def answer(loops: Plain, cpu_clock: Clock) -> dict[str, Any]:
    """Answer as often as is announced, until that is not at all."""
    meter = Meter(cpu_clock)
    while True:
        parts = await loops.get()
        await loops.put(parts)
        count = int.from_bytes(parts[-1], "big")
        if not count:
            return {"sent": meter.count, "cpu": meter.cpu}
        meter.begin()
        await loops.echo(count)
        meter.mark(count)
