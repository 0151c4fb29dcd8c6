# Handles: libzmq's sockets and contexts, shared by the Python object that owns one and its shadows.

cdef class Handle:
    """libzmq's socket or context, and who is inside it."""

    def __cinit__(self):
        self.generation = zb_generation
        self.looked = self.uses - 1
        self.descriptor = -1


cdef class ContextHandle(Handle):
    """libzmq's context."""

    def __cinit__(self):
        self.termination = PyThread_allocate_lock()
        if self.termination == NULL:
            raise MemoryError("context")

    def __dealloc__(self):
        if self.termination != NULL:
            PyThread_free_lock(self.termination)


cdef Handle closed_handle = Handle.__new__(Handle)
cdef ContextHandle closed_context = ContextHandle.__new__(ContextHandle)


cdef inline int admit(Handle handle, const char *call) except -1:
    """Make sure that a call may go into libzmq's socket now. Every use of `pointer` comes after one of these.

    Under the GIL calls that do not wait are serialised already; so it is enough that those that wait, or release the
    GIL for another reason, leave their name in `busy`.
    """
    if handle.pointer == NULL or handle.busy != NULL or handle.generation != zb_generation:
        return refuse(handle, call)
    return 0


cdef inline int enter(Socket socket, const char *call) except -1:
    """admit, for calls that may change what the socket is ready for."""
    admit(socket.handle, call)
    socket.handle.uses += 1
    return 0


cdef int refuse(Handle handle, const char *call) except -1:
    if handle.pointer == NULL:
        return fail(ENOTSOCK, f"{call.decode()}: the socket is closed")
    if handle.generation != zb_generation:
        return fail(ENOTSOCK, f"{call.decode()}: the socket belongs to the parent process; "
                              "make a new context and socket after fork")
    raise ConcurrentUseError(call.decode(), handle.busy.decode())


cdef int read_events(Handle handle, const char *call) except -1:
    """ZMQ_EVENTS of a socket; libzmq looks at its commands first."""
    cdef size_t size = sizeof(handle.events)
    admit(handle, call)
    while zmq_getsockopt(handle.pointer, ZMQ_EVENTS, &handle.events, &size) != 0:
        interrupted(last_errno())
        admit(handle, call)
    handle.looked = handle.uses
    return handle.events


cdef inline bint up_to_date(Handle handle) noexcept:
    """Whether `events` still holds, provided that the descriptor is not readable.

    libzmq tells a socket of all that happens outside it by commands, and makes the descriptor readable when one comes
    in after ZMQ_EVENTS was read. Only calls into the socket can change more.
    """
    return handle.looked == handle.uses and not handle.exposed


cdef int descriptor_of(Handle handle) except -1:
    """The descriptor that becomes readable when the socket's state may have changed."""
    cdef size_t size = sizeof(handle.descriptor)
    if handle.descriptor == -1 and zmq_getsockopt(handle.pointer, ZMQ_FD, &handle.descriptor, &size) != 0:
        return fail(last_errno(), "this type of socket has no descriptor to wait on")
    return handle.descriptor


cdef int current_events(Handle handle, int wanted, const char *call) except -1:
    """Which of the wanted events a socket is ready for now."""
    cdef pollfd item
    admit(handle, call)
    if up_to_date(handle):
        if wanted == ZMQ_POLLIN and handle.events & ZMQ_POLLIN:
            return ZMQ_POLLIN  # a message that waited to be received waits still
        item.fd = descriptor_of(handle)
        item.events = POLLIN
        if zb_poll(&item, 1, 0) == 0:
            return handle.events & wanted
    return read_events(handle, call) & wanted
