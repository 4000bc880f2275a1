#include "data/prefetch.h"

#include "base/error.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bough__prefetch {
    bough__work *work;
    void *user;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum { IDLE, BUSY, ENDING } state;
    int64_t what;
    enum bough_status status; // of the last work
    char message[2048];       // a thread's last error is its own
};

static void *run(void *user)
{
    struct bough__prefetch *prefetch = user;
    pthread_mutex_lock(&prefetch->lock);
    while (prefetch->state != ENDING) {
        if (prefetch->state == IDLE) {
            pthread_cond_wait(&prefetch->changed, &prefetch->lock);
            continue;
        }
        pthread_mutex_unlock(&prefetch->lock);
        const enum bough_status status = prefetch->work(prefetch->user, prefetch->what);
        pthread_mutex_lock(&prefetch->lock);
        prefetch->status = status;
        if (status != BOUGH_OK)
            snprintf(prefetch->message, sizeof prefetch->message, "%s", bough_last_error());
        prefetch->state = IDLE;
        pthread_cond_broadcast(&prefetch->changed);
    }
    pthread_mutex_unlock(&prefetch->lock);
    return NULL;
}

enum bough_status bough__prefetch_create(struct bough__prefetch **prefetch, bough__work *work,
                                         void *user)
{
    struct bough__prefetch *made = calloc(1, sizeof *made);
    *prefetch = NULL;
    if (!made)
        return bough__no_memory();
    made->work = work;
    made->user = user;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    int error = pthread_create(&made->thread, NULL, run, made);
    if (error) {
        free(made);
        return bough__fail(BOUGH_INTERNAL, "cannot start a thread: %s", strerror(error));
    }
    *prefetch = made;
    return BOUGH_OK;
}

static void set_state(struct bough__prefetch *prefetch, int state)
{
    prefetch->state = state;
    pthread_cond_broadcast(&prefetch->changed);
    pthread_mutex_unlock(&prefetch->lock);
}

// Returns with the lock held.
static void await_idle(struct bough__prefetch *prefetch)
{
    pthread_mutex_lock(&prefetch->lock);
    while (prefetch->state != IDLE)
        pthread_cond_wait(&prefetch->changed, &prefetch->lock);
}

void bough__prefetch_start(struct bough__prefetch *prefetch, int64_t what)
{
    pthread_mutex_lock(&prefetch->lock);
    assert(prefetch->state == IDLE);
    prefetch->what = what;
    set_state(prefetch, BUSY);
}

enum bough_status bough__prefetch_wait(struct bough__prefetch *prefetch)
{
    await_idle(prefetch);
    enum bough_status status = prefetch->status;
    if (status != BOUGH_OK)
        bough__fail(status, "%s", prefetch->message);
    pthread_mutex_unlock(&prefetch->lock);
    return status;
}

void bough__prefetch_destroy(struct bough__prefetch **prefetch)
{
    struct bough__prefetch *gone = *prefetch;
    if (!gone)
        return;
    await_idle(gone);
    set_state(gone, ENDING);
    pthread_join(gone->thread, NULL);
    pthread_cond_destroy(&gone->changed);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
    *prefetch = NULL;
}
