/*
 * Fault injection: in builds with -DZB_FAULTS ("make faults") every call of libzmq that can fail, and every allocation,
 * is counted, and fails without being made when its turn has come. In other builds this file is empty, but for one
 * macro that does nothing.
 *
 * It has to be included after zmq.h and before all that it is to have an effect on. A macro that has the name of a
 * function is not expanded within itself, so the calls here are the real ones. Calls that give something back are made
 * even when they are to fail: nobody can try them again. The draft functions of optional.h are not covered.
 *
 * The controls are functions of zmqbind._core; what they arm is the calling thread alone.
 */
#ifndef ZMQBIND_FAULTS_H
#define ZMQBIND_FAULTS_H

#if !defined(ZB_FAULTS)

#define zb_expose_faults() 0

#else

#include <Python.h>
#include <pythread.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <zmq.h>

#define ZB_HITS 32

static _Thread_local struct {
    long nth;   /* the call to fail, counted from 1; 0: none */
    long times; /* how many calls fail from there on; negative: all */
    int code;   /* the error number they fail with */
    int interrupt; /* whether a SIGINT comes with the failure */
    long seen;  /* calls made since arming */
    int hits;   /* and of these, how many failed */
    const char *hit[ZB_HITS];
} zb_faults;

static long zb_allocated = 0; /* blocks and locks that are not freed yet, of all threads */

/* Count a call; returns whether it is to fail, and then has set errno. */
static int zb_fault(const char *call)
{
    long seen = ++zb_faults.seen;
    if (zb_faults.nth == 0 || seen < zb_faults.nth)
        return 0;
    if (zb_faults.times >= 0 && seen >= zb_faults.nth + zb_faults.times)
        return 0;
    if (zb_faults.hits < ZB_HITS)
        zb_faults.hit[zb_faults.hits++] = call;
    if (zb_faults.interrupt)
        PyErr_SetInterrupt();
    errno = zb_faults.code;
    return 1;
}

static void *zb_count(void *allocated, int change)
{
    if (allocated != NULL)
        __atomic_add_fetch(&zb_allocated, change, __ATOMIC_RELAXED);
    return allocated;
}

/* Fail, having set Python's exception too. */
static int zb_no_memory(const char *call)
{
    if (!zb_fault(call))
        return 0;
    PyErr_NoMemory();
    return 1;
}

/* The controls */

static PyObject *zb_faults_arm(PyObject *module, PyObject *args)
{
    long nth, times = 1;
    int code, interrupt = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "li|lp:_faults_arm", &nth, &code, &times, &interrupt))
        return NULL;
    zb_faults.nth = nth;
    zb_faults.times = times;
    zb_faults.code = code;
    zb_faults.interrupt = interrupt;
    zb_faults.seen = zb_faults.hits = 0;
    Py_RETURN_NONE;
}

static PyObject *zb_faults_seen(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return PyLong_FromLong(zb_faults.seen);
}

