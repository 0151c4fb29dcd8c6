# Shortcuts of send and recv for their usual calls: see shortcuts.h.

cdef zb_method full_send = NULL
cdef zb_method full_recv = NULL


cdef object short_send(PyObject *self, PyObject **arguments, Py_ssize_t count, PyObject *names):
    """send(data), where data are bytes that are small enough to be copied."""
    if count == 1 and names == NULL and is_small_bytes(<object>arguments[0]):
        send_copy_of(<Socket>self, <bytes>arguments[0], 0, b"send")
        return None
    return full_send(self, arguments, count, names)


cdef object short_recv(PyObject *self, PyObject **arguments, Py_ssize_t count, PyObject *names):
    """recv()."""
    if count == 0 and names == NULL:
        return recv_bytes(<Socket>self, 0)
    return full_recv(self, arguments, count, names)


zb_shorten(Socket, b"send", short_send, &full_send)
zb_shorten(Socket, b"recv", short_recv, &full_recv)
