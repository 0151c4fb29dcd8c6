# Handles: libzmq's sockets and contexts, shared by the Python object that owns one and its shadows.

cdef dict known_handles = {}  # address -> weak reference to the Handle of what is there


cdef class Handle:
    """libzmq's socket or context, and who is inside it."""

    def __cinit__(self):
        self.generation = zb_generation
        self.looked = self.uses - 1
        self.descriptor = -1

    def __dealloc__(self):
        if self.pointer != NULL:
            if self.abandoned and self.generation == zb_generation:
                zmq_close(self.pointer)
            forget(self)


@cython.no_gc_clear
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


cdef int open_handle(Handle handle, void *pointer, ContextHandle context) except -1:
    """Make handle that of a libzmq socket in a context, or of a context."""
    handle.entry = zb_register(pointer, NULL if context is None else <zb_entry *>context.entry)
    if handle.entry == NULL:
        raise MemoryError("handle")
    handle.pointer = pointer
    handle.context = context
    known_handles[<size_t>pointer] = PyWeakref_NewRef(handle, None)
    return 0


cdef int forget(Handle handle) noexcept:
    """Note that what handle stood for is closed, or no longer ours."""
    if handle.entry != NULL and handle.generation == zb_generation:
        zb_unregister(<zb_entry *>handle.entry)
        known_handles.pop(<size_t>handle.pointer, None)
    handle.entry = NULL
    handle.pointer = NULL
    return 0


cdef object handle_at(object address, type kind):
    """The Handle of the libzmq socket or context at an address: the one there is, or a new one for a foreign one."""
    cdef Handle handle
    if address < 4096:  # the page that is never mapped
        raise ValueError(f"address: {address} is not the address of anything")
    reference = known_handles.get(address)
    handle = None if reference is None else reference()
    if handle is None or <size_t>handle.pointer != <size_t>address or not isinstance(handle, kind):
        handle = kind()
        handle.pointer = <void *><size_t>address
        handle.exposed = True
        known_handles[address] = PyWeakref_NewRef(handle, None)
    return handle


cdef int go_inside(Handle handle, const char *call) noexcept:
    """Mark that a call is inside libzmq without the GIL, or with NULL that it has come out."""
    handle.busy = call
    if handle.entry != NULL:
        zb_go_inside(<zb_entry *>handle.entry, call != NULL)
    return 0


cdef inline int admit(Handle handle, const char *call) except -1:
    """Make sure that a call may go into libzmq's socket now, and with the GIL may stay until it is released.

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
    in after ZMQ_EVENTS was read. Only calls into the socket can change more, and the end of its context.
    """
    return handle.looked == handle.uses and not handle.exposed and handle.context.pointer != NULL


cdef inline bint needs_a_look(Handle handle, int wanted) noexcept:
    """Whether a socket that is up to date may, by its descriptor, turn out to be ready for other wanted events.

    A message that waited to be received waits still.
    """
    return wanted != ZMQ_POLLIN or not handle.events & ZMQ_POLLIN


cdef int descriptor_of(Handle handle) except -1:
    """The descriptor that becomes readable when the socket's state may have changed."""
    cdef size_t size = sizeof(handle.descriptor)
    while handle.descriptor == -1 and zmq_getsockopt(handle.pointer, ZMQ_FD, &handle.descriptor, &size) != 0:
        interrupted(last_errno(), "this type of socket has no descriptor to wait on")
    return handle.descriptor


cdef int current_events(Handle handle, int wanted, const char *call) except -1:
    """Which of the wanted events a socket is ready for now."""
    cdef pollfd item
    admit(handle, call)
    if up_to_date(handle):
        if not needs_a_look(handle, wanted):
            return ZMQ_POLLIN
        item.fd = descriptor_of(handle)
        item.events = POLLIN
        if zb_poll(&item, 1, 0) == 0:
            return handle.events & wanted
    return read_events(handle, call) & wanted
