/* Reads jobs, runs them, answers; see bench.h. */
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void answer(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

void answer_time(long count, double seconds) {
    answer("{\"count\": %ld, \"seconds\": %.9f}", count, seconds);
}

void check(bool ok, const char *call) {
    if (ok)
        return;
    answer("{\"error\": \"%s: %s\"}", call, zmq_strerror(zmq_errno()));
    exit(1);
}

void wait_for_line(void) {
    char line[16];
    if (fgets(line, sizeof line, stdin) == NULL)
        exit(1);
}

char *make_payload(size_t size) {
    char *payload = malloc(size ? size : 1);
    check(payload != NULL, "malloc");
    memset(payload, 'x', size);
    return payload;
}

static void answer_version(void) {
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    answer("{\"library\": \"c\", \"version\": null, \"libzmq\": \"%d.%d.%d\"}", major, minor, patch);
}

static bool run_job(const char *job, const char *subject, size_t size, long count) {
    if (strcmp(job, "pull") == 0)
        run_pull(subject, size, count);
    else if (strcmp(job, "push") == 0)
        run_push(subject, size, count);
    else if (strcmp(job, "rep") == 0)
        run_rep(subject, size, count);
    else if (strcmp(job, "req") == 0)
        run_req(subject, size, count);
    else if (strcmp(job, "throughput") == 0 && strcmp(subject, "inproc") == 0)
        run_inproc_throughput(size, count);
    else if (strcmp(job, "latency") == 0 && strcmp(subject, "inproc") == 0)
        run_inproc_latency(size, count);
    else if (strcmp(job, "operation") == 0)
        return run_operation(subject, size, count);
    else
        return false;
    return true;
}

int main(void) {
    char line[1024], job[32], subject[512];
    size_t size;
    long count;
    while (fgets(line, sizeof line, stdin)) {
        alarm(PATIENCE);
        if (strncmp(line, "version", 7) == 0)
            answer_version();
        else if (sscanf(line, "%31s %511s %zu %ld", job, subject, &size, &count) != 4 || count < 1 ||
                 !run_job(job, subject, size, count))
            answer("{\"error\": \"unknown job\"}");
        alarm(0);
    }
    return 0;
}
