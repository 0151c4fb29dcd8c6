# Green sockets: while a greenlet waits, gevent's other greenlets run.
#
# Whoever waits only waits until libzmq may be ready, and then tries by himself. So a message is never in other hands
# than its receiver's, and a greenlet that is killed, or whose time is up, has taken none.

cdef object get_hub = None     # gevent's functions, which zmqbind.green hands over when it is imported
cdef object getcurrent = None

cdef enum:
    GREEN_LOOK = 50   # milliseconds between looks at descriptors of which only errors or priority data are wanted


def _use_gevent(hub, current):
    """Take gevent's functions get_hub and getcurrent. Called once, by zmqbind.green."""
    global get_hub, getcurrent
    get_hub = hub
    getcurrent = current


@cython.no_gc_clear
cdef class GreenSocket(Socket):
    """A socket that lets other greenlets run while one waits. See `zmqbind.green.Socket`."""

    def __cinit__(self, *args, **kwargs):
        self.green = True


cdef class GreenPoller(Poller):
    """A poller that lets other greenlets run while one waits. See `zmqbind.green.Poller`."""

    def __cinit__(self):
        self.set.green = True


def green_poll(sockets, timeout=-1):
    """Wait until at least one of several sockets or descriptors is ready, while other greenlets run.

    See zmqbind.zmq_poll.
    """
    return poll_entries(sockets, timeout, True)


cdef class GreenWait:
    """A greenlet that waits."""

    cdef object hub
    cdef object greenlet
    cdef bint asleep
    cdef bint woken
    cdef bint holds              # it is to send the rest of a message, some parts of which were sent: see Handle.held

    def __cinit__(self):
        self.hub = get_hub()
        self.greenlet = getcurrent()

    def wake(self):
        """Let the greenlet go on. Called in the hub; does nothing if it waits no longer."""
        if self.asleep and not self.woken:
            self.woken = True
            self.greenlet.switch()

    cdef int pause(self, long long end, long long longest) except -1:
        """Wait to be woken, until zb_now_ms() is `end` (-1: for ever), but at most `longest` milliseconds."""
        global zb_turns
        cdef long long left = longest
        zb_drain()
        if zb_load(&zb_lent):
            left = min(left, LENDERS_REST)
        if end >= 0:
            left = min(left, max(0, end - zb_now_ms()))
        timer = None
        if left < INT_MAX:
            timer = self.hub.loop.timer(left / 1000.0)
            timer.start(self.wake)
        self.woken = False
        self.asleep = True
        try:
            while not self.woken:
                self.hub.switch()
        finally:
            self.asleep = False
            if timer is not None:
                timer.close()
        zb_turns = ZB_RUN
        return 0


