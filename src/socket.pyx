# Socket: libzmq's socket. Only what touches libzmq is here; the comfort is in zmqbind/socket.py.


@cython.no_gc_clear
cdef class Socket:
    """libzmq's socket. See `zmqbind.Socket`, the class that programs use."""

    def __cinit__(self, *args, **kwargs):
        self.handle = closed_handle
        self.threshold = COPY_LIMIT
        self.plain = type(self).send is Socket.send and type(self).recv is Socket.recv

    def __init__(self, ctx_or_socket=None, int socket_type=0, *, shadow=0, copy_threshold=None):
        if self.handle is not closed_handle:
            raise RuntimeError("Socket.__init__ was called twice")
        if copy_threshold is not None:
            self.threshold = copy_threshold
        if isinstance(ctx_or_socket, Socket):
            shadow = ctx_or_socket
        if isinstance(shadow, Socket):
            self.adopt((<Socket>shadow).handle, (<Socket>shadow).context, True)
        elif shadow:
            self.adopt(handle_at(shadow, Handle), None, True)
        elif isinstance(ctx_or_socket, Context):
            self.open(<Context>ctx_or_socket, socket_type)
            return
        elif ctx_or_socket is None:
            raise TypeError("ctx_or_socket: a context must be specified")
        else:
            raise TypeError(f"ctx_or_socket: expected Context or Socket, got {type(ctx_or_socket).__name__}")
        self.type = get_option(self, ZMQ_TYPE, None)
        find_shared(self)

    def __setattr__(self, name, value):
        set_declared(self, name, value)

    cdef int adopt(self, Handle handle, Context context, bint shadow) except -1:
        """Become a Socket of handle, once."""
        with cython.critical_section(self):
            if self.handle is not closed_handle:
                raise RuntimeError("Socket.__init__ was called twice")
            self.context = context
            self._shadow = shadow
            self.handle = handle
        return 0

    cdef int open(self, Context context, int socket_type) except -1:
        """Make a new socket of libzmq's in a context."""
        cdef Handle handle = Handle.__new__(Handle)
        cdef void *pointer
        cdef int code, limit
        if socket_type in DRAFT_TYPES and zmq_has(b"draft") != 1:
            # Some builds of libzmq make them nevertheless, but without the functions to use them with.
            return fail(EINVAL, f"socket_type={DRAFT_TYPES[socket_type]} is a draft: libzmq {zmq_version()} was built "
                                "without drafts")
        context.enter("socket")
        pointer = zb_socket(context.handle.pointer, socket_type)
        code = last_errno()
        limit = zmq_ctx_get(context.handle.pointer, ZMQ_MAX_SOCKETS) if pointer == NULL else 0
        leave(context.handle)
        if pointer == NULL:
            return fail(code, f"MAX_SOCKETS of the context is {limit}" if code == EMFILE
                        else f"socket_type={socket_type!r}")
        try:
            self.type = socket_type
            open_handle(handle, pointer, context.handle)
            self.adopt(handle, context, False)
            find_shared(self)
        except BaseException:
            handle.pointer = NULL
            forget(handle, pointer)
            zmq_close(pointer)
            raise
        self.place = calling_place()
        context._open[id(self)] = PyWeakref_NewRef(self, None)
        return 0

    def __del__(self):
        if is_closed(self.handle) or self._shadow or self.handle.generation != zb_generation:
            return
        try:
            if self.monitored is None:
                text = f"unclosed socket {self!r}, made at {self.place[0]}:{self.place[1]}"
                PyErr_ResourceWarning(self, 1, b"%U", <PyObject *>text)
        except Exception:
            if not zb_load(&zb_stopped):  # else what __repr__ needs may be gone, without a GIL before the socket is
                raise
        finally:
            if self.monitor_socket is not None:  # nobody will take its events
                end_monitoring(self.handle)
            end_waiting(self.handle)
            if not is_busy(self.handle) and admitted(self.handle):
                close_socket(self)
            else:
                self.handle.abandoned = True

    def __dealloc__(self):
        if self.context is not None:
            self.context._open.pop(<size_t><void *>self, None)

    @property
    def _monitor_socket(self):
        """Where the events of this socket arrive, or None."""
        with cython.critical_section(self):
            return self.monitor_socket

    @_monitor_socket.setter
    def _monitor_socket(self, value):
        with cython.critical_section(self):
            self.monitor_socket = value

    @property
    def _monitored(self):
        """Weak reference to the socket whose events arrive here, or None."""
        with cython.critical_section(self):
            return self.monitored

    @_monitored.setter
    def _monitored(self, value):
        with cython.critical_section(self):
            self.monitored = value

    @property
    def closed(self):
        """Whether the socket has been closed, bool."""
        return is_closed(self.handle)

    @property
    def socket_type(self):
        """The type of the socket, int."""
        return self.type

    @property
    def underlying(self):
        """The address of libzmq's socket, int; 0 once it is closed."""
        self.handle.exposed = True
        return <size_t>self.handle.pointer

    @property
    def copy_threshold(self):
        """Messages of less than this many bytes are copied also with copy=False, int."""
        return self.threshold

    @copy_threshold.setter
    def copy_threshold(self, Py_ssize_t value):
        self.threshold = value

    def close(self, linger=None):
        """Close the socket (zmq_close). Closing a closed socket does nothing.

        linger: int, milliseconds that unsent messages may still take (-1: without limit); None leaves the LINGER
        option as it is. Never blocks: libzmq sends what lingers in the background, until the context is terminated.
        Raises ConcurrentUseError if another thread is blocked in the socket, or its event loop watches it.
        """
        cdef Handle handle = self.handle
        if is_closed(handle):
            return
        if handle.generation != zb_generation:  # in a forked child; libzmq's socket is the parent's
            handle.pointer = NULL
            return
        try:
            self.end(linger)
        except ZMQError:
            if not is_closed(handle):  # else another thread has closed it meanwhile
                raise

    cdef int end(self, linger) except -1:
        """Close the socket, which is open."""
        admit_alone(self.handle, b"close")
        leave(self.handle)
        refuse_elsewhere(self.handle, b"close")
        reference = self._monitored
        monitored = None if reference is None else reference()
        if monitored is not None:  # libzmq would wait for somebody to take its events
            end_monitoring((<Socket?>monitored).handle)
        if linger is not None:
            try:
                set_option(self, ZMQ_LINGER, socket_options.get(ZMQ_LINGER), linger, b"close")
            except ContextTerminated:
                pass
        end_waiting(self.handle)
        admit_alone(self.handle, b"close")
        return close_socket(self)

    # Options

    def get(self, option):
        """Return an option of the socket (zmq_getsockopt).

        option: int, a SocketOption. Returns int, or bytes for options that hold text, identities or keys.
        Raises TypeError if option is no int, ZMQError(EINVAL) if it is unknown, write-only or not for this type of
        socket, ContextTerminated.
        """
        return get_option(self, option, socket_options.get(option))

    def set(self, option, optval):
        """Set an option of the socket (zmq_setsockopt).

        option: int, a SocketOption. optval: int, or bytes for options that hold text, identities or keys.
        Raises TypeError for a value of the wrong type, OverflowError for one that the option's C type cannot hold,
        ZMQError(EINVAL) for one that libzmq refuses or an unknown or read-only option, ContextTerminated.
        """
        set_option(self, option, socket_options.get(option), optval)

    getsockopt = get
    setsockopt = set

    # Endpoints

    def bind(self, addr):
        """Accept connections at an endpoint (zmq_bind).

        addr: str such as "tcp://127.0.0.1:5555", "tcp://*:*" (any free port; LAST_ENDPOINT tells which),
        "ipc:///path", "inproc://name". Raises TypeError, ZMQError with the endpoint in its text.
        """
        check_zap_handler(self, addr)
        use_endpoint(self, zmq_bind, addr, b"bind")

    def connect(self, addr):
        """Connect to an endpoint (zmq_connect); libzmq connects, and reconnects, in the background.

        addr: str such as "tcp://127.0.0.1:5555". Raises TypeError, ZMQError with the endpoint in its text.
        """
        use_endpoint(self, zmq_connect, addr, b"connect")

    def unbind(self, addr):
        """Stop accepting connections at an endpoint, as LAST_ENDPOINT gave it (zmq_unbind).

        addr: str. Raises ZMQError(ENOENT) if it was not bound.
        """
        use_endpoint(self, zmq_unbind, addr, b"unbind")

    def disconnect(self, addr):
        """Disconnect from an endpoint (zmq_disconnect).

        addr: str, as given to connect. Raises ZMQError(ENOENT) if it was not connected.
        """
        use_endpoint(self, zmq_disconnect, addr, b"disconnect")

    def connect_peer(self, addr):
        """Connect a PEER socket to another one, and tell how to send to that (zmq_connect_peer, a draft).

        addr: str such as "tcp://127.0.0.1:5555". Returns the routing id of the other, int, for send. Raises
        ZMQVersionError where libzmq has no such function (4.3.3 with drafts), TypeError, ZMQError with the endpoint.
        """
        cdef bytes endpoint = endpoint_bytes(addr)
        cdef const char *text = PyBytes_AS_STRING(endpoint)
        cdef const char *call = b"connect_peer"
        cdef void *pointer
        cdef uint32_t routing_id = 0
        cdef int code = EINTR
        if not zb_has_peers():
            missing("connect_peer", "4.3.3 with drafts")
        while code != 0:
            enter(self, call)
            pointer = self.handle.pointer
            go_inside(self.handle, &call)
            with nogil:
                routing_id = zmq_connect_peer(pointer, text)
                code = 0 if routing_id != 0 else last_errno()
            come_out(self.handle, &call)
            if code != 0:
                interrupted(code, f"addr={addr!r}")
        return routing_id

    def monitor(self, addr, int events=0xFFFF):
        """Have events of the socket published at an inproc endpoint (zmq_socket_monitor).

        addr: str, "inproc://..."; None ends the monitoring. events: int, a union of Event members.
        Raises ZMQError with the endpoint in its text.
        """
        start_monitor(self, addr, events, 1, ZMQ_PAIR, b"monitor")

    def monitor_versioned(self, addr, uint64_t events=0x1FFFF, int event_version=2, int socket_type=ZMQ_PAIR):
        """monitor, with a choice of how events are told (zmq_socket_monitor_versioned, a draft).

        event_version: int, 1, or 2 for frames of 64 bits each: the event, the number of its values, these values, the
        local and the remote endpoint. socket_type: int, PAIR, PUB or PUSH, the type of the socket that events are
        sent from. Raises ZMQVersionError where libzmq has no such function (4.3.2 with drafts), ZMQError.
        """
        if not zb_has_monitor_versions():
            missing("monitor_versioned", "4.3.2 with drafts")
        start_monitor(self, addr, events, event_version, socket_type, b"monitor_versioned")

    def monitor_pipes_stats(self):
        """Have an event tell how full the queues to and from each peer are (zmq_socket_monitor_pipes_stats, a draft).

        It is Event.PIPES_STATS, on a socket that monitor_versioned was called on with version 2. Raises
        ZMQVersionError where libzmq has no such function (4.3.2 with drafts), ZMQError.
        """
        cdef const char *call = b"monitor_pipes_stats"
        cdef int code
        if not zb_has_monitor_versions():
            missing("monitor_pipes_stats", "4.3.2 with drafts")
        enter(self, call)
        code = last_errno() if zmq_socket_monitor_pipes_stats(self.handle.pointer) != 0 else 0
        leave(self.handle)
        if code != 0:
            fail(code, "is it monitored with version 2?")

    def join(self, group):
        """Receive messages of a group on a DISH socket (zmq_join, a draft).

        group: str or bytes of at most 255 bytes. Raises ZMQVersionError where libzmq has no drafts, ZMQError.
        """
        use_group(self, zmq_join, group, b"join")

    def leave(self, group):
        """Receive no more messages of a group on a DISH socket (zmq_leave, a draft).

        group: str or bytes. Raises ZMQVersionError where libzmq has no drafts, ZMQError if it was not joined.
        """
        use_group(self, zmq_leave, group, b"leave")

    # Messages

    def send(self, data, int flags=0, bint copy=True, bint track=False, routing_id=None, group=None):
        """Send one message, or one part of one (zmq_msg_send).

        data: bytes-like object or Frame. flags: int, DONTWAIT to raise Again rather than wait, SNDMORE if more parts
        follow. copy: False lends data to libzmq, which uses its memory until the message is sent; data of less than
        copy_threshold bytes is copied nevertheless. track: with copy=False, return a MessageTracker that tells when
        the memory is free again. routing_id: int, of the peer of a SERVER socket. group: str, of a RADIO socket.

        Returns None, or a MessageTracker if one was asked for. Raises TypeError if data is not bytes-like,
        BufferError if it is not contiguous, Again if the message cannot be sent within SNDTIMEO milliseconds or at
        once with DONTWAIT, ZMQError; then nothing has been sent.
        """
        if copy and is_small_bytes(data) and routing_id is None and group is None:
            send_copy_of(self, <bytes>data, flags, b"send")
            return None
        return send_any(self, data, flags, copy, track, routing_id, group, b"send")

    def recv(self, int flags=0, bint copy=True, bint track=False):
        """Receive one message, or one part of one; `get(RCVMORE)` tells whether more parts follow (zmq_msg_recv).

        flags: int, DONTWAIT to raise Again rather than wait. copy: False returns a Frame over the memory that libzmq
        received into. track: accepted for compatibility; there is nothing to track.

        Returns bytes, or a Frame. Raises Again if nothing arrives within RCVTIMEO milliseconds or is there at once
        with DONTWAIT, ContextTerminated, ZMQError.
        """
        return recv_bytes(self, flags) if copy else recv_frame(self, flags)

    def recv_into(self, buffer, /, *, Py_ssize_t nbytes=0, int flags=0):
        """Receive one message, or one part of one, into a buffer (zmq_msg_recv).

        buffer: writable contiguous buffer. nbytes: int, bytes of it to use; 0 means all. flags: as for recv.

        Returns the size of the message in bytes, int; where that is more than fits, the rest was dropped.
        Raises BufferError if the buffer cannot be written, ValueError if nbytes does not fit it, and what recv
        raises; then nothing has been received.
        """
        cdef Py_buffer view
        cdef zmq_msg_t msg
        cdef Py_ssize_t size, used
        view_of(buffer, &view, PyBUF_WRITABLE)
        try:
            if not 0 <= nbytes <= view.len:
                raise ValueError(f"nbytes={nbytes} does not fit a buffer of {view.len} bytes")
            zmq_msg_init(&msg)
            receive(self, &msg, flags, b"recv_into")
            leave(self.handle)
            size = zmq_msg_size(&msg)
            used = min(size, nbytes if nbytes > 0 else view.len)
            copy_memory(view.buf, zmq_msg_data(&msg), used)
            zmq_msg_close(&msg)
            return size
        finally:
            PyBuffer_Release(&view)

    def send_multipart(self, msg_parts, int flags=0, bint copy=True, bint track=False, routing_id=None, group=None):
        """Send a message of several parts, whole or not at all (zmq_msg_send).

        msg_parts: iterable of bytes-like objects and Frames, at least one. flags, copy, track: as for send.

        Returns None, or with copy=False a MessageTracker for all parts. Raises what send raises, naming the part,
        and IndexError for no parts; then nothing has been sent.
        """
        cdef tuple parts = tuple(msg_parts)
        if not parts:
            raise IndexError("msg_parts is empty")
        if not self.plain:
            check_parts(parts)
            last = len(parts) - 1
            for part in parts[:last]:
                self.send(part, flags | ZMQ_SNDMORE, copy=copy, track=track)
            return self.send(parts[last], flags, copy=copy, track=track, **addressed(routing_id, group))
        return send_parts(self, parts, flags, copy, track, routing_id, group)

    def recv_multipart(self, int flags=0, bint copy=True, bint track=False):
        """Receive all parts of a message (zmq_msg_recv).

        flags, copy, track: as for recv. Returns a list of bytes, or of Frames with copy=False. Raises what recv
        raises; then nothing has been received.
        """
        cdef zmq_msg_t msg
        if not self.plain:
            parts = [self.recv(flags, copy=copy, track=track)]
            while get_option(self, ZMQ_RCVMORE, None):
                parts.append(self.recv(flags, copy=copy, track=track))
            return parts
        zmq_msg_init(&msg)
        receive(self, &msg, flags, b"recv_multipart")
        return take_parts(self, &msg, copy, b"recv_multipart")

    def send_string(self, u, int flags=0, bint copy=True, encoding="utf-8", bint track=False, routing_id=None,
                    group=None):
        """Send a str as one message.

        u: str. encoding: str, a codec's name. The rest is as for send. Raises TypeError if u is not str,
        UnicodeEncodeError, and what send raises.
        """
        cdef zmq_msg_t msg
        cdef Py_ssize_t size
        cdef const char *text
        if not isinstance(u, str):
            raise TypeError(f"u: expected str, got {type(u).__name__}")
        if self.plain and copy and encoding is UTF8 and routing_id is None and group is None:
            text = PyUnicode_AsUTF8AndSize(u, &size)
            if size < LENT_BYTES:
                copy_in(&msg, text, size)
                enter_with(self, &msg, b"send_string")
                dispatch(self, &msg, flags, b"send_string")
                leave(self.handle)
                return None
        return self.send(u.encode(encoding), flags, copy=copy, track=track, **addressed(routing_id, group))

    def recv_string(self, int flags=0, encoding="utf-8"):
        """Receive one message as str.

        flags: as for recv. encoding: str, a codec's name. Returns str. Raises UnicodeDecodeError (the message is then
        lost), and what recv raises.
        """
        cdef zmq_msg_t msg
        if not self.plain or encoding is not UTF8:
            return self.recv(flags).decode(encoding)
        zmq_msg_init(&msg)
        receive(self, &msg, flags, b"recv_string")
        leave(self.handle)
        try:
            return PyUnicode_DecodeUTF8(<char *>zmq_msg_data(&msg), zmq_msg_size(&msg), NULL)
        finally:
            zmq_msg_close(&msg)

    send_unicode = send_string
    recv_unicode = recv_string

    def poll(self, timeout=None, int flags=1):
        """Wait until the socket can be read from or written to (zmq_poll).

        timeout: milliseconds, int or float; None or negative: without limit. flags: int, POLLIN, POLLOUT or both.
        Returns those of flags that are ready, int; 0 when the time is up. Raises ContextTerminated, ZMQError.
        """
        return poll_socket(self, flags, as_timeout(timeout), b"poll")

    # Batches

    def recv_batch(self, Py_ssize_t max_messages=1000, timeout=None, int flags=0, bint copy=True):
        """Wait for one message, then receive all that are there; nothing else is waited for (zmq_msg_recv).

        max_messages: int, at least 1. timeout: milliseconds to wait for the first message, int or float; None: RCVTIMEO
        counts. flags: int, DONTWAIT not to wait at all. copy: False returns Frames.

        Returns a list of 1 to max_messages bytes or Frames. Multipart messages come as their parts, one after another;
        see recv_batch_multipart. Raises ValueError, and what recv raises; then nothing has been received. MemoryError
        is the exception: the messages taken before it are lost.
        """
        return receive_batch(self, max_messages, timeout, flags, copy, False, b"recv_batch")

    def recv_batch_multipart(self, Py_ssize_t max_messages=1000, timeout=None, int flags=0, bint copy=True):
        """Wait for one message, then receive all that are there, each with all its parts (zmq_msg_recv).

        The arguments are those of recv_batch. Returns a list of 1 to max_messages lists of bytes or Frames.
        Raises ValueError, and what recv_multipart raises; then nothing has been received.
        """
        return receive_batch(self, max_messages, timeout, flags, copy, True, b"recv_batch_multipart")

    def send_batch(self, messages, int flags=0, bint copy=True):
        """Send many messages (zmq_msg_send).

        messages: iterable of bytes-like objects and Frames, each a message. flags: int, DONTWAIT to stop where one
        cannot be sent at once. copy: False lends the buffers, as in send.

        Returns how many were sent, int: all of them without DONTWAIT. With DONTWAIT an iterator has been advanced past
        the message that did not fit; pass a sequence to go on there. Raises what send and the iterable raise; the
        exception has an attribute `sent` with the number of messages sent before it.
        """
        return send_many(self, messages, flags, copy, False, b"send_batch")

    def send_batch_multipart(self, messages, int flags=0, bint copy=True):
        """Send many multipart messages, each whole or not at all (zmq_msg_send).

        messages: iterable of iterables of bytes-like objects and Frames. The rest is as for send_batch.
        """
        return send_many(self, messages, flags, copy, True, b"send_batch_multipart")

    def __iter__(self):
        """Return the socket: iterating over it receives messages as recv does, until the context is terminated."""
        return self

    def __next__(self):
        try:
            return self.recv()
        except ContextTerminated:
            raise StopIteration from None


