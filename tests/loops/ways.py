"""Ways to cancel an operation: each starts one, lets chance decide when it is cancelled, and tells what came of it."""

from __future__ import annotations

import asyncio
import sys

from loops.adapters.asyncio import Adapter as AsyncioAdapter
from loops.behaviour import in_a_task

TIMES = (0, 0.00001, 0.00005, 0.0002, 0.001)  # seconds
CANCELLED = object()  # what is returned then


class Failure(Exception):
    """The failure of a task in a group."""


async def timeout(stage, chance, start, feed):
    result = CANCELLED
    try:
        async with stage.adapter.timeout(chance.choice(TIMES)):
            result = await start()
    except TimeoutError:
        pass
    return result


async def cancelled_task(stage, chance, start, feed):
    task = stage.adapter.spawn(in_a_task(start))
    await stage.settle(chance.randrange(6))
    return await cancelled(stage, task)


async def cancelled_as_it_arrives(stage, chance, start, feed):
    """In the same turn of the loop as the arrival, and in those right after it. The other side acts in feed() only."""
    task = await stage.spawned(in_a_task(start))
    feed()
    await stage.settle(chance.randrange(4))
    return await cancelled(stage, task)


async def cancelled(stage, task):
    task.cancel()
    try:
        return await task.wait()
    except stage.adapter.Cancelled:
        return CANCELLED


async def wait_for(stage, chance, start, feed):
    awaitable = start() if chance.randrange(2) else in_a_task(start)
    try:
        return await asyncio.wait_for(awaitable, chance.choice(TIMES))
    except (TimeoutError, asyncio.TimeoutError):
        return CANCELLED


async def cancelled_wait_for(stage, chance, start, feed):
    """The task in which wait_for waits is cancelled."""
    task = stage.adapter.spawn(wait_for(stage, chance, start, feed))
    await stage.settle(chance.randrange(6))
    return await cancelled(stage, task)


async def group_failure(stage, chance, start, feed):
    """Another task of the same TaskGroup fails."""

    async def fail():
        await stage.settle(chance.randrange(6))
        raise Failure

    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(in_a_task(start))
            group.create_task(fail())
    except Exception as error:
        assert [type(cause) for cause in error.exceptions] == [Failure]
    return CANCELLED if task.cancelled() else task.result()


EVERYWHERE = (timeout, cancelled_task, cancelled_as_it_arrives)
ON_ASYNCIO = (wait_for, cancelled_wait_for) + ((group_failure,) if sys.version_info >= (3, 11) else ())


def ways_of(adapter_class):
    """The ways to cancel that a loop has."""
    if adapter_class is None:
        return ()
    if adapter_class.name == "twisted":
        from loops.twisted_ways import ON_TWISTED

        return ON_TWISTED
    return EVERYWHERE + (ON_ASYNCIO if issubclass(adapter_class, AsyncioAdapter) else ())
