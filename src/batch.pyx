# Batches: many messages in one call.

cdef list receive_batch(Socket socket, Py_ssize_t limit, object timeout, int flags, bint copy, bint multipart,
                        const char *call):
    """Wait for one message, then take what else is there; see Socket.recv_batch."""
    cdef Handle handle = socket.handle
    cdef zmq_msg_t msg
    cdef list messages = []
    cdef int code
    if limit < 1:
        raise ValueError(f"max_messages: expected at least 1, got {limit}")
    if timeout is not None and not flags & ZMQ_DONTWAIT and \
            not poll_socket(socket, ZMQ_POLLIN, as_timeout(timeout), call):
        fail(EAGAIN)
    zmq_msg_init(&msg)
    receive(socket, &msg, flags, call)
    while True:
        messages.append(take_parts(socket, &msg, copy, call) if multipart else take(&msg, copy))
        if len(messages) == limit:
            return messages
        admit(handle, call)
        zmq_msg_init(&msg)
        code = transfer(&msg, handle.pointer, ZMQ_DONTWAIT, False)
        if code != 0:
            # Nothing more is there; or something is wrong, which the next call will find too.
            zmq_msg_close(&msg)
            return messages


cdef Py_ssize_t send_many(Socket socket, object messages, int flags, bint copy, bint multipart,
                          const char *call) except -1:
    """Send one message after the other; see Socket.send_batch."""
    cdef Py_ssize_t sent = 0
    try:
        for message in messages:
            if multipart:
                send_parts(socket, tuple(message), flags, copy, False, None, None)
            elif copy and is_small_bytes(message):
                send_copy_of(socket, <bytes>message, flags, call)
            else:
                send_any(socket, message, flags, copy, False, None, None, call)
            sent += 1
    except BaseException as error:
        if flags & ZMQ_DONTWAIT and isinstance(error, Again):
            return sent
        error.sent = sent
        if hasattr(error, "add_note"):
            error.add_note(f"{call.decode()}: {sent} messages were sent before")
        raise
    return sent
