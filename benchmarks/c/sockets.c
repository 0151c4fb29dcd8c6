/* What all measurements do with sockets. */
#include "bench.h"

#include <stdlib.h>
#include <zmq.h>

#define SPARE_SOCKETS 8

void *make_context(long sockets, long io_threads) {
    void *context = zmq_ctx_new();
    check(context != NULL, "zmq_ctx_new");
    check(zmq_ctx_set(context, ZMQ_MAX_SOCKETS, (int)sockets + SPARE_SOCKETS) == 0, "zmq_ctx_set");
    check(zmq_ctx_set(context, ZMQ_IO_THREADS, (int)io_threads) == 0, "zmq_ctx_set");
    return context;
}

void set_int(void *socket, int option, int value) {
    check(zmq_setsockopt(socket, option, &value, sizeof value) == 0, "zmq_setsockopt");
}

void *open_socket(void *context, int type) {
    void *socket = zmq_socket(context, type);
    check(socket != NULL, "zmq_socket");
    set_int(socket, ZMQ_SNDHWM, HIGH_WATER_MARK);
    set_int(socket, ZMQ_RCVHWM, HIGH_WATER_MARK);
    return socket;
}

void **open_sockets(void *context, int type, long number) {
    void **sockets = calloc((size_t)number + 1, sizeof *sockets);
    check(sockets != NULL, "calloc");
    for (long i = 0; i < number; i++)
        sockets[i] = open_socket(context, type);
    return sockets;
}

void close_sockets(void **sockets, long number) {
    for (long i = 0; i < number; i++)
        check(zmq_close(sockets[i]) == 0, "zmq_close");
    free(sockets);
}

void close_context(void *context) {
    check(zmq_ctx_term(context) == 0, "zmq_ctx_term");
}

void bind_and_tell(void *socket, const char *endpoint) {
    char bound[512];
    size_t length = sizeof bound;
    check(zmq_bind(socket, endpoint) == 0, "zmq_bind");
    check(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &length) == 0, "zmq_getsockopt");
    answer("{\"endpoint\": \"%s\"}", bound);
}

void connect_for_good(void *socket, const char *endpoint) {
    set_int(socket, ZMQ_IMMEDIATE, 1);
    check(zmq_connect(socket, endpoint) == 0, "zmq_connect");
}

void send_one(void *socket, const char *payload, size_t size, int flags) {
    check(zmq_send(socket, payload, size, flags) == (int)size, "zmq_send");
}

void receive_one(void *socket, char *buffer, size_t size) {
    check(zmq_recv(socket, buffer, size, 0) == (int)size, "zmq_recv");
}
