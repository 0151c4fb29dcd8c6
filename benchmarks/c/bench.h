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
#define IDLE_SOCKETS 100     /* sockets in the poll set in which nothing happens */

/* main.c */
double now(void);              /* seconds on the monotonic clock */
void check(bool ok, const char *call); /* on failure answers with the error of libzmq and ends the process */
void answer(const char *format, ...) __attribute__((format(printf, 1, 2)));
void answer_time(long count, double seconds);
void wait_for_line(void);      /* reads one line from standard input, which says only that it is there */
char *make_payload(size_t size);

/* streams.c: two processes, or one thread over inproc */
void run_pull(const char *endpoint, size_t size, long count);
void run_push(const char *endpoint, size_t size, long count);
void run_rep(const char *endpoint, size_t size, long count);
void run_req(const char *endpoint, size_t size, long count);
void run_inproc_throughput(size_t size, long count);
void run_inproc_latency(size_t size, long count);

/* operations.c: single operations in one thread; false for a name that is not known */
bool run_operation(const char *name, size_t size, long count);

#endif