static PyObject *zb_faults_hits(PyObject *module, PyObject *unused)
{
    PyObject *names = PyList_New(0);
    int i;
    (void)module, (void)unused;
    for (i = 0; names != NULL && i < zb_faults.hits; i++) {
        PyObject *name = PyUnicode_FromString(zb_faults.hit[i]);
        if (name == NULL || PyList_Append(names, name) != 0)
            Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static PyObject *zb_faults_allocated(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return PyLong_FromLong(__atomic_load_n(&zb_allocated, __ATOMIC_RELAXED));
}

static PyMethodDef zb_faults_controls[] = {
    {"_faults_arm", zb_faults_arm, METH_VARARGS,
     "_faults_arm(nth, errno, times=1, interrupt=False): let this thread's nth call from now fail with errno, and the "
     "times - 1 after it; all if times is -1; with interrupt, have it seem that a SIGINT came. nth=0 disarms."},
    {"_faults_seen", zb_faults_seen, METH_NOARGS, "How many calls this thread has made since it was armed."},
    {"_faults_hits", zb_faults_hits, METH_NOARGS, "The names of the functions that failed since this thread was armed."},
    {"_faults_allocated", zb_faults_allocated, METH_NOARGS, "How many of the module's C allocations are in use."},
    {NULL, NULL, 0, NULL},
};

static int zb_expose_faults(void)
{
    PyObject *module = PyImport_AddModule("zmqbind._core");
    return module == NULL ? -1 : PyModule_AddFunctions(module, zb_faults_controls);
}

/* libzmq */

/* These are also used as pointers to functions. */
#define ZB_FAULTY_ENDPOINT(name)                                                                                       \
    static int zb_faulty_##name(void *socket, const char *endpoint)                                                    \
    {                                                                                                                  \
        return zb_fault(#name) ? -1 : name(socket, endpoint);                                                          \
    }
ZB_FAULTY_ENDPOINT(zmq_bind)
ZB_FAULTY_ENDPOINT(zmq_connect)
ZB_FAULTY_ENDPOINT(zmq_unbind)
ZB_FAULTY_ENDPOINT(zmq_disconnect)
#define zmq_bind zb_faulty_zmq_bind
#define zmq_connect zb_faulty_zmq_connect
#define zmq_unbind zb_faulty_zmq_unbind
#define zmq_disconnect zb_faulty_zmq_disconnect

static int zb_faulty_close(void *socket)
{
    int failing = zb_fault("zmq_close"), code = errno, result = zmq_close(socket);
    if (!failing)
        return result;
    errno = code;
    return -1;
}

static int zb_faulty_ctx_term(void *context)
{
    int failing = zb_fault("zmq_ctx_term"), code = errno;
    if (!failing)
        return zmq_ctx_term(context);
    if (code != EINTR)
        zmq_ctx_term(context);
    errno = code;
    return -1;
}

static int zb_faulty_monitor(void *socket, const char *endpoint, int events)
{
    int failing = zb_fault("zmq_socket_monitor"), code = errno;
    if (!failing)
        return zmq_socket_monitor(socket, endpoint, events);
    if (endpoint == NULL) /* the end of the monitoring */
        zmq_socket_monitor(socket, NULL, events);
    errno = code;
    return -1;
}

/* A message that could not be made is no message any more: as libzmq leaves it, not as it was. */
static int zb_spoil(zmq_msg_t *msg)
{
    int code = errno;
    zmq_msg_init_size(msg, SIZE_MAX);
    errno = code;
    return -1;
}

#define zmq_close(s) zb_faulty_close(s)
#define zmq_ctx_term(c) zb_faulty_ctx_term(c)
#define zmq_ctx_new() (zb_fault("zmq_ctx_new") ? NULL : zmq_ctx_new())
#define zmq_ctx_set(c, option, value) (zb_fault("zmq_ctx_set") ? -1 : zmq_ctx_set(c, option, value))
#define zmq_ctx_get(c, option) (zb_fault("zmq_ctx_get") ? -1 : zmq_ctx_get(c, option))
#define zmq_ctx_shutdown(c) (zb_fault("zmq_ctx_shutdown") ? -1 : zmq_ctx_shutdown(c))
#define zmq_socket(c, type) (zb_fault("zmq_socket") ? NULL : zmq_socket(c, type))
#define zmq_setsockopt(s, option, value, size)                                                                         \
    (zb_fault("zmq_setsockopt") ? -1 : zmq_setsockopt(s, option, value, size))
#define zmq_getsockopt(s, option, value, size)                                                                         \
    (zb_fault("zmq_getsockopt") ? -1 : zmq_getsockopt(s, option, value, size))
#define zmq_socket_monitor(s, endpoint, events) zb_faulty_monitor(s, endpoint, events)
#define zmq_poll(items, count, timeout) (zb_fault("zmq_poll") ? -1 : zmq_poll(items, count, timeout))
#define zmq_msg_init_size(msg, size) (zb_fault("zmq_msg_init_size") ? zb_spoil(msg) : zmq_msg_init_size(msg, size))
#define zmq_msg_init_data(msg, data, size, function, hint)                                                             \
    (zb_fault("zmq_msg_init_data") ? zb_spoil(msg) : zmq_msg_init_data(msg, data, size, function, hint))
#define zmq_send(s, data, size, flags) (zb_fault("zmq_send") ? -1 : zmq_send(s, data, size, flags))
#define zmq_msg_send(msg, s, flags) (zb_fault("zmq_msg_send") ? -1 : zmq_msg_send(msg, s, flags))
#define zmq_msg_recv(msg, s, flags) (zb_fault("zmq_msg_recv") ? -1 : zmq_msg_recv(msg, s, flags))
#define zmq_msg_copy(to, from) (zb_fault("zmq_msg_copy") ? -1 : zmq_msg_copy(to, from))
#define zmq_msg_get(msg, option) (zb_fault("zmq_msg_get") ? -1 : zmq_msg_get(msg, option))
#define zmq_msg_gets(msg, property) (zb_fault("zmq_msg_gets") ? NULL : zmq_msg_gets(msg, property))
#define zmq_msg_set(msg, option, value) (zb_fault("zmq_msg_set") ? -1 : zmq_msg_set(msg, option, value))
#define zmq_curve_keypair(public, secret) (zb_fault("zmq_curve_keypair") ? -1 : zmq_curve_keypair(public, secret))
#define zmq_curve_public(public, secret) (zb_fault("zmq_curve_public") ? -1 : zmq_curve_public(public, secret))

/* The system and Python */

#define poll(items, count, timeout) (zb_fault("poll") ? -1 : poll(items, count, timeout))
#define malloc(size) (zb_fault("malloc") ? NULL : zb_count(malloc(size), 1))
#define calloc(count, size) (zb_fault("calloc") ? NULL : zb_count(calloc(count, size), 1))
#define free(block) free(zb_count(block, -1))
#define PyMem_Malloc(size) (zb_fault("PyMem_Malloc") ? NULL : zb_count(PyMem_Malloc(size), 1))
#define PyMem_Free(block) PyMem_Free(zb_count(block, -1))
static void *zb_realloc(void *block, size_t size)
{
    void *moved = PyMem_Realloc(block, size);
    return block == NULL ? zb_count(moved, 1) : moved;
}
#define PyMem_Realloc(block, size) (zb_fault("PyMem_Realloc") ? NULL : zb_realloc(block, size))
#define PyThread_allocate_lock() (zb_fault("PyThread_allocate_lock") ? NULL : zb_count(PyThread_allocate_lock(), 1))
#define PyThread_free_lock(lock) PyThread_free_lock(zb_count(lock, -1))
#define PyThread_acquire_lock_timed(lock, microseconds, interruptible)                                                 \
    (zb_faults.code == EINTR && zb_fault("PyThread_acquire_lock_timed")                                                \
         ? PY_LOCK_INTR                                                                                                \
         : PyThread_acquire_lock_timed(lock, microseconds, interruptible))
#define pthread_create(thread, attributes, function, argument)                                                         \
    (zb_fault("pthread_create") ? EAGAIN : pthread_create(thread, attributes, function, argument))
#define Py_AddPendingCall(function, argument)                                                                          \
    (zb_fault("Py_AddPendingCall") ? -1 : Py_AddPendingCall(function, argument))
#define PyBytes_FromStringAndSize(text, size)                                                                          \
    (zb_no_memory("PyBytes_FromStringAndSize") ? NULL : PyBytes_FromStringAndSize(text, size))
#define PyUnicode_DecodeUTF8(text, size, errors)                                                                       \
    (zb_no_memory("PyUnicode_DecodeUTF8") ? NULL : PyUnicode_DecodeUTF8(text, size, errors))
#define PyUnicode_AsUTF8AndSize(object, size)                                                                          \
    (zb_no_memory("PyUnicode_AsUTF8AndSize") ? NULL : PyUnicode_AsUTF8AndSize(object, size))
#define PyWeakref_NewRef(object, callback)                                                                             \
    (zb_no_memory("PyWeakref_NewRef") ? NULL : PyWeakref_NewRef(object, callback))
#define PyObject_GetBuffer(object, view, flags)                                                                        \
    (zb_no_memory("PyObject_GetBuffer") ? ((view)->obj = NULL, -1) : PyObject_GetBuffer(object, view, flags))

#endif
#endif
