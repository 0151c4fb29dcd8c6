"""Twisted. A process has one reactor, which cannot start again once it was stopped; so each test crashes it instead.

ZMQBIND_REACTOR names the module of the reactor to install, in twisted.internet; test_twisted.py runs the suite so.
"""

from __future__ import annotations

import contextvars
import importlib
import os

from twisted.internet.defer import CancelledError, Deferred

import zmqbind.twisted

current = contextvars.ContextVar("current")  # the task that runs


def the_reactor():
    if "twisted.internet.reactor" not in importlib.sys.modules and "ZMQBIND_REACTOR" in os.environ:
        importlib.import_module(f"twisted.internet.{os.environ['ZMQBIND_REACTOR']}").install()
    from twisted.internet import reactor

    return reactor


class _Task:
    def __init__(self, coroutine):
        self.result = None
        self.waiters = []
        self.deferred = Deferred.fromCoroutine(self._run(coroutine))
        self.deferred.addBoth(self._end)

    async def _run(self, coroutine):
        current.set(self)
        return await coroutine

    def _end(self, result):
        self.result = (result,)
        for waiter in self.waiters:
            if not waiter.called:
                waiter.callback(result)

    def cancel(self):
        self.deferred.cancel()

    async def wait(self):
        waiter = Deferred()
        if self.result is None:
            self.waiters.append(waiter)
        else:
            waiter.callback(self.result[0])
        return await waiter


class _Timeout:
    def __init__(self, seconds):
        self.seconds = seconds
        self.expired = False

    async def __aenter__(self):
        self.task = current.get()
        self.timer = the_reactor().callLater(self.seconds, self.expire)

    def expire(self):
        self.expired = True
        self.task.cancel()

    async def __aexit__(self, kind, error, traceback):
        if not self.expired:
            self.timer.cancel()
        elif kind is CancelledError:
            raise TimeoutError from error


class Adapter:
    name = "twisted"
    requires = ("twisted",)
    lacks = frozenset()
    Cancelled = CancelledError
    timeout = _Timeout
    spawn = _Task

    def make_context(self):
        return zmqbind.twisted.Context()

    async def sleep(self, seconds):
        deferred = Deferred(lambda deferred: call.active() and call.cancel())
        call = the_reactor().callLater(seconds, lambda: deferred.called or deferred.callback(None))
        await deferred

    def run(self, function, *arguments):
        reactor = the_reactor()
        task = _Task(function(*arguments))
        # In a turn of its own, as it may be done already. iterate() would sleep in each turn, whatever is to be done.
        task.deferred.addBoth(lambda result: reactor.callLater(0, reactor.crash))
        reactor.run(installSignalHandlers=False)
        result = task.result[0]
        if hasattr(result, "raiseException"):
            result.raiseException()
        return result