cdef str UTF8 = "utf-8"
cdef dict DRAFT_TYPES = {
    12: "SERVER", 13: "CLIENT", 14: "RADIO", 15: "DISH", 16: "GATHER", 17: "SCATTER", 18: "DGRAM", 19: "PEER",
    20: "CHANNEL",
}


cdef int close_socket(Socket socket) except -1:
    """zmq_close a socket. Called inside of it; afterwards there is no inside."""
    cdef void *pointer = socket.handle.pointer
    socket.handle.pointer = NULL
    leave(socket.handle)
    forget(socket.handle, pointer)
    zb_bell_end(&socket.handle.bell)
    zmq_close(pointer)
    if socket.context is not None:
        socket.context._open.pop(id(socket), None)
    return 0


cdef int start_monitor(Socket socket, object addr, uint64_t events, int version, int type, const char *call) except -1:
    cdef bytes endpoint = None if addr is None else endpoint_bytes(addr)
    cdef const char *text = NULL if addr is None else PyBytes_AS_STRING(endpoint)
    cdef void *pointer
    cdef int code
    enter(socket, call)
    pointer = socket.handle.pointer
    go_inside(socket.handle, &call)
    with nogil:
        if version == 1 and type == ZMQ_PAIR:
            code = zmq_socket_monitor(pointer, text, <int>events)
        else:
            code = zmq_socket_monitor_versioned(pointer, text, events, version, type)
        if code != 0:
            code = last_errno()
    come_out(socket.handle, &call)
    return 0 if code == 0 else fail(code, f"addr={addr!r}")


