# AsyncSocket: the socket of the event loops that have futures.

cdef extern from "Python.h":
    PyObject *PyThreadState_GetDict()
    PyObject *PyDict_GetItem(object dictionary, object key)

cdef str MARK = "__asyncio_running_event_loop__"


@cython.no_gc_clear
cdef class AsyncSocket(Socket):
    """A socket whose operations return futures. See `zmqbind.asyncio.Socket`."""

    cdef Engine engine
    cdef object running          # function that returns the event loop, or None
    cdef object mark             # what marked in this thread that a loop runs,
    cdef Loop marked             # and in which the engine worked then; another socket may have taken it elsewhere

    def __cinit__(self, *args, **kwargs):
        self.running = type(self)._running_loop

    cdef Engine engine_now(self):
        """The engine, working in the loop that runs now.

        Asking for that loop costs a system call before CPython 3.12. But there asyncio leaves a mark in the thread's
        dictionary, a new one each time a loop begins or ends: while it is the same, so is the loop. (From 3.12 to 3.13
        the mark is the loop itself, or None where one has ended; later there is none.)
        """
        cdef PyObject *mark = PyDict_GetItem(<object>PyThreadState_GetDict(), MARK)
        if self.mark is not None and mark == <PyObject *>self.mark and self.engine.loop is self.marked:
            return self.engine
        loop = self.running()
        self.mark = self.marked = None
        if self.engine is None or self.engine.loop.loop is not loop:
            self.engine_in(self._current_loop() if loop is None else loop)
        elif mark != NULL:
            self.mark, self.marked = <object>mark, self.engine.loop
        return self.engine

    cdef type engine_type(self):
        return Engine

    cdef int engine_in(self, object loop) except -1:
        """Make the engine work in a loop."""
        cdef Engine engine = engine_of(self.handle)
        if engine is not None and type(engine) is not self.engine_type():
            if engine.elsewhere() or engine.busy() or engine.returned:
                raise RuntimeError(f"{self!r} is being waited for by a socket of another kind of event loop")
            engine.end()
            engine.loop = Loop(object(), None)  # which never runs, so that its sockets come here before they go on
            engine = None
        if engine is None:
            engine = self.engine
            if engine is None:
                engine = self.engine_type()()
                engine.handle = self.handle
            if self.handle.pointer != NULL:
                self.handle.engine = PyWeakref_NewRef(engine, None)
        if engine.loop is None or engine.loop.loop is not loop:
            if engine.loop is not None:
                if engine.elsewhere() or (engine.busy() and not engine.loop.closed()):
                    raise RuntimeError(f"{self!r} is being waited for in another event loop")
                engine.end()
                engine.nudged = False
            engine.loop = self._loop_for(loop)
        self.engine = engine
        return 0

    cdef object receive(self, Operation operation, int flags, bint copy, object load=None, object timeout=None):
        cdef Engine engine = self.engine_now()
        operation.socket = self
        operation.flags = flags
        operation.copy = copy
        operation.load = load
        return engine.start(operation, engine.receivers, timeout)

    cdef Send outgoing(self, tuple parts, int flags, bint copy, bint track, object routing_id, object group,
                       const char *call):
        """The operation that sends a message, which is made here."""
        cdef Send operation = Send.__new__(Send)
        operation.socket = self
        operation.flags = flags
        operation.copy = copy
        operation.call = call
        operation.fill_from(parts, track, routing_id, group)
        return operation

    cdef object send_parts(self, tuple parts, int flags, bint copy, bint track, object routing_id, object group,
                           const char *call):
        cdef Engine engine = self.engine_now()
        try:
            admit(self.handle, call)
            leave(self.handle)
            operation = self.outgoing(parts, flags, copy, track, routing_id, group, call)
        except Exception as error:
            return engine.loop.failed(error)
        return engine.start(operation, engine.senders, None)

    # Messages

    def recv(self, int flags=0, bint copy=True, bint track=False):
        """Receive one message, or one part of one; a future of bytes or a Frame. See zmqbind.Socket.recv."""
        cdef Engine engine = self.engine_now()
        if not engine.receivers and not engine.undelivered and engine.loop.left > 0:
            try:
                part = engine.take_part(self, copy, b"recv")
            except Exception as error:
                return engine.loop.failed(error)
            if part is not pending:
                engine.loop.left -= 1
                return engine.loop.done(part)
        return self.receive(Receive.__new__(Receive), flags, copy)

    def recv_multipart(self, int flags=0, bint copy=True, bint track=False):
        """Receive all parts of a message; a future of a list of bytes or Frames. See zmqbind.Socket.recv_multipart."""
        return self.receive(ReceiveMultipart.__new__(ReceiveMultipart), flags, copy)

    def recv_into(self, buffer, /, *, Py_ssize_t nbytes=0, int flags=0):
        """Receive one message, or one part of one, into a buffer; a future of its size.

        See zmqbind.Socket.recv_into.
        """
        try:
            operation = receive_into(buffer, nbytes)
        except Exception as error:
            return self.engine_now().loop.failed(error)
        return self.receive(operation, flags, False)

    def recv_string(self, int flags=0, encoding="utf-8"):
        """Receive one message as str; a future of it. See zmqbind.Socket.recv_string."""
        return self.receive(Receive.__new__(Receive), flags, True, lambda part: part.decode(encoding))

    recv_unicode = recv_string

    def _recv_part(self, int flags, load):
        """Receive one part; a future of what load(part) makes of it."""
        return self.receive(Receive.__new__(Receive), flags, True, load)

    def _recv_message(self, int flags, bint copy, load):
        """Receive a message; a future of what load(parts) makes of it."""
        return self.receive(ReceiveMultipart.__new__(ReceiveMultipart), flags, copy, load)

    def _further_part(self):
        """The next part of the message that is being received, a Frame; for load functions."""
        return self.engine.take_part(self, False, b"recv")

    @property
    def _has_returned(self):
        """Whether messages wait that came back, which libzmq knows nothing of."""
        return self.engine is not None and bool(self.engine.returned)

    def _more_parts(self):
        """Whether there is such a part."""
        return self.engine.more

    def send(self, data, int flags=0, bint copy=True, bint track=False, routing_id=None, group=None):
        """Send one message, or one part of one; a future of None or a MessageTracker. See zmqbind.Socket.send."""
        cdef Engine engine = self.engine_now()
        cdef zmq_msg_t msg
        if engine.senders or engine.loop.left <= 0 or not copy or routing_id is not None or group is not None or \
                not is_small_bytes(data):
            return self.send_parts((data,), flags, copy, track, routing_id, group, b"send")
        try:
            copy_in(&msg, PyBytes_AS_STRING(<bytes>data), PyBytes_GET_SIZE(<bytes>data))
            try:
                if send_now(self, &msg, flags, b"send"):
                    engine.loop.left -= 1
                    return engine.loop.done(None)
            except BaseException:
                zmq_msg_close(&msg)
                raise
        except Exception as error:
            return engine.loop.failed(error)
        zmq_msg_close(&msg)
        return self.send_parts((data,), flags, copy, track, routing_id, group, b"send")

    def send_multipart(self, msg_parts, int flags=0, bint copy=True, bint track=False, routing_id=None, group=None):
        """Send a message of several parts, whole or not at all; a future of None or a MessageTracker.

        See zmqbind.Socket.send_multipart.
        """
        cdef tuple parts = tuple(msg_parts)
        if not parts:
            return self.engine_now().loop.failed(IndexError("msg_parts is empty"))
        return self.send_parts(parts, flags, copy, track, routing_id, group, b"send_multipart")

    # Batches

    def recv_batch(self, Py_ssize_t max_messages=1000, timeout=None, int flags=0, bint copy=True):
        """Wait for one message, then receive all that are there; a future of a list. See zmqbind.Socket.recv_batch."""
        return self.receive_batch(max_messages, timeout, flags, copy, False)

    def recv_batch_multipart(self, Py_ssize_t max_messages=1000, timeout=None, int flags=0, bint copy=True):
        """Wait for one message, then receive all that are there, each with all its parts; a future of a list of lists.

        See zmqbind.Socket.recv_batch_multipart.
        """
        return self.receive_batch(max_messages, timeout, flags, copy, True)

    cdef object receive_batch(self, Py_ssize_t limit, object timeout, int flags, bint copy, bint multipart):
        try:
            operation = receive_many(limit, multipart)
        except ValueError as error:
            return self.engine_now().loop.failed(error)
        return self.receive(operation, flags, copy, None, timeout)

    def send_batch(self, messages, int flags=0, bint copy=True):
        """Send many messages; a future of how many were sent, int. See zmqbind.Socket.send_batch.

        If it is cancelled, some of them have been sent, each whole, and the others not.
        """
        return self.start_batch(messages, flags, copy, False)

    def send_batch_multipart(self, messages, int flags=0, bint copy=True):
        """Send many multipart messages; a future of how many were sent, int.

        See zmqbind.Socket.send_batch_multipart.
        """
        return self.start_batch(messages, flags, copy, True)

    cdef object start_batch(self, object messages, int flags, bint copy, bint multipart):
        cdef Engine engine = self.engine_now()
        cdef SendBatch operation = SendBatch.__new__(SendBatch)
        try:
            operation.messages = iter(messages)
        except TypeError as error:
            return engine.loop.failed(error)
        operation.socket = self
        operation.flags = flags
        operation.copy = copy
        operation.multipart = multipart
        return engine.start(operation, engine.senders, None)

    # State

    def get(self, key):
        """Return an option of the socket. EVENTS counts messages that came back from receivers that were cancelled.

        key: int, a SocketOption. See zmqbind.Socket.get.
        """
        return Socket.get(self, key)

    def poll(self, timeout=None, int flags=1):
        """Wait until the socket can be read from or written to; a future of those of flags that are ready.

        See zmqbind.Socket.poll.
        """
        cdef Engine engine = self.engine_now()
        cdef Poll operation = Poll.__new__(Poll)
        operation.socket = self
        operation.flags = flags
        return engine.start(operation, engine.polls, -1 if timeout is None else timeout)


cdef ReceiveInto receive_into(object buffer, Py_ssize_t size):
    """The operation that receives a part into a buffer. size: at most so many bytes, or 0."""
    cdef ReceiveInto operation = ReceiveInto.__new__(ReceiveInto)
    cdef Py_buffer view
    view_of(buffer, &view, PyBUF_WRITABLE)
    operation.buffer = buffer
    operation.size = size or view.len
    fits = 0 <= size <= view.len
    PyBuffer_Release(&view)
    if not fits:
        raise ValueError(f"nbytes={size} does not fit a buffer of {view.len} bytes")
    return operation


cdef ReceiveBatch receive_many(Py_ssize_t limit, bint multipart):
    """The operation that receives all that is there."""
    cdef ReceiveBatch operation = ReceiveBatch.__new__(ReceiveBatch)
    if limit < 1:
        raise ValueError(f"max_messages: expected at least 1, got {limit}")
    operation.limit = limit
    operation.multipart = multipart
    return operation
