/* Bytes out of a message, in C: what Cython makes of try and finally takes longer than all the rest of it. */
#ifndef ZMQBIND_TAKE_H
#define ZMQBIND_TAKE_H

#include <Python.h>
#include <zmq.h>

/* Returns the content of a message, and closes it; or NULL with an exception, and closes it nevertheless. */
static inline PyObject *zb_take_bytes(zmq_msg_t *msg, Py_ssize_t size)
{
    PyObject *data = PyBytes_FromStringAndSize((const char *)zmq_msg_data(msg), size);
    zmq_msg_close(msg); /* runs no Python code, which must not run while an exception is set: see release.h */
    return data;
}

#endif
