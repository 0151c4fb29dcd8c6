/*
 * What keeps threads out of a socket where CPython has no GIL: a byte that is a lock, free when it is zero. On builds
 * with a GIL nothing is left of it: what a lock guards there releases the GIL nowhere, and is serialised already.
 *
 * A thread holds one at a time. Meanwhile it runs no Python code, and does not detach from the interpreter either, which
 * PyMutex would let happen. So those who wait for it may do so without detaching; a thread that is not let in again at
 * the end of the interpreter takes no lock with it; and nobody comes back to a lock that they hold.
 *
 * libzmq may give lent memory back meanwhile. Py_AddPendingCall takes a lock, and detaches to wait for it; so it is put
 * off until the lock is free.
 */
#ifndef ZMQBIND_LOCKS_H
#define ZMQBIND_LOCKS_H

#include <Python.h>

#include "atomics.h"
#include "platform.h"
#include "release.h"

#if defined(Py_GIL_DISABLED)

#define ZB_FREE_THREADED 1

static void zb_lock_slowly(char *lock)
{
    int turns = 0;
    while (!zb_take_byte(lock)) {
        if (++turns % 256)
            zb_yield();
        else
            zb_sleep_ms(1);
    }
}

static inline void zb_lock(char *lock)
{
    if (!zb_take_byte(lock))
        zb_lock_slowly(lock);
    zb_postpone_drain = 1;
}

static inline void zb_unlock(char *lock)
{
    int due = zb_postpone_drain > 1;
    zb_postpone_drain = 0;
    zb_free_byte(lock);
    if (due)
        zb_schedule_drain();
}

#else

#define ZB_FREE_THREADED 0
#define zb_lock(lock) ((void)(lock))
#define zb_unlock(lock) ((void)(lock))

#endif
#endif
