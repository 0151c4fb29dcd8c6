/* The few atomic operations that the lock-free parts need, on GCC, Clang and MSVC. */
#ifndef ZMQBIND_ATOMICS_H
#define ZMQBIND_ATOMICS_H

#if defined(_MSC_VER)

#include <intrin.h>
#define zb_add(p, n) (_InterlockedExchangeAdd((volatile long *)(p), (n)) + (n))
#define zb_load(p) (_InterlockedOr((volatile long *)(p), 0))
#define zb_store(p, v) ((void)_InterlockedExchange((volatile long *)(p), (v)))
#define zb_swap_pointer(p, v) (_InterlockedExchangePointer((void *volatile *)(p), (v)))
#define zb_load_pointer(p) (*(void *volatile *)(p))
#define zb_take_byte(p) (_InterlockedExchange8((p), 1) == 0)
#define zb_free_byte(p) ((void)_InterlockedExchange8((p), 0))
#define zb_thread_local __declspec(thread)
static __inline int zb_replace_pointer(void **p, void **expected, void *v)
{
    void *seen = _InterlockedCompareExchangePointer((void *volatile *)p, v, *expected);
    if (seen == *expected)
        return 1;
    *expected = seen;
    return 0;
}

#else

#define zb_add(p, n) __atomic_add_fetch((p), (n), __ATOMIC_ACQ_REL)
#define zb_load(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define zb_store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define zb_swap_pointer(p, v) __atomic_exchange_n((void **)(p), (void *)(v), __ATOMIC_ACQ_REL)
#define zb_load_pointer(p) __atomic_load_n((void **)(p), __ATOMIC_ACQUIRE)
#define zb_replace_pointer(p, expected, v)                                                                  \
    __atomic_compare_exchange_n((void **)(p), (void **)(expected), (void *)(v), 0, __ATOMIC_ACQ_REL,        \
                                __ATOMIC_ACQUIRE)
#define zb_take_byte(p) (__atomic_exchange_n((p), 1, __ATOMIC_ACQUIRE) == 0)
#define zb_free_byte(p) __atomic_store_n((p), 0, __ATOMIC_RELEASE)
#define zb_thread_local _Thread_local

#endif
#endif
