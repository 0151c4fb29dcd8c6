# Socket and context options: descriptors made from one table (zmqbind/_options.py), and reading and writing by number.

cdef enum Kind:
    INT       # C int
    INT64
    UINT64
    DESCRIPTOR  # zmq_fd_t
    BINARY    # bytes
    TEXT      # bytes of a C string: the closing NUL is not part of the value
    KEY       # a CURVE key: 32 bytes, or 40 characters of Z85

cdef dict KINDS = {
    "int": INT, "bool": INT, "int64": INT64, "uint64": UINT64, "fd": DESCRIPTOR,
    "binary": BINARY, "string": TEXT, "key": KEY,
}
cdef dict socket_options = {}    # number -> Option
cdef dict context_options = {}   # (number, "r" or "w") -> Option; one number may mean two options


cdef class Option:
    """What is known of one option of libzmq."""

    cdef readonly int number
    cdef readonly str name
    cdef readonly str ctype
    cdef readonly str access
    cdef readonly str since
    cdef Kind kind
    cdef str doc

    def __repr__(self):
        return f"<option {self.name} ({self.number}): {self.ctype}, {self.access}>"

    def check(self, value):
        """Raise TypeError or OverflowError, naming the option, if value cannot be a value of it."""
        cdef int64_t number
        encode_option(self.number, self, value, &number)

    cdef int take(self, int number, str name, str ctype, str access, str since, str doc) except -1:
        self.number = number
        self.name = name
        self.ctype = ctype
        self.kind = KINDS[ctype]
        self.access = access
        self.since = since
        self.doc = doc
        return 0

    cdef str complain(self, bint writing):
        """Say why libzmq refused the option, as far as the table tells."""
        if (writing and "w" not in self.access) or (not writing and "r" not in self.access):
            return f"option {self.name} is {'read' if writing else 'write'}-only"
        if tuple([int(part) for part in self.since.split(".")]) > zmq_version_info():
            return f"option {self.name} needs libzmq {self.since}, this is {zmq_version()}"
        return f"option {self.name}"


cdef class SocketOption(Option):
    """Descriptor of an option of a socket."""

    def __init__(self, int number, str name, str ctype, str access, str since, str doc):
        self.take(number, name, ctype, access, since, doc)
        socket_options[number] = self

    def __get__(self, instance, owner):
        if instance is None:
            return self
        return get_attribute(<Socket?>instance, self)

    def __set__(self, instance, value):
        set_option(<Socket?>instance, self.number, self, value)

    def __delete__(self, instance):
        raise AttributeError(f"option {self.name} cannot be deleted")


cdef class IntOption(SocketOption):
    """Descriptor of an integer option of a socket."""

    @property
    def __doc__(self):
        return self.doc


cdef class BytesOption(SocketOption):
    """Descriptor of an option of a socket whose value is bytes."""

    @property
    def __doc__(self):
        return self.doc


cdef class ContextIntOption(Option):
    """Descriptor of an option of a context; all of them are integers."""

    def __init__(self, int number, str name, str access, str since, str doc):
        self.take(number, name, "int", access, since, doc)
        for mode in access:
            context_options[number, mode] = self

    @property
    def __doc__(self):
        return self.doc

    def __get__(self, instance, owner):
        if instance is None:
            return self
        return (<Context?>instance).get(self.number)

    def __set__(self, instance, value):
        (<Context?>instance).set(self.number, value)

    def __delete__(self, instance):
        raise AttributeError(f"option {self.name} cannot be deleted")


cdef str option_name(int number, Option option):
    return f"option {number}" if option is None else f"option {option.name}"


cdef long long as_integer(object value, int number, Option option, long long low, unsigned long long high) except? -1:
    """Return value as the bits of an integer from low to high, or raise naming the option."""
    if isinstance(value, str):
        raise TypeError(f"{option_name(number, option)}: expected int, got str {value!r}; "
                        "set_string is for options whose value is bytes")
    try:
        integer = value if isinstance(value, int) else value.__index__()
    except AttributeError:
        raise TypeError(f"{option_name(number, option)}: expected int, got {type(value).__name__} {value!r}") from None
    if not low <= integer <= high:
        raise OverflowError(f"{option_name(number, option)}: {value!r} is out of range, {low} to {high}")
    return <long long><unsigned long long>(integer & 0xFFFFFFFFFFFFFFFF)


cdef bytes as_option_bytes(object value, int number, Option option):
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, str):
        raise TypeError(f"{option_name(number, option)}: expected bytes, got str{shown(value, number)}; use set_string")
    raise TypeError(f"{option_name(number, option)}: expected bytes, got {type(value).__name__}{shown(value, number)}")


cdef str shown(object value, int number):
    """A value as errors show it, after a space; nothing where it may be a secret."""
    return "" if number in (ZMQ_CURVE_SECRETKEY, ZMQ_PLAIN_PASSWORD) else f" {value!r}"


