/* Reads jobs, runs them, answers; see bench.h. */
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double seconds(struct timeval t) {
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

/* The processor time is that of all threads, libzmq's among them. */
Meter start(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (Meter){.clock = now(), .user = seconds(usage.ru_utime), .system = seconds(usage.ru_stime)};
}

void answer(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

#define TIME "\"count\": %ld, \"seconds\": %.9f, \"user\": %.6f, \"system\": %.6f"
#define TIME_SINCE(since, end) (end).clock - (since)->clock, (end).user - (since)->user, (end).system - (since)->system

void answer_time(long count, const Meter *since) {
    Meter end = start();
    answer("{" TIME "}", count, TIME_SINCE(since, end));
}

void answer_latency(long count, const Meter *since, double p50, double p99) {
    Meter end = start();
    answer("{" TIME ", \"p50_us\": %.3f, \"p99_us\": %.3f}", count, TIME_SINCE(since, end), p50 * 1e6, p99 * 1e6);
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
    answer("{\"library\": \"c\", \"version\": null, \"engine\": \"libzmq %d.%d.%d\"}", major, minor, patch);
}

/* "NAME[/NUMBER] SUBJECT SIZE COUNT" */
static bool parse(const char *line, Job *job) {
    job->number = 0;
    if (sscanf(line, "%31s %511s %zu %ld", job->name, job->subject, &job->size, &job->count) != 4 || job->count < 1)
        return false;
    char *slash = strchr(job->name, '/');
    if (slash == NULL)
        return true;
    *slash = '\0';
    job->number = strtol(slash + 1, NULL, 10);
    return job->number >= 0;
}

/* A process for many sockets needs many descriptors. */
static void raise_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(void) {
    char line[1024];
    Job job;
    raise_limit();
    while (fgets(line, sizeof line, stdin)) {
        alarm(PATIENCE);
        if (strncmp(line, "version", 7) == 0)
            answer_version();
        else if (!parse(line, &job) ||
                 !(run_stream(&job) || run_many(&job) || run_operation(&job) || run_memory(&job)))
            answer("{\"error\": \"unknown job\"}");
        alarm(0);
    }
    return 0;
}
