# Moving single messages through a socket: try with the GIL, wait without it.
#
# What these functions are called for they have done when they return, and are still inside the socket; where they
# raise, they have left it.

cdef enum:
    OPTION = -2  # a timeout: that of the socket's option


cdef int wait_to_transfer(Socket socket, zmq_msg_t *msg, int flags, bint sending, long long timeout,
                          const char *call) except -1:
    """Send or receive msg when libzmq can, after it could not at once; raises Again after `timeout` milliseconds.

    Called outside of the socket, comes back inside.
    """
    cdef Handle handle = socket.handle
    cdef list handles = [handle]
    cdef long long end
    cdef bint first = True
    cdef Bell bell = None
    cdef pollfd item
    cdef int code
    if timeout == OPTION:
        timeout = get_option(socket, ZMQ_SNDTIMEO if sending else ZMQ_RCVTIMEO, None)
    if socket.green:
        return wait_greenly(socket, msg, flags, sending, timeout, call)
    if timeout == 0:
        return fail(EAGAIN)
    end = -1 if timeout < 0 else zb_now_ms() + timeout + 1
    if handle.shared:
        bell = Bell.__new__(Bell)
    enter(socket, call)
    try:
        item.fd = descriptor_of(handle, &call) if bell is None else bell.watch(handle, call)
        item.events = POLLIN
        while True:
            # A failed receive has made libzmq look at all its commands, and so does reading EVENTS: from here on the
            # descriptor tells of every change. A failed send has not.
            code = EAGAIN
            if not sending or read_events(handle, &call) & ZMQ_POLLOUT:
                code = transfer(msg, handle.pointer, flags | ZMQ_DONTWAIT, sending)
                if code == 0:
                    clear_mark(handle, &call)
                    return 0
            leave(handle)
            if code != EAGAIN:
                vacate(handle, &call)
                interrupted(code)
            if not rest(&item, handles, end, &first, &call):
                return fail(EAGAIN)
            admit_marked(handle, &call)
            handle.uses += 1
            if bell is not None:
                bell.silence()
    finally:
        if bell is not None:
            bell.end()


cdef inline int transfer(zmq_msg_t *msg, void *pointer, int flags, bint sending) noexcept nogil:
    """zmq_msg_send or zmq_msg_recv; returns 0 or libzmq's error number."""
    if (zmq_msg_send(msg, pointer, flags) if sending else zmq_msg_recv(msg, pointer, flags)) < 0:
        return last_errno()
    return 0


cdef inline bint not_free(Socket socket) noexcept:
    """Whether to ask `line_up` first: on a green socket that others wait for, or after a long run of operations."""
    global zb_turns
    if not socket.green:
        return False
    zb_turns -= 1
    return zb_turns <= 0 or socket.handle.line is not None


cdef inline int receive(Socket socket, zmq_msg_t *msg, int flags, const char *call) except -1:
    """Receive one frame into msg, which is initialised and stays the caller's to close."""
    return receive_within(socket, msg, flags, OPTION, call)


cdef inline int receive_within(Socket socket, zmq_msg_t *msg, int flags, long long timeout, const char *call) except -1:
    """receive, within some milliseconds."""
    cdef int code
    if not_free(socket) and line_up(socket, flags, False, call):
        return wait_to_transfer(socket, msg, flags, False, timeout, call)
    if socket.handle.watched or not admitted(socket.handle):  # `enter`, in line
        enter(socket, call)
    else:
        socket.handle.uses += 1
    while zmq_msg_recv(msg, socket.handle.pointer, flags | ZMQ_DONTWAIT) < 0:
        code = last_errno()
        leave(socket.handle)
        if code == EAGAIN and not flags & ZMQ_DONTWAIT:
            return wait_to_transfer(socket, msg, flags, False, timeout, call)
        interrupted(code)
        enter(socket, call)
    return 0


cdef inline int dispatch(Socket socket, zmq_msg_t *msg, int flags, const char *call) except -1:
    """Send msg. Afterwards it is libzmq's, or closed if an exception is raised. The caller has called `enter`."""
    if not_free(socket):
        return dispatch_in_turn(socket, msg, flags, call)
    return dispatch_now(socket, msg, flags, call)


cdef inline int dispatch_now(Socket socket, zmq_msg_t *msg, int flags, const char *call) except -1:
    if zmq_msg_send(msg, socket.handle.pointer, flags | ZMQ_DONTWAIT) >= 0:
        socket.handle.begun = flags & ZMQ_SNDMORE
        return 0
    return dispatch_again(socket, msg, flags, call)


cdef int dispatch_in_turn(Socket socket, zmq_msg_t *msg, int flags, const char *call) except -1:
    """dispatch, on a green socket that is not free."""
    cdef Handle handle = socket.handle
    try:
        if handle.held or not handle.begun:  # else it is the rest of a message, for which nobody waits
            leave(handle)
            if line_up(socket, flags, True, call):
                wait_to_transfer(socket, msg, flags, True, OPTION, call)
                handle.begun = flags & ZMQ_SNDMORE
                return 0
            enter(socket, call)
    except BaseException:
        zmq_msg_close(msg)
        raise
    return dispatch_now(socket, msg, flags, call)


