/* The C baseline of the benchmarks: what plain libzmq does, without any Python.
 *
 * It speaks the protocol of benchmarks/python/worker.py: one job a line on standard input, JSON lines as answers.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

#define HIGH_WATER_MARK 1000 /* messages; the same in every worker */
#define BURST 100            /* messages sent, then received, in one thread; below the high-water mark */
#define PATIENCE 60          /* seconds a job may take; without it, one whose runner was killed would wait for ever */

/* One job: /number is that of sockets, subscribers, connections or threads, or of idle sockets, 0 if not given. */
typedef struct {
    char name[32], subject[512];
    size_t size;
    long count, number;
} Job;

/* What a measurement starts with. */
typedef struct {
    double clock, user, system; /* seconds */
} Meter;

/* main.c */
double now(void);              /* seconds on the monotonic clock */
Meter start(void);
void check(bool ok, const char *call); /* on failure answers with the error of libzmq and ends the process */
void answer(const char *format, ...) __attribute__((format(printf, 1, 2)));
void answer_time(long count, const Meter *since);
void answer_latency(long count, const Meter *since, double p50, double p99); /* seconds */
void wait_for_line(void);      /* reads one line from standard input, which says only that it is there */
char *make_payload(size_t size);

/* sockets.c */
void *make_context(long sockets, long io_threads); /* room for so many sockets, and some more */
void *open_socket(void *context, int type);
void **open_sockets(void *context, int type, long number);
void close_sockets(void **sockets, long number);
void close_context(void *context);
void set_int(void *socket, int option, int value);
void bind_and_tell(void *socket, const char *endpoint);
void connect_for_good(void *socket, const char *endpoint); /* nothing is queued before the connection stands */
void send_one(void *socket, const char *payload, size_t size, int flags);
void receive_one(void *socket, char *buffer, size_t size);

/* These answer the job, or return false if they do not know it. */
bool run_stream(const Job *job);    /* streams.c: two processes, or one thread over inproc */
bool run_many(const Job *job);      /* many.c: many peers of one socket */
bool run_operation(const Job *job); /* operations.c: single operations in one thread */
bool run_memory(const Job *job);    /* memory.c: what sockets and queued messages take */

#endif
