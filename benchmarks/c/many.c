/* One socket and many peers in another process: subscribers, connections, io threads; see python/many.py. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define WINDOW 100      /* requests on their way at any time */
#define CONNECTIONS 4   /* of a stream for io threads to share */

static void close_after_peer(void *context, void **sockets, long number) {
    wait_for_line();
    close_sockets(sockets, number);
    close_context(context);
}

static long rounded_up(long count, long step) {
    return (count + step - 1) / step;
}

/* Publishes to so many subscribers, when all have subscribed; waits instead of dropping a message. */
static void xpub(const Job *job) {
    void *context = make_context(1, 1), **socket = open_sockets(context, ZMQ_XPUB, 1);
    char *payload = make_payload(job->size), subscription;
    set_int(*socket, ZMQ_XPUB_VERBOSE, 1);
    set_int(*socket, ZMQ_XPUB_NODROP, 1);
    set_int(*socket, ZMQ_BACKLOG, (int)job->number + 1);
    bind_and_tell(*socket, job->subject);
    for (long i = 0; i < job->number; i++)
        receive_one(*socket, &subscription, 1);
    long messages = rounded_up(job->count, job->number);
    Meter since = start();
    for (long i = 0; i < messages + 1; i++)
        send_one(*socket, payload, job->size, 0);
    answer_time(messages * job->number, &since);
    close_after_peer(context, socket, 1);
    free(payload);
}

/* The clock runs from when every one of them has the first message. */
static void sub(const Job *job) {
    void *context = make_context(job->number, 1), **sockets = open_sockets(context, ZMQ_SUB, job->number);
    char *buffer = make_payload(job->size);
    for (long i = 0; i < job->number; i++) {
        check(zmq_setsockopt(sockets[i], ZMQ_SUBSCRIBE, "", 0) == 0, "zmq_setsockopt");
        check(zmq_connect(sockets[i], job->subject) == 0, "zmq_connect");
    }
    for (long i = 0; i < job->number; i++)
        receive_one(sockets[i], buffer, job->size);
    long messages = rounded_up(job->count, job->number);
    Meter since = start();
    for (long i = 0; i < messages; i++)
        for (long j = 0; j < job->number; j++)
            receive_one(sockets[j], buffer, job->size);
    answer_time(messages * job->number, &since);
    close_after_peer(context, sockets, job->number);
    free(buffer);
}

static void forward(void *socket) {
    zmq_msg_t routing_id, body;
    zmq_msg_init(&routing_id);
    zmq_msg_init(&body);
    check(zmq_msg_recv(&routing_id, socket, 0) >= 0, "zmq_msg_recv");
    check(zmq_msg_recv(&body, socket, 0) >= 0, "zmq_msg_recv");
    check(zmq_msg_send(&routing_id, socket, ZMQ_SNDMORE) >= 0, "zmq_msg_send");
    check(zmq_msg_send(&body, socket, 0) >= 0, "zmq_msg_send");
}

/* Sends every request back to where it came from. */
static void router(const Job *job) {
    void *context = make_context(1, 1), **socket = open_sockets(context, ZMQ_ROUTER, 1);
    long requests = rounded_up(job->count, WINDOW) * WINDOW;
    set_int(*socket, ZMQ_BACKLOG, (int)job->number + 1);
    bind_and_tell(*socket, job->subject);
    for (long i = 0; i < job->number; i++)
        forward(*socket);
    Meter since = start();
    for (long i = 0; i < requests; i++)
        forward(*socket);
    answer_time(requests, &since);
    close_after_peer(context, socket, 1);
}

/* Asks over so many connections in turn, WINDOW requests at a time. */
static void dealers(const Job *job) {
    void *context = make_context(job->number, 1), **sockets = open_sockets(context, ZMQ_DEALER, job->number);
    char *payload = make_payload(job->size), *buffer = make_payload(job->size);
    long windows = rounded_up(job->count, WINDOW), first = 0;
    for (long i = 0; i < job->number; i++) {
        check(zmq_connect(sockets[i], job->subject) == 0, "zmq_connect");
        send_one(sockets[i], payload, job->size, 0);
    }
    for (long i = 0; i < job->number; i++)
        receive_one(sockets[i], buffer, job->size);
    Meter since = start();
    for (long i = 0; i < windows; i++, first = (first + WINDOW) % job->number) {
        for (long j = 0; j < WINDOW; j++)
            send_one(sockets[(first + j) % job->number], payload, job->size, 0);
        for (long j = 0; j < WINDOW; j++)
            receive_one(sockets[(first + j) % job->number], buffer, job->size);
    }
    answer_time(windows * WINDOW, &since);
    close_after_peer(context, sockets, job->number);
    free(buffer);
    free(payload);
}

/* pull and push over CONNECTIONS connections, for so many io threads in each process. */
static void pull_threads(const Job *job) {
    void *context = make_context(1, job->number), **socket = open_sockets(context, ZMQ_PULL, 1);
    char *buffer = make_payload(job->size);
    bind_and_tell(*socket, job->subject);
    for (long i = 0; i < CONNECTIONS; i++)
        receive_one(*socket, buffer, job->size);
    Meter since = start();
    for (long i = 0; i < job->count; i++)
        receive_one(*socket, buffer, job->size);
    answer_time(job->count, &since);
    close_after_peer(context, socket, 1);
    free(buffer);
}

static void push_threads(const Job *job) {
    void *context = make_context(CONNECTIONS, job->number), **sockets = open_sockets(context, ZMQ_PUSH, CONNECTIONS);
    char *payload = make_payload(job->size);
    for (long i = 0; i < CONNECTIONS; i++)
        connect_for_good(sockets[i], job->subject);
    for (long i = 0; i < CONNECTIONS; i++)
        send_one(sockets[i], payload, job->size, 0);
    Meter since = start();
    for (long i = 0; i < job->count; i++)
        send_one(sockets[i % CONNECTIONS], payload, job->size, 0);
    answer_time(job->count, &since);
    close_after_peer(context, sockets, CONNECTIONS);
    free(payload);
}

static const struct {
    const char *name;
    void (*run)(const Job *job);
} jobs[] = {
    {"xpub", xpub},         {"sub", sub},
    {"router", router},     {"dealers", dealers},
    {"pull-threads", pull_threads}, {"push-threads", push_threads},
};

bool run_many(const Job *job) {
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        if (strcmp(job->name, jobs[i].name) == 0) {
            jobs[i].run(job);
            return true;
        }
    return false;
}