cdef int end_monitoring(Handle handle) noexcept:
    """Have libzmq end the events of a socket, also while another thread waits in it: they have a lock of their own."""
    seize(handle)
    if handle.pointer != NULL and handle.generation == zb_generation:
        zmq_socket_monitor(handle.pointer, NULL, 0)
    return leave(handle)


cdef dict addressed(object routing_id, object group):
    """The arguments of send that say where to, as far as they were given."""
    return {name: value for name, value in (("routing_id", routing_id), ("group", group)) if value is not None}


cdef int check_parts(tuple parts) except -1:
    """Make sure that all parts can be sent, before the first is."""
    for position, part in enumerate(parts):
        if isinstance(part, str) or not PyObject_CheckBuffer(part):
            raise TypeError(f"msg_parts[{position}]: a bytes-like object is required, not {type(part).__name__!r}")
    return 0


cdef tuple calling_place():
    """The file and the line of the nearest caller outside of zmqbind."""
    frame = sys._getframe()
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "zmqbind":
        frame = frame.f_back
    return ("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)


cdef int use_group(Socket socket, endpoint_call function, object group, const char *call) except -1:
    cdef bytes name = group_bytes(group)
    cdef int code = 0
    enter(socket, call)
    if zb_has_groups() and function(socket.handle.pointer, PyBytes_AS_STRING(name)) != 0:
        code = last_errno()
    leave(socket.handle)
    if not zb_has_groups():
        return missing(call.decode(), "4.2.0 with drafts")
    return 0 if code == 0 else fail(code, f"group={group!r}")


cdef inline bint is_small_bytes(object data) noexcept:
    return type(data) is bytes and PyBytes_GET_SIZE(data) < LENT_BYTES


cdef inline int send_copy_of(Socket socket, bytes data, int flags, const char *call) except -1:
    """Send bytes that are small enough to be copied: what nearly every message is."""
    cdef Handle handle = socket.handle
    cdef int code
    if handle.watched or socket.green or not admitted(handle):
        return send_copy_with_care(socket, data, flags, call)
    if handle.begun:  # what follows other parts is not to be tried twice: see is_orphan
        leave(handle)
        return send_copy_with_care(socket, data, flags, call)
    handle.uses += 1
    if zmq_send(handle.pointer, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), flags | ZMQ_DONTWAIT) >= 0:
        handle.begun = flags & ZMQ_SNDMORE
        return leave(handle)
    code = last_errno()
    leave(handle)
    if code != EAGAIN:
        interrupted(code)
    return send_copy_with_care(socket, data, flags, call)


