# Polling: sockets, descriptors, and objects that have one.

cdef long long as_timeout(object timeout) except? -2:
    """Return a timeout in milliseconds as libzmq wants it: -1 for none."""
    if timeout is None:
        return -1
    try:
        milliseconds = int(timeout)
    except OverflowError:  # infinite
        return -1
    except (TypeError, ValueError):
        raise TypeError(f"timeout: expected milliseconds as a number or None, got {timeout!r}") from None
    if isinstance(timeout, str):
        raise TypeError(f"timeout: expected milliseconds as a number or None, got {timeout!r}")
    if milliseconds < 0:
        return -1
    return min(milliseconds, LONG_MAX)


def _milliseconds(timeout):
    """A timeout as an int, -1 for none; raises TypeError for what is none."""
    return as_timeout(timeout)


cdef enum:
    FIRST_REST = 50      # milliseconds
    LENDERS_REST = 1000  # the same; how long memory that has come back may lie there while its program only waits


cdef int rest(pollfd *items, list handles, long long end, bint *first, const char **mark) except -1:
    """poll(2) without the GIL until something happens or zb_now_ms() is `end` (-1: never); 0 when the time is up.

    handles: those of the items, None for descriptors. Meanwhile the mark keeps others out of them. If something has
    happened it still does, until the caller has looked. Signals are handled, without the mark, and then 1 is returned
    as if something had happened, since a handler may have used the sockets. A signal that comes in just before poll(2)
    is entered does not end it; so the first rest is a short one. While memory is lent, no rest is a long one.
    """
    cdef long long left = INT_MAX
    cdef int longest, ready, count = len(handles)
    if zb_load_pointer(&zb_returned) != NULL:
        vacate_all(handles, mark)
        zb_drain()
    occupy_all(handles, mark)
    longest = FIRST_REST if first[0] else LENDERS_REST if zb_load(&zb_lent) else INT_MAX
    if end >= 0:
        left = max(0, end - zb_now_ms())
    with nogil:
        ready = zb_poll(items, count, <int>min(left, longest))
    if ready > 0:
        return ready
    vacate_all(handles, mark)
    if ready == 0 and end >= 0 and left <= longest:
        return 0
    if ready < 0 and ready != -EINTR:
        return fail(-ready, mark[0].decode())
    first[0] = False
    PyErr_CheckSignals()
    occupy_all(handles, mark)
    return 1


