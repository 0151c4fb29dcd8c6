"""What runs the coroutines of a measurement: nothing, or an event loop."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def drive(api: str, main: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run `main` as this API needs it; return its result."""
    if api == "trio":
        import trio

        return trio.run(main)
    if api in ("asyncio", "uvloop"):
        return run_on_loop(api, main)
    try:
        main().send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    raise RuntimeError(f"--api {api}: a loop that was to block has awaited something")


def run_on_loop(api: str, main: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run `main` on a loop of its own, to its end also where Ctrl-C hits the loop and not the coroutine."""
    import asyncio

    if api == "uvloop":
        import uvloop

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    try:
        task = loop.create_task(main())
        try:
            return loop.run_until_complete(task)
        except BaseException:
            if not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    loop.run_until_complete(task)
            elif not task.cancelled():
                task.exception()  # which is known; or asyncio would complain that it is not
            raise
    finally:
        loop.close()
