# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
# cython: boundscheck=False, wraparound=False, nonecheck=False, initializedcheck=False, cdivision=True
# cython: freethreading_compatible=True
"""zmqbind's compiled half: libzmq's contexts, sockets, frames and pollers as Python objects.

One extension module built from the parts included below, so that the C compiler sees all of it at once.
"""

import sys
from collections import OrderedDict

cimport cython
from cpython.buffer cimport (
    PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_CheckBuffer, PyObject_GetBuffer,
)
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_CheckSignals
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject
from cpython.pythread cimport (
    PyThread_allocate_lock, PyThread_free_lock, PyThread_release_lock, PyThread_type_lock,
)
from cpython.unicode cimport PyUnicode_DecodeUTF8
from cpython.weakref cimport PyWeakref_NewRef
from libc cimport errno as c_errno
from libc.errno cimport EAGAIN, EHOSTUNREACH, EINTR, EINVAL, EMFILE, ENAMETOOLONG, ENOTSOCK
from libc.limits cimport INT_MAX, LONG_MAX
from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy

from zmqbind.libzmq cimport (
    EFSM, ETERM, ZMQ_CURVE_SECRETKEY, ZMQ_DONTWAIT, ZMQ_EVENTS, ZMQ_FD, ZMQ_IO_THREADS, ZMQ_LINGER, ZMQ_MAX_SOCKETS,
    ZMQ_PAIR, ZMQ_PLAIN_PASSWORD, ZMQ_POLLIN, ZMQ_POLLOUT, ZMQ_PUB, ZMQ_RCVMORE, ZMQ_RCVTIMEO, ZMQ_REP, ZMQ_ROUTER,
    ZMQ_SHARED, ZMQ_SNDMORE, ZMQ_SNDTIMEO, ZMQ_SRCFD, ZMQ_THREAD_SAFE, ZMQ_TYPE, ZMQ_VERSION_MAJOR, ZMQ_VERSION_MINOR,
    ZMQ_VERSION_PATCH, ZMQ_XPUB, zmq_bind, zmq_close, zmq_connect, zmq_ctx_get, zmq_ctx_new, zmq_ctx_set,
    zmq_ctx_shutdown, zmq_ctx_term, zmq_curve_keypair, zmq_curve_public, zmq_disconnect, zmq_errno as last_errno,
    zmq_fd_t, zmq_getsockopt, zmq_has, zmq_msg_close, zmq_msg_copy, zmq_msg_data, zmq_msg_get, zmq_msg_gets,
    zmq_msg_init, zmq_msg_init_data, zmq_msg_init_size, zmq_msg_more, zmq_msg_move, zmq_msg_recv, zmq_msg_send,
    zmq_msg_set, zmq_msg_size, zmq_msg_t, zmq_poll as c_poll, zmq_pollitem_t, zmq_send, zmq_setsockopt,
    zmq_socket_monitor, zmq_stopwatch_start, zmq_stopwatch_stop, zmq_strerror, zmq_unbind, zmq_version as
    libzmq_version,
)

cdef extern from "faults.h":  # before the other headers, which it is to see into
    int zb_expose_faults() except -1

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    int PyObject_GenericSetAttr(object instance, object name, object value) except -1
    int PyErr_WarnEx(object category, const char *text, Py_ssize_t stack_level) except -1
    int PyErr_ResourceWarning(object source, Py_ssize_t stack_level, const char *format, ...) except -1
    int Py_AtExit(void (*function)() noexcept)
    Py_ssize_t Py_REFCNT(PyObject *instance)

cdef extern from "pythread.h":
    unsigned long PyThread_get_thread_ident()

cdef extern from "pythread.h" nogil:
    ctypedef enum PyLockStatus:
        PY_LOCK_FAILURE
        PY_LOCK_ACQUIRED
        PY_LOCK_INTR
    PyLockStatus PyThread_acquire_lock_timed(PyThread_type_lock lock, long long microseconds, int intr_flag)