cdef class Line:
    """The greenlets that wait for a socket: receivers and senders in the order in which they came, and polls.

    There is one as long as somebody waits. It belongs to the hub of a thread; others cannot wait meanwhile.
    """

    cdef Handle handle
    cdef const char *call        # what it was opened for
    cdef object hub
    cdef unsigned long thread    # the hub's
    cdef object watcher          # of the descriptor; None when the line has ended
    cdef object receivers, senders  # each an OrderedDict of GreenWait to None
    cdef dict polls              # GreenWait to the events that are wanted
    cdef bint nudged             # the hub will call look()

    def __cinit__(self):
        self.receivers, self.senders, self.polls = OrderedDict(), OrderedDict(), {}

    cdef int leave(self, GreenWait wait) except -1:
        for line in (self.receivers, self.senders, self.polls):
            line.pop(wait, None)
        if wait.holds:
            self.handle.held = False
        if self.watcher is None:
            return 0
        if self.receivers or self.senders or self.polls:
            # Its operation may have used up what the descriptor would have told the others.
            return self.nudge()
        return self.end()

    cdef int end(self) except -1:
        """Nobody waits any more, or the socket is closed: whoever waits for it still has to find out."""
        cdef Engine engine
        watcher, self.watcher = self.watcher, None
        engine = engine_of(self.handle)
        set_line(self.handle, None)
        self.handle.watched = engine is not None and engine.busy()
        watcher.close()
        for wait in self.all_but(None):
            self.call_soon((<GreenWait>wait).wake)
        return 0

    cdef int nudge(self) except -1:
        """Have the hub look again."""
        if not self.nudged:
            self.nudged = True
            self.call_soon(self.look)
        return 0

    cdef int call_soon(self, object function) except -1:
        if PyThread_get_thread_ident() == self.thread:
            self.hub.loop.run_callback(function)
        else:
            self.hub.loop.run_callback_threadsafe(function)
        return 0

    def look(self):
        """Let those go on who can. Called in the hub, when the descriptor is readable or after a nudge."""
        self.nudged = False
        if self.watcher is not None:
            for wait in self.due(None):
                (<GreenWait>wait).wake()

    cdef int look_for_others(self, GreenWait me) except -1:
        """The same, after an attempt of mine that has failed but may have used up the descriptor's word."""
        if len(self.receivers) + len(self.senders) + len(self.polls) > 1:
            for wait in self.due(me):
                self.call_soon((<GreenWait>wait).wake)
        return 0

    cdef list due(self, GreenWait me):
        """Those, except for me, whom libzmq may be ready for: polls, and the first of each line."""
        cdef const char *call = b"look"
        cdef int events
        try:
            admit(self.handle, call)
            silence(self.handle)
            events = read_events(self.handle, &call)
            leave(self.handle)
        except ZMQError:  # they find out by themselves
            return self.all_but(me)
        waits = [wait for wait, wanted in self.polls.items() if events & wanted]
        if events & ZMQ_POLLIN and self.receivers:
            waits.append(next(iter(self.receivers)))
        if events & ZMQ_POLLOUT and self.senders:
            waits.append(next(iter(self.senders)))
        return [wait for wait in waits if wait is not me]

    cdef list all_but(self, GreenWait me):
        return [wait for line in (self.polls, self.receivers, self.senders) for wait in line if wait is not me]


cdef Line line_at(Handle handle):
    """The line of those who wait for a socket, or None. Where there is no GIL, its hub may just be about to end it."""
    with cython.critical_section(handle):
        return handle.line


cdef int set_line(Handle handle, Line line) except -1:
    with cython.critical_section(handle):
        handle.line = line
    return 0


cdef Line line_of(Handle handle, const char *call):
    """The line of those who wait for a socket, where call is to wait; a new one if there is none."""
    cdef Line line = line_at(handle)
    cdef bint is_new = handle.shared and handle.bell == NULL
    hub = get_hub()
    if line is None:
        admit(handle, call)
        descriptor_of(handle, &call)
        leave(handle)
        line = Line.__new__(Line)
        line.handle, line.call, line.hub, line.thread = handle, call, hub, PyThread_get_thread_ident()
        line.watcher = hub.loop.io(handle.descriptor, 1)
        line.watcher.start(line.look)
        set_line(handle, line)
        handle.watched = True
        if is_new:  # its descriptor does not tell of what happened before
            line.nudge()
    if line.hub is not hub:
        raise ConcurrentUseError(call.decode(), line.call.decode())
    return line


cdef inline int take_turn() except -1:
    """Count an operation, and let the other greenlets run where that is due."""
    global zb_turns
    zb_turns -= 1
    return yield_turn() if zb_turns <= 0 else 0


cdef int yield_turn() except -1:
    """Let the other greenlets run."""
    global zb_turns
    cdef GreenWait wait = GreenWait.__new__(GreenWait)
    zb_turns = ZB_RUN
    if wait.greenlet is not wait.hub:
        wait.hub.loop.run_callback(wait.wake)
        wait.pause(-1, INT_MAX)
    return 0


