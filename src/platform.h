/* What differs between operating systems: the clock, fork, detached termination, where libzmq was loaded from. */
#ifndef ZMQBIND_PLATFORM_H
#define ZMQBIND_PLATFORM_H

#include <Python.h>
#include <errno.h>
#include <zmq.h>

#include "atomics.h"

#if defined(_WIN32)
#include <winsock2.h>
#include <windows.h>
#define poll WSAPoll
#define ZB_IPC_PATH_MAX_LEN 107
#else
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#define ZB_IPC_PATH_MAX_LEN ((int)sizeof(((struct sockaddr_un *)0)->sun_path) - 1)
#endif

#if defined(_MSC_VER)
#define ZB_THREAD_LOCAL __declspec(thread)
#else
#define ZB_THREAD_LOCAL __thread
#endif

/* Operations of green sockets that may complete in this thread at once, before other greenlets get a turn. */
#define ZB_RUN 500
static ZB_THREAD_LOCAL int zb_turns = ZB_RUN;

/* Milliseconds on a clock that never goes back. */
static long long zb_now_ms(void)
{
#if defined(_WIN32)
    return (long long)GetTickCount64();
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
#endif
}

/* Whether a descriptor of this process is open. */
static int zb_is_open(int descriptor)
{
#if defined(_WIN32)
    (void)descriptor;
    return 0;
#else
    return fcntl(descriptor, F_GETFD) != -1;
#endif
}

static void zb_sleep_ms(int ms)
{
#if defined(_WIN32)
    Sleep((DWORD)ms);
#else
    struct timespec pause = {ms / 1000, (ms % 1000) * 1000000L};
    nanosleep(&pause, NULL);
#endif
}

/* Let another thread run. */
static inline void zb_yield(void)
{
#if defined(_WIN32)
    SwitchToThread();
#else
    sched_yield();
#endif
}

/* poll(2), the timeout in milliseconds. Returns how many descriptors are ready, or a negative errno. */
static int zb_poll(struct pollfd *items, int count, int timeout)
{
    int ready = poll(items, count, timeout);
    return ready < 0 ? -errno : ready;
}

/* What libzmq calls the events that poll(2) found. */
static short zb_zmq_events(short events)
{
    return (events & POLLIN ? ZMQ_POLLIN : 0) | (events & POLLOUT ? ZMQ_POLLOUT : 0)
           | (events & POLLPRI ? ZMQ_POLLPRI : 0) | (events & ~(POLLIN | POLLOUT | POLLPRI) ? ZMQ_POLLERR : 0);
}

static short zb_poll_events(short events)
{
    return (events & ZMQ_POLLIN ? POLLIN : 0) | (events & ZMQ_POLLOUT ? POLLOUT : 0)
           | (events & ZMQ_POLLPRI ? POLLPRI : 0);
}

/* How many forks lie between the process that loaded the module and this one. Sockets and contexts remember the value
 * they were made under; libzmq's threads do not survive a fork, so those of another value cannot be used. */
static unsigned int zb_generation = 0;
static long zb_terminating = 0; /* contexts being terminated by detached threads */

#if !defined(_WIN32)
static void zb_after_fork_in_child(void)
{
    zb_generation++;
    zb_terminating = 0;
}
#endif

static int zb_watch_forks(void)
{
#if defined(_WIN32)
    return 0;
#else
    return pthread_atfork(NULL, NULL, zb_after_fork_in_child);
#endif
}

/* zmq_socket, which starts libzmq's threads at the first socket: with all signals blocked, as one that such a thread
 * takes before it has blocked them itself would not interrupt the thread that runs Python. */
static void *zb_socket(void *context, int type)
{
#if defined(_WIN32)
    return zmq_socket(context, type);
#else
    sigset_t all, before;
    void *made;
    int code;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    made = zmq_socket(context, type);
    code = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = code;
    return made;
#endif
}

static void zb_terminate(void *context)
{
    while (zmq_ctx_term(context) != 0 && zmq_errno() == EINTR) {
    }
    zb_add(&zb_terminating, -1);
}

#if defined(_WIN32)
static DWORD WINAPI zb_terminate_thread(void *context)
{
    zb_terminate(context);
    return 0;
}
#else
static void *zb_terminate_thread(void *context)
{
    zb_terminate(context);
    return NULL;
}
#endif

/*
 * Terminate a context nobody refers to any more, on a thread of its own: zmq_ctx_term waits for lingering messages. The
 * thread is not one of Python's, as this is used when Python is gone, too. Where none is to be had, the context is
 * leaked rather than waited for.
 */
static void zb_terminate_detached(void *context)
{
    int started;
#if defined(_WIN32)
    HANDLE thread;
    zb_add(&zb_terminating, 1);
    thread = CreateThread(NULL, 0, zb_terminate_thread, context, 0, NULL);
    started = thread != NULL;
    if (started)
        CloseHandle(thread);
#else
    sigset_t all, before; /* signals are for the threads that run Python */
    pthread_t thread;
    zb_add(&zb_terminating, 1);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&thread, NULL, zb_terminate_thread, context) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        pthread_detach(thread);
#endif
    if (!started)
        zb_add(&zb_terminating, -1);
}

/* Wait until the detached terminations are over, at most ms milliseconds. Call it without the GIL. */
static void zb_await_terminations(int ms)
{
    long long end = zb_now_ms() + ms;
    while (zb_load(&zb_terminating) > 0 && zb_now_ms() < end)
        zb_sleep_ms(1);
}

/* The file that libzmq's code was loaded from, or NULL where the system does not tell. */
static const char *zb_libzmq_path(void)
{
#if defined(_WIN32)
    static char path[MAX_PATH];
    HMODULE module;
    if (GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                           (LPCSTR)zmq_version, &module) &&
        GetModuleFileNameA(module, path, MAX_PATH))
        return path;
    return NULL;
#else
    Dl_info info;
    return dladdr((void *)zmq_version, &info) ? info.dli_fname : NULL;
#endif
}

#endif
