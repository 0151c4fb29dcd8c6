"""Decorators that give a function a context or sockets, and close them when it ends.

from zmqbind.decorators import context, socket

@context()
@socket(zmq.PUSH)
def work(ctx, push):
    ...
"""

from __future__ import annotations

import inspect
from contextlib import AsyncExitStack
from functools import wraps

from . import _core
from .context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

__all__ = ["context", "socket"]


def context(*args: Any, **kwargs: Any) -> Decorator:
    """Give a function a Context, which is terminated when the function ends.

    name: str, the name of the argument that it is passed as; may come first, without its name. Without a name it is
    the last positional argument. The other arguments are those of Context. A coroutine function gets a
    zmqbind.asyncio.Context. Raises TypeError if the function cannot take it.
    """
    name, args = _take_name(args, kwargs)

    def make(is_async: bool, call_args: tuple[Any, ...], call_kwargs: dict[str, Any]) -> Any:
        return _context_class(is_async)(*args, **kwargs)

    return _decorator(name, make)


def socket(*args: Any, **kwargs: Any) -> Decorator:
    """Give a function a Socket, which is closed when the function ends.

    name: str, as for context. context_name: str, the name of the argument that is the Context to make it in; by default
    "context"; where there is none, it is the first positional argument that is a Context, or else Context.instance().
    The other arguments are those of Context.socket. Under @context the socket is of that context. A coroutine function
    whose call has no Context gets a socket of zmqbind.asyncio. Raises TypeError, ZMQError when the function is called.
    """
    context_name = kwargs.pop("context_name", "context")
    name, args = _take_name(args, kwargs)

    def make(is_async: bool, call_args: tuple[Any, ...], call_kwargs: dict[str, Any]) -> Any:
        candidates = (call_kwargs.get(context_name), *call_args)
        given: Any = next((value for value in candidates if isinstance(value, _core.Context)), None)
        return (given or _context_class(is_async).instance()).socket(*args, **kwargs)

    return _decorator(name, make)


def _take_name(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str | None, tuple[Any, ...]]:
    """The name that the object is passed by, or None, and the arguments without it."""
    if args and isinstance(args[0], str):
        return args[0], args[1:]
    if args and callable(args[0]):
        raise TypeError(f"decorate {args[0]!r} with parentheses: @context(), @socket(zmq.PUSH)")
    return kwargs.pop("name", None), args


def _context_class(is_async: bool) -> Any:
    if not is_async:
        return Context
    from . import asyncio

    return asyncio.Context


def _decorator(name: str | None, make: Callable[[bool, tuple[Any, ...], dict[str, Any]], Any]) -> Decorator:
    """A decorator for functions that get what make() returns for the arguments of a call."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def add(made: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
            if name is None:
                return (*args, made), kwargs
            if name in kwargs:
                raise TypeError(f"{function.__qualname__}() got multiple values for argument {name!r}")
            return args, {**kwargs, name: made}

        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                async with AsyncExitStack() as stack:
                    made = make(True, args, kwargs)
                    if hasattr(made, "__aenter__"):  # the end of a context has to be waited for
                        await stack.enter_async_context(made)
                    else:
                        stack.enter_context(made)
                    args, kwargs = add(made, args, kwargs)
                    return await function(*args, **kwargs)

            return awaited

        @wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            with make(False, args, kwargs) as made:
                args, kwargs = add(made, args, kwargs)
                return function(*args, **kwargs)

        return called

    return decorate
