"""The two ends from their first word to the last."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import zmqbind
from zmqbind import ContextTerminated

from . import drivers, loops, machine, patterns
from .control import Control
from .failures import BadArgument, PeerInterrupted, PerfError, RoundAborted
from .measure import Clock, Leading, Meter, answer, send_stream
from .results import Results, sample
from .settings import Case, Settings, check_installed, complete

PROTOCOL = 1  # changes whenever two versions could not work together
OPTION = {"sizes": "--size", "apis": "--api", "warm_up": "--warm-up"}  # where it is not the name of the parameter
Advance = Callable[[int, Case, Meter], None]  # round, case, what has been measured in it


def cpu_clock(endpoint: str) -> Clock:
    """Of the process; of the thread where both ends are threads of one process."""
    return time.thread_time if endpoint.startswith("inproc:") else time.process_time


def merge(mine: dict[str, Any], theirs: dict[str, Any]) -> Settings:
    """What both ends were told on their command lines, as one. Raises BadArgument where that does not fit."""
    for name in mine.keys() & theirs.keys():
        if mine[name] != theirs[name]:
            option = OPTION.get(name, "command" if name == "command" else f"--{name}")
            raise BadArgument(f"{option}: {shown(mine[name])} at one end, {shown(theirs[name])} at the other")
    both = {**mine, **theirs}
    if both.get("time") is not None and both.get("count") is not None:
        raise BadArgument("--count: not with --time, which the other end was given")
    return complete(both)


def shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


class Leader:
    """The end that binds: it says what is done next, and measures."""

    def __init__(self, control: Control, bound: str, timeout: float, advance: Advance) -> None:
        self._control = control
        self._bound = bound
        self._timeout = timeout
        self._advance = advance

    def agree(self, given: dict[str, Any], look: Callable[[], None]) -> Results:
        """Wait for the peer and agree on what to measure. Raises PerfError, having told the peer."""
        try:
            return self._agree(given, look)
        except PerfError as error:
            self._control.send_failure(error)
            raise

    def _agree(self, given: dict[str, Any], look: Callable[[], None]) -> Results:
        try:
            hello = self._control.receive("hello", timeout=self._timeout, look=look)
        except TimeoutError:
            raise PerfError(f"no peer came to {self._bound} within {self._timeout:g} s (--timeout)") from None
        self._control.met()
        if hello.get("protocol") != PROTOCOL:
            raise PerfError(
                f"this is zmqbind {zmqbind.__version__} and the peer {hello.get('version')}: "
                f"their protocols differ ({PROTOCOL} and {hello.get('protocol')})"
            )
        said = hello.get("given")
        if not isinstance(said, dict) or not said.keys() <= Settings.__dataclass_fields__.keys():
            raise PerfError(f"{self._bound}: the peer is no `zmqbind perf`")
        settings = merge(given, said)
        check_installed(settings)
        hosts = {"bind": machine.describe(), "connect": hello.get("machine")}
        transport = self._bound.partition(":")[0]
        self._control.send("settings", settings=settings.as_dict(), hosts=hosts, transport=transport)
        self._control.receive("agreed")
        return Results(settings, transport, hosts)

    def measure(self, results: Results) -> None:
        """Do all rounds, each with all cases in turn.

        Ctrl-C, here or at the peer, and failures end it with what has been measured by then.
        """
        try:
            for number in range(1, results.settings.rounds + 1):
                for case in results.settings.cases:
                    self._measure_case(results, number, case)
        except (KeyboardInterrupt, PeerInterrupted):
            results.interrupted = True
        except PerfError as error:
            results.failure = str(error)
            self._control.send_failure(error)
            return
        self._control.send("end", interrupted=results.interrupted)

    def _measure_case(self, results: Results, number: int, case: Case) -> None:
        settings = results.settings
        clock = cpu_clock(self._control.endpoint)
        leading = Leading(
            self._control, settings, self._timeout, clock, lambda meter: self._advance(number, case, meter)
        )
        made = None
        try:
            told = self._exchange(settings, case, leading)
            made = sample(leading, number, told)
        except (KeyboardInterrupt, PeerInterrupted):
            self._control.send("abort")
            if leading.meter is not None and leading.meter.count:
                made = sample(leading, number, None)
            raise
        finally:
            if made is not None:
                results.add(case, made)
                self._control.send("sample", api=case.api, size=case.size, sample=made)

    def _exchange(self, settings: Settings, case: Case, leading: Leading) -> dict[str, Any]:
        """Measure one case once, with sockets of its own."""
        ends, told = patterns.bind(self._control, self._bound, settings, case)
        with ends:
            try:
                self._control.send("run", api=case.api, size=case.size, **told)
                ends.wait_for_subscriber(self._timeout)
                self._control.receive("ready", look=ends.stir)
                flow = leading.questions if settings.lockstep else leading.stream

                async def main() -> dict[str, Any]:
                    return await flow(ends, loops.make(ends, case))

                return drivers.drive(case.api, main)
            except ContextTerminated:
                while True:  # until it tells why it has gone, or that it has
                    self._control.receive()


class Follower:
    """The end that connects: it does as it is told."""

    def __init__(self, control: Control, timeout: float) -> None:
        self._control = control
        self._timeout = timeout

    def agree(self, given: dict[str, Any], look: Callable[[], None] | None = None) -> Results:
        """Offer what the command line says; return the empty results of what is to be measured. Raises PerfError."""
        self._control.send(
            "hello", protocol=PROTOCOL, version=zmqbind.__version__, given=given, machine=machine.describe()
        )
        try:
            said = self._control.receive("settings", timeout=self._timeout, look=look)
        except TimeoutError:
            text = f"no answer from {self._control.endpoint} within {self._timeout:g} s (--timeout)"
            raise PerfError(text) from None
        self._control.met()
        settings = Settings(**said["settings"])
        try:
            check_installed(settings)
        except BadArgument as error:
            told = BadArgument(f"{error} at the end that connects")
            self._control.send_failure(told)
            raise told from None
        self._control.send("agreed")
        return Results(settings, said["transport"], said["hosts"])

    def serve(self, results: Results) -> None:
        """Do what the leader says until it says that this was all. The results are told here too.

        Ctrl-C and failures end it with what has been measured by then.
        """
        try:
            self._serve(results)
        except KeyboardInterrupt:
            self._control.send("interrupted")
            results.interrupted = True
        except PerfError as error:
            self._control.send_failure(error)
            results.failure = str(error)

    def _serve(self, results: Results) -> None:
        while True:
            try:
                message = self._control.receive("run", "sample", "end")
                if message["what"] == "end":
                    results.interrupted = message["interrupted"]
                    return
                case = Case(message["api"], message["size"])
                if message["what"] == "sample":
                    results.add(case, message["sample"])
                else:
                    self._serve_case(results.settings, case, message)
            except (ContextTerminated, RoundAborted):  # what the leader said, before it went, comes next
                continue

    def _serve_case(self, settings: Settings, case: Case, told: dict[str, Any]) -> None:
        control, clock = self._control, cpu_clock(self._control.endpoint)
        with patterns.connect(control, settings, case, told) as ends:
            ends.wait_for_subscriber(self._timeout)
            control.send("ready")

            async def main() -> dict[str, Any]:
                made = loops.make(ends, case)
                if settings.lockstep:
                    return await answer(made, clock)
                return await send_stream(control, made, clock)

            control.send("tally", **drivers.drive(case.api, main))
