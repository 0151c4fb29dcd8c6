/*
 * The libzmq sockets and contexts that are open, known to C alone: so that they can be closed in good order when Python
 * is gone already, and messages that were sent at the last moment, by an atexit handler or a finalizer, still go out.
 *
 * The list is guarded by the GIL or, where there is none, by a critical section (src/handle.pyx); an entry by the mark
 * of whoever is inside its socket.
 * zb_close_all runs when there is no Python thread any more.
 */
#ifndef ZMQBIND_REGISTRY_H
#define ZMQBIND_REGISTRY_H

#include <stdlib.h>
#include <zmq.h>

#include "platform.h"

typedef struct zb_entry {
    struct zb_entry *next, **link;
    void *pointer;           /* libzmq's socket or context */
    struct zb_entry *context; /* of a socket; NULL for a context */
    int inside;              /* a thread is inside libzmq with it */
    int blocked;             /* of a context: a thread is inside one of its sockets at exit */
    int descriptor;          /* of a socket that is being closed at exit */
} zb_entry;

static zb_entry *zb_entries = NULL;
static unsigned int zb_entries_generation = 0; /* of the process that made them */
static int zb_exit_linger = 1000;              /* milliseconds */

static long zb_inside = 0;  /* sockets that threads are inside libzmq with */
static long zb_leaving = 0; /* Python is gone */

/*
 * For threads that come out of libzmq's sockets without the GIL: at exit there is nothing for them to come back to. They
 * are outside before they wait for the GIL, since a thread that does so while Python is going away never gets it. One
 * that does calls zb_has_come_out.
 */
static void zb_come_out(long sockets)
{
    zb_add(&zb_inside, -sockets);
    while (zb_load(&zb_leaving))
        zb_sleep_ms(60000);
}

/* With the GIL: what zb_go_inside undoes then. */
static void zb_has_come_out(long sockets)
{
    zb_add(&zb_inside, sockets);
}

/* Note that a thread goes inside, or comes out. Returns by how much that changes zb_inside. */
static int zb_go_inside(zb_entry *entry, int inside)
{
    int change = entry->context != NULL ? inside - entry->inside : 0;
    zb_add(&zb_inside, change);
    entry->inside = inside;
    return change;
}

static zb_entry *zb_register(void *pointer, zb_entry *context)
{
    zb_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return NULL;
    if (zb_entries_generation != zb_generation) { /* those in the list are the parent's */
        zb_entries_generation = zb_generation;
        zb_entries = NULL;
        zb_inside = 0;
    }
    entry->pointer = pointer;
    entry->context = context;
    entry->next = zb_entries;
    entry->link = &zb_entries;
    if (zb_entries != NULL)
        zb_entries->link = &entry->next;
    zb_entries = entry;
    return entry;
}

/* Only for entries that this process made. */
static void zb_unregister(zb_entry *entry)
{
    *entry->link = entry->next;
    if (entry->next != NULL)
        entry->next->link = entry->link;
    free(entry);
}

static void zb_limit_linger(zb_entry *entry)
{
    size_t size = sizeof(int);
    int linger = 0;
    zmq_getsockopt(entry->pointer, ZMQ_LINGER, &linger, &size);
    if (linger < 0 || linger > zb_exit_linger)
        zmq_setsockopt(entry->pointer, ZMQ_LINGER, &zb_exit_linger, sizeof(int));
}

static void zb_close_at_exit(zb_entry *entry)
{
    size_t size = sizeof(int);
    entry->descriptor = -1;
    zmq_getsockopt(entry->pointer, ZMQ_FD, &entry->descriptor, &size);
    zb_limit_linger(entry);
    zmq_close(entry->pointer);
}

/*
 * Close every socket, terminate every context in the background, and wait for both, at most zb_exit_linger.
 *
 * Daemon threads that are inside a socket (proxies) are called out of it by the shutdown of its context, and stay where
 * they come out. Where one does not come (it resolves a name), its socket is left, and so is its context; what is still
 * known of the other sockets there is waited for by their descriptors, which libzmq closes when a socket has sent what
 * lingered.
 */
static void zb_close_all(void)
{
    zb_entry *entry;
    long long end = zb_now_ms() + zb_exit_linger;
    int left;
    if (zb_entries_generation != zb_generation)
        return;
    zb_store(&zb_leaving, 1);
    for (entry = zb_entries; entry != NULL; entry = entry->next) {
        if (entry->context == NULL)
            continue;
        if (entry->inside) {
            entry->context->blocked = 1;
            zb_limit_linger(entry); /* from outside: libzmq merely stores the number */
        } else {
            zb_close_at_exit(entry);
        }
    }
    for (entry = zb_entries; entry != NULL; entry = entry->next)
        if (entry->context == NULL && entry->blocked && !entry->inside)
            zmq_ctx_shutdown(entry->pointer);
    while (zb_load(&zb_inside) > 0 && zb_now_ms() < end)
        zb_sleep_ms(1);
    left = zb_load(&zb_inside) > 0;
    for (entry = zb_entries; entry != NULL && !left; entry = entry->next)
        if (entry->context != NULL && entry->inside)
            zmq_close(entry->pointer);
    for (entry = zb_entries; entry != NULL; entry = entry->next)
        if (entry->context == NULL && !entry->inside && !(left && entry->blocked))
            zb_terminate_detached(entry->pointer);
    zb_await_terminations(zb_exit_linger);
    for (entry = zb_entries; entry != NULL && left; entry = entry->next)
        if (entry->context != NULL && entry->context->blocked && !entry->inside)
            while (zb_is_open(entry->descriptor) && zb_now_ms() < end)
                zb_sleep_ms(1);
}

#endif
