# Endpoints: bind, connect, and their opposites.

ctypedef int (*endpoint_call)(void *socket, const char *endpoint) noexcept nogil

IPC_PATH_MAX_LEN = ZB_IPC_PATH_MAX_LEN

cdef bytes ZAP_ENDPOINT = b"inproc://zeromq.zap.01"
cdef int ZMQ_SERVER_DRAFT = 12  # zmq.h names it only where drafts are enabled


cdef bytes endpoint_bytes(object addr):
    """Check an endpoint as far as libzmq does not, and return it encoded."""
    if isinstance(addr, str):
        endpoint = addr.encode()
    elif isinstance(addr, bytes):
        endpoint = bytes(addr)
    else:
        raise TypeError(f"addr: expected an endpoint as str, got {type(addr).__name__} {addr!r}")
    if b"\0" in endpoint:
        fail(EINVAL, f"addr={addr!r}: NUL in an endpoint")
    if endpoint.startswith((b"tcp://", b"udp://")):
        # libzmq takes the port modulo 65536. A source endpoint may stand before the peer's, parted by a semicolon.
        for part in endpoint.split(b";"):
            port = part.rpartition(b":")[2]
            if port.lstrip(b"+-").isdigit() and not 0 <= int(port) <= 65535:
                fail(EINVAL, f"addr={addr!r}: port {int(port)} is out of range, 0 to 65535")
    return endpoint


cdef int check_zap_handler(Socket socket, object addr) except -1:
    """Refuse to bind what cannot answer where libzmq asks about clients: it would abort the process."""
    if addr in (ZAP_ENDPOINT, ZAP_ENDPOINT.decode()) and socket.type not in (ZMQ_REP, ZMQ_ROUTER, ZMQ_SERVER_DRAFT):
        fail(EINVAL, f"addr={addr!r}: a ZAP handler is a REP or ROUTER socket")
    return 0


cdef int use_endpoint(Socket socket, endpoint_call function, object addr, const char *call) except -1:
    """Call one of zmq_bind, zmq_connect, zmq_unbind, zmq_disconnect; without the GIL, as they may resolve names."""
    cdef bytes endpoint = endpoint_bytes(addr)
    cdef const char *text = PyBytes_AS_STRING(endpoint)
    cdef Handle handle = socket.handle
    cdef void *pointer
    cdef int code
    while True:
        enter(socket, call)
        pointer = handle.pointer
        go_inside(handle, &call)
        with nogil:
            code = last_errno() if function(pointer, text) != 0 else 0
        come_out(handle, &call)
        if code == 0:
            return 0
        about = f"addr={addr!r}"
        if code == ENAMETOOLONG:
            about += f": the path of an ipc endpoint is limited to {ZB_IPC_PATH_MAX_LEN} bytes"
        interrupted(code, about)
