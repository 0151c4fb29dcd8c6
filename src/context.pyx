# Context: libzmq's context, the sockets made in it, and how both end.

@cython.no_gc_clear
cdef class Context:
    """libzmq's context. See `zmqbind.Context`, the class that programs use."""

    def __cinit__(self, *args, **kwargs):
        self.handle = closed_context
        self._open = {}

    def __init__(self, io_threads=1, shadow=0):
        if self.handle is not closed_context:
            raise RuntimeError("Context.__init__ was called twice")
        if isinstance(io_threads, Context):
            io_threads, shadow = 1, io_threads
        if isinstance(shadow, Context):
            self.adopt((<Context>shadow).handle, True)
            return
        if shadow:
            self.adopt(foreign_context(shadow), True)
            return
        cdef int threads = io_threads
        cdef ContextHandle handle = ContextHandle.__new__(ContextHandle)
        cdef void *pointer = zmq_ctx_new()
        if pointer == NULL:
            fail(last_errno(), "context")
        try:
            if zmq_ctx_set(pointer, ZMQ_IO_THREADS, threads) != 0:
                fail(last_errno(), f"io_threads={io_threads!r}")
            open_handle(handle, pointer, None)
            self.adopt(handle, False)
        except BaseException:
            handle.pointer = NULL
            forget(handle, pointer)
            zmq_ctx_term(pointer)
            raise

    cdef int adopt(self, ContextHandle handle, bint shadow) except -1:
        """Become the Context of handle, once."""
        with cython.critical_section(self):
            if self.handle is not closed_context:
                raise RuntimeError("Context.__init__ was called twice")
            self.handle = handle
            self._shadow = shadow
        return 0

    def __dealloc__(self):
        cdef void *pointer
        if self._shadow or self.handle.generation != zb_generation:
            return
        seize(self.handle)
        pointer = self.handle.pointer
        self.handle.pointer = NULL
        leave(self.handle)
        if pointer != NULL:
            forget(self.handle, pointer)
            zb_terminate_detached(pointer)

    def __setattr__(self, name, value):
        set_declared(self, name, value)

    cdef int enter(self, str call) except -1:
        """Keep the context from being terminated until `leave(self.handle)`, or raise."""
        cdef bint ended
        seize(self.handle)
        ended = self.handle.pointer == NULL
        if not ended and self.handle.generation == zb_generation:
            return 0
        leave(self.handle)
        if ended:
            raise ContextTerminated()
        return fail(ENOTSOCK, f"{call}: the context belongs to the parent process; make a new one after fork")

    @property
    def closed(self):
        """Whether the context has been terminated, bool."""
        cdef bint closed
        seize(self.handle)
        closed = self.handle.pointer == NULL and self.handle.terminator == 0
        leave(self.handle)
        return closed

    @property
    def _inherited(self):
        """Whether the context was made before this process was forked, bool; it cannot be used then."""
        return self.handle.generation != zb_generation

    @property
    def underlying(self):
        """The address of libzmq's context, int; 0 once it is terminated."""
        return <size_t>self.handle.pointer

    def get(self, int option):
        """Return a context option, int (zmq_ctx_get).

        option: int, a ContextOption. Raises ZMQError(EINVAL) if unknown or write-only, ContextTerminated.
        """
        cdef int value, code
        while True:
            self.enter("get")
            c_errno.errno = 0  # tells a failure from an option that is -1
            value = zmq_ctx_get(self.handle.pointer, option)
            code = last_errno() if value < 0 else 0
            leave(self.handle)
            if code == 0:
                return value
            known = context_options.get((option, "r")) or context_options.get((option, "w"))
            option_failed(code, option, known, False, None)

    def set(self, int option, optval):
        """Set a context option (zmq_ctx_set).

        option: int, a ContextOption. optval: int. Raises TypeError, OverflowError for a value that is no C int,
        ZMQError(EINVAL) for one out of range or an unknown or read-only option, ContextTerminated.
        """
        cdef Option known = context_options.get((option, "w")) or context_options.get((option, "r"))
        cdef int value = <int>as_integer(optval, option, known, -0x80000000, 0x7FFFFFFF)
        cdef int code = EINTR
        while code != 0:
            self.enter("set")
            code = last_errno() if zmq_ctx_set(self.handle.pointer, option, value) != 0 else 0
            leave(self.handle)
            if code != 0:
                option_failed(code, option, known, True, optval)

    def term(self):
        """Terminate the context (zmq_ctx_term): blocks until all its sockets are closed and have sent what lingers.

        Calls that other threads are blocked in raise ContextTerminated. Ctrl-C interrupts the wait; term() may then
        be called again. Terminating a terminated context does nothing; nor does it in a forked child.
        """
        cdef ContextHandle handle = self.handle
        cdef PyLockStatus status
        cdef bint nested
        if handle.generation != zb_generation:
            handle.pointer = NULL
            return
        seize(handle)
        nested = handle.terminator == PyThread_get_thread_ident()
        leave(handle)
        if nested:
            return  # a signal handler called, while this thread is at it
        zb_drain()
        while True:  # another thread may be at it: then wait for it
            with nogil:
                status = PyThread_acquire_lock_timed(handle.termination, -1, 1)
            if status == PY_LOCK_ACQUIRED:
                break
            PyErr_CheckSignals()
        set_terminator(handle, PyThread_get_thread_ident())
        try:
            terminate(handle)
        finally:
            set_terminator(handle, 0)
            PyThread_release_lock(handle.termination)

    def destroy(self, linger=None):
        """Close all sockets made in this context, then terminate it.

        linger: int, milliseconds that unsent messages may still take; None leaves each socket's own LINGER option.
        Sockets that other threads are blocked in are closed once their calls have raised ContextTerminated.
        """
        cdef Socket socket
        cdef list blocked = []
        cdef int milliseconds
        if self.handle.generation != zb_generation:
            return self.term()
        for socket in self._sockets:
            if not is_busy(socket.handle):
                try:
                    socket.close(linger)
                    continue
                except ConcurrentUseError:  # another thread was quicker
                    pass
            if linger is not None:
                # From outside, as it must be done before the shutdown: libzmq merely stores the number.
                milliseconds = linger
                seize(socket.handle)
                if socket.handle.pointer != NULL:
                    zmq_setsockopt(socket.handle.pointer, ZMQ_LINGER, &milliseconds, sizeof(milliseconds))
                leave(socket.handle)
            blocked.append(socket)
        if blocked:
            seize(self.handle)
            if self.handle.pointer != NULL:
                zmq_ctx_shutdown(self.handle.pointer)
            leave(self.handle)
        for socket in blocked:
            while True:
                while is_busy(socket.handle):
                    with nogil:
                        zb_sleep_ms(1)
                    PyErr_CheckSignals()
                try:
                    socket.close()
                    break
                except ConcurrentUseError:  # another thread was quicker
                    pass
        self.term()

    @property
    def _sockets(self):
        """The sockets made in this context that are still open, in the order they were made."""
        return [socket for socket in [reference() for reference in list(self._open.values())]
                if socket is not None and not socket.closed]


