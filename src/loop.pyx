# What the engine of the event loops needs of a loop.

cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED
    #define ZB_REUSE 0  /* a count of one does not say there that nobody else has an object */
    #else
    #define ZB_REUSE 1
    #endif
    """
    const bint REUSE "ZB_REUSE"

cdef enum:
    IMMEDIATE = 100   # operations that may complete at once, before the loop gets a turn


cdef class Loop:
    """An event loop, as the engine sees it; the modules of the event loops fill in what is left open here.

    loop: the event loop. make_future: function that makes a future of its kind, with set_result and set_exception.
    constant: whether the result of a future that is done stays what it is.
    """

    cdef readonly object loop
    cdef object make_future
    cdef object nothing          # a future that is done, with the result None
    cdef bint reuse              # it may be given to the next one when nobody else has it any more
    cdef int left                # operations that may still complete at once
    cdef public object current   # of a TaskSocket: function that returns the loop that runs, or raises RuntimeError
    cdef public object checkpoint  # of a TaskSocket: function whose result is awaited to give others a turn
    cdef public object turn      # of a TaskSocket: what is yielded to the loop for that
    cdef public object outcome   # of a TaskSocket: type of what is sent back then, unless it is an error to unwrap
    cdef public object cancel_point  # of a TaskSocket: function for a coroutine that goes on only if cancelled, or None

    def __init__(self, loop, make_future, bint constant=True):
        self.loop = loop
        self.make_future = make_future
        self.reuse = constant and REUSE
        self.left = IMMEDIATE
        self.outcome = type(None)

    cdef object done(self, object value):
        """Return a future that has a result."""
        if value is None and self.nothing is not None and Py_REFCNT(<PyObject *>self.nothing) == 1:
            return self.nothing
        future = self.make_future()
        future.set_result(value)
        if value is None and self.reuse:
            self.nothing = future
        return future

    cdef object failed(self, object error):
        """Return a future that has an exception."""
        future = self.make_future()
        future.set_exception(error)
        return future

    def waiting(self, operation):
        """Return a future for an operation that waits. Cancelling it calls operation.abandon()."""
        raise NotImplementedError

    def resolve(self, operation, value):
        """Give the future of an operation its result.

        Return True if whoever awaits it gets it only later; then call operation.delivered() once he has had the
        occasion, and before that operation.give_back(value) if he could not take it.
        """
        raise NotImplementedError

    def reject(self, operation, error):
        """Give the future of an operation an exception."""
        raise NotImplementedError

    def cancel(self, operation):
        """Cancel the future of an operation that is no longer in line."""
        raise NotImplementedError

    def rouse(self, operation):
        """Wake the task of an operation, of a TaskSocket."""
        raise NotImplementedError

    def watch(self, descriptor, callback):
        """Call callback whenever the descriptor is readable; or callback.end() when the loop will do so no more."""
        raise NotImplementedError

    def unwatch(self, descriptor):
        """Call it no more; also when the loop has been closed."""
        raise NotImplementedError

    def soon(self, callback):
        """Call callback in the next turn of the loop."""
        raise NotImplementedError

    def soon_threadsafe(self, callback):
        """The same, called in any thread; does nothing if the loop has been closed."""
        raise NotImplementedError

    def later(self, seconds, callback):
        """Call callback after some seconds; return what cancels that by its cancel()."""
        raise NotImplementedError

    def closed(self):
        """Return whether the loop has been closed."""
        raise NotImplementedError

    def elsewhere(self):
        """Return whether the loop runs now, and in another thread."""
        raise NotImplementedError
