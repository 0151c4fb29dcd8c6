# Functions of libzmq that belong to no socket.

def zmq_version_info():
    """Return the version of libzmq that is in use, as a tuple of three ints (zmq_version)."""
    cdef int major, minor, patch
    libzmq_version(&major, &minor, &patch)
    return (major, minor, patch)


def zmq_version():
    """Return the version of libzmq that is in use, as str such as "4.3.5" (zmq_version)."""
    return "%i.%i.%i" % zmq_version_info()


def libzmq_path():
    """Return the file that libzmq was loaded from, str: this module's own where libzmq is part of it; or None."""
    cdef const char *path = zb_libzmq_path()
    return None if path == NULL else path.decode("utf-8", "surrogateescape")


def has(capability):
    """Return whether libzmq was built with a capability (zmq_has).

    capability: str, such as "ipc", "curve", "gssapi", "pgm", "tipc", "norm", "ws", "wss", "draft". Returns bool.
    Raises TypeError if capability is not str.
    """
    if not isinstance(capability, str):
        raise TypeError(f"capability: expected str, got {type(capability).__name__}")
    return zmq_has(capability.encode()) == 1


def curve_keypair():
    """Return a new CURVE key pair (zmq_curve_keypair).

    Returns (public key, secret key), each 40 bytes of Z85. Raises ZMQError(ENOTSUP) if libzmq has no CURVE.
    """
    cdef char public[41]
    cdef char secret[41]
    if zmq_curve_keypair(public, secret) != 0:
        fail(last_errno(), "curve_keypair: libzmq was built without CURVE")
    return PyBytes_FromStringAndSize(public, 40), PyBytes_FromStringAndSize(secret, 40)


def curve_public(secret_key):
    """Return the public key that belongs to a secret CURVE key (zmq_curve_public).

    secret_key: bytes or str, 40 characters of Z85. Returns bytes, 40 characters of Z85.
    Raises ValueError if it is not such a key, ZMQError(ENOTSUP) if libzmq has no CURVE.
    """
    cdef char public[41]
    key = secret_key.encode() if isinstance(secret_key, str) else secret_key
    if not isinstance(key, bytes) or len(key) != 40:
        raise ValueError("secret_key: expected 40 characters of Z85")
    if zmq_curve_public(public, PyBytes_AS_STRING(key)) != 0:
        code = last_errno()
        if code == EINVAL:
            raise ValueError("secret_key: expected 40 characters of Z85")
        fail(code, "curve_public: libzmq was built without CURVE")
    return PyBytes_FromStringAndSize(public, 40)


cdef class Stopwatch:
    """A clock that counts microseconds (zmq_stopwatch_start)."""

    cdef void *watch

    def __dealloc__(self):
        if self.watch != NULL:
            zmq_stopwatch_stop(self.watch)

    def start(self):
        """Start counting; a running stopwatch starts anew."""
        with cython.critical_section(self):
            if self.watch != NULL:
                zmq_stopwatch_stop(self.watch)
            self.watch = zmq_stopwatch_start()

    def stop(self):
        """Stop, and return the microseconds since start, int. Raises ZMQError(EINVAL) if it was not started."""
        with cython.critical_section(self):
            if self.watch == NULL:
                fail(EINVAL, "the stopwatch was not started")
            elapsed = zmq_stopwatch_stop(self.watch)
            self.watch = NULL
        return elapsed
