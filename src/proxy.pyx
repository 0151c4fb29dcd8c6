# Proxies: libzmq's, and the monitored queue in the same manner.

cdef Handle part_of_proxy(object socket, str name, bint optional, const char *call):
    """The handle of one of a proxy's sockets; the argument's name is for the error."""
    if socket is None and optional:
        return closed_handle
    if not isinstance(socket, Socket):
        raise TypeError(f"{name}: expected Socket, got {type(socket).__name__}")
    enter(<Socket>socket, call)
    return (<Socket>socket).handle


cdef enum Proxying:
    PLAIN_PROXY
    STEERABLE_PROXY
    MONITORED_QUEUE


cdef int run_proxy(Proxying kind, list handles, zmq_msg_t *prefixes, const char *call) except -1:
    """Run a proxy without the GIL until its context is terminated or it is told to end; signals are handled."""
    cdef Handle handle
    cdef Handle front = handles[0], back = handles[1], third = handles[2], control = handles[3]
    cdef int code
    while True:
        for handle in handles:
            if handle is not closed_handle:
                if handle.pointer == NULL:
                    return fail(ENOTSOCK)
                handle.busy = call
        zb_drain()
        with nogil:
            code = 0
            if kind == PLAIN_PROXY:
                if zmq_proxy(front.pointer, back.pointer, third.pointer) != 0:
                    code = last_errno()
            elif kind == STEERABLE_PROXY:
                if c_proxy_steerable(front.pointer, back.pointer, third.pointer, control.pointer) != 0:
                    code = last_errno()
            else:
                code = monitored_queue_loop(front.pointer, back.pointer, third.pointer, prefixes)
        for handle in handles:
            handle.busy = NULL
            handle.uses += 1
        if code == 0:
            return 0
        interrupted(code, call.decode())


def proxy(frontend, backend, capture=None):
    """Pass messages between two sockets, and a copy of each to a third, until the context ends (zmq_proxy).

    frontend, backend: Socket. capture: Socket of type PUB, DEALER, PUSH or PAIR, or None. Blocks without the GIL.
    Raises ContextTerminated when the context is terminated, TypeError, ZMQError; KeyboardInterrupt ends it too.
    """
    handles = [part_of_proxy(frontend, "frontend", False, b"proxy"), part_of_proxy(backend, "backend", False, b"proxy"),
               part_of_proxy(capture, "capture", True, b"proxy"), closed_handle]
    return run_proxy(PLAIN_PROXY, handles, NULL, b"proxy")


def device(int device_type, frontend, backend):
    """Run a proxy between two sockets: the older name of proxy (zmq_device).

    device_type: int, a DeviceType; all behave the same. Raises ValueError for another, and what proxy raises.
    """
    if not 1 <= device_type <= 3:
        raise ValueError(f"device_type: expected a DeviceType, got {device_type}")
    return proxy(frontend, backend)


def proxy_steerable(frontend, backend, capture=None, control=None):
    """A proxy that obeys PAUSE, RESUME, TERMINATE and STATISTICS on a fourth socket (zmq_proxy_steerable).

    frontend, backend, capture: as for proxy. control: Socket of type PAIR, PUB or SUB or REP, or None. Returns 0 after
    TERMINATE. STATISTICS is answered with eight frames of eight bytes. Raises as proxy does. A signal whose handler
    does not raise lets the proxy go on, unpaused.
    """
    handles = [part_of_proxy(frontend, "frontend", False, b"proxy_steerable"),
               part_of_proxy(backend, "backend", False, b"proxy_steerable"),
               part_of_proxy(capture, "capture", True, b"proxy_steerable"),
               part_of_proxy(control, "control", True, b"proxy_steerable")]
    return run_proxy(STEERABLE_PROXY, handles, NULL, b"proxy_steerable")


