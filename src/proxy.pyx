# Proxies: one loop for the plain, the steerable and the monitored kind.
#
# libzmq's own zmq_proxy spins, and cannot be interrupted, while a message waits for a peer to go to; it forgets that it
# was paused when a signal interrupts it; and it knows no monitored queue. So the loop is here, in C.

cdef enum:
    PROXY_BURST = 1000  # messages passed one way before the other way is looked at
    SIGNAL_CHECK = 50   # milliseconds; the longest time with messages to pass and no look for signals
    GREEN_SLICE = 1     # milliseconds; the same, for a look at other greenlets


cdef struct Way:
    void *source
    void *target
    zmq_msg_t *prefix      # goes before the copies for the capture socket; or NULL
    zmq_msg_t parts[2]     # taken from source and not yet taken by target
    int first, count       # which of parts those are
    bint more              # more parts of the same message follow in source
    bint waits_for_room    # there is a message, but target cannot take it now
    uint64_t messages
    uint64_t octets


cdef struct Proxy:
    Way ways[2]
    void *capture
    bint capture_may_block
    void *control
    int stop               # a descriptor that ends it when there is something to read, or -1
    bint swap              # both ends are ROUTERs: exchange the first two parts (sender and recipient)
    bint paused
    bint terminated
    bint busy              # messages have been passed since signals were looked for
    bint capture_full      # a green one waits for room there
    bint green             # it does not wait, and comes out often, to let other greenlets run


cdef Socket part_of_proxy(object socket, str name, bint optional):
    """One of a proxy's sockets; the argument's name is for the error."""
    if socket is None and optional:
        return None
    if not isinstance(socket, Socket):
        raise TypeError(f"{name}: expected Socket, got {type(socket).__name__}")
    return socket


cdef int stop_descriptor(object stop) except -2:
    """The descriptor of a proxy's argument `stop`, or -1 for none."""
    if stop is None:
        return -1
    if isinstance(stop, Socket) or not (isinstance(stop, int) or hasattr(stop, "fileno")):
        raise TypeError(f"stop: expected a descriptor or an object with fileno(), got {type(stop).__name__}")
    descriptor = stop if isinstance(stop, int) else stop.fileno()
    if descriptor < 0:
        raise ValueError(f"stop: {descriptor} is no descriptor")
    return descriptor


cdef int run_proxy(list sockets_or_none, object stop, zmq_msg_t *prefixes, bint swap, const char *call) except -1:
    """Run a proxy between sockets (front, back, capture, control) without the GIL; signals are handled between.

    stop: what ends it when there is something to read: a descriptor, what has one, or None.
    """
    cdef list handles = [None if socket is None else (<Socket>socket).handle for socket in sockets_or_none]
    cdef Proxy proxy
    cdef Handle front = handles[0], back = handles[1], capture = handles[2], control = handles[3]
    cdef void *capture_pointer
    cdef int i, code
    cdef long sockets
    proxy.stop = stop_descriptor(stop)
    sockets = go_inside_all(handles, &call)
    capture_pointer = NULL if capture is None else capture.pointer
    proxy.ways[0].source = proxy.ways[1].target = front.pointer
    proxy.ways[1].source = proxy.ways[0].target = back.pointer
    for i in range(2):
        proxy.ways[i].prefix = NULL if prefixes == NULL else &prefixes[i]
        proxy.ways[i].first = proxy.ways[i].count = 0
        proxy.ways[i].more = proxy.ways[i].waits_for_room = False
        proxy.ways[i].messages = proxy.ways[i].octets = 0
    proxy.capture = capture_pointer
    proxy.capture_may_block = capture is not None and option_of(capture_pointer, ZMQ_TYPE) not in (ZMQ_PUB, ZMQ_XPUB)
    proxy.control = NULL if control is None else control.pointer
    proxy.swap = swap and option_of(front.pointer, ZMQ_TYPE) == ZMQ_ROUTER == option_of(back.pointer, ZMQ_TYPE)
    proxy.paused = proxy.terminated = proxy.capture_full = False
    proxy.busy = True
    proxy.green = any([socket is not None and (<Socket>socket).green for socket in sockets_or_none])
    try:
        while True:
            with nogil:
                code = proxy_loop(&proxy)
                zb_come_out(sockets)
            zb_has_come_out(sockets)
            come_out_all(handles, &call)
            nudge_all(handles)
            if code == 0:
                break
            interrupted(code, call.decode())
            if proxy.green:
                rest_of_proxy(&proxy, handles, call)
            zb_drain()
            sockets = go_inside_all(handles, &call)
    finally:
        for i in range(2):
            while proxy.ways[i].first < proxy.ways[i].count:
                zmq_msg_close(&proxy.ways[i].parts[proxy.ways[i].first])
                proxy.ways[i].first += 1
    return 0


