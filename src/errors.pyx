# From libzmq's error numbers to Python's exceptions.

# The classes live in zmqbind/error.py, which hands them over when it is imported.
cdef object ZMQError = None
cdef object Again = None
cdef object ContextTerminated = None
cdef object ConcurrentUseError = None
cdef object ZMQVersionError = None
cdef object NotDone = None
cdef object DraftFDWarning = None


def _use_errors(zmq_error, again, context_terminated, concurrent_use_error, zmq_version_error, not_done,
                draft_fd_warning):
    """Take the exception classes to raise. Called once, by zmqbind.error."""
    global ZMQError, Again, ContextTerminated, ConcurrentUseError, ZMQVersionError, NotDone, DraftFDWarning
    ZMQError = zmq_error
    Again = again
    ContextTerminated = context_terminated
    ConcurrentUseError = concurrent_use_error
    ZMQVersionError = zmq_version_error
    NotDone = not_done
    DraftFDWarning = draft_fd_warning


def strerror(int errno):
    """Return libzmq's text for an error number (zmq_strerror).

    errno: int, one of `zmqbind.Errno` or of the `errno` module. Returns str.
    """
    return zmq_strerror(errno).decode("utf-8", "replace")


def zmq_errno():
    """Return the error number that libzmq last set in this thread (zmq_errno). Returns int."""
    return last_errno()


cdef int fail(int code, str about=None) except -1:
    """Raise the exception for an error number; `about` names the argument, endpoint or option at fault."""
    kind = Again if code == EAGAIN else ContextTerminated if code == ETERM else ZMQError
    if about is None:
        raise kind(code)
    raise kind(code, f"{strerror(code)} ({about})")


cdef int interrupted(int code, str about=None) except -1:
    """After a failed call: return if it was only interrupted by a signal and is to be made again, else raise.

    Signal handlers run here, with the GIL; what they raise is raised on (PEP 475).
    """
    if code != EINTR:
        return fail(code, about)
    PyErr_CheckSignals()
    return 0


cdef int missing(str what, str needed) except -1:
    """Raise for a function that this libzmq does not have."""
    raise ZMQVersionError(needed, what)
