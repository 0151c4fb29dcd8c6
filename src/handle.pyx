# Handles: libzmq's sockets and contexts, shared by the Python object that owns one and its shadows.

# Address -> weak reference to the Handle of what is there. Where there is no GIL, this and the list of registry.h are
# guarded by the critical section of closed_handle.
cdef dict known_handles = {}


cdef class Handle:
    """libzmq's socket or context, and who is inside it."""

    def __cinit__(self):
        self.generation = zb_generation
        self.looked = self.uses - 1
        self.descriptor = -1

    def __dealloc__(self):
        if self.pointer != NULL:
            forget(self, self.pointer)
            if self.abandoned and self.generation == zb_generation:
                zb_bell_end(&self.bell)
                zmq_close(self.pointer)


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
    with cython.critical_section(closed_handle):
        handle.entry = zb_register(pointer, NULL if context is None else <zb_entry *>context.entry)
        if handle.entry == NULL:
            raise MemoryError("handle")
        known_handles[<size_t>pointer] = PyWeakref_NewRef(handle, None)
    handle.pointer = pointer
    handle.context = context
    return 0


cdef int forget(Handle handle, void *pointer) noexcept:
    """Note that what handle stood for is closed, or no longer ours."""
    if handle.entry != NULL and handle.generation == zb_generation:
        with cython.critical_section(closed_handle):
            zb_unregister(<zb_entry *>handle.entry)
            known_handles.pop(<size_t>pointer, None)
    handle.entry = NULL
    return 0


cdef object handle_at(object address, type kind):
    """The Handle of the libzmq socket or context at an address: the one there is, or a new one for a foreign one."""
    cdef Handle handle
    if address < 4096:  # the page that is never mapped
        raise ValueError(f"address: {address} is not the address of anything")
    with cython.critical_section(closed_handle):
        reference = known_handles.get(address)
        handle = None if reference is None else reference()
        if handle is None or <size_t>handle.pointer != <size_t>address or not isinstance(handle, kind):
            handle = kind()
            handle.pointer = <void *><size_t>address
            handle.exposed = True
            known_handles[address] = PyWeakref_NewRef(handle, None)
    return handle


# Going into libzmq. `admit` lets a call in or raises, `leave` is the way out, and no Python code runs in between. Under
# the GIL, calls that do not wait are serialised by that; elsewhere `admit` takes the lock of the Handle, and `leave`
# gives it back. A call that waits, or releases the GIL for another reason, leaves its name in `busy` instead, and in
# `owner` where it keeps that name: an address of its own, by which it is let in nevertheless.
#
# libzmq's thread-safe sockets are `shared`: marks keep nobody out of them. Calls are only counted, in `waiting`, and
# only closing has to wait for them to end.

cdef inline int seize(Handle handle) noexcept:
    """Keep others out. A forked child has nobody to keep out, and may find the lock taken for ever."""
    if handle.generation == zb_generation:
        zb_lock(&handle.lock)
    return 0


cdef inline int leave(Handle handle) noexcept:
    """Undo seize."""
    if handle.generation == zb_generation:
        zb_unlock(&handle.lock)
    return 0


cdef inline bint is_closed(Handle handle) noexcept:
    seize(handle)
    cdef bint closed = handle.pointer == NULL
    leave(handle)
    return closed


cdef inline bint is_busy(Handle handle) noexcept:
    seize(handle)
    cdef bint busy = handle.busy != NULL or zb_load(&handle.waiting) > 0
    leave(handle)
    return busy


cdef inline int admit(Handle handle, const char *call) except -1:
    """Go into libzmq's socket, or raise."""
    seize(handle)
    if handle.pointer == NULL or handle.busy != NULL or handle.generation != zb_generation:
        return refuse(handle, call)
    return 0


cdef int admit_alone(Handle handle, const char *call) except -1:
    """admit, for a call that nobody else may be in the socket with, be it shared or not."""
    admit(handle, call)
    if zb_load(&handle.waiting) > 0:
        leave(handle)
        raise ConcurrentUseError(call.decode(), handle.visitor.decode())
    return 0


cdef inline bint admitted(Handle handle) noexcept:
    """Go into libzmq's socket; whether that was possible."""
    seize(handle)
    if handle.pointer != NULL and handle.busy == NULL and handle.generation == zb_generation:
        return True
    leave(handle)
    return False


cdef int admit_marked(Handle handle, const char **mark) except -1:
    """admit, for a call that may have left its mark."""
    seize(handle)
    if handle.owner == mark and handle.pointer != NULL and handle.generation == zb_generation:
        return 0
    leave(handle)
    return admit(handle, mark[0])


cdef inline int enter(Socket socket, const char *call) except -1:
    """admit, for calls that may change what the socket is ready for."""
    if socket.handle.watched:
        nudge(socket.handle)
    admit(socket.handle, call)
    socket.handle.uses += 1
    return 0