cdef long go_inside_all(list handles, const char **mark) except -1:
    """go_inside each, or none; a handle may come twice, None is passed over."""
    cdef Handle handle
    cdef long sockets = 0
    occupy_all(handles, mark)
    for handle in handles:
        if handle is not None:
            seize(handle)
            sockets += go_inside(handle, mark)
    return sockets


cdef int come_out_all(list handles, const char **mark) noexcept:
    cdef Handle handle
    for handle in handles:
        if handle is not None:
            come_out(handle, mark)
    return 0


cdef int nudge_all(list handles) except -1:
    """Tell those who wait for one of a proxy's sockets, whom its descriptor tells no longer."""
    cdef Handle handle
    for handle in handles:
        if handle is not None and handle.watched:
            nudge(handle)
    return 0


def proxy(frontend, backend, capture=None, *, stop=None):
    """Pass messages between two sockets, and a copy of each to a third, until the context ends (zmq_proxy).

    frontend, backend: Socket. capture: Socket of type PUB, DEALER, PUSH or PAIR, or None. stop: int, a descriptor, or
    what has a fileno(), or None: the proxy returns 0 when there is something to read from it. Blocks without the GIL.
    Raises ContextTerminated when the context is terminated, TypeError, ZMQError; KeyboardInterrupt ends it too.
    A message is read only when there is room for it on the other side; at the end of a burst that fills the other
    side's high-water mark one message may be held, and is dropped if an exception ends the proxy just then.
    """
    sockets = [part_of_proxy(frontend, "frontend", False),
               part_of_proxy(backend, "backend", False),
               part_of_proxy(capture, "capture", True), None]
    return run_proxy(sockets, stop, NULL, False, b"proxy")


def proxy_steerable(frontend, backend, capture=None, control=None, *, stop=None):
    """A proxy that obeys commands on a fourth socket (zmq_proxy_steerable).

    frontend, backend, capture, stop: as for proxy. control: Socket of type PAIR, PULL, SUB or REP, or None; it takes
    the messages b"PAUSE", b"RESUME", b"TERMINATE" and b"STATISTICS". STATISTICS is answered with eight frames of eight
    bytes, unsigned and in native order: messages and bytes received and sent by the frontend, then by the backend.
    Where control is a REP socket, other commands are answered with an empty message. Returns 0 after TERMINATE.
    Raises as proxy does.
    """
    sockets = [part_of_proxy(frontend, "frontend", False),
               part_of_proxy(backend, "backend", False),
               part_of_proxy(capture, "capture", True),
               part_of_proxy(control, "control", True)]
    return run_proxy(sockets, stop, NULL, False, b"proxy_steerable")


def device(int device_type, frontend, backend):
    """Run a proxy between two sockets: the older name of proxy (zmq_device).

    device_type: int, a DeviceType; all behave the same. Raises ValueError for another, and what proxy raises.
    """
    if not 1 <= device_type <= 3:
        raise ValueError(f"device_type: expected a DeviceType, got {device_type}")
    return proxy(frontend, backend)


