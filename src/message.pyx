# Messages out of Python objects, and Python objects out of messages.

cdef inline int copy_memory(void *to, const void *source, Py_ssize_t size) except -1:
    """memcpy, without the GIL where it takes long."""
    if size < UNLOCKED_COPY:
        memcpy(to, source, size)
    else:
        with nogil:
            memcpy(to, source, size)
    return 0


cdef int copy_in(zmq_msg_t *msg, const void *data, Py_ssize_t size) except -1:
    """Make msg a message with a copy of data, or an empty one if that fails."""
    if zmq_msg_init_size(msg, size) != 0:
        code = last_errno()
        zmq_msg_init(msg)  # libzmq leaves what cannot even be closed
        return fail(code, f"message of {size} bytes")
    return copy_memory(zmq_msg_data(msg), data, size)


cdef inline int close_message(zmq_msg_t *msg) noexcept:
    """zmq_msg_close, where Python code may run: a loan that ends with it is released at once."""
    cdef bint postponed = zb_postpone()
    zmq_msg_close(msg)
    if postponed:
        zb_drain_postponed()
    return 0


cdef int lend(zmq_msg_t *msg, Py_buffer *view, Completion completion) except -1:
    """Make msg a message over the memory of view, which passes to the loan in any case; or empty if that fails."""
    cdef zb_loan *loan
    zb_drain()
    loan = <zb_loan *>malloc(sizeof(zb_loan))
    if loan == NULL:
        PyBuffer_Release(view)
        raise MemoryError("lending a buffer")
    loan.view = view[0]
    loan.completion = NULL
    if zmq_msg_init_data(msg, loan.view.buf, loan.view.len, zb_give_back, loan) != 0:
        code = last_errno()
        zmq_msg_init(msg)
        PyBuffer_Release(&loan.view)
        free(loan)
        return fail(code, "lending a buffer")
    zb_add(&zb_lent, 1)
    if completion is not None:
        loan.completion = <zb_completion *>completion.state
        zb_add(&loan.completion.references, 1)
    return 0


cdef int view_of(object data, Py_buffer *view, int flags=PyBUF_SIMPLE) except -1:
    """Take data's buffer; the errors say what is wrong with data as a payload."""
    if isinstance(data, str):
        raise TypeError("a bytes-like object is required, not 'str': use send_string, or encode it")
    try:
        PyObject_GetBuffer(data, view, flags)
    except ValueError as error:  # numpy's answer to a request it cannot meet
        raise BufferError(str(error)) from None
    return 0


cdef int fill(zmq_msg_t *msg, object data, bint copy, bint track, Py_ssize_t threshold, list completions) except -1:
    """Make msg the message that sends `data`.

    Frames share their memory. Other buffers are copied if `copy` is set or they are smaller than `threshold` bytes,
    else lent. `bytes` are lent where it pays, since nobody can change them; below `threshold` not if they are to be
    tracked, so that their tracker is done at once, as it is for all that is small. Where `track` is set, what tells of
    the release of a lent buffer is appended to `completions`. Returns whether the message uses the memory of `data`.
    """
    cdef Py_buffer view
    cdef Completion completion = None
    cdef Py_ssize_t size
    if type(data) is bytes:
        size = PyBytes_GET_SIZE(data)
        if size < (LENT_BYTES if copy else threshold if track else min(threshold, CHEAP_TO_COPY)):
            return copy_in(msg, PyBytes_AS_STRING(data), size)
        PyBuffer_FillInfo(&view, data, PyBytes_AS_STRING(data), size, True, PyBUF_SIMPLE)
    elif isinstance(data, Frame):
        return fill_from_frame(msg, <Frame>data, copy, track, completions)
    else:
        view_of(data, &view)
        if copy or view.len < threshold:
            try:
                return copy_in(msg, view.buf, view.len)
            finally:
                PyBuffer_Release(&view)
    if track:
        try:
            completion = Completion()
        except MemoryError:
            PyBuffer_Release(&view)
            raise
        completions.append(completion)
    lend(msg, &view, completion)
    return 1


cdef int fill_from_frame(zmq_msg_t *msg, Frame frame, bint copy, bint track, list completions) except -1:
    """Make msg share the memory of a frame, or copy it where the frame lies over memory that may change."""
    cdef int code
    if frame.completion is None and track and not frame.tracked:
        raise ValueError("Not a tracked message: make the Frame with track=True")
    if copy and frame.mutable:
        copy_in(msg, zmq_msg_data(&frame.msg), zmq_msg_size(&frame.msg))
        return copy_address(msg, &frame.msg)
    zmq_msg_init(msg)
    with cython.critical_section(frame):  # libzmq counts the messages that share memory in each of them
        code = last_errno() if zmq_msg_copy(msg, &frame.msg) != 0 else 0
    if code != 0:
        return fail(code, "frame")
    if frame.completion is not None:
        completions.append(frame.completion)
    return 1


cdef int copy_address(zmq_msg_t *msg, zmq_msg_t *source) except -1:
    """Give msg the routing id and the group of another message, as far as that has them; or empty msg if that fails."""
    cdef int code, failed = 0
    if zb_has_routing_ids() and zmq_msg_routing_id(source) != 0:
        failed = zmq_msg_set_routing_id(msg, zmq_msg_routing_id(source))
    if failed == 0 and zb_has_groups() and zmq_msg_group(source)[0] != 0:
        failed = zmq_msg_set_group(msg, zmq_msg_group(source))
    if failed == 0:
        return 0
    code = last_errno()
    zmq_msg_close(msg)
    zmq_msg_init(msg)
    return fail(code, "routing_id or group")


cdef inline bytes take_bytes(zmq_msg_t *msg):
    """Return what msg holds as bytes, and close it, also when that fails."""
    cdef Py_ssize_t size = zmq_msg_size(msg)
    return zb_take_bytes(msg, size) if size < CHEAP_TO_COPY else take_many_bytes(msg, size)


cdef bytes take_many_bytes(zmq_msg_t *msg, Py_ssize_t size):
    """take_bytes of a message whose memory may be lent."""
    cdef bytes data
    try:
        data = PyBytes_FromStringAndSize(NULL, size)
        copy_memory(PyBytes_AS_STRING(data), zmq_msg_data(msg), size)
    except BaseException:
        zmq_msg_close(msg)
        raise
    close_message(msg)
    return data
