#include "data/ahead.h"

#include "base/error.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bough__ahead {
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
    struct bough__ahead *ahead = user;
    pthread_mutex_lock(&ahead->lock);
    while (ahead->state != ENDING) {
        if (ahead->state == IDLE) {
            pthread_cond_wait(&ahead->changed, &ahead->lock);
            continue;
        }
        pthread_mutex_unlock(&ahead->lock);
        const enum bough_status status = ahead->work(ahead->user, ahead->what);
        pthread_mutex_lock(&ahead->lock);
        ahead->status = status;
        if (status != BOUGH_OK)
            snprintf(ahead->message, sizeof ahead->message, "%s", bough_last_error());
        ahead->state = IDLE;
        pthread_cond_broadcast(&ahead->changed);
    }
    pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

enum bough_status bough__ahead_create(struct bough__ahead **ahead, bough__work *work, void *user)
{
    struct bough__ahead *made = calloc(1, sizeof *made);
    *ahead = NULL;
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
    *ahead = made;
    return BOUGH_OK;
}

static void set_state(struct bough__ahead *ahead, int state)
{
    ahead->state = state;
    pthread_cond_broadcast(&ahead->changed);
    pthread_mutex_unlock(&ahead->lock);
}

// Returns with the lock held.
static void await_idle(struct bough__ahead *ahead)
{
    pthread_mutex_lock(&ahead->lock);
    while (ahead->state != IDLE)
        pthread_cond_wait(&ahead->changed, &ahead->lock);
}

void bough__ahead_start(struct bough__ahead *ahead, int64_t what)
{
    pthread_mutex_lock(&ahead->lock);
    assert(ahead->state == IDLE);
    ahead->what = what;
    set_state(ahead, BUSY);
}

enum bough_status bough__ahead_wait(struct bough__ahead *ahead)
{
    await_idle(ahead);
    enum bough_status status = ahead->status;
    if (status != BOUGH_OK)
        bough__fail(status, "%s", ahead->message);
    pthread_mutex_unlock(&ahead->lock);
    return status;
}

void bough__ahead_destroy(struct bough__ahead **ahead)
{
    struct bough__ahead *gone = *ahead;
    if (!gone)
        return;
    await_idle(gone);
    set_state(gone, ENDING);
    pthread_join(gone->thread, NULL);
    pthread_cond_destroy(&gone->changed);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
    *ahead = NULL;
}