def monitored_queue(in_socket, out_socket, mon_socket, in_prefix=b"in", out_prefix=b"out", *, stop=None):
    """Pass messages between two sockets, and a copy of each, with a prefix that tells its direction, to a third.

    in_socket, out_socket: Socket; where both are ROUTERs, the first two frames (sender and recipient) are exchanged.
    mon_socket: Socket, usually PUB. in_prefix, out_prefix: bytes, the first frame of the copies of what came in at
    in_socket and out_socket. stop: as for proxy. Blocks without the GIL until the context is terminated.
    Raises as proxy does.
    """
    cdef zmq_msg_t prefixes[2]
    sockets = [part_of_proxy(in_socket, "in_socket", False),
               part_of_proxy(out_socket, "out_socket", False),
               part_of_proxy(mon_socket, "mon_socket", False), None]
    for name, prefix in (("in_prefix", in_prefix), ("out_prefix", out_prefix)):
        if not isinstance(prefix, bytes):
            raise TypeError(f"{name}: expected bytes, got {type(prefix).__name__}")
    zmq_msg_init(&prefixes[0])
    zmq_msg_init(&prefixes[1])
    try:
        copy_in(&prefixes[0], PyBytes_AS_STRING(in_prefix), PyBytes_GET_SIZE(in_prefix))
        copy_in(&prefixes[1], PyBytes_AS_STRING(out_prefix), PyBytes_GET_SIZE(out_prefix))
        return run_proxy(sockets, stop, prefixes, True, b"monitored_queue")
    finally:
        zmq_msg_close(&prefixes[0])
        zmq_msg_close(&prefixes[1])


cdef int proxy_loop(Proxy *proxy) noexcept nogil:
    """Pass messages until TERMINATE (returns 0) or until something fails (returns libzmq's error number).

    EINTR comes only between messages, so that the loop can be entered again with the same state. It stands also for
    a look at signals that is due: one that came while messages were passed has interrupted nothing.
    """
    cdef zmq_pollitem_t items[4]
    cdef Way *there = &proxy.ways[0]
    cdef Way *back = &proxy.ways[1]
    cdef long long check = zb_now_ms() + (GREEN_SLICE if proxy.green else SIGNAL_CHECK)
    cdef int code, ready, count = 2
    items[0].socket, items[1].socket = there.source, back.source
    if proxy.control != NULL:
        items[count].socket, items[count].events = proxy.control, ZMQ_POLLIN
        count += 1
    if proxy.stop >= 0:
        items[count].socket, items[count].fd, items[count].events = NULL, proxy.stop, ZMQ_POLLIN
        count += 1
    while True:
        items[0].events = items[1].events = 0
        if proxy.capture_full:
            proxy.capture_full = not option_of(proxy.capture, ZMQ_EVENTS) & ZMQ_POLLOUT
        if not proxy.paused and not proxy.capture_full:
            items[0].events = wanted_of(there, back)
            items[1].events = wanted_of(back, there)
        ready = c_poll(items, count, 0 if proxy.green else SIGNAL_CHECK if proxy.busy else -1)
        if ready < 0:
            return last_errno()
        proxy.busy = ready > 0
        if not proxy.busy or zb_now_ms() >= check:
            return EINTR
        if proxy.stop >= 0 and items[count - 1].revents:
            return 0
        if proxy.control != NULL and items[2].revents:
            code = obey(proxy)
            if code != 0 or proxy.terminated:
                return code
        if proxy.paused or proxy.capture_full:
            continue
        code = pass_burst(proxy, there, items[1 if there.waits_for_room else 0].revents)
        if code == 0 and there.source != back.source:
            code = pass_burst(proxy, back, items[0 if back.waits_for_room else 1].revents)
        if code != 0:
            return code


cdef inline short wanted_of(const Way *out, const Way *back) noexcept nogil:
    """The events to wait for at a socket, of the way out of it and the way back."""
    return (0 if out.waits_for_room else ZMQ_POLLIN) | (ZMQ_POLLOUT if back.waits_for_room else 0)