def monitored_queue(in_socket, out_socket, mon_socket, in_prefix=b"in", out_prefix=b"out"):
    """Pass messages between two sockets, and a copy of each, with a prefix that tells its direction, to a third.

    in_socket, out_socket: Socket; where both are ROUTERs, the first two frames (sender and recipient) are exchanged.
    mon_socket: Socket, usually PUB. in_prefix, out_prefix: bytes, the first frame of the copies of what came in at
    in_socket and out_socket. Blocks without the GIL until the context is terminated.
    Raises ContextTerminated, TypeError, ZMQError; KeyboardInterrupt ends it too.
    """
    cdef zmq_msg_t prefixes[2]
    handles = [part_of_proxy(in_socket, "in_socket", False, b"monitored_queue"),
               part_of_proxy(out_socket, "out_socket", False, b"monitored_queue"),
               part_of_proxy(mon_socket, "mon_socket", False, b"monitored_queue"), closed_handle]
    for name, prefix in (("in_prefix", in_prefix), ("out_prefix", out_prefix)):
        if not isinstance(prefix, bytes):
            raise TypeError(f"{name}: expected bytes, got {type(prefix).__name__}")
    zmq_msg_init(&prefixes[0])
    zmq_msg_init(&prefixes[1])
    try:
        copy_in(&prefixes[0], PyBytes_AS_STRING(in_prefix), PyBytes_GET_SIZE(in_prefix))
        copy_in(&prefixes[1], PyBytes_AS_STRING(out_prefix), PyBytes_GET_SIZE(out_prefix))
        return run_proxy(MONITORED_QUEUE, handles, prefixes, b"monitored_queue")
    finally:
        zmq_msg_close(&prefixes[0])
        zmq_msg_close(&prefixes[1])


cdef int monitored_queue_loop(void *front, void *back, void *monitor, zmq_msg_t *prefixes) noexcept nogil:
    """Relay messages both ways until something fails; returns libzmq's error number.

    A signal (EINTR) ends it only between messages: whatever a message waits for is waited for before it is read.
    """
    cdef zmq_pollitem_t items[2]
    cdef bint swap = socket_type_of(front) == ZMQ_ROUTER and socket_type_of(back) == ZMQ_ROUTER
    cdef int code
    items[0].socket, items[0].events = front, ZMQ_POLLIN
    items[1].socket, items[1].events = back, ZMQ_POLLIN
    while True:
        if c_poll(items, 2, -1) < 0:
            return last_errno()
        if items[0].revents:
            code = relay(front, back, monitor, &prefixes[0], swap)
            if code != 0:
                return code
        if items[1].revents:
            code = relay(back, front, monitor, &prefixes[1], swap)
            if code != 0:
                return code


cdef int socket_type_of(void *socket) noexcept nogil:
    cdef int kind = -1
    cdef size_t size = sizeof(kind)
    zmq_getsockopt(socket, ZMQ_TYPE, &kind, &size)
    return kind


cdef int relay(void *source, void *target, void *monitor, zmq_msg_t *prefix, bint swap) noexcept nogil:
    """Move one message from source to target, and a copy behind a prefix to the monitor."""
    cdef zmq_pollitem_t item
    cdef zmq_msg_t part, recipient
    cdef bint more = True
    cdef int code
    item.events = ZMQ_POLLOUT
    item.socket = target
    if c_poll(&item, 1, -1) < 0:
        return last_errno()
    item.socket = monitor
    if c_poll(&item, 1, -1) < 0:
        return last_errno()
    code = send_copy(prefix, monitor, ZMQ_SNDMORE)
    while code == 0 and more:
        zmq_msg_init(&part)
        code = persist(&part, source, 0, False)
        more = code == 0 and zmq_msg_more(&part)
        if swap and more:
            swap = False
            zmq_msg_init(&recipient)
            code = persist(&recipient, source, 0, False)
            more = code == 0 and zmq_msg_more(&recipient)
            if code == 0:
                code = pass_on(&recipient, target, monitor, ZMQ_SNDMORE)
            zmq_msg_close(&recipient)
        if code == 0:
            code = pass_on(&part, target, monitor, ZMQ_SNDMORE if more else 0)
        zmq_msg_close(&part)
    return code


cdef int pass_on(zmq_msg_t *part, void *target, void *monitor, int flags) noexcept nogil:
    cdef int code = send_copy(part, monitor, flags)
    return persist(part, target, flags, True) if code == 0 else code


cdef int send_copy(zmq_msg_t *msg, void *socket, int flags) noexcept nogil:
    cdef zmq_msg_t other
    cdef int code
    zmq_msg_init(&other)
    zmq_msg_copy(&other, msg)
    code = persist(&other, socket, flags, True)
    zmq_msg_close(&other)
    return code


cdef int persist(zmq_msg_t *msg, void *socket, int flags, bint sending) noexcept nogil:
    """transfer, again as long as signals interrupt it."""
    cdef int code = EINTR
    while code == EINTR:
        code = transfer(msg, socket, flags, sending)
    return code
