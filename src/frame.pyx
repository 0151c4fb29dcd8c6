# Frame: a zmq_msg_t seen as a Python buffer.
#
# Threads may share a Frame. Where there is no GIL, what it consists of is touched in its critical section only.

@cython.no_gc  # what it refers to refers to nothing
@cython.freelist(16)
cdef class Frame:
    """One part of a message: memory that libzmq owns or borrows, seen as a Python buffer.

    data: bytes-like object, or None for an empty frame. str raises TypeError.
    track: whether `tracker` shall tell when libzmq has released the memory of `data`.
    copy: True copies data, False lends it to libzmq, None (the default) copies up to the threshold.
    copy_threshold: bytes, int; smaller data is copied in any case. Default: zmqbind.COPY_THRESHOLD.

    `recv(copy=False)` returns Frames over the memory libzmq received into; they stay valid when the socket and the
    context are gone. Sending a Frame copies nothing. A Frame equals bytes-like objects with the same content.
    See zmq_msg_init_data(3), zmq_msg_data(3).
    """

    def __cinit__(self, *args, **kwargs):
        zmq_msg_init(&self.msg)

    def __init__(self, data=None, bint track=False, copy=None, copy_threshold=None):
        cdef list completions = []
        cdef Py_ssize_t threshold = COPY_LIMIT if copy_threshold is None else copy_threshold
        cdef Py_buffer probe
        cdef zmq_msg_t msg
        cdef bint lent = False, readonly = True
        with cython.critical_section(self):
            if self.made:
                raise RuntimeError("Frame.__init__ was called twice")
            self.made = True
        if data is None:
            zmq_msg_init(&msg)
        else:
            if not isinstance(data, (bytes, Frame)):
                view_of(data, &probe)
                readonly = probe.readonly
                PyBuffer_Release(&probe)
            lent = fill(&msg, data, copy is not None and copy, track, threshold, completions)
        with cython.critical_section(self):
            zmq_msg_move(&self.msg, &msg)
            self.tracked = track
            self.completion = completions[0] if completions else None
            if isinstance(data, Frame):
                self.mutable = (<Frame>data).mutable
                self.copied = (<Frame>data).copied
            else:
                self.mutable = lent and not readonly
                self.copied = not lent
            if type(data) is bytes:
                self.content = data

    def __dealloc__(self):
        close_message(&self.msg)

    cdef bint writable(self) noexcept:
        """Whether nobody else can be looking at the memory.

        Shared memory is not; neither is memory that came over inproc, which may be that of somebody's bytes object:
        what came over a network has the properties of its connection.
        """
        cdef char *data = <char *>zmq_msg_data(&self.msg)
        if self.mutable or <char *>&self.msg <= data < <char *>(&self.msg + 1):
            return True
        if zmq_msg_get(&self.msg, ZMQ_SHARED) == 1:
            return False
        return self.copied or zmq_msg_gets(&self.msg, b"Socket-Type") != NULL

    def __getbuffer__(self, Py_buffer *view, int flags):
        with cython.critical_section(self):
            PyBuffer_FillInfo(view, self, zmq_msg_data(&self.msg), zmq_msg_size(&self.msg), not self.writable(), flags)

    def __len__(self):
        with cython.critical_section(self):
            return zmq_msg_size(&self.msg)

    @property
    def buffer(self):
        """A memoryview of the frame's memory; nothing is copied. Writable if nobody else can see the memory."""
        return memoryview(self)

    @property
    def bytes(self):
        """The content as bytes: copied at the first access, the same object from then on."""
        with cython.critical_section(self):
            if self.content is None:
                self.content = PyBytes_FromStringAndSize(<char *>zmq_msg_data(&self.msg), zmq_msg_size(&self.msg))
            return self.content

    def __bytes__(self):
        return self.bytes

    def __getitem__(self, key):
        """Return a byte (int key), bytes (slice), or a property of the message's connection (str key, see get)."""
        if isinstance(key, str):
            return self.get(key)
        return self.bytes[key]

    def __eq__(self, other):
        if isinstance(other, Frame):
            return self.bytes == (<Frame>other).bytes
        if PyObject_CheckBuffer(other):
            return self.bytes == other
        return NotImplemented

    def __hash__(self):
        return hash(self.bytes)

    def __copy__(self):
        """Return another Frame over the same memory (zmq_msg_copy)."""
        cdef Frame other = Frame.__new__(type(self))
        with cython.critical_section(self):
            if zmq_msg_copy(&other.msg, &self.msg) != 0:
                fail(last_errno(), "frame")
            other.made = True
            other.tracked = self.tracked
            other.content = self.content
            other.completion = self.completion
            other.mutable = self.mutable
            other.copied = self.copied
        return other

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __repr__(self):
        cdef Py_ssize_t size = len(self)
        content = repr(self.bytes) if size <= 32 else f"{bytes(memoryview(self)[:16])!r}... {size} bytes"
        return f"<{type(self).__module__.partition('.')[0]}.{type(self).__name__}({content})>"

    @property
    def more(self):
        """Whether more parts of the same message follow, bool (zmq_msg_more)."""
        with cython.critical_section(self):
            return zmq_msg_more(&self.msg) != 0

    @property
    def MORE(self):
        """The same as `more`."""
        return self.more

    @property
    def shared(self):
        """Whether another message uses the same memory, int 0 or 1 (ZMQ_SHARED, zmq_msg_get)."""
        return self.get(ZMQ_SHARED)

    @property
    def SHARED(self):
        """The same as `shared`."""
        return self.shared

    @property
    def srcfd(self):
        """The descriptor of the connection the message came from, int (ZMQ_SRCFD, zmq_msg_get).

        Raises ZMQError(EINVAL) where there is none. Deprecated by libzmq: the descriptor may be closed by now.
        """
        return self.get(ZMQ_SRCFD)

    @property
    def SRCFD(self):
        """The same as `srcfd`."""
        return self.srcfd

    @property
    def tracker(self):
        """The MessageTracker of this frame's memory, or None if it was made without track=True."""
        if self.completion is not None:
            return track_completions([self.completion])
        return finished if self.tracked else None

    @property
    def tracker_event(self):
        """What `tracker` waits for: an object with is_set() and wait(timeout), or None."""
        return self.completion

    @property
    def routing_id(self):
        """The routing id of a message of a SERVER or PEER socket, int (zmq_msg_routing_id, a draft).

        Raises ZMQVersionError where libzmq has no drafts; setting it to 0 or a non-int raises too.
        """
        if not zb_has_routing_ids():
            missing("routing_id", "4.2.0 with drafts")
        with cython.critical_section(self):
            return zmq_msg_routing_id(&self.msg)

    @routing_id.setter
    def routing_id(self, value):
        with cython.critical_section(self):
            set_routing_id(&self.msg, value)

    @property
    def group(self):
        """The group of a message of a RADIO or DISH socket, str (zmq_msg_group, a draft).

        Raises ZMQVersionError where libzmq has no drafts.
        """
        if not zb_has_groups():
            missing("group", "4.2.0 with drafts")
        with cython.critical_section(self):
            return zmq_msg_group(&self.msg).decode("utf-8")

    @group.setter
    def group(self, value):
        with cython.critical_section(self):
            set_group(&self.msg, value)

    def get(self, option):
        """Return an option or property of the message.

        option: int, a MessageOption (zmq_msg_get): returns int; or str, the name of a property (zmq_msg_gets) such as
        "Socket-Type", "Peer-Address", "User-Id", "Routing-Id": returns str. Also "routing_id" and "group".
        Raises ZMQError(EINVAL) for what the message does not have.
        """
        cdef const char *text
        cdef int value
        if isinstance(option, str):
            if option == "routing_id" or option == "group":
                return getattr(self, option)
            name = option.encode()
            with cython.critical_section(self):
                text = zmq_msg_gets(&self.msg, <char *>name)
                if text == NULL:
                    fail(last_errno(), f"message property {option!r}")
                return text.decode("utf-8", "replace")
        with cython.critical_section(self):
            value = zmq_msg_get(&self.msg, option)
            if value < 0:
                fail(last_errno(), f"message option {option!r}")
            return value

    def set(self, option, value):
        """Set an option of the message (zmq_msg_set), or "routing_id" or "group".

        option: int, a MessageOption (libzmq 4.3 has none that can be set), or str. value: int, or str for "group".
        Raises ZMQError(EINVAL) for an option that cannot be set, TypeError for one that is no int or such name.
        """
        if option == "routing_id" or option == "group":
            setattr(self, option, value)
            return
        with cython.critical_section(self):
            if zmq_msg_set(&self.msg, option, value) != 0:
                fail(last_errno(), f"message option {option!r}")


cdef int set_routing_id(zmq_msg_t *msg, object value) except -1:
    if not zb_has_routing_ids():
        return missing("routing_id", "4.2.0 with drafts")
    if zmq_msg_set_routing_id(msg, value) != 0:
        return fail(last_errno(), f"routing_id {value!r}")
    return 0


cdef int set_group(zmq_msg_t *msg, object value) except -1:
    if not zb_has_groups():
        return missing("group", "4.2.0 with drafts")
    cdef bytes name = group_bytes(value)
    if zmq_msg_set_group(msg, PyBytes_AS_STRING(name)) != 0:
        return fail(last_errno(), f"group {value!r}")
    return 0


cdef bytes group_bytes(object group):
    if isinstance(group, str):
        return group.encode()
    if isinstance(group, bytes):
        return bytes(group)
    raise TypeError(f"group: expected str or bytes, got {type(group).__name__}")
