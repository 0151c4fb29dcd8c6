"""Types of the methods of zmqbind.twisted.Socket that return Deferreds; the code is the compiled module's."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeVar, overload

from twisted.internet.defer import Deferred
from typing_extensions import Buffer

from ._awaited import Helpers
from ._core import Frame, MessageTracker

_T = TypeVar("_T")

class Methods(Helpers[Deferred[Any]]):
    @overload
    def send(
        self,
        data: Buffer | Frame,
        flags: int = 0,
        copy: Literal[True] = True,
        track: Literal[False] = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> Deferred[None]: ...
    @overload
    def send(
        self,
        data: Buffer | Frame,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> Deferred[MessageTracker | None]: ...
    def send_multipart(
        self,
        msg_parts: Iterable[Buffer | Frame],
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> Deferred[MessageTracker | None]: ...
    def send_string(
        self,
        u: str,
        flags: int = 0,
        copy: bool = True,
        encoding: str = "utf-8",
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> Deferred[MessageTracker | None]: ...
    send_unicode = send_string
    def send_json(self, obj: object, flags: int = 0, **kwargs: Any) -> Deferred[MessageTracker | None]: ...
    def send_pyobj(
        self, obj: object, flags: int = 0, protocol: int | None = None, *, out_of_band: bool = False, **kwargs: Any
    ) -> Deferred[MessageTracker | None]: ...
    def send_serialized(
        self,
        msg: _T,
        serialize: Callable[[_T], Sequence[Any]],
        flags: int = 0,
        copy: bool = True,
        **kwargs: Any,
    ) -> Deferred[MessageTracker | None]: ...
    @overload
    def recv(self, flags: int = 0, copy: Literal[True] = True, track: bool = False) -> Deferred[bytes]: ...
    @overload
    def recv(self, flags: int = 0, *, copy: Literal[False], track: bool = False) -> Deferred[Frame]: ...
    @overload
    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> Deferred[bytes] | Deferred[Frame]: ...
    @overload
    def recv_multipart(
        self, flags: int = 0, copy: Literal[True] = True, track: bool = False
    ) -> Deferred[list[bytes]]: ...
    @overload
    def recv_multipart(self, flags: int = 0, *, copy: Literal[False], track: bool = False) -> Deferred[list[Frame]]: ...
    @overload
    def recv_multipart(
        self, flags: int = 0, copy: bool = True, track: bool = False
    ) -> Deferred[list[bytes]] | Deferred[list[Frame]]: ...
    def recv_into(self, buffer: Buffer, /, *, nbytes: int = 0, flags: int = 0) -> Deferred[int]: ...
    def recv_string(self, flags: int = 0, encoding: str = "utf-8") -> Deferred[str]: ...
    recv_unicode = recv_string
    @overload  # type: ignore[override]
    def recv_serialized(
        self, deserialize: Callable[[list[bytes]], _T], flags: int = 0, copy: Literal[True] = True
    ) -> Deferred[_T]: ...
    @overload
    def recv_serialized(
        self, deserialize: Callable[[list[Frame]], _T], flags: int = 0, *, copy: Literal[False]
    ) -> Deferred[_T]: ...
    def poll(self, timeout: float | None = None, flags: int = 1) -> Deferred[int]: ...
    @overload
    def recv_batch(
        self, max_messages: int = 1000, timeout: float | None = None, flags: int = 0, copy: Literal[True] = True
    ) -> Deferred[list[bytes]]: ...
    @overload
    def recv_batch(
        self, max_messages: int = 1000, timeout: float | None = None, flags: int = 0, *, copy: Literal[False]
    ) -> Deferred[list[Frame]]: ...
    @overload
    def recv_batch_multipart(
        self, max_messages: int = 1000, timeout: float | None = None, flags: int = 0, copy: Literal[True] = True
    ) -> Deferred[list[list[bytes]]]: ...
    @overload
    def recv_batch_multipart(
        self, max_messages: int = 1000, timeout: float | None = None, flags: int = 0, *, copy: Literal[False]
    ) -> Deferred[list[list[Frame]]]: ...
    def send_batch(self, messages: Iterable[Buffer | Frame], flags: int = 0, copy: bool = True) -> Deferred[int]: ...
    def send_batch_multipart(
        self, messages: Iterable[Iterable[Buffer | Frame]], flags: int = 0, copy: bool = True
    ) -> Deferred[int]: ...
