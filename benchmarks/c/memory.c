/* What sockets and queued messages take: the growth of resident memory, on Linux. */
#include "bench.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

static long resident(void) {
    long pages = 0, ignored;
    FILE *file = fopen("/proc/self/statm", "r");
    check(file != NULL && fscanf(file, "%ld %ld", &ignored, &pages) == 2, "/proc/self/statm");
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static void answer_bytes(long count, long bytes) {
    answer("{\"count\": %ld, \"bytes\": %ld}", count, bytes);
}

static void sockets_open(const Job *job) {
    void *context = make_context(job->count + 1, 1), **first = open_sockets(context, ZMQ_DEALER, 1);
    long before = resident();
    void **sockets = open_sockets(context, ZMQ_DEALER, job->count);
    answer_bytes(job->count, resident() - before);
    close_sockets(first, 1);
    close_sockets(sockets, job->count);
    close_context(context);
}

static void messages_queued(const Job *job) {
    void *context = make_context(2, 1), *pull = zmq_socket(context, ZMQ_PULL), *push = zmq_socket(context, ZMQ_PUSH);
    char *payload = make_payload(job->size);
    set_int(pull, ZMQ_RCVHWM, 0);
    set_int(push, ZMQ_SNDHWM, 0);
    set_int(push, ZMQ_LINGER, 0);
    check(zmq_bind(pull, "inproc://memory") == 0, "zmq_bind");
    check(zmq_connect(push, "inproc://memory") == 0, "zmq_connect");
    send_one(push, payload, job->size, 0);
    long before = resident();
    for (long i = 0; i < job->count; i++)
        send_one(push, payload, job->size, 0);
    answer_bytes(job->count, resident() - before);
    zmq_close(pull);
    zmq_close(push);
    close_context(context);
}

bool run_memory(const Job *job) {
    if (strcmp(job->name, "memory") != 0)
        return false;
    if (strcmp(job->subject, "sockets") == 0)
        sockets_open(job);
    else if (strcmp(job->subject, "messages") == 0)
        messages_queued(job);
    else
        return false;
    return true;
}