cdef bint line_up(Socket socket, int flags, bint sending, const char *call) except -1:
    """Whether a message has to wait until others are served. Lets other greenlets run where that is due.

    Called outside of the socket, comes back outside.
    """
    cdef Handle handle = socket.handle
    cdef Line line
    cdef bint more
    if not sending:
        admit(handle, call)
        more = option_of(handle.pointer, ZMQ_RCVMORE)
        leave(handle)
        if more:
            return False
    if zb_turns <= 0:
        yield_turn()
    line = line_at(handle)
    if line is None:
        return False
    if flags & ZMQ_DONTWAIT:
        return fail(EAGAIN) if sending and handle.held else False
    return bool(line.senders if sending else line.receivers)


cdef int wait_greenly(Socket socket, zmq_msg_t *msg, int flags, bint sending, long long timeout,
                      const char *call) except -1:
    """Send or receive msg when its turn has come and libzmq can; raises Again after `timeout` milliseconds.

    Called outside of the socket, comes back inside.
    """
    cdef Handle handle = socket.handle
    cdef Line line = line_of(handle, call)
    cdef GreenWait wait = GreenWait.__new__(GreenWait)
    cdef long long end = -1 if timeout < 0 else zb_now_ms() + timeout + (timeout > 0)
    cdef object mine = line.senders if sending else line.receivers
    mine[wait] = None
    if sending and handle.begun and not handle.held:
        handle.held = wait.holds = True
        mine.move_to_end(wait, last=False)
    try:
        try:
            while next(iter(mine)) is not wait or not try_in_turn(handle, msg, flags, sending, line, wait, &call):
                if 0 <= end <= zb_now_ms():
                    fail(EAGAIN)
                wait.pause(end, INT_MAX)
                admit(handle, call)  # else it finds out only when its turn has come
                leave(handle)
        finally:
            line.leave(wait)
        admit_marked(handle, &call)
    except BaseException:
        vacate(handle, &call)
        raise
    clear_mark(handle, &call)
    return 0


cdef bint try_in_turn(Handle handle, zmq_msg_t *msg, int flags, bint sending, Line line, GreenWait wait,
                      const char **mark) except -1:
    """Send or receive msg if libzmq can, and return whether it could: then the mark keeps others out.

    Called outside of the socket, comes back outside.
    """
    cdef int code = EINTR
    while code != EAGAIN:
        admit(handle, mark[0])
        code = EAGAIN
        # As in wait_to_transfer: the descriptor tells of every change only after libzmq has looked.
        if not sending or read_events(handle, mark) & ZMQ_POLLOUT:
            handle.uses += 1
            code = transfer(msg, handle.pointer, flags | ZMQ_DONTWAIT, sending)
        if code == 0:
            set_mark(handle, mark)
        leave(handle)
        if code == 0:
            return True
        if code != EAGAIN:
            interrupted(code)
    line.look_for_others(wait)
    return False


cdef int rest_greenly(PollSet polled, long long end, const char *call) except -1:
    """Wait until something in the set may be ready or zb_now_ms() is `end` (-1: never); 0 when the time is up."""
    cdef GreenWait wait = GreenWait.__new__(GreenWait)
    cdef list lines = []
    cdef list watchers = []
    cdef long long longest = INT_MAX
    cdef Py_ssize_t i
    cdef Line line
    if 0 <= end <= zb_now_ms():
        return 0
    try:
        for i in range(len(polled.entries)):
            if polled.handles[i] is not None:
                line = line_of(polled.handles[i], call)
                line.polls[wait] = line.polls.get(wait, 0) | polled.wanted[i]
                lines.append(line)
            elif polled.wanted[i] & (ZMQ_POLLIN | ZMQ_POLLOUT):
                watcher = wait.hub.loop.io(polled.items[i].fd, polled.wanted[i] & (ZMQ_POLLIN | ZMQ_POLLOUT))
                watchers.append(watcher)
                watcher.start(wait.wake)
            else:
                longest = GREEN_LOOK
        wait.pause(end, longest)
    finally:
        for line in lines:
            line.leave(wait)
        for watcher in watchers:
            watcher.close()
    return 1
