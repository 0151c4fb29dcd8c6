/* Throughput (PUSH/PULL) and latency (REQ/REP) over tcp and ipc in two processes, over inproc in one thread. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

/* Two processes close when the runner says that the other one is done too. libzmq may drop messages that have arrived
 * when the peer hangs up: over ipc those beyond the high-water mark, with ZMQ_IMMEDIATE all that have not been received. */
static void close_after_peer(void *context, void *socket) {
    wait_for_line();
    check(zmq_close(socket) == 0, "zmq_close");
    close_context(context);
}

static void pull(const Job *job) {
    void *context = make_context(1, 1), *socket = open_socket(context, ZMQ_PULL);
    char *buffer = make_payload(job->size);
    bind_and_tell(socket, job->subject);
    receive_one(socket, buffer, job->size); /* the connection stands: the clock starts */
    Meter since = start();
    for (long i = 0; i < job->count; i++)
        receive_one(socket, buffer, job->size);
    answer_time(job->count, &since);
    close_after_peer(context, socket);
    free(buffer);
}

static void push(const Job *job) {
    void *context = make_context(1, 1), *socket = open_socket(context, ZMQ_PUSH);
    char *payload = make_payload(job->size);
    connect_for_good(socket, job->subject);
    send_one(socket, payload, job->size, 0);
    Meter since = start();
    for (long i = 0; i < job->count; i++)
        send_one(socket, payload, job->size, 0);
    answer_time(job->count, &since);
    close_after_peer(context, socket);
    free(payload);
}

static void rep(const Job *job) {
    void *context = make_context(1, 1), *socket = open_socket(context, ZMQ_REP);
    char *buffer = make_payload(job->size);
    bind_and_tell(socket, job->subject);
    Meter since = start();
    for (long i = 0; i < job->count + 1; i++) { /* one round trip more than is timed: the first */
        receive_one(socket, buffer, job->size);
        send_one(socket, buffer, job->size, 0);
    }
    answer_time(job->count, &since);
    close_after_peer(context, socket);
    free(buffer);
}

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The smallest sample that at least this many per cent of all samples do not exceed (nearest rank). */
static double percentile(const double *sorted, long count, long per_cent) {
    return sorted[(count * per_cent + 99) / 100 - 1];
}

/* `times` holds count + 1 readings of the clock. */
static void answer_trips(double *times, long count, const Meter *since) {
    for (long i = 0; i < count; i++)
        times[i] = times[i + 1] - times[i];
    qsort(times, (size_t)count, sizeof *times, compare);
    answer_latency(count, since, percentile(times, count, 50), percentile(times, count, 99));
}

static double *make_times(long count) {
    double *times = calloc((size_t)count + 1, sizeof *times);
    check(times != NULL, "calloc");
    return times;
}

static void req(const Job *job) {
    void *context = make_context(1, 1), *socket = open_socket(context, ZMQ_REQ);
    char *payload = make_payload(job->size), *buffer = make_payload(job->size);
    double *times = make_times(job->count);
    Meter since;
    connect_for_good(socket, job->subject);
    for (long i = 0; i < job->count + 1; i++) {
        send_one(socket, payload, job->size, 0);
        receive_one(socket, buffer, job->size);
        if (i == 0)
            since = start();
        times[i] = now();
    }
    answer_trips(times, job->count, &since);
    close_after_peer(context, socket);
    free(times);
    free(buffer);
    free(payload);
}

static void inproc_throughput(const Job *job) {
    void *context = make_context(2, 1), *pull = open_socket(context, ZMQ_PULL), *push = open_socket(context, ZMQ_PUSH);
    char *payload = make_payload(job->size), *buffer = make_payload(job->size);
    long bursts = (job->count + BURST - 1) / BURST;
    check(zmq_bind(pull, "inproc://stream") == 0, "zmq_bind");
    check(zmq_connect(push, "inproc://stream") == 0, "zmq_connect");
    Meter since = start();
    for (long i = 0; i < bursts; i++) {
        for (int j = 0; j < BURST; j++)
            send_one(push, payload, job->size, 0);
        for (int j = 0; j < BURST; j++)
            receive_one(pull, buffer, job->size);
    }
    answer_time(bursts * BURST, &since);
    zmq_close(pull);
    zmq_close(push);
    close_context(context);
    free(buffer);
    free(payload);
}

static void inproc_latency(const Job *job) {
    void *context = make_context(2, 1), *rep = open_socket(context, ZMQ_REP), *req = open_socket(context, ZMQ_REQ);
    char *payload = make_payload(job->size), *buffer = make_payload(job->size);
    double *times = make_times(job->count);
    check(zmq_bind(rep, "inproc://stream") == 0, "zmq_bind");
    check(zmq_connect(req, "inproc://stream") == 0, "zmq_connect");
    Meter since = start();
    for (long i = 0; i < job->count + 1; i++) {
        send_one(req, payload, job->size, 0);
        receive_one(rep, buffer, job->size);
        send_one(rep, buffer, job->size, 0);
        receive_one(req, buffer, job->size);
        times[i] = now();
    }
    answer_trips(times, job->count, &since);
    zmq_close(rep);
    zmq_close(req);
    close_context(context);
    free(times);
    free(buffer);
    free(payload);
}

static const struct {
    const char *name;
    void (*run)(const Job *job);
} paired[] = {{"pull", pull}, {"push", push}, {"rep", rep}, {"req", req}};

bool run_stream(const Job *job) {
    for (size_t i = 0; i < sizeof paired / sizeof *paired; i++)
        if (strcmp(job->name, paired[i].name) == 0) {
            paired[i].run(job);
            return true;
        }
    if (strcmp(job->subject, "inproc") != 0)
        return false;
    if (strcmp(job->name, "throughput") == 0)
        inproc_throughput(job);
    else if (strcmp(job->name, "latency") == 0)
        inproc_latency(job);
    else
        return false;
    return true;
}