cdef int rest_of_proxy(const Proxy *proxy, list handles, const char *call) except -1:
    """Let other greenlets run, until there is something to do."""
    cdef PollSet polled
    if proxy.busy:
        return yield_turn()
    polled = PollSet()
    polled.green = True
    if proxy.capture_full:
        polled.put(0, None, handles[2], -1, ZMQ_POLLOUT)
    elif not proxy.paused:
        polled.put(0, None, handles[0], -1, wanted_of(&proxy.ways[0], &proxy.ways[1]))
        polled.put(1, None, handles[1], -1, wanted_of(&proxy.ways[1], &proxy.ways[0]))
    if handles[3] is not None:
        polled.put(2, None, handles[3], -1, ZMQ_POLLIN)
    if proxy.stop >= 0:
        polled.put(3, None, None, proxy.stop, ZMQ_POLLIN)
    return polled.wait(-1, call)


cdef int pass_burst(Proxy *proxy, Way *way, short events) noexcept nogil:
    """Pass what source has to target, as far as there is room for it. Returns libzmq's error number, or 0."""
    cdef int _passed, code
    if not events & (ZMQ_POLLOUT if way.waits_for_room else ZMQ_POLLIN):
        return 0
    # A socket that answers itself, such as a REP, may have room only once it has received.
    way.waits_for_room = way.source != way.target and not option_of(way.target, ZMQ_EVENTS) & ZMQ_POLLOUT
    if way.waits_for_room:
        return 0
    for _passed in range(PROXY_BURST):
        if way.first == way.count:
            code = take_message(proxy, way)
            if code != 0:
                return 0 if code == EAGAIN else code
        code = give_message(proxy, way)
        if code == EAGAIN:
            way.waits_for_room = True
            return 0
        if code != 0:
            return code
    return 0


cdef int take_message(Proxy *proxy, Way *way) noexcept nogil:
    """Take the first part of a message from source, or the first two in the other order."""
    cdef zmq_msg_t recipient
    cdef int code
    zmq_msg_init(&way.parts[0])
    code = transfer(&way.parts[0], way.source, ZMQ_DONTWAIT, False)
    if code != 0:
        zmq_msg_close(&way.parts[0])
        return code
    way.first, way.count = 0, 1
    way.more = zmq_msg_more(&way.parts[0])
    if proxy.swap and way.more:
        zmq_msg_init(&recipient)
        code = persist(&recipient, way.source, 0, False)
        way.more = code == 0 and zmq_msg_more(&recipient)
        zmq_msg_init(&way.parts[1])
        zmq_msg_move(&way.parts[1], &way.parts[0])
        zmq_msg_move(&way.parts[0], &recipient)
        zmq_msg_close(&recipient)
        way.count = 2
    return code


cdef int give_message(Proxy *proxy, Way *way) noexcept nogil:
    """Give the message that was taken to target, and a copy to capture; EAGAIN if there is no room for it."""
    cdef bint begun = False
    cdef bint last = False
    cdef int code
    if proxy.capture_may_block and not option_of(proxy.capture, ZMQ_EVENTS) & ZMQ_POLLOUT:
        if proxy.green:
            proxy.capture_full = True
            return EAGAIN
        code = await_room(proxy.capture)
        if code != 0:
            return code
    while not last:
        if way.first == way.count:
            zmq_msg_init(&way.parts[0])
            code = persist(&way.parts[0], way.source, 0, False)
            if code != 0:
                zmq_msg_close(&way.parts[0])
                return code
            way.first, way.count = 0, 1
            way.more = zmq_msg_more(&way.parts[0])
        last = way.first + 1 == way.count and not way.more
        code = give_part(proxy, way, begun, 0 if last else ZMQ_SNDMORE)
        if code != 0:
            return code
        begun = True
    way.messages += 1
    return 0


