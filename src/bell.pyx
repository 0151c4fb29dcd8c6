# Bells: what to wait for where a socket of libzmq's is thread-safe, and so has no descriptor. See bell.h.


cdef class Bell:
    """A descriptor for one call, which waits for shared sockets; meanwhile these cannot be closed."""

    cdef void *pointer
    cdef int descriptor
    cdef unsigned int generation
    cdef list handles            # of the sockets

    def __cinit__(self):
        self.descriptor = -1
        self.generation = zb_generation
        self.handles = []

    cdef int watch(self, Handle handle, const char *call) except -1:
        """Ring for a socket from now on; what has happened before must be looked for. Returns the descriptor.

        Called inside, and comes back inside; where it raises, it has left.
        """
        if handle not in self.handles:
            ring_for(handle, &self.pointer, &self.descriptor)
            self.handles.append(handle)
            count_in(handle, call)
        return self.descriptor

    cdef int silence(self) noexcept:
        """Be told only of what happens from now on."""
        if self.pointer != NULL:
            zb_bell_silence(self.descriptor)
        return 0

    cdef int end(self) noexcept:
        """The call waits no longer."""
        cdef Handle handle
        if self.generation == zb_generation:  # else a lock that this takes may never be free
            zb_bell_end(&self.pointer)
        for handle in self.handles:
            count_out(handle)
        self.handles = []
        return 0


cdef int ring_for(Handle handle, void **bell, int *descriptor) except -1:
    """Have a shared socket ring a bell. Called inside, and comes back inside; where it raises, it has left."""
    cdef int code = zb_bell_add(bell, handle.pointer, descriptor)
    if code == 0:
        return 0
    leave(handle)
    if code == ENOTSUP:
        return missing("waiting for a thread-safe socket", "4.3.2 with drafts")
    return fail(code, "the descriptor to wait on")


cdef int bell_of(Handle handle) except -1:
    """The descriptor of a shared socket for its event loop or greenlets; made if there is none.

    They look by themselves before they wait, and silence it when it has rung. Called as ring_for.
    """
    if handle.bell == NULL:
        ring_for(handle, &handle.bell, &handle.descriptor)
    return handle.descriptor


cdef inline int silence(Handle handle) noexcept:
    """What the descriptor has told is going to be looked for. For those alone who wait for it."""
    if handle.bell != NULL:
        zb_bell_silence(handle.descriptor)
    return 0


cdef int find_shared(Socket socket) except -1:
    """Find out whether libzmq lets several threads use a socket at once, which is so with most of its drafts."""
    if socket.type in DRAFT_TYPES and get_option(socket, ZMQ_THREAD_SAFE, None):
        socket.handle.exposed = True
        socket.handle.shared = True
    return 0
