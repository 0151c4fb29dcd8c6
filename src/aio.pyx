# The engine of the event loops: operations try at once, or wait in line until libzmq is ready.


cdef class Engine:
    """The operations that wait for one of libzmq's sockets, and what serves them.

    All sockets that stand for the same one of libzmq's share it. Only operations know their sockets, and the loop keeps
    the engine only while some wait: so a socket nobody knows any more can go while its descriptor is watched, but not
    while a task waits for it that nobody else knows.
    """

    cdef object __weakref__
    cdef Handle handle
    cdef readonly Loop loop
    cdef WeakCall call           # what the loop calls
    cdef object receivers, senders, polls  # the operations that wait, in order; each an OrderedDict to None
    cdef dict undelivered        # operations whose futures have what was received, but whose callers not yet
    cdef list returned           # triples of a number, data, and whether more parts follow: what came back, in order
    cdef unsigned long long taken    # how many parts were received from libzmq
    cdef unsigned long long number   # of the part received last
    cdef unsigned long long message  # of the first part of the message received last
    cdef bint more               # whether parts follow the one received last
    cdef bint again              # that one had come back, so that libzmq knows of later ones
    cdef bint watching           # the loop watches the descriptor
    cdef unsigned long thread    # where that began
    cdef bint nudged             # the loop will call serve(), or is in it
    cdef bint unfinished         # an operation stopped to let others have a turn
    cdef bint ending             # all that wait are being cancelled

    def __cinit__(self):
        self.receivers, self.senders, self.polls = OrderedDict(), OrderedDict(), OrderedDict()
        self.undelivered = {}
        self.returned = []
        self.call = WeakCall(PyWeakref_NewRef(self, None))

    def __del__(self):
        # Before the handle closes the socket: the next one may have the same descriptor, and be taken for watched.
        if self.elsewhere():  # the garbage collector works in any thread
            self.loop.soon_threadsafe(Farewell(self.loop, self.handle))
        elif self.watching and not self.loop.closed():
            self.unwatch()

    cdef bint busy(self):
        return bool(self.receivers or self.senders or self.polls)

    cdef bint elsewhere(self) except -1:
        """Whether a loop that runs in another thread watches the descriptor."""
        return self.watching and self.thread != PyThread_get_thread_ident() and self.loop.elsewhere()

    cdef object start(self, Operation operation, object line, object timeout):
        """Do an operation now or put it in line; return its future. timeout: milliseconds, None for that of the option.

        Whoever came first is served first; and who receives now must not overtake what may yet come back. Polls take
        nothing from one another.
        """
        cdef Loop loop = self.loop
        cdef bint first = line is self.polls or (not line and (line is not self.receivers or not self.undelivered))
        cdef bint tried = first and loop.left > 0
        cdef long long milliseconds
        operation.engine = self
        try:
            result = operation.attempt() if tried else pending
            if result is pending:
                milliseconds = operation.patience(timeout)
                if milliseconds != 0:
                    return self.wait(operation, line, milliseconds, tried and not self.unfinished)
                if first and not tried:
                    result = operation.attempt()
                while first and self.unfinished and result is pending:  # it may not even wait for others' turn
                    self.unfinished = False
                    result = operation.attempt()
                if result is pending:
                    result = operation.give_up()
            loop.left -= 1
            return loop.done(result)
        except Exception as error:
            return loop.failed(error)

    cdef object wait(self, Operation operation, object line, long long milliseconds, bint tried):
        """Put an operation in line and return its future."""
        if self.ending:
            future = operation.future = self.loop.waiting(operation)
            operation.cancel()
            return future
        self.watch()
        if not tried:
            self.nudge()
        if milliseconds > 0:
            operation.timer = self.loop.later(milliseconds / 1000, operation.expire)
        # In line only now: a loop that has been closed raises an exception above.
        operation.future = self.loop.waiting(operation)
        operation.line = line
        line[operation] = None
        self.handle.watched = True
        self.call.kept = self
        return operation.future

    cdef int watch(self) except -1:
        cdef bint is_new = self.handle.shared and self.handle.bell == NULL
        cdef int descriptor = self.find_descriptor()
        if self.loop.closed():
            self.unwatch()
        if not self.watching:
            self.loop.watch(descriptor, self.call)
            self.watching = True
            self.thread = PyThread_get_thread_ident()
            if is_new:  # it does not tell of what happened before
                self.nudge()
        return 0

    cdef int find_descriptor(self) except -1:
        """The descriptor to watch; raises if the socket is closed, or has none."""
        cdef const char *call = b"wait"
        admit(self.handle, call)
        descriptor_of(self.handle, &call)
        leave(self.handle)
        return self.handle.descriptor

    cdef int ask(self) except -1:
        """What libzmq is ready for now; arms the descriptor anew."""
        cdef const char *call = b"wait"
        admit(self.handle, call)
        silence(self.handle)
        read_events(self.handle, &call)
        leave(self.handle)
        return self.handle.events

    cdef int unwatch(self) except -1:
        self.handle.watched = self.handle.line is not None
        if self.watching:
            self.watching = False
            if self.handle.generation == zb_generation:  # else the parent's loop, whose epoll a child shares, goes on
                self.loop.unwatch(self.handle.descriptor)
        return 0

    cdef int nudge(self) except -1:
        """Have the loop call serve() in its next turn, if it is still there."""
        if not self.nudged and not self.loop.closed():
            self.nudged = True
            if self.thread == PyThread_get_thread_ident():
                self.loop.soon(self.call)
            else:
                self.loop.soon_threadsafe(self.call)
        return 0

    def serve(self):
        """Serve whom libzmq is ready for. Called by the loop, when the descriptor is readable or after a nudge."""
        self.loop.left = IMMEDIATE
        self.unfinished = False
        self.nudged = True  # what is done here is no reason to come back
        try:
            self.serve_lines()
        except ZMQError as error:
            self.fail(error)
        finally:
            self.nudged = False
            if self.unfinished:
                self.nudge()
        self.handle.watched = self.busy() or self.handle.line is not None

    cdef int serve_lines(self) except -1:
        cdef int events
        cdef bint served = True
        cdef bint held_up = bool(self.undelivered)
        if not self.busy():
            self.unwatch()  # this was a word too many, and there may be more
        while served and self.busy():
            # What has been done may have used up the descriptor's word, so libzmq is asked again after every round.
            events = self.ask()
            if self.returned:
                events |= ZMQ_POLLIN
            served = self.serve_polls(events)
            if events & ZMQ_POLLIN and not held_up and self.serve_line(self.receivers):
                served = True
            if events & ZMQ_POLLOUT and self.serve_line(self.senders):
                served = True
        return 0

    cdef bint serve_line(self, object line) except -1:
        cdef Operation operation
        cdef bint served = False
        cdef int left = IMMEDIATE
        while line and not self.unfinished:
            if left == 0:  # whoever is served may come again at once, where futures run their callbacks at once
                self.unfinished = True
                break
            left -= 1
            operation = next(iter(line))
            try:
                result = operation.attempt()
            except BaseException as error:
                # REQ and REP sockets may have changed turns with the one before: then the next waits for his.
                if served and isinstance(error, ZMQError) and error.errno == EFSM:
                    break
                # What a signal handler raises before anything was received ends no operation.
                if (operation.loading or isinstance(error, Exception)) and operation.leave():
                    operation.reject(error)
                if isinstance(error, (KeyboardInterrupt, SystemExit)) or \
                        not (operation.loading or isinstance(error, Exception)):
                    raise
            else:
                if result is pending:
                    break
                if operation.leave():  # else a signal handler has taken it away
                    self.resolve(operation, result)
            served = True
        return served

    cdef bint serve_polls(self, int events) except -1:
        cdef Operation operation
        cdef bint served = False
        for operation in list(self.polls):
            if events & operation.flags and operation.leave():
                operation.resolve(events & operation.flags)
                served = True
        return served

    cdef int resolve(self, Operation operation, object result) except -1:
        if operation.line is self.receivers:
            self.undelivered[operation] = True
            try:
                if operation.resolve(result):
                    self.loop.soon(operation.delivered)
                else:
                    operation.delivered()
            except BaseException:  # of a signal handler; the others must not wait for it for ever
                self.undelivered.pop(operation, None)
                raise
        else:
            operation.resolve(result)
        return 0

    cdef list dismiss(self):
        """Take all operations out of their lines, and return them."""
        cdef Operation operation
        operations = [operation for line in (self.receivers, self.senders, self.polls) for operation in line]
        for operation in operations:
            operation.leave()
        return operations

    cdef int fail(self, object error) except -1:
        """Nobody can be served any more."""
        self.unwatch()
        for operation in self.dismiss():
            (<Operation>operation).reject(error)
        return 0

    cdef int end(self) except -1:
        """Cancel all: the socket is closed, or goes on in another loop."""
        self.unwatch()
        self.ending = True  # where futures run their callbacks at once, these may begin to wait again
        try:
            for operation in self.dismiss():
                (<Operation>operation).cancel()
        finally:
            self.ending = False
        self.undelivered.clear()
        return 0

    cdef int put_back(self, unsigned long long number, list parts) except -1:
        cdef Py_ssize_t position = 0
        while position < len(self.returned) and self.returned[position][0] < number:
            position += 1
        self.returned[position:position] = [(number, data, more) for data, more in parts]
        if self.busy():
            self.nudge()
        return 0

    cdef bint receive(self, Socket socket, zmq_msg_t *msg, const char *call) except -1:
        """Receive one part from libzmq, if one is there. Called outside; where it returns True it comes back inside."""
        cdef int code
        enter(socket, call)
        zmq_msg_init(msg)
        while True:
            code = transfer(msg, self.handle.pointer, ZMQ_DONTWAIT, False)
            if code == 0:
                self.again = False
                self.taken += 1
                self.number = self.taken
                return True
            leave(self.handle)
            if code == EAGAIN:
                return False
            interrupted(code)
            enter(socket, call)

    cdef object take_part(self, Socket socket, bint copy, const char *call):
        """Receive one part, or return `pending`."""
        cdef zmq_msg_t msg
        if self.returned:
            admit(self.handle, call)
            leave(self.handle)
            return self.take_returned(copy)
        if not self.receive(socket, &msg, call):
            return pending
        leave(self.handle)
        self.more = zmq_msg_more(&msg)
        return take(&msg, copy)

    cdef object take_returned(self, bint copy):
        self.number, data, self.more = self.returned.pop(0)
        self.again = True
        if copy:
            return bytes_of(data)
        return data if isinstance(data, Frame) else Frame(data)

    cdef list take_message(self, Socket socket, bint copy, const char *call):
        """Receive all parts of a message, or return None."""
        cdef zmq_msg_t msg
        cdef list parts
        if self.returned:
            parts = [self.take_part(socket, copy, call)]
            self.message = self.number
            # The rest may be libzmq's still, which delivers messages whole; or a blocking socket has taken it.
            while self.more and (self.returned or option_of(self.handle.pointer, ZMQ_RCVMORE)):
                parts.append(self.take_part(socket, copy, call))
            return parts
        if not self.receive(socket, &msg, call):
            return None
        self.message = self.number
        self.more = False
        parts = take_parts(socket, &msg, copy, call)
        self.taken += len(parts) - 1
        self.number = self.taken
        return parts


