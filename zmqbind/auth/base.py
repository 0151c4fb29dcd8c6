"""Authenticator: decides about clients, and leaves to others when it is asked."""

from __future__ import annotations

import logging
import os
from _thread import allocate_lock
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from hmac import compare_digest
from inspect import isawaitable

from ..constants import SocketType
from ..context import Context
from ..error import Again, ZMQError
from ..utils import z85
from . import certs, zap
from .addresses import Addresses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from logging import Logger
    from typing import Any, ClassVar, Protocol

    from typing_extensions import Self

    from .. import socket as _socket
    from .addresses import Address

    class CredentialsProvider(Protocol):
        """What configure_curve_callback takes."""

        def callback(self, domain: str, key: bytes) -> bool | Awaitable[bool]: ...

    # Whether the owner of a key, in Z85, may enter a domain.
    Policy = Callable[[str, bytes], bool | Awaitable[bool]]

__all__ = ["CURVE_ALLOW_ANY", "Authenticator"]

CURVE_ALLOW_ANY = "*"  #: for configure_curve: let in whoever knows the server's public key

MAX_PENDING = 1000  #: requests that callbacks may be at work on at the same time; further ones wait in line

_SECRET = os.urandom(32)


class Authenticator:
    """Lets clients in or not, for all sockets of a context that serve others; the base of those that run by themselves.

    context: the Context whose sockets it guards; None: Context.instance(). encoding: of domains, user names and
    passwords. log: a logging.Logger; None: that of the name "zmq.auth", as in PyZMQ.

    Until told otherwise it lets in NULL clients, about whom libzmq asks only for servers that have a ZAP_DOMAIN,
    refuses PLAIN and CURVE clients, and leaves GSSAPI to GSSAPI. Any error in deciding refuses the client. What it
    lets in may be changed at any time, from any thread.

    This one is not run by anything: call start, then `await auth.handle_zap_message(...)` with every message that
    `zap_socket` receives. ThreadAuthenticator, AsyncioAuthenticator and AnyioAuthenticator do that. As a context
    manager it is started and stopped. See docs/security.md, and ZeroMQ's RFC 27.
    """

    context: Context[Any]
    encoding: str
    log: Logger
    zap_socket: _socket.Socket[Any] | None  #: a ROUTER while it is started, else None
    passwords: dict[str, Mapping[str, str]]  #: by domain and user name, as configured
    certs: dict[str, dict[bytes, bool]]  #: by domain, the public keys in Z85 that configure_curve has found
    _socket_class: ClassVar[type[_socket.Socket[Any]] | None] = None  # of the context
    _temporary: ClassVar[tuple[type[Exception], ...]] = (TimeoutError, ConnectionError, Again)

    def __init__(self, context: Context[Any] | None = None, encoding: str = "utf-8", log: Logger | None = None) -> None:
        self.context = Context.instance() if context is None else context
        self.encoding = encoding
        self.log = logging.getLogger("zmq.auth") if log is None else log
        self.zap_socket = None
        self.passwords = {}
        self.certs = {}
        self._curve: dict[str, Policy] = {}
        self._allowed = Addresses()
        self._denied = Addresses()
        self._lock = allocate_lock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def start(self) -> None:
        """Bind the socket that libzmq's questions come to.

        Do this before sockets are bound: what connects earlier is not asked about. Raises ZMQError(EADDRINUSE) if
        the context has an authenticator already.
        """
        socket = self.context.socket(SocketType.ROUTER, self._socket_class)
        try:
            socket.bind(zap.ENDPOINT)
        except ZMQError:
            socket.close()
            raise
        self.zap_socket = socket

    def stop(self) -> None:
        """Close that socket. Does nothing if it is closed.

        Who connects from now on is not asked about any more: CURVE servers then let in everybody, unless they have
        ZAP_ENFORCE_DOMAIN and a ZAP_DOMAIN.
        """
        socket, self.zap_socket = self.zap_socket, None
        if socket is not None and not socket.closed:
            with suppress(ZMQError):  # the context is terminated
                socket.unbind(zap.ENDPOINT)  # at once, while close() leaves it to another thread
            socket.close()

    # Policies

    def allow(self, *addresses: Address) -> None:
        """Refuse clients from all addresses but these, and those of earlier calls.

        addresses: strs, each an IPv4 or IPv6 address or a network ("10.0.0.0/8"). Clients from there still have to
        pass the authentication; only NULL has none. Clients over ipc have no IP address, and are refused.
        Raises ValueError after deny, and for what is no address.
        """
        with self._lock:
            if self._denied:
                raise ValueError("allow cannot be used after deny")
            self._allowed |= addresses

    def deny(self, *addresses: Address) -> None:
        """Refuse clients from these addresses.

        addresses: as for allow. Raises ValueError after allow, and for what is no address.
        """
        with self._lock:
            if self._allowed:
                raise ValueError("deny cannot be used after allow")
            self._denied |= addresses

    def configure_plain(self, domain: str = "*", passwords: Mapping[str, str] | None = None) -> None:
        """Set who may enter a domain by PLAIN.

        domain: str, as in the server's ZAP_DOMAIN; "*" is for domains that nothing was set for, and for servers
        that have none. passwords: passwords by user name, both str; looked into for each client, so that changes to
        it count at once. None: nobody. Raises TypeError if it is not a mapping.
        """
        if not isinstance(passwords, (Mapping, type(None))):
            raise TypeError(f"passwords: expected a mapping, got {type(passwords).__name__}")
        self.passwords[domain] = {} if passwords is None else passwords

    def configure_curve(self, domain: str = "*", location: str | os.PathLike[str] = ".") -> None:
        """Set who may enter a domain by CURVE: those whose certificates are in a directory.

        domain: as for configure_plain. location: the directory; its files `*.key` are read now, so call this again
        when they have changed. Clients that are connected already stay. CURVE_ALLOW_ANY: whoever comes.

        A file that cannot be used is logged and passed over; without the directory nobody is let in.
        """
        if location == CURVE_ALLOW_ANY:
            self.certs.pop(domain, None)
            self._curve[domain] = _anybody
            return
        keys = self._load_certificates(location)
        self.certs[domain] = keys
        # A dict finds a key by a hash that nobody can foretell, and compares bytes only where that agrees, so the time
        # it takes does not tell how much of a key is right. The keys are public, too, and libzmq asks only about
        # clients that have proved to own the secret ones.
        self._curve[domain] = lambda _, key: key in self.certs.get(domain, ())

    def configure_curve_callback(
        self, domain: str = "*", credentials_provider: CredentialsProvider | None = None
    ) -> None:
        """Set who may enter a domain by CURVE: those for whom a method says True.

        domain: as for configure_plain. credentials_provider: an object with a method `callback(domain, key)`, where
        domain is the server's, "*" if it has none, and key is the client's public key in Z85, bytes. It may be a
        coroutine method. If it raises TimeoutError, ConnectionError or Again, the client is told to try again;
        any other exception refuses it. Raises TypeError if there is no such method.
        """
        callback = getattr(credentials_provider, "callback", None)
        if not callable(callback):
            raise TypeError(f"credentials_provider: {credentials_provider!r} has no method named callback")
        self.certs.pop(domain, None)
        self._curve[domain] = callback

    def configure_gssapi(self, domain: str = "*", location: str | None = None) -> None:
        """Do nothing: whom GSSAPI knows is let in, and the principal is the user id."""

    def curve_user_id(self, client_public_key: bytes) -> str:
        """Return the user id of a CURVE client that is let in; meant to be overridden.

        client_public_key: 32 bytes. Here it is the key in Z85, str. At most 255 bytes in UTF-8.
        """
        return z85.encode(client_public_key).decode()

    def zap_metadata(self, user_id: str, domain: str) -> Mapping[str, str | bytes]:
        """Return metadata for the messages of a client that is let in; meant to be overridden. Here there is none.

        A receiver finds it on frames, as it does the user id: `frame["X-Role"]`, `frame["User-Id"]`.
        """
        return {}

    # Requests

    async def handle_zap_message(self, msg: Sequence[bytes]) -> None:
        """Answer a request.

        msg: list of bytes, what `zap_socket.recv_multipart()` has returned. It may be anything: a request that makes
        no sense is refused, and one that nobody could be answered is logged and dropped.
        """
        socket = self.zap_socket
        envelope: list[bytes] = []
        frames = list(msg)
        if socket is None or socket.socket_type == SocketType.ROUTER:  # a REP socket keeps the envelope to itself
            try:
                envelope, frames = zap.split(frames)
            except ValueError:
                self.log.error("Dropped a ZAP request from nobody: %d frames", len(frames))
                return
        answer = await self._answer(frames)
        if self.zap_socket is socket is not None:  # not stopped meanwhile
            sent: object = socket.send_multipart([*envelope, *answer])
            if isawaitable(sent):
                await sent

    async def _answer(self, frames: Sequence[bytes]) -> list[bytes]:
        """Return the reply to a request."""
        request_id = frames[1] if len(frames) > 1 else b""
        try:
            request = zap.Request(frames, self.encoding)
            self._check_address(request.address)
            user_id = await self._authenticate(request)
            metadata = zap.encode_metadata(self.zap_metadata(user_id, request.domain))
            answer = zap.reply(request_id, zap.OK, "OK", user_id.encode(), metadata)
        except zap.Refusal as refusal:
            self.log.info("Refused (%d %s): %s", refusal.status, refusal.text, _describe(frames))
            return zap.reply(request_id, refusal.status, refusal.text)
        except self._temporary:
            self.log.warning("Could not decide now: %s", _describe(frames), exc_info=True)
            return zap.reply(request_id, zap.TEMPORARY, "Try again later")
        except (Exception, SystemExit):  # a callback that wants to exit must not end the authenticator
            self.log.exception("Could not decide: %s", _describe(frames))
            return zap.reply(request_id, zap.FAILED, "Internal error")
        self.log.debug("Let in %r: %s", user_id, _describe(frames))
        return answer

    def _check_address(self, address: str) -> None:
        if self._allowed and address not in self._allowed:
            raise zap.Refusal(zap.DENIED, "Address not allowed")
        if address in self._denied:
            raise zap.Refusal(zap.DENIED, "Address denied")

    async def _authenticate(self, request: zap.Request) -> str:
        """Return the user id of a client; raise Refusal if it is not let in."""
        match request.mechanism:
            case "PLAIN":
                return self._authenticate_plain(request)
            case "CURVE":
                return await self._authenticate_curve(request)
            case "GSSAPI":
                return zap.decode(request.credentials[0], self.encoding, "Invalid principal")
            case _:  # "NULL"
                return "anonymous"

    def _authenticate_plain(self, request: zap.Request) -> str:
        passwords = _for_domain(self.passwords, request.domain)
        user = zap.decode(request.credentials[0], self.encoding, "Invalid username or password")
        password = passwords.get(user)
        # Compared in any case, so that the time it takes does not tell whether there is such a user.
        matches = _same(request.credentials[1], (password or "").encode(self.encoding))
        if password is None or not matches:
            raise zap.Refusal(zap.DENIED, "Invalid username or password")
        return user

    async def _authenticate_curve(self, request: zap.Request) -> str:
        key = request.credentials[0]
        policy = _for_domain(self._curve, request.domain)
        allowed = policy(request.domain or "*", z85.encode(key))
        if isawaitable(allowed):
            allowed = await allowed
        if not allowed:
            raise zap.Refusal(zap.DENIED, "Unknown key")
        return self.curve_user_id(key)

    def _load_certificates(self, location: str | os.PathLike[str]) -> dict[bytes, bool]:
        """Return the public keys of the certificates in a directory that can be read."""
        keys: dict[bytes, bool] = {}
        try:
            files = certs.certificate_files(location)
        except OSError as error:
            self.log.error("Nobody is let in by CURVE: %s", error)
            return keys
        for file in files:
            try:
                keys[certs.load_certificate(file)[0]] = True
            except (OSError, ValueError) as error:
                self.log.error("Passed over a certificate: %s", error)
        return keys


def _anybody(domain: str, key: bytes) -> bool:
    return True


def _for_domain(configured: dict[str, Any], domain: str) -> Any:
    """Return what was set for a domain, or else for all."""
    for name in (domain, "*"):
        if name in configured:
            return configured[name]
    raise zap.Refusal(zap.DENIED, "Unknown domain")


def _same(given: bytes, expected: bytes) -> bool:
    """Whether they are equal; how long that takes tells nothing about `expected`, not even its length."""
    return compare_digest(*(blake2b(secret, key=_SECRET).digest() for secret in (given, expected)))


def _describe(frames: Sequence[bytes]) -> str:
    """What may be logged of a request: not its credentials."""
    domain, address, routing_id, mechanism = [*frames[2:6], *[b""] * 4][:4]
    return f"domain {domain!r}, address {address!r}, routing id {routing_id!r}, mechanism {mechanism!r}"
