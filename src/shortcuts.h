/*
 * A shorter way into methods that are called very often with the same few arguments.
 *
 * What Cython makes of a method with optional arguments sorts them out in general: that is a third of what zmqbind adds
 * to a call of libzmq's. So the method's entry in its class gets another function, which looks whether the call has the
 * usual form, and hands all others on to Cython's. The method itself, its signature and its documentation stay.
 */
#ifndef ZMQBIND_SHORTCUTS_H
#define ZMQBIND_SHORTCUTS_H

#include <Python.h>

/* METH_FASTCALL | METH_KEYWORDS; names: of the keyword arguments, or NULL where there are none. */
typedef PyObject *(*zb_method)(PyObject *self, PyObject **arguments, Py_ssize_t count, PyObject *names);

/* Put `shortcut` in front of the method `name` of `type`, once; `method` becomes what it was. Where methods are called in
 * another way (PyPy, the limited API) nothing changes. Returns 0, or -1 with an exception. */
static int zb_shorten(PyObject *type, const char *name, zb_method shortcut, zb_method *method)
{
#if !defined(PYPY_VERSION) && !defined(Py_LIMITED_API)
    PyObject *found = PyObject_GetAttrString(type, name);
    if (found == NULL)
        return -1;
    if (Py_IS_TYPE(found, &PyMethodDescr_Type)) {
        PyMethodDef *entry = ((PyMethodDescrObject *)found)->d_method;
        zb_method current = (zb_method)(void *)entry->ml_meth;
        if (entry->ml_flags == (METH_FASTCALL | METH_KEYWORDS) && current != shortcut) {
            *method = current;
            entry->ml_meth = (PyCFunction)(void *)shortcut;
        }
    }
    Py_DECREF(found);
#endif
    return 0;
}

#endif
