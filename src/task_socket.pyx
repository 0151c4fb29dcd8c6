# TaskSocket: the socket of the event loops whose tasks wait in line and try again when they are woken.

cdef extern from "Python.h":
    enum:
        PYGEN_NEXT
    int PyIter_Send(object iterator, object value, PyObject **result) except -1
    void Py_DECREF(PyObject *)


cdef class TaskEngine(Engine):
    """The tasks that wait for one of libzmq's sockets, in order, and what wakes them.

    A task takes a message itself, once it runs, so that none is ever on its way to a task that is cancelled.
    In loops that let only one task wait for a descriptor, the `lead` does, and wakes the others.
    """

    cdef public object lead      # the Operation whose task waits for the descriptor, or None

    @property
    def descriptor(self):
        """What to wait for, int."""
        return self.find_descriptor()

    def serve(self):
        """Look who can go on. Called by the loop, when the descriptor is readable or after a nudge."""
        self.nudged = False
        if self.busy():
            self.look()
        else:
            self.unwatch()

    cpdef object look(self):
        """Ask libzmq what it is ready for, which arms the descriptor anew, and wake those who can go on."""
        cdef Operation operation
        cdef int events
        self.handle.watched = False  # this is no reason for a nudge
        try:
            events = self.ask()
        except ZMQError:
            events = -1  # those who are woken find out for themselves
        self.handle.watched = self.busy()
        if events & ZMQ_POLLIN and self.receivers:
            self.wake(next(iter(self.receivers)))
        if events & ZMQ_POLLOUT and self.senders:
            self.wake(next(iter(self.senders)))
        for operation in list(self.polls):
            if events & operation.flags:
                self.wake(operation)

    cdef int wake(self, Operation operation) except -1:
        if not operation.woken:
            operation.woken = True
            self.loop.rouse(operation)
        return 0

    cdef int end(self) except -1:
        Engine.end(self)
        self.lead = None
        return 0

    cdef int look_for_others(self) except -1:
        """Look again, since something was done with the socket."""
        if self.busy():
            self.look()
        else:
            self.handle.watched = False
        return 0

    cdef int close_ranks(self) except -1:
        """Somebody left: see to it that those who are still in line have a lead."""
        if self.loop.has_leads and self.lead is None:
            for line in (self.receivers, self.senders, self.polls):
                if line:
                    self.loop.rouse(next(iter(line)))
                    break
        return 0

    cdef object line_of(self, Operation operation):
        """Where an operation has to wait."""
        if isinstance(operation, Sending):
            return self.senders
        return self.polls if isinstance(operation, Poll) else self.receivers

    cdef object attempt(self, Operation operation):
        """Try an operation; what is done to the socket meanwhile is no reason for a nudge."""
        self.handle.watched = False
        return operation.attempt()


@cython.final
@cython.freelist(8)
cdef class Turn:
    """A turn of asyncio's loop, to be awaited: asyncio.sleep(0), several times faster."""

    cdef bint taken

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        if self.taken:
            raise StopIteration
        self.taken = True


cdef class Soon:
    """A checkpoint, and right after it an attempt at something. To be awaited, for the result or PENDING.

    It is PENDING also if the task has been cancelled meanwhile, which is then said by the next checkpoint.
    """

    cdef TaskSocket socket
    cdef TaskEngine engine

    def __await__(self):
        cdef Loop loop = self.engine.loop
        outcome = yield loop.turn
        if type(outcome) is not loop.outcome:
            outcome.unwrap()
        if loop.cancel_point is not None and is_cancelled(loop.cancel_point()):
            return pending
        # From here on nothing is awaited any more, so what is taken now gets to the caller.
        if self.socket.handle.pointer == NULL:
            return pending
        self.socket.handle.watched = False  # what is done to the socket now is no reason for a nudge
        try:
            return self.attempt()
        finally:
            self.engine.look_for_others()

    cdef object attempt(self):
        raise NotImplementedError


@cython.final
cdef class ReceiveSoon(Soon):
    """Receives one part."""

    cdef bint copy

    cdef object attempt(self):
        return pending if self.engine.receivers else self.engine.take_part(self.socket, self.copy, b"recv")


@cython.final
cdef class SendSoon(Soon):
    """Sends a copy of data."""

    cdef bytes data
    cdef int flags

    cdef object attempt(self):
        cdef zmq_msg_t msg
        if self.engine.senders:
            return pending
        copy_in(&msg, PyBytes_AS_STRING(self.data), PyBytes_GET_SIZE(self.data))
        try:
            sent = send_now(self.socket, &msg, self.flags, b"send")
        except BaseException:
            zmq_msg_close(&msg)
            raise
        if not sent:
            zmq_msg_close(&msg)
            return pending
        return None


cdef bint is_cancelled(object coroutine) except -1:
    """Whether a coroutine has to wait, which it does not do then."""
    cdef PyObject *result
    cdef bint waits = PyIter_Send(coroutine, None, &result) == PYGEN_NEXT
    Py_DECREF(result)
    if waits:
        coroutine.close()
    return waits