cdef int give_part(Proxy *proxy, Way *way, bint begun, int flags) noexcept nogil:
    """Send one part to target, and a copy to capture. Only the first part of a message can find no room.

    For the rest EAGAIN means that the peer has gone that the message was for, and for capture that its SNDTIMEO is up:
    then it is dropped.
    """
    cdef zmq_msg_t *part = &way.parts[way.first]
    cdef zmq_msg_t duplicate
    cdef size_t size = zmq_msg_size(part)
    cdef int code
    zmq_msg_init(&duplicate)
    if proxy.capture != NULL and zmq_msg_copy(&duplicate, part) != 0:
        return last_errno()
    code = persist(part, way.target, flags if begun else flags | ZMQ_DONTWAIT, True)
    if code == 0 or begun and code == EAGAIN:
        way.octets += size
        zmq_msg_close(part)
        way.first += 1
        code = 0
        if proxy.capture != NULL:
            if way.prefix != NULL and not begun:
                code = send_copy(way.prefix, proxy.capture, ZMQ_SNDMORE)
            if code == 0:
                code = persist(&duplicate, proxy.capture, flags, True)
            if code == EAGAIN:
                code = 0
    zmq_msg_close(&duplicate)
    return code


cdef int obey(Proxy *proxy) noexcept nogil:
    """Read a command from the control socket, and answer it."""
    cdef zmq_msg_t command
    cdef const char *text
    cdef size_t size
    cdef bint answered = False
    cdef int code
    zmq_msg_init(&command)
    code = persist(&command, proxy.control, ZMQ_DONTWAIT, False)
    if code == 0:
        text = <const char *>zmq_msg_data(&command)
        size = zmq_msg_size(&command)
        if size == 5 and memcmp(text, b"PAUSE", 5) == 0:
            proxy.paused = True
        elif size == 6 and memcmp(text, b"RESUME", 6) == 0:
            proxy.paused = False
        elif size == 9 and memcmp(text, b"TERMINATE", 9) == 0:
            proxy.terminated = True
        elif size == 10 and memcmp(text, b"STATISTICS", 10) == 0:
            answered = True
            code = send_statistics(proxy)
        if code == 0 and not answered and option_of(proxy.control, ZMQ_TYPE) == ZMQ_REP:
            zmq_msg_close(&command)
            zmq_msg_init(&command)
            code = persist(&command, proxy.control, 0, True)
    zmq_msg_close(&command)
    return 0 if code == EAGAIN else code


cdef int send_statistics(Proxy *proxy) noexcept nogil:
    cdef uint64_t numbers[8]
    cdef zmq_msg_t part
    cdef Way *there = &proxy.ways[0]
    cdef Way *back = &proxy.ways[1]
    cdef int i, code = 0
    numbers[0], numbers[1], numbers[2], numbers[3] = there.messages, there.octets, back.messages, back.octets
    numbers[4], numbers[5], numbers[6], numbers[7] = back.messages, back.octets, there.messages, there.octets
    for i in range(8):
        if code == 0:
            if zmq_msg_init_size(&part, sizeof(uint64_t)) != 0:
                return last_errno()
            memcpy(zmq_msg_data(&part), &numbers[i], sizeof(uint64_t))
            code = persist(&part, proxy.control, ZMQ_SNDMORE if i < 7 else 0, True)
            zmq_msg_close(&part)
    return code


cdef int await_room(void *socket) noexcept nogil:
    cdef zmq_pollitem_t item
    item.socket, item.events = socket, ZMQ_POLLOUT
    return last_errno() if c_poll(&item, 1, -1) < 0 else 0


cdef int option_of(void *socket, int option) noexcept nogil:
    """An option that is a C int, or 0."""
    cdef int value = 0
    cdef size_t size = sizeof(value)
    zmq_getsockopt(socket, option, &value, &size)
    return value


cdef int send_copy(zmq_msg_t *msg, void *socket, int flags) noexcept nogil:
    cdef zmq_msg_t duplicate
    cdef int code
    zmq_msg_init(&duplicate)
    if zmq_msg_copy(&duplicate, msg) != 0:
        return last_errno()
    code = persist(&duplicate, socket, flags, True)
    zmq_msg_close(&duplicate)
    return code


cdef int persist(zmq_msg_t *msg, void *socket, int flags, bint sending) noexcept nogil:
    """transfer, again as long as signals interrupt it."""
    cdef int code = EINTR
    while code == EINTR:
        code = transfer(msg, socket, flags, sending)
    return code
