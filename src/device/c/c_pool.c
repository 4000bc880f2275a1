#define _GNU_SOURCE // sched_getaffinity
#include "device/c/c_pool.h"

#include "base/error.h"
#include "base/strings.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_THREADS = 256,
    WATCH_NS = 50000,     // how long a thread without work stays awake
    AWAIT_NS = 20000,     // how long the caller waits awake for the last items
    POLLS_PER_GLANCE = 32 // between two looks at the clock
};

// A thread's items, begin | end << 32, on cache lines of its own. The owner takes at the front,
// others at the end. Whoever took an item finds `fn` and `context` as they belong to it: they
// change only when all items are done.
struct part {
    _Alignas(128) _Atomic uint64_t range;
    struct bough__c_pool *pool;
    pthread_t thread; // not of part 0, which is the caller's
};

struct bough__c_pool {
    bough__c_item_fn *fn;
    const void *context;
    int threads, started; // the caller among them; what did not start is done by the others
    pid_t process;        // that the threads belong to: a child of it has none of them
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    _Alignas(128) atomic_int sleepers; // since they were last woken
    atomic_int stop;
    _Alignas(128) _Atomic int64_t left; // items not done
    atomic_int awaited;                 // the caller sleeps until `left` is 0
    struct part part[];
};

// ---- Threads ----

static int cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

static enum bough_status threads_wanted(int *threads)
{
    const char *text = bough__variable("BOUGH_THREADS");
    int64_t number = cores();
    if (text && (!bough__parse_int(text, &number) || number < 1 || number > MOST_THREADS)) {
        *threads = 1;
        return bough__fail(BOUGH_INVALID, "BOUGH_THREADS is \"%s\", wanted a number, 1 to %d", text,
                           MOST_THREADS);
    }
    *threads = number > MOST_THREADS ? MOST_THREADS : (int)number;
    return BOUGH_OK;
}

int bough__c_threads_wanted(void)
{
    int threads;
    threads_wanted(&threads);
    return threads;
}

int bough__c_pool_threads(const struct bough__c_pool *pool)
{
    return pool->threads;
}

// ---- Taking items ----

static int is_empty(const struct part *part)
{
    uint64_t range = atomic_load(&part->range);
    return (uint32_t)range >= range >> 32;
}

// -1 if there is none.
static int64_t take(struct part *part, int from_the_end)
{
    uint64_t range = atomic_load_explicit(&part->range, memory_order_relaxed), rest;
    do {
        if ((uint32_t)range >= range >> 32)
            return -1;
        rest = from_the_end ? range - ((uint64_t)1 << 32) : range + 1;
    } while (!atomic_compare_exchange_weak_explicit(&part->range, &range, rest,
                                                    memory_order_acquire, memory_order_relaxed));
    return from_the_end ? (int64_t)(rest >> 32) : (int64_t)(uint32_t)range;
}

// Does what there is to do, its own items first.
static void work(struct bough__c_pool *pool, int thread)
{
    int64_t count = 0;
    for (int i = 0; i < pool->threads; i++) {
        struct part *part = &pool->part[(thread + i) % pool->threads];
        for (int64_t item; (item = take(part, i > 0)) >= 0; count++)
            pool->fn(pool->context, item, thread);
    }
    if (count == 0 || atomic_fetch_sub(&pool->left, count) != count)
        return;
    if (atomic_load(&pool->awaited)) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_signal(&pool->done);
        pthread_mutex_unlock(&pool->lock);
    }
}

// ---- Waiting ----

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

// Polls for so long; returns what it found last.
static int poll_ns(int (*is_so)(const struct part *part), const struct part *part, int64_t ns)
{
    int64_t until = 0;
    for (;;) {
        for (int i = 0; i < POLLS_PER_GLANCE; i++) {
            if (is_so(part))
                return 1;
            relax();
        }
        int64_t now = now_ns();
        if (until && now >= until)
            return 0;
        until = until ? until : now + ns;
    }
}

static int has_cause(const struct part *part)
{
    return !is_empty(part) || atomic_load(&part->pool->stop);
}

static int is_done(const struct part *part)
{
    return atomic_load(&part->pool->left) == 0;
}

static void await_work(struct part *part)
{
    struct bough__c_pool *pool = part->pool;
    if (poll_ns(has_cause, part, WATCH_NS))
        return;
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->sleepers, 1);
    if (!has_cause(part))
        pthread_cond_wait(&pool->work, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

static void wake(struct bough__c_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->sleepers, 0);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
}

static void await_the_rest(struct bough__c_pool *pool)
{
    if (poll_ns(is_done, pool->part, AWAIT_NS))
        return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->awaited, 1);
    while (atomic_load(&pool->left) != 0)
        pthread_cond_wait(&pool->done, &pool->lock);
    atomic_store(&pool->awaited, 0);
    pthread_mutex_unlock(&pool->lock);
}

// ---- The pool ----

static void *thread_main(void *user)
{
    struct part *part = user;
    while (!atomic_load(&part->pool->stop)) {
        work(part->pool, (int)(part - part->pool->part));
        await_work(part);
    }
    return NULL;
}

static void start(struct bough__c_pool *pool)
{
    pool->process = getpid();
    while (pool->started < pool->threads) {
        struct part *part = &pool->part[pool->started];
        if (pthread_create(&part->thread, NULL, thread_main, part) != 0)
            break;
        pool->started++;
    }
}

void bough__c_pool_run(struct bough__c_pool *pool, bough__c_item_fn *fn, const void *context,
                       int64_t count)
{
    if (pool->threads == 1 || count <= 1) {
        for (int64_t i = 0; i < count; i++)
            fn(context, i, 0);
        return;
    }
    pool->fn = fn;
    pool->context = context;
    atomic_store_explicit(&pool->left, count, memory_order_relaxed);
    for (int i = pool->threads - 1; i >= 0; i--) {
        uint64_t begin = (uint64_t)(count * i / pool->threads);
        uint64_t end = (uint64_t)(count * (i + 1) / pool->threads);
        atomic_store_explicit(&pool->part[i].range, begin | end << 32,
                              i ? memory_order_release : memory_order_seq_cst);
    }
    if (pool->started == 1)
        start(pool);
    else if (atomic_load(&pool->sleepers))
        wake(pool);
    work(pool, 0);
    await_the_rest(pool);
}

enum bough_status bough__c_pool_create(struct bough__c_pool **pool)
{
    int threads;
    *pool = NULL;
    enum bough_status status = threads_wanted(&threads);
    if (status != BOUGH_OK)
        return status;
    size_t size = sizeof **pool + (size_t)threads * sizeof(struct part);
    struct bough__c_pool *made = aligned_alloc(128, size);
    if (!made)
        return bough__no_memory();
    memset(made, 0, size);
    made->threads = threads;
    made->started = 1;
    made->process = getpid();
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->work, NULL);
    pthread_cond_init(&made->done, NULL);
    for (int i = 0; i < threads; i++)
        made->part[i].pool = made;
    *pool = made;
    return BOUGH_OK;
}

void bough__c_pool_destroy(struct bough__c_pool **pool)
{
    struct bough__c_pool *gone = *pool;
    if (!gone)
        return;
    if (gone->process == getpid()) {
        atomic_store(&gone->stop, 1);
        wake(gone);
        for (int i = 1; i < gone->started; i++)
            pthread_join(gone->part[i].thread, NULL);
        pthread_cond_destroy(&gone->done);
        pthread_cond_destroy(&gone->work);
        pthread_mutex_destroy(&gone->lock);
    }
    free(gone);
    *pool = NULL;
}
