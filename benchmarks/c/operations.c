/* Single operations in one thread over an inproc pair: the floor under what a binding can reach. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

typedef struct {
    void *context, *a, *b; /* a connected pair */
    void **idle;           /* sockets in the poll set in which nothing happens */
    long number;           /* of those */
    char *payload, *buffer;
    size_t size;
} Fixture;

typedef void (*Operation)(Fixture *f, long count);

static void send_recv(Fixture *f, long count) {
    for (long i = 0; i < count; i++) {
        check(zmq_send(f->a, f->payload, f->size, 0) >= 0, "zmq_send");
        check(zmq_recv(f->b, f->buffer, f->size, 0) == (int)f->size, "zmq_recv");
    }
}

static void keep(void *data, void *hint) {
    (void)data;
    (void)hint;
}

static void nocopy(Fixture *f, long count) {
    zmq_msg_t out, in;
    for (long i = 0; i < count; i++) {
        check(zmq_msg_init_data(&out, f->payload, f->size, keep, NULL) == 0, "zmq_msg_init_data");
        check(zmq_msg_send(&out, f->a, 0) >= 0, "zmq_msg_send");
        zmq_msg_init(&in);
        check(zmq_msg_recv(&in, f->b, 0) == (int)f->size, "zmq_msg_recv");
        zmq_msg_close(&in);
    }
}

static void multipart(Fixture *f, long count) {
    for (long i = 0; i < count; i++) {
        check(zmq_send(f->a, f->payload, f->size, ZMQ_SNDMORE) >= 0, "zmq_send");
        check(zmq_send(f->a, f->payload, f->size, ZMQ_SNDMORE) >= 0, "zmq_send");
        check(zmq_send(f->a, f->payload, f->size, 0) >= 0, "zmq_send");
        for (int part = 0; part < 3; part++)
            check(zmq_recv(f->b, f->buffer, f->size, 0) == (int)f->size, "zmq_recv");
    }
}

static void getsockopt_linger(Fixture *f, long count) {
    for (long i = 0; i < count; i++) {
        int linger;
        size_t length = sizeof linger;
        check(zmq_getsockopt(f->a, ZMQ_LINGER, &linger, &length) == 0, "zmq_getsockopt");
    }
}

static void poll_ready(Fixture *f, long count) {
    zmq_pollitem_t item = {f->b, 0, ZMQ_POLLIN, 0};
    check(zmq_send(f->a, f->payload, f->size, 0) >= 0, "zmq_send");
    for (long i = 0; i < count; i++)
        check(zmq_poll(&item, 1, -1) == 1, "zmq_poll");
}

/* The idle sockets, then b. */
static zmq_pollitem_t *make_items(Fixture *f) {
    zmq_pollitem_t *items = calloc((size_t)f->number + 1, sizeof *items);
    check(items != NULL, "calloc");
    for (long i = 0; i <= f->number; i++)
        items[i] = (zmq_pollitem_t){i < f->number ? f->idle[i] : f->b, 0, ZMQ_POLLIN, 0};
    return items;
}

static void poll_idle(Fixture *f, long count) {
    zmq_pollitem_t *items = make_items(f);
    for (long i = 0; i < count; i++)
        check(zmq_poll(items, (int)f->number, 0) == 0, "zmq_poll");
    free(items);
}

static void poll_recv(Fixture *f, long count) {
    zmq_pollitem_t *items = make_items(f);
    for (long i = 0; i < count; i++) {
        send_one(f->a, f->payload, f->size, 0);
        check(zmq_poll(items, (int)f->number + 1, -1) == 1, "zmq_poll");
        receive_one(f->b, f->buffer, f->size);
    }
    free(items);
}

static void socket_poll(Fixture *f, long count) {
    zmq_pollitem_t item = {f->b, 0, ZMQ_POLLIN, 0};
    for (long i = 0; i < count; i++)
        check(zmq_poll(&item, 1, 0) == 0, "zmq_poll");
}

static const struct {
    const char *name;
    Operation run;
} operations[] = {
    {"send-recv", send_recv},
    {"nocopy", nocopy},
    {"multipart", multipart},
    {"getsockopt", getsockopt_linger},
    {"poll-ready", poll_ready},
    {"poll-idle", poll_idle},
    {"poll-recv", poll_recv},
    {"socket-poll", socket_poll},
};

static void time_operation(Operation run, const Job *job) {
    Fixture f = {.size = job->size, .number = job->number};
    f.context = make_context(job->number + 2, 1);
    f.a = zmq_socket(f.context, ZMQ_PAIR);
    f.b = zmq_socket(f.context, ZMQ_PAIR);
    check(f.a != NULL && f.b != NULL, "zmq_socket");
    check(zmq_bind(f.b, "inproc://operation") == 0, "zmq_bind");
    check(zmq_connect(f.a, "inproc://operation") == 0, "zmq_connect");
    f.idle = open_sockets(f.context, ZMQ_PULL, f.number);
    f.payload = make_payload(job->size);
    f.buffer = make_payload(job->size);
    Meter since = start();
    run(&f, job->count);
    answer_time(job->count, &since);
    zmq_close(f.a);
    zmq_close(f.b);
    close_sockets(f.idle, f.number);
    close_context(f.context);
    free(f.buffer);
    free(f.payload);
}

bool run_operation(const Job *job) {
    if (strcmp(job->name, "operation") != 0)
        return false;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (strcmp(job->subject, operations[i].name) == 0) {
            time_operation(operations[i].run, job);
            return true;
        }
    return false;
}
