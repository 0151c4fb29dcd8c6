/* Throughput (PUSH/PULL) and latency (REQ/REP) over tcp and ipc in two processes, over inproc in one thread. */
#include "bench.h"

#include <stdlib.h>
#include <zmq.h>

static void *open_socket(void *context, int type) {
    int mark = HIGH_WATER_MARK;
    void *socket = zmq_socket(context, type);
    check(socket != NULL, "zmq_socket");
    check(zmq_setsockopt(socket, ZMQ_SNDHWM, &mark, sizeof mark) == 0, "zmq_setsockopt");
    check(zmq_setsockopt(socket, ZMQ_RCVHWM, &mark, sizeof mark) == 0, "zmq_setsockopt");
    return socket;
}

static void close_all(void *context, void *first, void *second) {
    check(zmq_close(first) == 0, "zmq_close");
    if (second != NULL)
        check(zmq_close(second) == 0, "zmq_close");
    check(zmq_ctx_term(context) == 0, "zmq_ctx_term");
}

/* Closes when the runner says that the other process is done too. libzmq may drop messages that have arrived when the
 * peer hangs up: over ipc those beyond the high-water mark, with ZMQ_IMMEDIATE all that have not been received. */
static void close_after_peer(void *context, void *socket) {
    wait_for_line();
    close_all(context, socket, NULL);
}

static void bind_and_tell(void *socket, const char *endpoint) {
    char bound[512];
    size_t length = sizeof bound;
    check(zmq_bind(socket, endpoint) == 0, "zmq_bind");
    check(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &length) == 0, "zmq_getsockopt");
    answer("{\"endpoint\": \"%s\"}", bound);
}

static void connect_for_good(void *socket, const char *endpoint) {
    int immediate = 1; /* nothing is queued before the connection stands */
    check(zmq_setsockopt(socket, ZMQ_IMMEDIATE, &immediate, sizeof immediate) == 0, "zmq_setsockopt");
    check(zmq_connect(socket, endpoint) == 0, "zmq_connect");
}

static inline void send_one(void *socket, const char *payload, size_t size) {
    check(zmq_send(socket, payload, size, 0) == (int)size, "zmq_send");
}

static inline void receive_one(void *socket, char *buffer, size_t size) {
    check(zmq_recv(socket, buffer, size, 0) == (int)size, "zmq_recv");
}

void run_pull(const char *endpoint, size_t size, long count) {
    void *context = zmq_ctx_new(), *socket = open_socket(context, ZMQ_PULL);
    char *buffer = make_payload(size);
    bind_and_tell(socket, endpoint);
    receive_one(socket, buffer, size); /* the connection stands: the clock starts */
    double start = now();
    for (long i = 0; i < count; i++)
        receive_one(socket, buffer, size);
    answer_time(count, now() - start);
    close_after_peer(context, socket);
    free(buffer);
}

void run_push(const char *endpoint, size_t size, long count) {
    void *context = zmq_ctx_new(), *socket = open_socket(context, ZMQ_PUSH);
    char *payload = make_payload(size);
    connect_for_good(socket, endpoint);
    send_one(socket, payload, size);
    double start = now();
    for (long i = 0; i < count; i++)
        send_one(socket, payload, size);
    answer_time(count, now() - start);
    close_after_peer(context, socket);
    free(payload);
}

void run_rep(const char *endpoint, size_t size, long count) {
    void *context = zmq_ctx_new(), *socket = open_socket(context, ZMQ_REP);
    char *buffer = make_payload(size);
    bind_and_tell(socket, endpoint);
    double start = now();
    for (long i = 0; i < count + 1; i++) { /* one round trip more than is timed: the first */
        receive_one(socket, buffer, size);
        send_one(socket, buffer, size);
    }
    answer_time(count, now() - start);
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
static void answer_latency(double *times, long count) {
    double seconds = times[count] - times[0];
    for (long i = 0; i < count; i++)
        times[i] = times[i + 1] - times[i];
    qsort(times, (size_t)count, sizeof *times, compare);
    answer("{\"count\": %ld, \"seconds\": %.9f, \"p50_us\": %.3f, \"p99_us\": %.3f}", count, seconds,
           percentile(times, count, 50) * 1e6, percentile(times, count, 99) * 1e6);
}

static double *make_times(long count) {
    double *times = calloc((size_t)count + 1, sizeof *times);
    check(times != NULL, "calloc");
    return times;
}

void run_req(const char *endpoint, size_t size, long count) {
    void *context = zmq_ctx_new(), *socket = open_socket(context, ZMQ_REQ);
    char *payload = make_payload(size), *buffer = make_payload(size);
    double *times = make_times(count);
    connect_for_good(socket, endpoint);
    for (long i = 0; i < count + 1; i++) {
        send_one(socket, payload, size);
        receive_one(socket, buffer, size);
        times[i] = now();
    }
    answer_latency(times, count);
    close_after_peer(context, socket);
    free(times);
    free(buffer);
    free(payload);
}

void run_inproc_throughput(size_t size, long count) {
    void *context = zmq_ctx_new(), *pull = open_socket(context, ZMQ_PULL), *push = open_socket(context, ZMQ_PUSH);
    char *payload = make_payload(size), *buffer = make_payload(size);
    long bursts = (count + BURST - 1) / BURST;
    check(zmq_bind(pull, "inproc://stream") == 0, "zmq_bind");
    check(zmq_connect(push, "inproc://stream") == 0, "zmq_connect");
    double start = now();
    for (long i = 0; i < bursts; i++) {
        for (int j = 0; j < BURST; j++)
            send_one(push, payload, size);
        for (int j = 0; j < BURST; j++)
            receive_one(pull, buffer, size);
    }
    double seconds = now() - start;
    close_all(context, pull, push);
    free(buffer);
    free(payload);
    answer_time(bursts * BURST, seconds);
}

void run_inproc_latency(size_t size, long count) {
    void *context = zmq_ctx_new(), *rep = open_socket(context, ZMQ_REP), *req = open_socket(context, ZMQ_REQ);
    char *payload = make_payload(size), *buffer = make_payload(size);
    double *times = make_times(count);
    check(zmq_bind(rep, "inproc://stream") == 0, "zmq_bind");
    check(zmq_connect(req, "inproc://stream") == 0, "zmq_connect");
    for (long i = 0; i < count + 1; i++) {
        send_one(req, payload, size);
        receive_one(rep, buffer, size);
        send_one(rep, buffer, size);
        receive_one(req, buffer, size);
        times[i] = now();
    }
    close_all(context, rep, req);
    answer_latency(times, count);
    free(times);
    free(buffer);
    free(payload);
}
