# The classes of zmqbind._core, for other Cython code to cimport.

from cpython.pythread cimport PyThread_type_lock

from zmqbind.libzmq cimport zmq_msg_t


cdef class Completion:
    cdef void *state            # zb_completion of src/release.h


cdef class MessageTracker:
    cdef list watched
    cdef list parts(self)


cdef class Frame:
    cdef object __weakref__
    cdef zmq_msg_t msg
    cdef bytes content           # `bytes`, once made
    cdef Completion completion   # of the lent buffer, where it is tracked
    cdef bint made               # __init__ was called, or it was received
    cdef bint tracked            # made with track=True
    cdef bint mutable            # lies over a writable Python buffer
    cdef bint copied             # lies over memory that libzmq allocated for it alone
    cdef bint writable(self) noexcept


cdef class Handle:
    cdef object __weakref__
    cdef void *pointer           # libzmq's socket or context; NULL once it is closed
    cdef void *entry             # zb_entry of src/registry.h, while it is open
    cdef ContextHandle context   # of a socket
    cdef const char *busy        # the call that waits in it, or is inside without the GIL; or NULL
    cdef void *owner             # what tells that call from others: the address of its variable for the name
    cdef char lock               # held by whoever is in libzmq with it, where there is no GIL; see src/locks.h
    cdef unsigned int generation  # the fork generation it was made in
    cdef unsigned int uses       # how often a call went into it
    cdef unsigned int looked     # `uses` when `events` was read: as long as they agree and the descriptor is not
    cdef int events              # readable, nothing has changed
    cdef int descriptor          # libzmq's FD option, or that of `bell`, or -1
    cdef bint shared             # a thread-safe socket of libzmq's: no call keeps others out, and it has no FD option
    cdef long waiting            # of a shared one: calls that wait in it, or are inside without the GIL
    cdef int inside              # those of them that are inside
    cdef const char *visitor     # the name of the one that came last
    cdef void *bell              # of a shared one: what event loops and greenlets wait for, see src/bell.h; or NULL
    cdef bint begun              # parts of a message were sent, and more are to follow
    cdef bint exposed            # others may be using libzmq's socket: `events` is never up to date
    cdef bint held               # a greenlet waits with the rest of a message: nobody else may send
    cdef bint watched            # operations of an event loop, or greenlets, wait for it
    cdef object engine           # weak reference to the Engine that serves the operations, or None
    cdef object line             # the Line in which the greenlets wait, or None
    cdef bint abandoned          # its Socket was dropped while a shadow was inside: to be closed with the Handle


cdef class ContextHandle(Handle):
    cdef PyThread_type_lock termination  # held while somebody terminates the context
    cdef unsigned long terminator        # the thread that does, or 0


cdef class Context:
    cdef ContextHandle handle
    cdef readonly bint _shadow
    cdef dict _open              # id of a socket -> weak reference to it
    cdef int adopt(self, ContextHandle handle, bint shadow) except -1
    cdef int enter(self, str call) except -1
    cdef object __weakref__


cdef class Socket:
    cdef Handle handle
    cdef readonly Context context
    cdef readonly bint _shadow
    cdef int adopt(self, Handle handle, Context context, bint shadow) except -1
    cdef int open(self, Context context, int socket_type) except -1
    cdef int end(self, linger) except -1
    cdef bint green              # it waits as greenlets do: see src/green.pyx
    cdef bint plain              # send and recv are those of this class
    cdef int type
    cdef tuple place             # file and line it was made at
    cdef object monitor_socket   # where the events of this socket arrive
    cdef object monitored        # weak reference to the socket whose events arrive here
    cdef Py_ssize_t threshold
    cdef object __weakref__