cdef int refuse(Handle handle, const char *call) except -1:
    """Leave, and say why the call cannot be let in."""
    cdef const char *other = NULL
    cdef bint closed = handle.pointer == NULL
    cdef bint inherited = handle.generation != zb_generation
    if not closed and not inherited:
        other = handle.busy
    leave(handle)
    if closed:
        return fail(ENOTSOCK, f"{call.decode()}: the socket is closed")
    if inherited:
        return fail(ENOTSOCK, f"{call.decode()}: the socket belongs to the parent process; "
                              "make a new context and socket after fork")
    raise ConcurrentUseError(call.decode(), other.decode())


cdef int occupy(Handle handle, const char **mark) except -1:
    """Have other calls kept out, for a call that waits."""
    admit_marked(handle, mark)
    set_mark(handle, mark)
    return leave(handle)


cdef inline int set_mark(Handle handle, const char **mark) noexcept:
    if not handle.shared:
        handle.busy = mark[0]
        handle.owner = mark
    return 0


cdef inline bint clear_mark(Handle handle, const char **mark) noexcept:
    """Take a mark away, if it is there; whether it was."""
    if handle.owner != mark:
        return False
    handle.busy = NULL
    handle.owner = NULL
    return True


cdef int vacate(Handle handle, const char **mark) noexcept:
    """Undo occupy."""
    seize(handle)
    clear_mark(handle, mark)
    return leave(handle)


cdef int occupy_all(list handles, const char **mark) except -1:
    """occupy each, or none; a handle may come twice, None is passed over."""
    cdef Handle handle
    for handle in handles:  # first without a mark: raising takes time, and others would be refused meanwhile
        if handle is not None:
            admit_marked(handle, mark)
            leave(handle)
    try:
        for handle in handles:
            if handle is not None:
                occupy(handle, mark)
    except BaseException:
        vacate_all(handles, mark)
        raise
    return 0


cdef int vacate_all(list handles, const char **mark) noexcept:
    cdef Handle handle
    for handle in handles:
        if handle is not None:
            vacate(handle, mark)
    return 0


cdef int count_in(Handle handle, const char *call) noexcept:
    """Note that a call is going to wait in a shared socket, or to be inside without the GIL."""
    zb_add(&handle.waiting, 1)
    handle.visitor = call
    return 0


cdef int count_out(Handle handle) noexcept:
    """Undo count_in."""
    if handle.generation == zb_generation:
        zb_add(&handle.waiting, -1)
    return 0


cdef int go_inside(Handle handle, const char **mark) noexcept:
    """Leave, but for libzmq to be called without the GIL. Returns by how much that changes zb_inside."""
    set_mark(handle, mark)
    if handle.shared:
        count_in(handle, mark[0])
        handle.inside += 1
    cdef int change = 0 if handle.entry == NULL else zb_go_inside(<zb_entry *>handle.entry, True)
    leave(handle)
    return change


cdef int come_out(Handle handle, const char **mark) noexcept:
    """Undo go_inside."""
    seize(handle)
    cdef bint last = clear_mark(handle, mark)
    if handle.shared:
        count_out(handle)
        handle.inside -= 1
        last = handle.inside == 0
    if last:
        handle.uses += 1
        if handle.entry != NULL:
            zb_go_inside(<zb_entry *>handle.entry, False)
    return leave(handle)


# What follows is called inside, and comes back inside; where it raises, it has left.

cdef int go_on(Handle handle, const char **mark, int code, str about=None) except -1:
    """After a failed call: handle signals and go in again, or raise."""
    leave(handle)
    vacate(handle, mark)
    interrupted(code, about)
    return admit_marked(handle, mark)


cdef int read_events(Handle handle, const char **mark) except -1:
    """ZMQ_EVENTS of a socket; libzmq looks at its commands first."""
    cdef size_t size = sizeof(handle.events)
    while zmq_getsockopt(handle.pointer, ZMQ_EVENTS, &handle.events, &size) != 0:
        go_on(handle, mark, last_errno())
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


cdef int descriptor_of(Handle handle, const char **mark) except -1:
    """The descriptor that becomes readable when the socket's state may have changed."""
    cdef size_t size = sizeof(handle.descriptor)
    if handle.shared:
        return bell_of(handle)
    while handle.descriptor == -1 and zmq_getsockopt(handle.pointer, ZMQ_FD, &handle.descriptor, &size) != 0:
        go_on(handle, mark, last_errno(), "the descriptor to wait on")
    return handle.descriptor


cdef int current_events(Handle handle, int wanted, const char *call) except -1:
    """Which of the wanted events a socket is ready for now. Called outside, and comes back outside."""
    cdef pollfd item
    cdef int events = ZMQ_POLLIN
    if handle.watched:
        nudge(handle)  # the descriptor will not tell anybody else what is seen here
    admit(handle, call)
    if not up_to_date(handle):
        events = read_events(handle, &call)
    elif needs_a_look(handle, wanted):
        item.fd = descriptor_of(handle, &call)
        item.events = POLLIN
        events = handle.events if zb_poll(&item, 1, 0) == 0 else read_events(handle, &call)
    leave(handle)
    return events & wanted