cdef class PollSet:
    """Sockets and descriptors to poll, as an array for poll(2).

    zmq_poll would ask libzmq for the state of every socket, which costs a system call each. Here a socket is asked
    only if it was used since it was asked last, or its descriptor is readable (see up_to_date): polling idle sockets
    takes a single poll(2).
    """

    cdef list entries            # what is polled, in order
    cdef list handles            # the Handle of each, or None for descriptors
    cdef pollfd *items
    cdef Bell bell               # what shared sockets ring while somebody waits for them, or None
    cdef short *wanted           # events of each, in libzmq's numbers
    cdef short *ready
    cdef Py_ssize_t room
    cdef bint green              # it waits as greenlets do

    def __cinit__(self):
        self.entries = []
        self.handles = []

    def __dealloc__(self):
        PyMem_Free(self.items)
        PyMem_Free(self.wanted)
        PyMem_Free(self.ready)

    cdef int make_room(self, Py_ssize_t room) except -1:
        self.items = <pollfd *>grow(self.items, room * sizeof(pollfd))
        self.wanted = <short *>grow(self.wanted, room * sizeof(short))
        self.ready = <short *>grow(self.ready, room * sizeof(short))
        self.room = room
        return 0

    cdef int put(self, Py_ssize_t position, object entry, Handle handle, int descriptor, int flags) except -1:
        """Poll an entry, of which poll_target told handle and descriptor; position: of one to replace, or the next."""
        if position >= len(self.entries):
            position = len(self.entries)
            if position == self.room:
                self.make_room(2 * self.room + 1)
            self.entries.append(entry)
            self.handles.append(handle)
        else:
            self.handles[position] = handle
        self.items[position].fd = descriptor
        self.items[position].events = POLLIN if handle is not None else zb_poll_events(flags)
        self.wanted[position] = flags
        return 0

    cdef int remove(self, Py_ssize_t position) except -1:
        cdef Py_ssize_t i
        if position >= len(self.entries):
            return 0
        del self.entries[position]
        del self.handles[position]
        for i in range(position, len(self.entries)):
            self.items[i] = self.items[i + 1]
            self.wanted[i] = self.wanted[i + 1]
        return 0

    cdef PollSet copy(self):
        """The same set, not changed by what other threads register and poll."""
        cdef PollSet other = PollSet()
        cdef Py_ssize_t count = len(self.entries)
        other.green = self.green
        other.make_room(count)
        other.entries = list(self.entries)
        other.handles = list(self.handles)
        memcpy(other.items, self.items, count * sizeof(pollfd))
        memcpy(other.wanted, self.wanted, count * sizeof(short))
        return other

    cdef int look(self, const char **mark) except -1:
        """Find what is ready now, with the GIL. Returns how many are."""
        cdef Py_ssize_t i, count
        cdef Handle handle
        cdef bint undecided = False
        cdef int code, found = 0
        for handle in list(self.handles):  # first, as this runs code that may change the set
            if handle is not None and handle.watched:
                nudge(handle)  # the descriptor will not tell anybody else what is seen here
        if self.bell is not None:
            self.bell.silence()
        count = len(self.entries)
        for i in range(count):
            handle = self.handles[i]
            self.items[i].revents = 0
            self.ready[i] = 0
            if handle is None:
                undecided = True
                continue
            admit_marked(handle, mark)
            if not up_to_date(handle):
                read_events(handle, mark)
            elif needs_a_look(handle, self.wanted[i]):
                undecided = True
            if not handle.shared:
                self.items[i].fd = descriptor_of(handle, mark)
            else:
                self.items[i].fd = -1 if self.bell is None else self.bell.descriptor
            self.ready[i] = handle.events & self.wanted[i]
            leave(handle)
        while undecided:
            code = zb_poll(self.items, count, 0)
            if code >= 0:
                break
            vacate_all(self.handles, mark)
            interrupted(-code, mark[0].decode())
        for i in range(count):
            if self.items[i].revents:
                handle = self.handles[i]
                if handle is None:
                    self.ready[i] = zb_zmq_events(self.items[i].revents)
                else:
                    admit_marked(handle, mark)
                    self.ready[i] = read_events(handle, mark) & self.wanted[i]
                    leave(handle)
            if self.ready[i]:
                found += 1
        return found

    cdef int wait(self, long long timeout, const char *call) except -1:
        """Wait until something is ready, at most `timeout` milliseconds (-1: forever). Returns how many are.

        Nobody else may use or change the set meanwhile.
        """
        cdef int found
        if self.green:
            take_turn()
        found = self.look(&call)
        return self.sleep(timeout, call) if not found and timeout != 0 else found

    cdef int sleep(self, long long timeout, const char *call) except -1:
        """wait, after a look has found nothing."""
        cdef long long end = -1 if timeout < 0 else zb_now_ms() + timeout + 1
        cdef bint first = True
        cdef int going_on, found = 0
        try:
            if not self.green and self.hang_bell(call):
                found = self.look(&call)
            while not found:
                if self.green:
                    going_on = rest_greenly(self, end, call)
                else:
                    going_on = rest(self.items, self.handles, end, &first, &call)
                if not going_on:
                    return 0
                found = self.look(&call)
        finally:
            vacate_all(self.handles, &call)
            if self.bell is not None:
                self.bell.end()
                self.bell = None
        return found

    cdef bint hang_bell(self, const char *call) except -1:
        """Have the shared sockets ring a bell; return whether there are any."""
        cdef Handle handle
        for handle in self.handles:
            if handle is not None and handle.shared:
                if self.bell is None:
                    self.bell = Bell.__new__(Bell)
                admit(handle, call)
                self.bell.watch(handle, call)
                leave(handle)
        return self.bell is not None

    cdef list found(self):
        """The (entry, events) pairs of what is ready. Objects with fileno() are told as their descriptor."""
        cdef list pairs = []
        cdef Py_ssize_t i
        for i in range(len(self.entries)):
            if self.ready[i]:
                entry = self.entries[i]
                pairs.append((entry if isinstance(entry, (Socket, int)) else self.items[i].fd, self.ready[i]))
        return pairs