cdef int option_failed(int code, int number, Option option, bint writing, object value) except -1:
    """Raise for a refused option, or return if the call was interrupted and is to be made again."""
    if code == EINTR or code == ETERM or code == EAGAIN:
        return interrupted(code)
    about = f"option {number}" if option is None else option.complain(writing)
    if option is None and code == EINVAL:
        about = f"unknown option {number}"
    elif writing and about == f"option {option.name}" and option.kind != KEY:
        about = f"{about}, value{shown(value, number) or ' not shown'}"
    return fail(code, about)


cdef object get_attribute(Socket socket, Option option):
    """Read an option as an attribute: one that cannot be read is an attribute that is not there."""
    try:
        return get_option(socket, option.number, option)
    except ZMQError as error:
        if error.errno == EINVAL:
            raise AttributeError(str(error)) from None
        raise


cdef object get_option(Socket socket, int number, Option option):
    """Read an option of a socket: an int, or bytes (zmq_getsockopt)."""
    cdef int integer = 0
    cdef int64_t wide = 0
    cdef zmq_fd_t descriptor = 0
    cdef char text[1024]
    cdef void *to = &integer
    cdef size_t size = sizeof(int)
    cdef Kind kind = INT if option is None else option.kind
    cdef int code = EINTR
    if socket.handle.shared and (number == ZMQ_FD or number == ZMQ_EVENTS):
        return get_by_bell(socket, number)
    if kind == INT64 or kind == UINT64:
        to, size = &wide, sizeof(wide)
    elif kind == DESCRIPTOR:
        to, size = &descriptor, sizeof(descriptor)
    elif kind != INT:
        to, size = text, sizeof(text)
        if kind == KEY:
            size = 41  # the length asks for Z85
    while code != 0:
        enter(socket, b"getsockopt")
        code = last_errno() if zmq_getsockopt(socket.handle.pointer, number, to, &size) != 0 else 0
        leave(socket.handle)
        if code != 0:
            option_failed(code, number, option, False, None)
    if kind == INT:
        if socket.handle.engine is not None and (number == ZMQ_EVENTS or number == ZMQ_RCVMORE):
            return with_returned(socket.handle, number, integer)
        return integer
    if kind == INT64:
        return wide
    if kind == UINT64:
        return <uint64_t>wide
    if kind == DESCRIPTOR:
        return descriptor
    if kind != BINARY and size > 0 and text[size - 1] == 0:
        size -= 1
    return PyBytes_FromStringAndSize(text, size)


cdef int get_by_bell(Socket socket, int number) except? -1:
    """FD or EVENTS of a thread-safe socket: where it has no FD option, a bell takes its place."""
    cdef Handle handle = socket.handle
    cdef const char *call = b"getsockopt"
    cdef int value
    if number == ZMQ_FD:
        PyErr_WarnEx(DraftFDWarning, b"the FD of a thread-safe socket rests on zmq_poller_fd, a draft", 1)
    enter(socket, call)
    if number == ZMQ_FD:
        value = descriptor_of(handle, &call)
    else:
        if not handle.watched:
            silence(handle)
        value = read_events(handle, &call)
    leave(handle)
    return with_returned(handle, number, value) if number == ZMQ_EVENTS else value


cdef bytes encode_option(int number, Option option, object value, int64_t *integer):
    """Check an option's value against the table. Returns bytes, or None and the bits of an integer."""
    cdef Kind kind
    if option is None:  # of a libzmq newer than the table: the value's type decides
        kind = BINARY if isinstance(value, bytes) else INT
    else:
        kind = option.kind
    if kind == INT or kind == DESCRIPTOR:
        integer[0] = as_integer(value, number, option, -0x80000000, 0x7FFFFFFF)
    elif kind == INT64:
        integer[0] = as_integer(value, number, option, INT64_MIN, INT64_MAX)
    elif kind == UINT64:
        integer[0] = as_integer(value, number, option, 0, 0xFFFFFFFFFFFFFFFF)
    else:
        return as_option_bytes(value, number, option)
    return None


cdef int set_option(Socket socket, int number, Option option, object value, const char *call=b"setsockopt") except -1:
    """Write an option of a socket (zmq_setsockopt); what value must be comes from the table."""
    cdef int64_t number_value = 0
    cdef int integer
    cdef int code = EINTR
    cdef const void *source = &number_value
    cdef size_t size = sizeof(number_value)
    cdef bytes content = encode_option(number, option, value, &number_value)
    if content is not None:
        source, size = PyBytes_AS_STRING(content), PyBytes_GET_SIZE(content)
    elif option is None or option.kind == INT or option.kind == DESCRIPTOR:
        integer = <int>number_value
        source, size = &integer, sizeof(integer)
    while code != 0:
        enter(socket, call)
        code = last_errno() if zmq_setsockopt(socket.handle.pointer, number, source, size) != 0 else 0
        leave(socket.handle)
        if code != 0:
            option_failed(code, number, option, True, value)
    return 0