cdef class WeakCall:
    """Calls an engine's serve() if there still is that engine. It alone keeps it while operations wait."""

    cdef object reference
    cdef object kept             # the engine, while operations wait

    def __init__(self, reference):
        self.reference = reference

    def __call__(self):
        engine = self.reference()
        if engine is not None:
            engine.serve()

    def end(self):
        """Cancel what waits: the loop ends."""
        cdef Engine engine = self.reference()
        if engine is not None:
            engine.end()


cdef class Farewell:
    """Ends the watching of a socket that was dropped in another thread than the loop's; only then it can be closed."""

    cdef Loop loop
    cdef Handle handle

    def __init__(self, Loop loop, Handle handle):
        self.loop, self.handle = loop, handle

    def __call__(self):
        self.loop.unwatch(self.handle.descriptor)


cdef list whole_message(list parts):
    """Pairs of each part and whether more follow."""
    cdef Py_ssize_t last = len(parts) - 1
    return [(part, i < last) for i, part in enumerate(parts)]


cdef int with_returned(Handle handle, int option, int value) except? -1:
    """The value of EVENTS or RCVMORE, considering the messages that came back, which libzmq knows nothing of."""
    cdef Engine engine = engine_of(handle)
    if engine is None:
        return value
    if option == ZMQ_EVENTS:
        return value | ZMQ_POLLIN if engine.returned else value
    return engine.more if engine.again else value


cdef int nudge(Handle handle) except -1:
    """A call goes into a socket that is waited for: what the others wait for may come up unannounced."""
    cdef Engine engine = engine_of(handle)
    cdef Line line = line_at(handle)
    if engine is not None:
        engine.nudge()
    if line is not None:
        line.nudge()
    return 0


cdef int refuse_elsewhere(Handle handle, const char *call) except -1:
    """Raise if a loop that runs in another thread watches a socket: it must be left to that thread."""
    cdef Engine engine = engine_of(handle)
    if engine is not None and engine.elsewhere():
        raise ConcurrentUseError(call.decode(), "an event loop that runs in another thread")
    return 0


cdef int end_waiting(Handle handle) except -1:
    """A socket will be closed: cancel what waits for it."""
    cdef Engine engine = engine_of(handle)
    cdef Line line = line_at(handle)
    if engine is not None:
        engine.end()
    if line is not None:
        line.end()
    return 0


cdef Engine engine_of(Handle handle):
    return None if handle.engine is None else handle.engine()
