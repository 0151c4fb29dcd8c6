# libzmq's C API (zmq.h), and nothing else. Functions that a libzmq may lack are in src/optional.h.

from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "zmq.h" nogil:
    enum:
        ZMQ_VERSION_MAJOR
        ZMQ_VERSION_MINOR
        ZMQ_VERSION_PATCH

        ENOTSUP
        EFSM
        ENOCOMPATPROTO
        ETERM
        EMTHREAD

        ZMQ_IO_THREADS
        ZMQ_MAX_SOCKETS

        ZMQ_PAIR
        ZMQ_PUB
        ZMQ_REP
        ZMQ_PULL
        ZMQ_SUB
        ZMQ_XSUB
        ZMQ_ROUTER
        ZMQ_XPUB

        ZMQ_SUBSCRIBE
        ZMQ_UNSUBSCRIBE
        ZMQ_FD
        ZMQ_RCVMORE
        ZMQ_EVENTS
        ZMQ_TYPE
        ZMQ_LINGER
        ZMQ_PLAIN_PASSWORD
        ZMQ_CURVE_SECRETKEY
        ZMQ_LAST_ENDPOINT
        ZMQ_RCVTIMEO
        ZMQ_SNDTIMEO
        ZMQ_SNDHWM
        ZMQ_RCVHWM
        ZMQ_THREAD_SAFE

        ZMQ_MORE
        ZMQ_SRCFD
        ZMQ_SHARED

        ZMQ_DONTWAIT
        ZMQ_SNDMORE

        ZMQ_POLLIN
        ZMQ_POLLOUT
        ZMQ_POLLERR
        ZMQ_POLLPRI

    ctypedef void zmq_free_fn(void *data, void *hint)

    ctypedef struct zmq_msg_t:
        pass

    ctypedef int zmq_fd_t

    ctypedef struct zmq_pollitem_t:
        void *socket
        zmq_fd_t fd
        short events
        short revents

    void zmq_version(int *major, int *minor, int *patch)
    int zmq_errno()
    const char *zmq_strerror(int errnum)

    void *zmq_ctx_new()
    int zmq_ctx_term(void *context)
    int zmq_ctx_shutdown(void *context)
    int zmq_ctx_set(void *context, int option, int optval)
    int zmq_ctx_get(void *context, int option)

    int zmq_msg_init(zmq_msg_t *msg)
    int zmq_msg_init_size(zmq_msg_t *msg, size_t size)
    int zmq_msg_init_data(zmq_msg_t *msg, void *data, size_t size, zmq_free_fn *ffn, void *hint)
    int zmq_msg_send(zmq_msg_t *msg, void *socket, int flags)
    int zmq_msg_recv(zmq_msg_t *msg, void *socket, int flags)
    int zmq_msg_close(zmq_msg_t *msg)
    int zmq_msg_move(zmq_msg_t *dest, zmq_msg_t *src)
    int zmq_msg_copy(zmq_msg_t *dest, zmq_msg_t *src)
    void *zmq_msg_data(zmq_msg_t *msg)
    size_t zmq_msg_size(const zmq_msg_t *msg)
    int zmq_msg_more(const zmq_msg_t *msg)
    int zmq_msg_get(const zmq_msg_t *msg, int property)
    int zmq_msg_set(zmq_msg_t *msg, int property, int optval)
    const char *zmq_msg_gets(const zmq_msg_t *msg, const char *property)

    void *zmq_socket(void *context, int type)
    int zmq_close(void *socket)
    int zmq_setsockopt(void *socket, int option, const void *optval, size_t optvallen)
    int zmq_getsockopt(void *socket, int option, void *optval, size_t *optvallen)
    int zmq_bind(void *socket, const char *endpoint)
    int zmq_connect(void *socket, const char *endpoint)
    int zmq_unbind(void *socket, const char *endpoint)
    int zmq_disconnect(void *socket, const char *endpoint)
    int zmq_send(void *socket, const void *buf, size_t len, int flags)
    int zmq_recv(void *socket, void *buf, size_t len, int flags)
    int zmq_socket_monitor(void *socket, const char *endpoint, int events)

    int zmq_poll(zmq_pollitem_t *items, int nitems, long timeout)
    int zmq_proxy(void *frontend, void *backend, void *capture)
    int zmq_proxy_steerable(void *frontend, void *backend, void *capture, void *control)

    int zmq_has(const char *capability)
    int zmq_curve_keypair(char *z85_public_key, char *z85_secret_key)
    int zmq_curve_public(char *z85_public_key, const char *z85_secret_key)

    void *zmq_stopwatch_start()
    unsigned long zmq_stopwatch_stop(void *watch)
