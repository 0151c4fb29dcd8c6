# Context: libzmq's context, the sockets made in it, and how both end.

cdef dict open_contexts = {}  # id of a context -> weak reference to it


@cython.no_gc_clear
cdef class Context:
    """libzmq's context. See `zmqbind.Context`, the class that programs use."""

    def __cinit__(self, *args, **kwargs):
        self.handle = closed_context
        self._open = {}

    def __init__(self, io_threads=1, shadow=0):
        if self.handle.pointer != NULL:
            raise RuntimeError("Context.__init__ was called twice")
        if isinstance(io_threads, Context):
            io_threads, shadow = 1, io_threads
        if isinstance(shadow, Context):
            self.handle = (<Context>shadow).handle
            self._shadow = True
            return
        if shadow:
            self.handle = context_handle_at(shadow)
            self._shadow = True
            return
        cdef int threads = io_threads
        cdef ContextHandle handle = ContextHandle.__new__(ContextHandle)
        handle.pointer = zmq_ctx_new()
        if handle.pointer == NULL:
            fail(last_errno(), "context")
        if zmq_ctx_set(handle.pointer, ZMQ_IO_THREADS, threads) != 0:
            code = last_errno()
            zmq_ctx_term(handle.pointer)
            fail(code, f"io_threads={io_threads!r}")
        self.handle = handle
        open_contexts[id(self)] = PyWeakref_NewRef(self, None)

    def __dealloc__(self):
        if self._shadow or self.handle is closed_context:
            return
        open_contexts.pop(<size_t><void *>self, None)
        if self.handle.pointer != NULL and self.handle.generation == zb_generation:
            zb_terminate_detached(self.handle.pointer)
            self.handle.pointer = NULL

    def __setattr__(self, str name, value):
        set_declared(self, name, value)

    cdef int enter(self, str call) except -1:
        if self.handle.pointer == NULL:
            raise ContextTerminated()
        if self.handle.generation != zb_generation:
            return fail(ENOTSOCK, f"{call}: the context belongs to the parent process; make a new one after fork")
        return 0

    @property
    def closed(self):
        """Whether the context has been terminated, bool."""
        return self.handle.pointer == NULL

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
        self.enter("get")
        cdef int value = zmq_ctx_get(self.handle.pointer, option)
        if value < 0 and last_errno() == EINVAL:
            known = context_options.get((option, "r")) or context_options.get((option, "w"))
            option_failed(EINVAL, option, known, False, None)
        return value

    def set(self, int option, optval):
        """Set a context option (zmq_ctx_set).

        option: int, a ContextOption. optval: int. Raises TypeError, OverflowError for a value that is no C int,
        ZMQError(EINVAL) for one out of range or an unknown or read-only option, ContextTerminated.
        """
        cdef Option known = context_options.get((option, "w")) or context_options.get((option, "r"))
        cdef int value = <int>as_integer(optval, option, known, -0x80000000, 0x7FFFFFFF)
        self.enter("set")
        if zmq_ctx_set(self.handle.pointer, option, value) != 0:
            option_failed(last_errno(), option, known, True, optval)

    def term(self):
        """Terminate the context (zmq_ctx_term): blocks until all its sockets are closed and have sent what lingers.

        Calls that other threads are blocked in raise ContextTerminated. Ctrl-C interrupts the wait; term() may then
        be called again. Terminating a terminated context does nothing; nor does it in a forked child.
        """
        cdef ContextHandle handle = self.handle
        cdef PyLockStatus status
        if handle.pointer == NULL and PyThread_acquire_lock(handle.termination, 0):
            PyThread_release_lock(handle.termination)
            return
        if handle.generation != zb_generation:
            handle.pointer = NULL
            return
        zb_drain()
        while True:  # somebody else may be at it: then wait for them
            with nogil:
                status = PyThread_acquire_lock_timed(handle.termination, -1, 1)
            if status == PY_LOCK_ACQUIRED:
                break
            PyErr_CheckSignals()
        try:
            terminate(handle)
        finally:
            PyThread_release_lock(handle.termination)

    def destroy(self, linger=None):
        """Close all sockets made in this context, then terminate it.

        linger: int, milliseconds that unsent messages may still take; None leaves each socket's own LINGER option.
        Sockets that other threads are blocked in are closed once their calls have raised ContextTerminated.
        """
        cdef Socket socket
        cdef list blocked = []
        cdef int milliseconds
        if self.handle.pointer == NULL or self.handle.generation != zb_generation:
            return self.term()
        for socket in self._sockets:
            if socket.handle.busy == NULL:
                socket.close(linger)
                continue
            if linger is not None:
                # From outside, as it must be done before the shutdown: libzmq merely stores the number.
                milliseconds = linger
                zmq_setsockopt(socket.handle.pointer, ZMQ_LINGER, &milliseconds, sizeof(milliseconds))
            blocked.append(socket)
        if blocked:
            zmq_ctx_shutdown(self.handle.pointer)
        for socket in blocked:
            while socket.handle.busy != NULL:
                with nogil:
                    zb_sleep_ms(1)
                PyErr_CheckSignals()
            socket.close()
        self.term()

    @property
    def _sockets(self):
        """The sockets made in this context that are still open, in the order they were made."""
        return [socket for socket in [reference() for reference in list(self._open.values())]
                if socket is not None and not socket.closed]


