# What can be done with the sockets of event loops: at once, or as soon as libzmq lets it.

cdef object pending = object()  # what an attempt returns that has to wait

cdef enum:
    TURN = 1000       # messages that one operation sends before others get a turn


cdef class Operation:
    """Something to be done with a socket, as soon as libzmq lets it."""

    cdef readonly AsyncSocket socket
    cdef public object future
    cdef readonly Engine engine
    cdef object line             # where it waits, one of the engine's; None when it does not
    cdef object timer
    cdef object load             # what makes the result out of what was received, or None
    cdef bint loading            # it is or was at work
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

    cdef bint bare(self):
        """Whether the parts it receives can be bytes at once.

        Those of an operation that waits may come back, and go to somebody who wants Frames.
        """
        return self.copy and self.line is None

    cdef long long patience(self, object timeout) except? -2:
        """Milliseconds that it may wait, -1 for ever."""
        if self.flags & ZMQ_DONTWAIT:
            return 0
        return get_option(self.socket, ZMQ_RCVTIMEO, None) if timeout is None else as_timeout(timeout)

    cdef object loaded(self, object received):
        """What the caller gets of what was received."""
        if self.load is None:
            return received
        self.loading = True
        return self.load(received)

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

    cdef int cancel(self) except -1:
        self.engine.loop.cancel(self)
        self.future = None
        return 0

    cpdef object abandon(self):
        """Nobody wants the result any more."""
        if not self.begun() and self.leave():
            self.future = None

    cpdef object expire(self):
        """Its time is up."""
        self.timer = None
        if not self.begun() and self.leave():
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
        self.part = self.engine.take_part(self.socket, self.bare(), b"recv")
        if self.part is pending:
            return pending
        self.more, self.number = self.engine.more, self.engine.number
        part = bytes_of(self.part) if self.copy else self.part
        return self.loaded(part)

    cdef list parts_of(self, object value):
        return [(self.part, self.more)]


cdef class ReceiveMultipart(Operation):
    """One message."""

    cdef list parts

    cdef object attempt(self):
        self.parts = self.engine.take_message(self.socket, self.bare(), b"recv_multipart")
        if self.parts is None:
            return pending
        self.number = self.engine.message
        parts = [bytes_of(part) for part in self.parts] if self.copy else self.parts
        return self.loaded(parts)

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
            # A buffer that can be resized may have become smaller meanwhile.
            copy_memory(view.buf, zmq_msg_data(&self.frame.msg), min(size, self.size, view.len))
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
        try:
            self.fill(messages)
        except Exception:
            # What goes wrong after the first message ends the batch, and the next call finds it, too. A REP socket is
            # to send before it receives the next.
            if not messages:
                raise
        except BaseException:
            self.engine.put_back(self.number, self.taken)
            raise
        return messages or pending

    cdef int fill(self, list messages) except -1:
        while len(messages) < self.limit:
            message = self.one()
            if message is pending:
                break
            if not messages:
                self.number = self.engine.message if self.multipart else self.engine.number
            messages.append(message)
        return 0

    cdef object one(self):
        cdef bint bare = self.bare()
        if self.multipart:
            message = self.engine.take_message(self.socket, bare, b"recv_batch_multipart")
            if message is None:
                return pending
            self.taken += whole_message(message)
            return [bytes_of(part) for part in message] if self.copy else message
        part = self.engine.take_part(self.socket, bare, b"recv_batch")
        if part is pending:
            return pending
        self.taken.append((part, self.engine.more))
        return bytes_of(part) if self.copy else part

    cdef list parts_of(self, object value):
        return self.taken


cdef inline object bytes_of(object part):
    return part if isinstance(part, bytes) else part.bytes


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

    cpdef object abandon(self):
        """Nobody wants it any more: a message that has been begun is the last."""
        self.messages = iter(())
        Sending.abandon(self)

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