cdef int set_declared(object instance, object name, object value) except -1:
    """Set an attribute that the class knows: misspelt options are errors, in subclasses too."""
    if not hasattr(type(instance), name) and not any(
            [name in vars(base).get("__annotations__", ()) for base in type(instance).__mro__]):
        raise AttributeError(f"{type(instance).__name__} has no attribute or option {name!r}")
    return PyObject_GenericSetAttr(instance, name, value)


cdef ContextHandle foreign_context(object address):
    """The ContextHandle of the libzmq context at an address."""
    cdef ContextHandle handle = handle_at(address, ContextHandle)
    # Only one that is not of zmqbind's making has no entry. It is not ours to terminate, but its sockets need one.
    with cython.critical_section(handle):
        if handle.entry == NULL:
            open_handle(handle, handle.pointer, None)
            (<zb_entry *>handle.entry).inside = True
    return handle


cdef int set_terminator(ContextHandle handle, unsigned long thread) noexcept:
    seize(handle)
    handle.terminator = thread
    return leave(handle)


cdef int terminate(ContextHandle handle) except -1:
    """zmq_ctx_term, interruptible. The pointer is taken away first: libzmq frees the context without the GIL."""
    cdef const char *call = b"term"
    cdef void *pointer
    cdef int code
    seize(handle)
    pointer = handle.pointer
    handle.pointer = NULL
    if pointer != NULL:
        zmq_ctx_shutdown(pointer)
    leave(handle)
    if pointer == NULL:
        return 0
    try:
        while True:
            seize(handle)
            go_inside(handle, &call)
            with nogil:
                code = last_errno() if zmq_ctx_term(pointer) != 0 else 0
            come_out(handle, &call)
            if code != EINTR:
                break
            PyErr_CheckSignals()
    except BaseException:
        handle.pointer = pointer
        raise
    forget(handle, pointer)
    return 0


def _prepare_exit(int linger):
    """Note that the interpreter is about to end. Called by zmqbind.

    linger: milliseconds that messages may still take when sockets are left open; they are closed when Python is gone.
    """
    global zb_exit_linger
    zb_exit_linger = linger
    zb_stop()


if Py_AtExit(zb_close_all) != 0:
    raise ImportError("zmqbind: no room for another function in Py_AtExit")
