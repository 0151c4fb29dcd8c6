# Batches: many messages in one call.

cdef list receive_batch(Socket socket, Py_ssize_t limit, object timeout, int flags, bint copy, bint multipart,
                        const char *call):
    """Wait for one message, then take what else is there; see Socket.recv_batch."""
    cdef Handle handle = socket.handle
    cdef zmq_msg_t msg
    cdef list messages = []
    if limit < 1:
        raise ValueError(f"max_messages: expected at least 1, got {limit}")
    zmq_msg_init(&msg)
    receive_within(socket, &msg, flags, OPTION if timeout is None else as_timeout(timeout), call)
    while True:
        if multipart:
            messages.append(take_parts(socket, &msg, copy, call))
        else:
            leave(handle)
            messages.append(take(&msg, copy))
        # Where nothing more is there, or something is wrong, the next call will find that too.
        if len(messages) == limit or not admitted(handle):
            return messages
        handle.uses += 1
        zmq_msg_init(&msg)
        if transfer(&msg, handle.pointer, ZMQ_DONTWAIT, False) != 0:
            leave(handle)
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