@cython.no_gc_clear
cdef class TaskSocket(AsyncSocket):
    """A socket whose operations are done by the tasks that call them. See `zmqbind.anyio.Socket`."""

    cdef type engine_type(self):
        return TaskEngine

    cdef Engine engine_now(self):
        """The engine, working in the loop that runs now; most often that is the one it works in already."""
        cdef Engine engine = self.engine
        if engine is not None and engine.loop.current is not None:
            try:
                if engine.loop.current() is engine.loop.loop:
                    return engine
            except RuntimeError:
                pass
        return AsyncSocket.engine_now(self)

    cdef object begin(self, Operation operation, int flags, bint copy=True, object load=None):
        """Make an operation one of this socket, in the loop that runs."""
        operation.engine = self.engine_now()
        operation.socket = self
        operation.flags = flags
        operation.copy = copy
        operation.load = load
        return operation

    # What is to be done, as an Operation

    def _to_recv(self, int flags, bint copy, load=None):
        """Receive one part."""
        return self.begin(Receive.__new__(Receive), flags, copy, load)

    def _to_recv_multipart(self, int flags, bint copy):
        """Receive a message."""
        return self.begin(ReceiveMultipart.__new__(ReceiveMultipart), flags, copy)

    def _to_recv_into(self, buffer, Py_ssize_t nbytes, int flags):
        """Receive one part into a buffer."""
        return self.begin(receive_into(buffer, nbytes), flags, False)

    def _to_recv_batch(self, Py_ssize_t limit, int flags, bint copy, bint multipart):
        """Receive all that is there."""
        return self.begin(receive_many(limit, multipart), flags, copy)

    def _to_send(self, tuple parts, int flags, bint copy, bint track, routing_id, group, bint multipart):
        """Send a message, which is made here."""
        cdef const char *call = b"send_multipart" if multipart else b"send"
        operation = self.outgoing(parts, flags, copy, track, routing_id, group, call)
        return self.begin(operation, flags, copy)

    def _to_send_batch(self, messages, int flags, bint copy, bint multipart):
        """Send many messages."""
        cdef SendBatch operation = SendBatch.__new__(SendBatch)
        operation.messages = iter(messages)
        operation.multipart = multipart
        return self.begin(operation, flags, copy)

    def _to_poll(self, int flags):
        """Wait until the socket is ready."""
        return self.begin(Poll.__new__(Poll), flags)

    # The shortest way, for single messages

    def _recv_soon(self, bint copy):
        """Receiving one part in the next turn, to be awaited for it or PENDING; None if nothing can be received yet."""
        cdef Engine engine = self.engine_now()
        cdef ReceiveSoon soon
        if engine.receivers or self.handle.pointer == NULL or not current_events(self.handle, ZMQ_POLLIN, b"recv"):
            return None
        soon = ReceiveSoon.__new__(ReceiveSoon)
        soon.engine, soon.socket, soon.copy = engine, self, copy
        return soon

    def _send_soon(self, bytes data, int flags):
        """Sending a copy of data in the next turn, to be awaited for None or PENDING; None if others wait for that."""
        cdef Engine engine = self.engine_now()
        cdef SendSoon soon
        if engine.senders or self.handle.pointer == NULL:
            return None
        soon = SendSoon.__new__(SendSoon)
        soon.engine, soon.socket, soon.data, soon.flags = engine, self, data, flags
        return soon

    # How to do it

    def _promising(self, Operation operation):
        """Whether an operation may be done at once, as far as that can be seen without doing it.

        That is always so for those that wait for nothing, and for sending, which rarely has to wait.
        """
        cdef object line = (<TaskEngine>operation.engine).line_of(operation)
        if isinstance(operation, Poll):
            return current_events(self.handle, operation.flags, b"poll") != 0
        if line:
            return False
        return line is operation.engine.senders or operation.flags & ZMQ_DONTWAIT or \
            current_events(self.handle, ZMQ_POLLIN, b"recv") != 0

    def _try(self, Operation operation):
        """Do an operation and return its result, or PENDING if it cannot be done now or others are first."""
        cdef TaskEngine engine = operation.engine
        cdef object line = engine.line_of(operation)
        operation.woken = False
        if line and line is not engine.polls and next(iter(line)) is not operation:
            engine.find_descriptor()  # or raise: the socket may be closed
            return pending
        try:
            result = engine.attempt(operation)
            if result is not pending:
                self._leave(operation)
            elif engine.unfinished:  # it stopped only to let others have a turn
                engine.unfinished = False
                operation.woken = True
            return result
        finally:
            engine.look_for_others()

    def _patience(self, Operation operation, timeout):
        """Milliseconds that an operation may wait, -1 for ever. timeout: the caller's, or None for the option's."""
        return operation.patience(timeout)

    def _give_up(self, Operation operation):
        """Return or raise what is to be said when an operation's time is up."""
        return operation.give_up()

    def _begun(self, Operation operation):
        """Whether an operation has gone too far to be cancelled."""
        return operation.begun()

    def _join(self, Operation operation):
        """Put an operation in line; its task sleeps next, unless it is woken at once."""
        cdef TaskEngine engine = operation.engine
        engine.watch()
        operation.line = engine.line_of(operation)
        operation.line[operation] = None
        engine.look()

    def _leave(self, Operation operation):
        """Take an operation out of the line, if it is there still, and see to those behind it."""
        cdef TaskEngine engine = operation.engine
        if operation.leave():
            engine.close_ranks()
            engine.look_for_others()


PENDING = pending
