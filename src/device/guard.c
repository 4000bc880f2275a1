#define _GNU_SOURCE // uselocale

#include "device/guard.h"

#include "base/error.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef void (*handler)(void);

static _Thread_local struct bough__guard *innermost;
static atomic_int thrown;

// One handler for all threads, there while any of them is in a call.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned guards;
static handler before;
static handler (*set)(handler); // std::set_terminate; NULL where nothing can throw
static pthread_once_t found = PTHREAD_ONCE_INIT;

// C++ ends a program through here, before it unwinds anything.
static void land(void)
{
    if (innermost) {
        atomic_store(&thrown, 1);
        longjmp(innermost->landing, 1);
    }
    if (before)
        before();
    abort();
}

static void find_setter(void)
{
    void *runtime = dlopen("libstdc++.so.6", RTLD_NOW);
    if (runtime)
        *(void **)&set = dlsym(runtime, "_ZSt13set_terminatePFvvE");
}

int bough__guard_begin(struct bough__guard *guard)
{
    if (atomic_load(&thrown))
        return 0;
    pthread_once(&found, find_setter);
    pthread_mutex_lock(&lock);
    if (guards++ == 0 && set)
        before = set(land);
    pthread_mutex_unlock(&lock);
    guard->outer = innermost;
    guard->locale = uselocale((locale_t)0);
    innermost = guard;
    return 1;
}

void bough__guard_end(struct bough__guard *guard)
{
    innermost = guard->outer;
    uselocale(guard->locale); // a jump may have left the call's own
    pthread_mutex_lock(&lock);
    if (--guards == 0 && set)
        set(before);
    pthread_mutex_unlock(&lock);
}

const char *bough__guard_thrown(void)
{
    return atomic_load(&thrown) ? "no OpenCL: a driver or library of it threw a C++ exception, and "
                                  "is not called again; is there memory left?"
                                : NULL;
}

enum bough_status bough__guard_fail(void)
{
    return bough__fail(BOUGH_DEVICE, "%s", bough__guard_thrown());
}