cdef int send_copy_with_care(Socket socket, bytes data, int flags, const char *call) except -1:
    """send_copy_of, where it takes more than to call libzmq."""
    cdef zmq_msg_t msg
    copy_in(&msg, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
    enter_with(socket, &msg, call)
    dispatch(socket, &msg, flags, call)
    return leave(socket.handle)


cdef inline int enter_with(Socket socket, zmq_msg_t *msg, const char *call) except -1:
    """enter with a message to send, which is closed if an exception is raised."""
    if socket.handle.watched or not admitted(socket.handle):
        return enter_or_close(socket, msg, call)
    socket.handle.uses += 1
    return 0


cdef int enter_or_close(Socket socket, zmq_msg_t *msg, const char *call) except -1:
    try:
        return enter(socket, call)
    except BaseException:
        zmq_msg_close(msg)
        raise


cdef object send_any(Socket socket, object data, int flags, bint copy, bint track, object routing_id, object group,
                     const char *call):
    """Send data of any kind; see Socket.send."""
    cdef zmq_msg_t msg
    cdef list completions = [] if track or isinstance(data, Frame) else None
    admit(socket.handle, call)
    leave(socket.handle)
    cdef bint lent = fill(&msg, data, copy, track and not copy, socket.threshold, completions)
    try:
        address(&msg, routing_id, group)
        enter(socket, call)
    except BaseException:
        zmq_msg_close(&msg)
        raise
    dispatch(socket, &msg, flags, call)
    leave(socket.handle)
    if isinstance(data, Frame):
        return (<Frame>data).tracker
    if copy:
        return None
    if lent and track:
        return track_completions(completions)
    if lent and (type(data) is not bytes or PyBytes_GET_SIZE(data) >= socket.threshold):
        return None
    return finished


cdef int address(zmq_msg_t *msg, object routing_id, object group) except -1:
    if routing_id is not None:
        set_routing_id(msg, routing_id)
    if group is not None:
        set_group(msg, group)
    return 0


cdef inline bytes recv_bytes(Socket socket, int flags):
    cdef zmq_msg_t msg
    zmq_msg_init(&msg)
    receive(socket, &msg, flags, b"recv")
    leave(socket.handle)
    return take_bytes(&msg)


cdef object recv_frame(Socket socket, int flags):
    cdef Frame frame = Frame.__new__(Frame)
    frame.made = True
    receive(socket, &frame.msg, flags, b"recv")
    leave(socket.handle)
    return frame


cdef int poll_socket(Socket socket, int events, long long timeout, const char *call) except -1:
    """Wait until a socket is ready for some of events, at most `timeout` milliseconds (-1: forever); return those."""
    cdef int ready
    if socket.green:
        take_turn()
    ready = current_events(socket.handle, events, call)
    if ready or timeout == 0:
        return ready
    return wait_for_events(socket, events, timeout, call)


cdef object send_parts(Socket socket, tuple parts, int flags, bint copy, bint track, object routing_id, object group):
    """Send a multipart message: all parts are made into messages before the first is sent."""
    cdef zmq_msg_t few[8]
    cdef zmq_msg_t *messages = few
    cdef list completions = []
    cdef Py_ssize_t count = len(parts), filled = 0, sent = 0
    admit(socket.handle, b"send_multipart")
    leave(socket.handle)
    if count > 8:
        messages = <zmq_msg_t *>PyMem_Malloc(count * sizeof(zmq_msg_t))
        if messages == NULL:
            raise MemoryError("send_multipart")
    try:
        for part in parts:
            try:
                fill(&messages[filled], part, copy, track and not copy, socket.threshold, completions)
            except (TypeError, BufferError) as error:
                raise type(error)(f"msg_parts[{filled}]: {error}") from None
            filled += 1
        if routing_id is not None or group is not None:
            address(&messages[0], routing_id, group)
        enter(socket, b"send_multipart")
        while sent < count:
            sent += 1  # from here on the message is libzmq's, or closed by dispatch
            dispatch(socket, &messages[sent - 1], flags | ZMQ_SNDMORE if sent < count else flags, b"send_multipart")
            flags &= ~ZMQ_DONTWAIT  # the rest of a message that has begun is never held up
        leave(socket.handle)
    finally:
        while filled > sent:
            filled -= 1
            zmq_msg_close(&messages[filled])
        if messages != few:
            PyMem_Free(messages)
    if copy:
        return None
    return track_completions(completions)


cdef inline object take(zmq_msg_t *msg, bint copy):
    """Return what msg holds as bytes or as a Frame."""
    cdef Frame frame
    if copy:
        return take_bytes(msg)
    frame = Frame.__new__(Frame)
    frame.made = True
    zmq_msg_move(&frame.msg, msg)
    return frame


cdef list take_parts(Socket socket, zmq_msg_t *msg, bint copy, const char *call):
    """Return all parts of the message of which msg is the first. Nobody else gets in between them.

    Called inside of the socket, comes back outside.
    """
    cdef Handle handle = socket.handle
    cdef list parts
    cdef bint more = True
    set_mark(handle, &call)
    leave(handle)
    try:
        parts = []  # not before: the garbage collector may run then, and with it other threads
        while True:
            more = zmq_msg_more(msg)
            parts.append(take(msg, copy))
            if not more:
                return parts
            zmq_msg_init(msg)
            receive_next(socket, msg, &call)
    except BaseException:
        if more and handle.owner == &call:
            drop_parts(socket)
        raise
    finally:
        vacate(handle, &call)
