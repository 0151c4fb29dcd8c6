# MessageTracker: has libzmq finished with a message?

cdef class Completion:
    """libzmq's being done with one lent buffer. Looks like a threading.Event that libzmq sets."""

    def __cinit__(self):
        self.state = zb_completion_new()
        if self.state == NULL:
            raise MemoryError("message tracker")

    def __dealloc__(self):
        if self.state != NULL:
            zb_completion_drop(<zb_completion *>self.state)

    def is_set(self):
        """Return whether libzmq has released the buffer. Never blocks."""
        return zb_load(&(<zb_completion *>self.state).done) != 0

    def wait(self, timeout=None):
        """Wait until libzmq has released the buffer, at most `timeout` seconds (None: forever). Return is_set()."""
        cdef long long microseconds = -1
        cdef long long end = 0
        cdef PyLockStatus status
        cdef zb_completion *state = <zb_completion *>self.state
        if zb_load(&state.done):
            return True
        if timeout is not None:
            microseconds = <long long>(max(0.0, min(LONGEST_WAIT, float(timeout))) * 1e6)
            end = zb_now_ms() + microseconds // 1000
        while True:
            zb_drain()
            with nogil:
                status = PyThread_acquire_lock_timed(state.lock, microseconds, 1)
                if status == PY_LOCK_ACQUIRED:
                    PyThread_release_lock(state.lock)  # for the next waiter
            if status != PY_LOCK_INTR:
                return zb_load(&state.done) != 0
            PyErr_CheckSignals()
            if microseconds >= 0:
                microseconds = max(0, end - zb_now_ms()) * 1000


cdef double LONGEST_WAIT = 1e9  # seconds; some thirty years


cdef class MessageTracker:
    """Tells whether libzmq has finished with one or more messages, so that their buffers may be changed again.

    towatch: MessageTrackers, tracked Frames, and objects with `is_set()` and `wait(timeout)` such as
    threading.Event. A tracker of nothing is done. Raises TypeError for anything else.

    No thread stands behind it: the free function of zmq_msg_init_data sets a flag that is read here.
    """

    def __init__(self, *towatch):
        cdef list watched = []
        for item in towatch:
            if isinstance(item, MessageTracker):
                watched.extend((<MessageTracker>item).parts())
            elif isinstance(item, Frame):
                if (<Frame>item).completion is None:
                    raise ValueError("Not a tracked message: make the Frame with track=True")
                watched.append((<Frame>item).completion)
            elif hasattr(item, "is_set") and hasattr(item, "wait"):
                watched.append(item)
            else:
                raise TypeError(f"expected MessageTracker, tracked Frame or Event, not {type(item).__name__}")
        with cython.critical_section(self):
            self.watched = watched

    cdef list parts(self):
        """What is watched; the list is never changed."""
        with cython.critical_section(self):
            return self.watched

    @property
    def done(self):
        """True once libzmq has released every message watched. Never blocks."""
        for item in self.parts():
            if not item.is_set():
                return False
        return True

    def wait(self, timeout=-1):
        """Wait until `done`.

        timeout: seconds, float; -1 or None: without limit. Returns None.
        Raises NotDone if the time is up before libzmq has released every message.
        """
        if timeout is None or timeout < 0:
            for item in self.parts():
                item.wait()
            return
        cdef double left = min(LONGEST_WAIT, float(timeout))
        cdef long long end = zb_now_ms() + <long long>(left * 1000)
        for item in self.parts():
            item.wait(left)
            if not item.is_set():
                raise NotDone()
            left = max(0, end - zb_now_ms()) / 1000.0


cdef MessageTracker track_completions(list completions):
    cdef MessageTracker tracker = MessageTracker.__new__(MessageTracker)
    tracker.watched = completions
    return tracker


_FINISHED_TRACKER = track_completions([])
cdef MessageTracker finished = _FINISHED_TRACKER
