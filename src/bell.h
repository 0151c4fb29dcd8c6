/*
 * Descriptors for libzmq's thread-safe sockets (CLIENT, SERVER, RADIO and others of its drafts), which have no FD
 * option. A zmq_poller tells its sockets to signal a descriptor of its own (zmq_poller_fd) whenever a command comes in
 * for one that had none: what ordinary sockets do by their FD. So a bell is a zmq_poller that is never waited with. What
 * makes its descriptor readable stays there until somebody reads it, which libzmq would do one signal at a time.
 *
 * A signal is told to every bell of a socket, but what one of two threads reads from a bell the other does not see:
 * each that waits needs a bell of its own.
 */
#ifndef ZMQBIND_BELL_H
#define ZMQBIND_BELL_H

#include <errno.h>
#include <zmq.h>

#include "optional.h"

#if !defined(_WIN32)
#include <unistd.h>
#endif

/* Have a socket ring a bell, which is made if it is NULL. Returns 0 and the descriptor, or an error number. */
static int zb_bell_add(void **bell, void *socket, int *descriptor)
{
#if defined(_WIN32)
    (void)bell, (void)socket, (void)descriptor;
    return ENOTSUP;
#else
    zmq_fd_t found;
    if (!zb_has_pollers())
        return ENOTSUP;
    if (*bell == NULL && (*bell = zmq_poller_new()) == NULL)
        return zmq_errno();
    if (zmq_poller_add(*bell, socket, NULL, 0) != 0 || zmq_poller_fd(*bell, &found) != 0)
        return zmq_errno();
    *descriptor = found;
    return 0;
#endif
}

/* Forget what has rung so far. The descriptor is libzmq's, and does not block. */
static void zb_bell_silence(int descriptor)
{
#if !defined(_WIN32)
    char signals[512];
    while (read(descriptor, signals, sizeof signals) == (ssize_t)sizeof signals) {
    }
#else
    (void)descriptor;
#endif
}

/* Undo zb_bell_add, before any of the sockets is closed. */
static void zb_bell_end(void **bell)
{
#if !defined(_WIN32)
    if (*bell != NULL)
        zmq_poller_destroy(bell);
#endif
    *bell = NULL;
}

#endif