cdef int dispatch_again(Socket socket, zmq_msg_t *msg, int flags, const char *call) except -1:
    cdef int code = last_errno()
    cdef Handle handle = socket.handle
    try:
        while True:
            if handle.begun or flags & ZMQ_DONTWAIT:
                code = send_after(socket, msg, flags, code, &call)
            if code == 0:
                break
            if is_orphan(socket, code):
                handle.begun = flags & ZMQ_SNDMORE
                if flags & ZMQ_DONTWAIT:
                    leave(handle)
                    return fail(EAGAIN)
                zmq_msg_close(msg)
                return 0
            leave(handle)
            if code == EAGAIN and not flags & ZMQ_DONTWAIT:
                wait_to_transfer(socket, msg, flags, True, OPTION, call)
                break
            interrupted(code, refusal_of(socket, msg, flags, code))
            enter(socket, call)
            code = transfer(msg, handle.pointer, flags | ZMQ_DONTWAIT, True)
    except BaseException:
        zmq_msg_close(msg)
        raise
    handle.begun = flags & ZMQ_SNDMORE
    return 0


cdef str refusal_of(Socket socket, zmq_msg_t *msg, int flags, int code):
    """Why a thread-safe socket may have refused a message, or None."""
    if not socket.handle.shared or socket.type not in DRAFT_TYPES:
        return None
    name = DRAFT_TYPES[socket.type]
    if code == EINVAL and flags & ZMQ_SNDMORE:
        return f"messages of {name} sockets have one part"
    if code == EHOSTUNREACH:
        routing_id = zmq_msg_routing_id(msg)
        return f"routing_id={routing_id}: no such peer" if routing_id else f"{name} sockets send to a routing_id"
    return None


cdef bint send_now(Socket socket, zmq_msg_t *msg, int flags, const char *call) except -1:
    """Send msg if that can be done at once, and return whether it was. If it raises, msg stays the caller's.

    Called outside of the socket, comes back outside.
    """
    cdef Handle handle = socket.handle
    cdef int code
    enter(socket, call)
    code = transfer(msg, handle.pointer, flags | ZMQ_DONTWAIT, True)
    while code != 0:
        code = send_after(socket, msg, flags, code, &call)
        if code == 0:
            break
        if is_orphan(socket, code):
            zmq_msg_close(msg)
            break
        leave(handle)
        if code == EAGAIN:
            return False
        interrupted(code, refusal_of(socket, msg, flags, code))
        enter(socket, call)
        code = transfer(msg, handle.pointer, flags | ZMQ_DONTWAIT, True)
    handle.begun = flags & ZMQ_SNDMORE
    leave(handle)
    return True


cdef int send_after(Socket socket, zmq_msg_t *msg, int flags, int code, const char **mark) except -1:
    """Send msg, which libzmq has refused with an error number, without waiting; returns 0 or such a number.

    Called inside, and comes back inside; where it raises, it has left.
    """
    cdef Handle handle = socket.handle
    if handle.begun:  # signals are handled after the message
        while code == EINTR:
            code = transfer(msg, handle.pointer, flags | ZMQ_DONTWAIT, True)
    if code == EAGAIN and not is_orphan(socket, code):
        # libzmq looks at its commands only now and then, and may not have seen yet that the peer has made room; reading
        # EVENTS makes it look.
        if read_events(handle, mark) & ZMQ_POLLOUT:
            code = transfer(msg, handle.pointer, flags | ZMQ_DONTWAIT, True)
    return code


cdef inline bint is_orphan(Socket socket, int code) noexcept:
    """Whether an error number says that the peer has gone that the rest of a message was for.

    libzmq does not make the rest of a message wait: it says EAGAIN then, and to calls that may block even that is
    success. Trying again would send this part to another peer. Only a PAIR waits for the next one.
    """
    return code == EAGAIN and socket.handle.begun and socket.type != ZMQ_PAIR


cdef int receive_next(Socket socket, zmq_msg_t *msg, const char **mark) except -1:
    """Receive one more part of a message whose first part has arrived; libzmq delivers messages whole.

    The mark keeps others out, before and afterwards.

    Signals are handled after the message: what their handlers raise would cost it.
    """
    cdef int code = EINTR
    while code == EINTR:
        code = transfer(msg, socket.handle.pointer, ZMQ_DONTWAIT, False)
    if code == 0:
        return 0
    if code != EAGAIN:
        return fail(code)
    vacate(socket.handle, mark)
    receive(socket, msg, 0, mark[0])
    set_mark(socket.handle, mark)
    return leave(socket.handle)


cdef int drop_parts(Socket socket) noexcept:
    """Read and drop what is left of a message, so that the next receive begins with a new one."""
    cdef zmq_msg_t msg
    cdef bint more = True
    while more:
        zmq_msg_init(&msg)
        more = zmq_msg_recv(&msg, socket.handle.pointer, ZMQ_DONTWAIT) >= 0 and zmq_msg_more(&msg)
        zmq_msg_close(&msg)
    return 0


cdef int wait_for_events(Socket socket, int events, long long timeout, const char *call) except -1:
    """Wait until some of `events` are ready, at most `timeout` milliseconds (-1: forever); return those."""
    cdef PollSet alone = PollSet()
    alone.green = socket.green
    alone.put(0, socket, socket.handle, -1, events)
    return alone.ready[0] if alone.wait(timeout, call) else 0
