/*
 * Buffers lent to libzmq, and how they come back.
 *
 * A loan is a Python buffer that a message points into. libzmq gives it back by calling zb_give_back on whatever
 * thread drops the last reference to the message: an I/O thread, a reaper, or a Python thread inside zmq_msg_close.
 * That thread may not hold the GIL and must not wait for it, so the loan is pushed on a lock-free stack; zb_drain
 * releases what lies there, and is called by the next operation that lends or waits, where Python code may run. When
 * the stack goes from empty to non-empty, one pending call is scheduled too, so that an idle program also gets its
 * memory back. A thread of Python's that closes a message where Python code may run does without (zb_postpone,
 * zb_drain_postponed): a pending call costs more than all the rest of a loan.
 *
 * Once the interpreter begins to shut down (zb_stop), loans are left on the stack on purpose: nothing may call into
 * Python any more.
 */
#ifndef ZMQBIND_RELEASE_H
#define ZMQBIND_RELEASE_H

#include <Python.h>
#include <pythread.h>
#include <stdlib.h>

#include "atomics.h"

/* "libzmq is done with this message": a flag, and a lock that is held until then for waiters to sleep on. */
typedef struct {
    long references;
    long done;
    PyThread_type_lock lock;
} zb_completion;

typedef struct zb_loan {
    struct zb_loan *next;
    zb_completion *completion; /* or NULL where nobody tracks the message */
    Py_buffer view;
} zb_loan;

static void *zb_returned = NULL; /* head of the stack of loans */
static long zb_lent = 0;         /* loans that have not been released yet */
static long zb_stopped = 0;

static zb_completion *zb_completion_new(void)
{
    zb_completion *completion = malloc(sizeof *completion);
    if (completion == NULL)
        return NULL;
    completion->lock = PyThread_allocate_lock();
    if (completion->lock == NULL) {
        free(completion);
        return NULL;
    }
    PyThread_acquire_lock(completion->lock, WAIT_LOCK);
    completion->references = 1;
    completion->done = 0;
    return completion;
}

static void zb_completion_drop(zb_completion *completion)
{
    if (zb_add(&completion->references, -1) > 0)
        return;
    if (!zb_load(&completion->done))
        PyThread_release_lock(completion->lock);
    PyThread_free_lock(completion->lock);
    free(completion);
}

static void zb_completion_set(zb_completion *completion)
{
    zb_store(&completion->done, 1);
    PyThread_release_lock(completion->lock);
    zb_completion_drop(completion);
}

/* Release every loan that has come back. Python code may run. */
static void zb_drain(void)
{
    zb_loan *loan, *next;
    if (zb_load_pointer(&zb_returned) == NULL)
        return;
    for (loan = (zb_loan *)zb_swap_pointer(&zb_returned, NULL); loan != NULL; loan = next) {
        next = loan->next;
        zb_add(&zb_lent, -1);
        PyBuffer_Release(&loan->view);
        free(loan);
    }
}

static int zb_drain_pending(void *unused)
{
    (void)unused;
    zb_drain();
    return 0;
}

static void zb_schedule_drain(void)
{
    Py_AddPendingCall(zb_drain_pending, NULL); /* a full queue is no loss: the next loan drains too */
}

static zb_thread_local char zb_postpone_drain = 0; /* 1 while this thread puts draining off; 2: and is to drain */

/* The zmq_free_fn of every loan. Any thread, with or without the GIL. */
static void zb_give_back(void *data, void *hint)
{
    zb_loan *loan = (zb_loan *)hint;
    void *head = zb_load_pointer(&zb_returned);
    (void)data;
    if (loan->completion != NULL)
        zb_completion_set(loan->completion);
    do {
        loan->next = (zb_loan *)head;
    } while (!zb_replace_pointer(&zb_returned, &head, loan));
    if (head != NULL || zb_load(&zb_stopped))
        return;
    if (zb_postpone_drain) {
        zb_postpone_drain = 2;
        return;
    }
    zb_schedule_drain();
}

/* From here on, what this thread gives back schedules nothing. Returns whether anything is lent at all: else there is
 * nothing to put off, and nothing to undo. */
static inline int zb_postpone(void)
{
    if (zb_load(&zb_lent) == 0)
        return 0;
    zb_postpone_drain = 1;
    return 1;
}

/* Undo zb_postpone, and release what was given back meanwhile. Python code may run. */
static inline void zb_drain_postponed(void)
{
    int due = zb_postpone_drain > 1;
    zb_postpone_drain = 0;
    if (due)
        zb_drain();
}

static void zb_stop(void)
{
    zb_store(&zb_stopped, 1);
}

#endif