cdef int set_declared(object instance, str name, object value) except -1:
    """Set an attribute that the class knows: misspelt options are errors, in subclasses too."""
    if not hasattr(type(instance), name):
        raise AttributeError(f"{type(instance).__name__} has no attribute or option {name!r}")
    return PyObject_GenericSetAttr(instance, name, value)


cdef int terminate(ContextHandle handle) except -1:
    """zmq_ctx_term, interruptible. The pointer is taken away first: libzmq frees the context without the GIL."""
    cdef void *pointer = handle.pointer
    cdef int code = 0
    if pointer == NULL:
        return 0
    zmq_ctx_shutdown(pointer)
    handle.pointer = NULL
    while True:
        with nogil:
            if zmq_ctx_term(pointer) != 0:
                code = last_errno()
            else:
                code = 0
        if code != EINTR:
            break
        try:
            PyErr_CheckSignals()
        except BaseException:
            handle.pointer = pointer
            raise
    return 0


cdef ContextHandle context_handle_at(object address):
    """The handle of the context at an address: that of zmqbind's own context if it is one, else a new one."""
    cdef Context context
    cdef ContextHandle handle
    cdef void *pointer = <void *><size_t>address
    for reference in list(open_contexts.values()):
        context = reference()
        if context is not None and context.handle.pointer == pointer:
            return context.handle
    handle = ContextHandle.__new__(ContextHandle)
    handle.pointer = pointer
    return handle


def _close_all(int linger):
    """Close what is still open when the interpreter ends; messages to live peers get `linger` milliseconds.

    Called by zmqbind at exit. Afterwards nothing calls into Python any more.
    """
    cdef long long end = zb_now_ms() + linger
    cdef list lingering = []
    for reference in list(open_contexts.values()):
        context = reference()
        if context is not None:
            close_at_exit(context, linger, lingering)
    with nogil:
        zb_await_terminations(linger)
    for descriptor in lingering:
        await_closed(descriptor, end)
    zb_stop()


cdef int close_at_exit(Context context, int linger, list lingering) except -1:
    """Close a context's sockets and terminate it in the background.

    A socket that a daemon thread is blocked in stays as it is, and so does its context: the thread must not wake
    into an interpreter that is going away. The descriptors of the other sockets are added to `lingering` then.
    """
    cdef Socket socket
    cdef list descriptors = []
    cdef bint blocked = False
    if context.handle.pointer == NULL or context.handle.generation != zb_generation:
        return 0
    for socket in context._sockets:
        if socket.handle.busy != NULL:
            blocked = True
            continue
        if socket._monitored is None:
            warn_unclosed(socket)
        current = get_option(socket, ZMQ_LINGER, None)
        if not 0 <= current <= linger:
            set_option(socket, ZMQ_LINGER, None, linger)
        descriptors.append(descriptor_of(socket.handle))
        close_socket(socket)
    if blocked:
        lingering.extend(descriptors)
    else:
        zb_terminate_detached(context.handle.pointer)
        context.handle.pointer = NULL
    return 0


cdef int await_closed(int descriptor, long long end) except -1:
    """Wait until libzmq has closed a socket's descriptor: it has then sent what lingered."""
    while zb_is_open(descriptor) and zb_now_ms() < end:
        with nogil:
            zb_sleep_ms(1)
    return 0
