"""Ways to cancel an operation that Twisted has. See ways.py.

Each cancels a Deferred or a coroutine once, as programs do. A coroutine that survives its cancellation gets one more
Deferred chained to it by Twisted; after about 500 on one coroutine, cancelling exceeds Python's recursion limit. So
`timeout` of ways.py, which cancels the same task again and again, is not for Twisted: addTimeout is.
"""

from __future__ import annotations

from loops.adapters.twisted import the_reactor
from loops.ways import CANCELLED, TIMES, cancelled_as_it_arrives, cancelled_task
from twisted.internet.defer import CancelledError, Deferred, DeferredList, TimeoutError, inlineCallbacks


def begun(start):
    """The Deferred of an operation that begins now: the socket's own, or that of a coroutine."""
    operation = start()
    return operation if isinstance(operation, Deferred) else Deferred.fromCoroutine(operation)


async def outcome(deferred, *errors):
    try:
        return await deferred
    except (CancelledError, *errors):
        return CANCELLED


async def add_timeout(stage, chance, start, feed):
    return await outcome(begun(start).addTimeout(chance.choice(TIMES), the_reactor()), TimeoutError)


async def cancelled_deferred(stage, chance, start, feed):
    """It, or what it was made a part of."""
    deferred = chance.choice(PARTS)(begun(start))
    await stage.settle(chance.randrange(6))
    deferred.cancel()
    return await outcome(deferred)


async def cancelled_by_a_callback(stage, chance, start, feed):
    """A callback of another operation's cancels it, perhaps after it has fired."""
    deferred, other = begun(start), Deferred()
    other.addCallback(lambda result: deferred.cancel())
    await stage.settle(chance.randrange(6))
    other.callback(None)
    return await outcome(deferred)


async def cancelled_as_the_slower(stage, chance, start, feed):
    """The one of two that comes first cancels the other."""
    deferred, timer = begun(start), Deferred(lambda timer: call.active() and call.cancel())
    call = the_reactor().callLater(chance.choice(TIMES), timer.callback, None)
    await DeferredList([deferred, timer], fireOnOneCallback=True)
    deferred.cancel()
    timer.addErrback(lambda failure: failure.trap(CancelledError)).cancel()
    return await outcome(deferred)


def alone(deferred):
    return deferred


@inlineCallbacks
def of_inline_callbacks(deferred):
    return (yield deferred)


def of_a_callback(deferred):
    """A callback returns it."""
    first = Deferred().addCallback(lambda result: deferred).addCallback(lambda result: result)
    first.callback(None)
    return first


def of_a_list(deferred):
    def unpack(results):
        ((succeeded, result), _) = results
        return result if succeeded else CANCELLED

    return DeferredList([deferred, Deferred()], consumeErrors=True).addCallback(unpack)


PARTS = (alone, of_inline_callbacks, of_a_callback, of_a_list)
ON_TWISTED = (
    cancelled_task,
    cancelled_as_it_arrives,
    add_timeout,
    cancelled_deferred,
    cancelled_by_a_callback,
    cancelled_as_the_slower,
)
