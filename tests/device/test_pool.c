// The threads of plain C: every item is done once, by a thread of its own number, and what was
// written before is seen.
#include "device/c/c_pool.h"
#include "support/support.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_ITEMS = 300, MOST_THREADS = 5 };

struct work {
    int times[MOST_ITEMS]; // plain: a race between two items of a number would be seen by TSan
    atomic_int busy[MOST_THREADS];
    atomic_int twice;
    int before;
};

static void item(const void *context, int64_t i, int thread)
{
    struct work *work = *(struct work *const *)context;
    if (atomic_fetch_add(&work->busy[thread], 1) != 0)
        atomic_store(&work->twice, 1);
    work->times[i] += work->before;
    atomic_fetch_sub(&work->busy[thread], 1);
}

static struct bough__c_pool *pool_of(const char *threads)
{
    struct bough__c_pool *pool;
    setenv("BOUGH_THREADS", threads, 1);
    assert_ok(bough__c_pool_create(&pool));
    unsetenv("BOUGH_THREADS");
    assert_int_equal(bough__c_pool_threads(pool), atoi(threads));
    return pool;
}

static void check(struct bough__c_pool *pool, int64_t count, struct work *work)
{
    for (int round = 1; round <= 40; round++) {
        work->before = 1;
        bough__c_pool_run(pool, item, &work, count);
        for (int64_t i = 0; i < MOST_ITEMS; i++)
            assert_int_equal(work->times[i], i < count ? round : 0);
        work->before = 0; // nobody adds it
    }
    assert_int_equal(atomic_load(&work->twice), 0);
}

static void every_item_is_done_once(void **state)
{
    (void)state;
    static const char *const threads[] = {"1", "2", "3", "5"};
    static const int64_t counts[] = {0, 1, 2, 3, 7, 64, MOST_ITEMS};
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        struct bough__c_pool *pool = pool_of(threads[t]);
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            check(pool, counts[i], &(struct work){.before = 0});
        bough__c_pool_destroy(&pool);
        assert_null(pool);
    }
}

// Threads that went to sleep are woken.
static void work_after_a_rest(void **state)
{
    (void)state;
    struct bough__c_pool *pool = pool_of("3");
    for (int i = 0; i < 3; i++) {
        check(pool, 7, &(struct work){.before = 0});
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    bough__c_pool_destroy(&pool);
}

static void a_pool_without_work(void **state)
{
    (void)state;
    struct bough__c_pool *pool = pool_of("4");
    bough__c_pool_destroy(&pool);
    bough__c_pool_destroy(&pool);
}

// The threads stay with the parent; the child works alone and ends.
static void a_child_has_no_threads(void **state)
{
    (void)state;
    struct bough__c_pool *pool = pool_of("3");
    check(pool, 7, &(struct work){.before = 0});
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct work work = {.before = 1}, *seen = &work;
        alarm(20); // instead of hanging
        bough__c_pool_run(pool, item, &seen, 7);
        bough__c_pool_destroy(&pool);
        for (int i = 0; i < 7; i++)
            if (work.times[i] != 1)
                _exit(1);
        _exit(0);
    }
    int code;
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 0);
    check(pool, 7, &(struct work){.before = 0});
    bough__c_pool_destroy(&pool);
}

static void nothing_is_no_wish(void **state)
{
    (void)state;
    unsetenv("BOUGH_THREADS");
    const int threads = bough__c_threads_wanted();
    struct bough__c_pool *pool;
    setenv("BOUGH_THREADS", "", 1);
    assert_ok(bough__c_pool_create(&pool));
    unsetenv("BOUGH_THREADS");
    assert_int_equal(bough__c_pool_threads(pool), threads);
    bough__c_pool_destroy(&pool);
}

static void nonsense_is_told(void **state)
{
    (void)state;
    static const char *const texts[] = {"0", "-1", "two", "257", "2 "};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct bough__c_pool *pool;
        setenv("BOUGH_THREADS", texts[i], 1);
        assert_int_equal(bough__c_threads_wanted(), 1);
        assert_int_equal(bough__c_pool_create(&pool), BOUGH_INVALID);
        assert_null(pool);
        assert_non_null(strstr(bough_last_error(), "BOUGH_THREADS"));
    }
    unsetenv("BOUGH_THREADS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_is_done_once), cmocka_unit_test(work_after_a_rest),
        cmocka_unit_test(a_pool_without_work),     cmocka_unit_test(a_child_has_no_threads),
        cmocka_unit_test(nothing_is_no_wish),      cmocka_unit_test(nonsense_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
