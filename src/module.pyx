# What happens when the module is loaded.

cdef extern from *:
    const long CYTHON_VERSION "CYTHON_HEX_VERSION"

CYTHON_HEX_VERSION = CYTHON_VERSION
COPY_THRESHOLD = COPY_LIMIT
LIBZMQ_BUILT_FOR = (ZMQ_VERSION_MAJOR, ZMQ_VERSION_MINOR, ZMQ_VERSION_PATCH)

if zmq_version_info() < (4, 2, 0):
    raise ImportError(f"zmqbind needs libzmq 4.2.0 or newer; {libzmq_path()} is {zmq_version()}")

if zb_watch_forks() != 0:
    raise MemoryError("pthread_atfork")

zb_expose_faults()