cdef extern from "release.h":
    ctypedef struct zb_completion:
        long references
        long done
        PyThread_type_lock lock
    ctypedef struct zb_loan:
        zb_completion *completion
        Py_buffer view
    zb_completion *zb_completion_new()
    void zb_completion_drop(zb_completion *completion)
    void zb_give_back(void *data, void *hint) nogil
    void zb_drain()
    bint zb_postpone()
    void zb_drain_postponed()
    void zb_stop()
    void *zb_returned
    long zb_lent
    long zb_stopped
    long zb_add(long *value, long n)
    long zb_load(long *value)
    void *zb_load_pointer(void **value)

cdef extern from "platform.h" nogil:
    const int ZB_IPC_PATH_MAX_LEN
    const unsigned int zb_generation
    long long zb_now_ms()
    void zb_sleep_ms(int ms)
    struct pollfd:
        int fd
        short events
        short revents
    int zb_poll(pollfd *items, int count, int timeout)
    short zb_zmq_events(short events)
    short zb_poll_events(short events)
    enum:
        POLLIN
    int zb_watch_forks()
    void *zb_socket(void *context, int type)
    void zb_terminate_detached(void *context)
    const char *zb_libzmq_path()
    const int ZB_RUN
    int zb_turns

cdef extern from "locks.h":
    const bint ZB_FREE_THREADED
    void zb_lock(char *lock)
    void zb_unlock(char *lock)

cdef extern from "take.h":
    bytes zb_take_bytes(zmq_msg_t *msg, Py_ssize_t size)

cdef extern from "shortcuts.h":
    ctypedef object (*zb_method)(PyObject *self, PyObject **arguments, Py_ssize_t count, PyObject *names)
    int zb_shorten(object type, const char *name, zb_method shortcut, zb_method *method) except -1

cdef extern from "registry.h":
    ctypedef struct zb_entry:
        bint inside
    int zb_exit_linger
    zb_entry *zb_register(void *pointer, zb_entry *context)
    void zb_unregister(zb_entry *entry)
    void zb_close_all()
    int zb_go_inside(zb_entry *entry, bint inside)
    void zb_come_out(long sockets) nogil
    void zb_has_come_out(long sockets)

cdef extern from "optional.h" nogil:
    bint zb_has_groups()
    bint zb_has_routing_ids()
    bint zb_has_peers()
    bint zb_has_monitor_versions()
    int zmq_join(void *socket, const char *group)
    int zmq_leave(void *socket, const char *group)
    int zmq_msg_set_routing_id(zmq_msg_t *msg, uint32_t routing_id)
    uint32_t zmq_msg_routing_id(zmq_msg_t *msg)
    int zmq_msg_set_group(zmq_msg_t *msg, const char *group)
    const char *zmq_msg_group(zmq_msg_t *msg)
    uint32_t zmq_connect_peer(void *socket, const char *endpoint)
    int zmq_socket_monitor_versioned(void *socket, const char *endpoint, uint64_t events, int version, int type)
    int zmq_socket_monitor_pipes_stats(void *socket)

cdef extern from "bell.h":
    const int ENOTSUP
    int zb_bell_add(void **bell, void *socket, int *descriptor)
    void zb_bell_silence(int descriptor)
    void zb_bell_end(void **bell)

cdef enum:
    UNLOCKED_COPY = 64 * 1024   # bytes; copies of at least this size are made without the GIL
    LENT_BYTES = 32 * 1024      # bytes; `bytes` objects of at least this size are lent to libzmq, never copied
    CHEAP_TO_COPY = 2 * 1024    # bytes; the same with copy=False, where the receiver is not likely to copy either
    COPY_LIMIT = 64 * 1024      # bytes; the default of Socket.copy_threshold

include "errors.pyx"
include "tracker.pyx"
include "message.pyx"
include "frame.pyx"
include "options.pyx"
include "handle.pyx"
include "bell.pyx"
include "context.pyx"
include "transfer.pyx"
include "endpoint.pyx"
include "socket.pyx"
include "shortcuts.pyx"
include "batch.pyx"
include "poller.pyx"
include "proxy.pyx"
include "loop.pyx"
include "operations.pyx"
include "aio.pyx"
include "async_socket.pyx"
include "task_socket.pyx"
include "green.pyx"
include "utils.pyx"
include "module.pyx"
