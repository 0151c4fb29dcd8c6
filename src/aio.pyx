# The engine of the event loops that have futures: operations try at once, or wait in line until libzmq is ready.

cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED
    #define ZB_REUSE 0  /* a count of one does not say there that nobody else has an object */
    #else
    #define ZB_REUSE 1
    #endif
    """
    const bint REUSE "ZB_REUSE"

cdef object pending = object()  # what an attempt returns that has to wait

cdef enum:
    IMMEDIATE = 100   # operations that may complete at once, before the loop gets a turn
    TURN = 1000       # messages that one operation sends before others get a turn


cdef class Loop:
    """An event loop, as the engine sees it; the modules of the event loops fill in what is left open here.

    loop: the event loop. make_future: function that makes a future of its kind, with set_result and set_exception.
    constant: whether the result of a future that is done stays what it is.
    """

    cdef readonly object loop
    cdef object make_future
    cdef object nothing          # a future that is done, with the result None
    cdef bint reuse              # it may be given to the next one when nobody else has it any more
    cdef int left                # operations that may still complete at once
    cdef public object current   # of a TaskSocket: function that returns the loop that runs, or raises RuntimeError
    cdef public object checkpoint  # of a TaskSocket: function whose result is awaited to give others a turn

    def __init__(self, loop, make_future, bint constant=True):
        self.loop = loop
        self.make_future = make_future
        self.reuse = constant and REUSE
        self.left = IMMEDIATE

    cdef object done(self, object value):
        """Return a future that has a result."""
        if value is None and self.nothing is not None and Py_REFCNT(<PyObject *>self.nothing) == 1:
            return self.nothing
        future = self.make_future()
        future.set_result(value)
        if value is None and self.reuse:
            self.nothing = future
        return future

    cdef object failed(self, object error):
        """Return a future that has an exception."""
        future = self.make_future()
        future.set_exception(error)
        return future

    def waiting(self, operation):
        """Return a future for an operation that waits. Cancelling it calls operation.abandon()."""
        raise NotImplementedError

    def resolve(self, operation, value):
        """Give the future of an operation its result.

        Return True if whoever awaits it gets it only later; then call operation.delivered() once he has had the
        occasion, and before that operation.give_back(value) if he could not take it.
        """
        raise NotImplementedError

    def reject(self, operation, error):
        """Give the future of an operation an exception."""
        raise NotImplementedError

    def cancel(self, operation):
        """Cancel the future of an operation that is no longer in line."""
        raise NotImplementedError

    def rouse(self, operation):
        """Wake the task of an operation, of a TaskSocket."""
        raise NotImplementedError

    def watch(self, descriptor, callback):
        """Call callback whenever the descriptor is readable; or callback.end() when the loop will do so no more."""
        raise NotImplementedError

    def unwatch(self, descriptor):
        """Call it no more; also when the loop has been closed."""
        raise NotImplementedError

    def soon(self, callback):
        """Call callback in the next turn of the loop."""
        raise NotImplementedError

    def later(self, seconds, callback):
        """Call callback after some seconds; return what cancels that by its cancel()."""
        raise NotImplementedError

    def closed(self):
        """Return whether the loop has been closed."""
        raise NotImplementedError


cdef class Operation:
    """Something to be done with a socket, as soon as libzmq lets it."""

    cdef readonly AsyncSocket socket
    cdef public object future
    cdef readonly Engine engine
    cdef object line             # where it waits, one of the engine's; None when it does not
    cdef object timer
    cdef object load             # what makes the result out of what was received, or None
    cdef int flags
    cdef bint copy
    cdef public bint woken       # of a task in line: it is to try
    cdef unsigned long long number  # of what was received: where it belongs if it comes back

    cdef object attempt(self):
        """Do it and return the result, or return `pending` if that cannot be done now."""
        raise NotImplementedError

    cdef list parts_of(self, object value):
        """The parts, as pairs of data and whether more follow, that a receiver has taken with its result."""
        return []

    cdef bint begun(self):
        """Whether it has gone too far to be given up."""
        return False

    cdef long long patience(self, object timeout) except? -2:
        """Milliseconds that it may wait, -1 for ever."""
        if self.flags & ZMQ_DONTWAIT:
            return 0
        return get_option(self.socket, ZMQ_RCVTIMEO, None) if timeout is None else as_timeout(timeout)

    cdef object give_up(self):
        """Return or raise what is to be said when its time is up."""
        raise Again(EAGAIN)

    cdef bint leave(self) except -1:
        """Leave the line; return whether it was in it."""
        timer, self.timer = self.timer, None
        if timer is not None:
            timer.cancel()
        if self.line is None or self.line.pop(self, self) is not None:
            return False
        if not self.engine.busy():
            self.engine.call.kept = None
        return True

    # A future knows its operation, so that the operation forgets the future when it is done, or the two would keep one
    # another and the socket.

    cdef bint resolve(self, object value) except -1:
        late = self.engine.loop.resolve(self, value)
        self.future = None
        return late

    cdef int reject(self, object error) except -1:
        self.engine.loop.reject(self, error)
        self.future = None
        return 0

    cpdef object abandon(self):
        """Nobody wants the result any more."""
        if not self.begun() and self.leave():
            self.future = None

    cpdef object expire(self):
        """Its time is up."""
        self.timer = None
        if self.leave():
            try:
                result = self.give_up()
            except Again as error:
                self.reject(error)
            else:
                self.resolve(result)

    cpdef object delivered(self):
        """Whoever awaits the result has it, or had the occasion to take it."""
        cdef Engine engine = self.engine
        if engine.undelivered.pop(self, None) is not None and not engine.undelivered and engine.receivers:
            engine.nudge()

    cpdef object give_back(self, object value):
        """The result was not handed to anybody: the next receiver gets it."""
        if self.engine.undelivered.pop(self, None) is not None:
            self.engine.put_back(self.number, self.parts_of(value))


cdef class Receive(Operation):
    """One part."""

    cdef object part
    cdef bint more

    cdef object attempt(self):
        self.part = self.engine.take_part(self.socket, self.copy, b"recv")
        if self.part is pending:
            return pending
        self.more, self.number = self.engine.more, self.engine.number
        return self.part if self.load is None else self.load(self.part)

    cdef list parts_of(self, object value):
        return [(self.part, self.more)]


cdef class ReceiveMultipart(Operation):
    """One message."""

    cdef list parts

    cdef object attempt(self):
        self.parts = self.engine.take_message(self.socket, self.copy, b"recv_multipart")
        if self.parts is None:
            return pending
        self.number = self.engine.message
        return self.parts if self.load is None else self.load(self.parts)

    cdef list parts_of(self, object value):
        return whole_message(self.parts)


cdef class ReceiveInto(Operation):
    """One part, into a buffer."""

    cdef Frame frame
    cdef object buffer
    cdef Py_ssize_t size
    cdef bint more

    cdef object attempt(self):
        cdef Py_buffer view
        cdef Py_ssize_t size
        part = self.engine.take_part(self.socket, False, b"recv_into")
        if part is pending:
            return pending
        self.frame = part
        self.more, self.number = self.engine.more, self.engine.number
        size = zmq_msg_size(&self.frame.msg)
        view_of(self.buffer, &view, PyBUF_WRITABLE)
        try:
            copy_memory(view.buf, zmq_msg_data(&self.frame.msg), min(size, self.size))
        finally:
            PyBuffer_Release(&view)
        return size

    cdef list parts_of(self, object value):
        return [(self.frame, self.more)]


cdef class ReceiveBatch(Operation):
    """All that is there."""

    cdef Py_ssize_t limit
    cdef bint multipart
    cdef list taken              # pairs of data and whether more follow

    cdef object attempt(self):
        cdef list messages = []
        self.taken = []
        while len(messages) < self.limit:
            if self.multipart:
                message = self.engine.take_message(self.socket, self.copy, b"recv_batch_multipart")
                if message is None:
                    break
                self.taken += whole_message(message)
            else:
                message = self.engine.take_part(self.socket, self.copy, b"recv_batch")
                if message is pending:
                    break
                self.taken.append((message, self.engine.more))
            if not messages:
                self.number = self.engine.message if self.multipart else self.engine.number
            messages.append(message)
        return messages or pending

    cdef list parts_of(self, object value):
        return self.taken


cdef class Sending(Operation):
    """What sends."""

    cdef long long patience(self, object timeout) except? -2:
        return 0 if self.flags & ZMQ_DONTWAIT else get_option(self.socket, ZMQ_SNDTIMEO, None)


cdef class Send(Sending):
    """One message, of one part or several, that has been made already."""

    cdef zmq_msg_t *messages
    cdef Py_ssize_t count, filled, sent
    cdef object tracker
    cdef const char *call

    def __dealloc__(self):
        while self.filled > self.sent:
            self.filled -= 1
            zmq_msg_close(&self.messages[self.filled])
        PyMem_Free(self.messages)

    cdef int fill_from(self, tuple parts, bint track, object routing_id, object group) except -1:
        cdef list completions = []
        self.messages = <zmq_msg_t *>grow(NULL, len(parts) * sizeof(zmq_msg_t))
        self.count = len(parts)
        for part in parts:
            try:
                fill(&self.messages[self.filled], part, self.copy, track and not self.copy, self.socket.threshold,
                     completions)
            except (TypeError, BufferError) as error:
                if self.call == b"send":
                    raise
                raise type(error)(f"msg_parts[{self.filled}]: {error}") from None
            self.filled += 1
        address(&self.messages[0], routing_id, group)
        if self.count == 1 and isinstance(parts[0], Frame):
            self.tracker = (<Frame>parts[0]).tracker
        elif not self.copy and (track or self.call != b"send"):
            self.tracker = track_completions(completions)
        return 0

    cdef object attempt(self):
        cdef int flags
        while self.sent < self.count:
            flags = self.flags | ZMQ_SNDMORE if self.sent < self.count - 1 else self.flags
            if not send_now(self.socket, &self.messages[self.sent], flags, self.call):
                return pending
            self.sent += 1
        return self.tracker

    cdef bint begun(self):
        return self.sent > 0


cdef class SendBatch(Sending):
    """Many messages, one after the other."""

    cdef object messages         # an iterator
    cdef bint multipart
    cdef Send current
    cdef Py_ssize_t sent

    cdef object attempt(self):
        cdef Py_ssize_t turn = TURN
        try:
            while turn > 0:
                if self.current is None:
                    try:
                        message = next(self.messages)
                    except StopIteration:
                        return self.sent
                    parts = tuple(message) if self.multipart else (message,)
                    self.current = self.socket.outgoing(parts, self.flags, self.copy, False, None, None,
                                                        b"send_multipart" if self.multipart else b"send")
                if self.current.attempt() is pending:
                    return pending
                self.current = None
                self.sent += 1
                turn -= 1
        except BaseException as error:
            error.sent = self.sent
            raise
        self.engine.unfinished = True
        return pending

    cdef bint begun(self):
        return self.current is not None and self.current.begun()

    cdef object give_up(self):
        if self.flags & ZMQ_DONTWAIT:
            return self.sent
        error = Again(EAGAIN)
        error.sent = self.sent
        raise error


cdef class Poll(Operation):
    """Being ready for some events."""

    cdef object attempt(self):
        cdef int ready = current_events(self.socket.handle, self.flags, b"poll")
        if self.engine.returned:
            ready |= self.flags & ZMQ_POLLIN
        return ready or pending

    cdef long long patience(self, object timeout) except? -2:
        return as_timeout(timeout)

    cdef object give_up(self):
        return 0


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
    cdef bint nudged             # the loop will call serve(), or is in it
    cdef bint unfinished         # an operation stopped to let others have a turn

    def __cinit__(self):
        self.receivers, self.senders, self.polls = OrderedDict(), OrderedDict(), OrderedDict()
        self.undelivered = {}
        self.returned = []
        self.call = WeakCall(PyWeakref_NewRef(self, None))

    def __del__(self):
        # Before the handle closes the socket: the next one may have the same descriptor, and be taken for watched.
        if self.watching and not self.loop.closed():
            self.unwatch()

    cdef bint busy(self):
        return bool(self.receivers or self.senders or self.polls)

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
        cdef int descriptor = self.find_descriptor()
        if self.loop.closed():
            self.unwatch()
        if not self.watching:
            self.loop.watch(descriptor, self.call)
            self.watching = True
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
        read_events(self.handle, &call)
        leave(self.handle)
        return self.handle.events

    cdef int unwatch(self) except -1:
        self.handle.watched = self.handle.line is not None
        if self.watching:
            self.watching = False
            self.loop.unwatch(self.handle.descriptor)
        return 0

    cdef int nudge(self) except -1:
        """Have the loop call serve() in its next turn, if it is still there."""
        if not self.nudged and not self.loop.closed():
            self.nudged = True
            self.loop.soon(self.call)
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
            except Exception as error:
                if operation.leave():
                    operation.reject(error)
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
            if operation.resolve(result):
                self.loop.soon(operation.delivered)
            else:
                operation.delivered()
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
        for operation in self.dismiss():
            self.loop.cancel(operation)
            (<Operation>operation).future = None
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

    cdef object take_part(self, Socket socket, bint copy, const char *call):
        """Receive one part, or return `pending`."""
        cdef zmq_msg_t msg
        cdef int code
        enter(socket, call)
        if self.returned:
            leave(self.handle)
            return self.take_returned(copy)
        zmq_msg_init(&msg)
        while True:
            code = transfer(&msg, self.handle.pointer, ZMQ_DONTWAIT, False)
            leave(self.handle)
            if code == 0:
                self.taken += 1
                self.number = self.taken
                self.again = False
                self.more = zmq_msg_more(&msg)
                return take(&msg, copy)
            if code == EAGAIN:
                return pending
            interrupted(code)
            enter(socket, call)

    cdef object take_returned(self, bint copy):
        self.number, data, self.more = self.returned.pop(0)
        self.again = True
        if copy:
            return data.bytes if isinstance(data, Frame) else data
        return data if isinstance(data, Frame) else Frame(data)

    cdef list take_message(self, Socket socket, bint copy, const char *call):
        """Receive all parts of a message, or return None."""
        cdef list parts
        part = self.take_part(socket, copy, call)
        if part is pending:
            return None
        self.message = self.number
        parts = [part]
        while self.more:
            part = self.take_part(socket, copy, call)
            if part is not pending:  # never for long: libzmq delivers messages whole
                parts.append(part)
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


cdef list whole_message(list parts):
    """Pairs of each part and whether more follow."""
    cdef Py_ssize_t last = len(parts) - 1
    return [(part, i < last) for i, part in enumerate(parts)]


cdef bint send_now(Socket socket, zmq_msg_t *msg, int flags, const char *call) except -1:
    """Send msg if that can be done at once, and return whether it was. If it raises, msg stays the caller's."""
    cdef Handle handle = socket.handle
    cdef int code
    enter(socket, call)
    while True:
        code = transfer(msg, handle.pointer, flags | ZMQ_DONTWAIT, True)
        if code == EAGAIN and not handle.begun and read_events(handle, &call) & ZMQ_POLLOUT:
            code = transfer(msg, handle.pointer, flags | ZMQ_DONTWAIT, True)
        if code == 0:
            break
        if code == EAGAIN:
            if not handle.begun or socket.type == ZMQ_PAIR:
                leave(handle)
                return False
            zmq_msg_close(msg)  # the peer has gone that the message was for; see dispatch_again
            break
        if code != EINTR or not handle.begun:
            leave(handle)
            interrupted(code)
            enter(socket, call)
    handle.begun = flags & ZMQ_SNDMORE
    leave(handle)
    return True


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