cdef int check_flags(object flags) except -1:
    if not 0 <= flags <= 0x7FFF:
        raise OverflowError(f"flags: {flags} is no union of POLLIN, POLLOUT, POLLERR and POLLPRI")
    return flags


cdef tuple poll_target(object entry):
    """What to poll for an entry: (its Handle, -1), or (None, its descriptor)."""
    if isinstance(entry, Socket):
        return (<Socket>entry).handle, -1
    if isinstance(entry, int):
        return None, entry
    if hasattr(entry, "fileno"):
        return None, entry.fileno()
    raise TypeError(f"socket: expected a Socket, a descriptor or an object with fileno(), got {entry!r}")


cdef void *grow(void *memory, size_t size) except NULL:
    cdef void *larger = PyMem_Realloc(memory, size)
    if larger == NULL:
        raise MemoryError("poll set")
    return larger


def zmq_poll(sockets, timeout=-1):
    """Wait until at least one of several sockets or descriptors is ready (zmq_poll).

    sockets: iterable of (socket, flags) pairs; socket: Socket, int descriptor or object with fileno(); flags: int,
    POLLIN, POLLOUT, POLLERR and their unions. timeout: milliseconds; negative or None: without limit.
    Returns a list of (socket, events) pairs, events int; empty when the time is up.
    Raises TypeError for what cannot be polled, ZMQError(ENOTSOCK) for a closed socket, ContextTerminated.
    """
    return poll_entries(sockets, timeout, False)


cdef list poll_entries(object sockets, object timeout, bint green):
    cdef long long wait = as_timeout(timeout)
    cdef PollSet polled = PollSet()
    polled.green = green
    for entry, flags in sockets:
        handle, descriptor = poll_target(entry)
        polled.put(len(polled.entries), entry, handle, descriptor, check_flags(flags))
    return polled.found() if polled.wait(wait, b"zmq_poll") else []


cdef class Poller:
    """Waits for several sockets and descriptors at once. See `zmqbind.Poller`, the class that programs use."""

    cdef PollSet set
    cdef dict positions  # entry -> position in the set

    def __cinit__(self):
        self.set = PollSet()
        self.positions = {}

    def __contains__(self, socket):
        return socket in self.positions

    @property
    def sockets(self):
        """What is registered, a list of (socket, flags) pairs in the order of registration."""
        with cython.critical_section(self):
            return [(entry, self.set.wanted[i]) for i, entry in enumerate(self.set.entries)]

    def register(self, socket, int flags=3):
        """Wait for events of a socket from now on, or change which.

        socket: Socket, int descriptor or object with fileno(). flags: int, a union of POLLIN, POLLOUT, POLLERR and
        POLLPRI; 0 takes the socket out. Raises TypeError for what cannot be polled.
        """
        check_flags(flags)
        if flags:
            handle, descriptor = poll_target(socket)
            with cython.critical_section(self):
                position = self.positions.get(socket, len(self.set.entries))
                self.positions[socket] = position
                self.set.put(position, socket, handle, descriptor, flags)
        elif socket in self.positions:
            self.unregister(socket)

    def modify(self, socket, int flags=3):
        """Change the events to wait for: the same as register."""
        self.register(socket, flags)

    def unregister(self, socket):
        """Wait for a socket no longer. Raises KeyError if it is not registered."""
        with cython.critical_section(self):
            position = self.positions.pop(socket)
            self.set.remove(position)
            for entry, other in self.positions.items():
                if other > position:
                    self.positions[entry] = other - 1

    def poll(self, timeout=None):
        """Wait until at least one of the registered sockets is ready.

        timeout: milliseconds, int or float; None or negative: without limit.
        Returns a list of (socket, events) pairs, events int, in the order of registration; empty when the time is
        up. An object with fileno() is told as its descriptor. Raises ZMQError(ENOTSOCK) if a registered socket has
        been closed, ContextTerminated, ConcurrentUseError if another thread is blocked in one of them.
        """
        cdef long long wait = as_timeout(timeout)
        cdef const char *call = b"poll"
        cdef PollSet polled = self.set
        cdef int found
        if polled.green:
            take_turn()
        if ZB_FREE_THREADED:
            with cython.critical_section(self):
                polled = polled.copy()
        found = polled.look(&call)
        if not found and wait != 0:
            polled = polled.copy()
            found = polled.sleep(wait, call)
        return polled.found() if found else []
