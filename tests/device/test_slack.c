// The pages that masked lanes of plain C reach into beside a buffer, and all of its scratch, have
// been written: else each such load or store is slow, on some processors and by chance.
#define _GNU_SOURCE
#include "device/c/c_device.h"
#include "support/support.h"

#include <sys/mman.h>
#include <unistd.h>

static struct bough_device *c;

static int is_there(const unsigned char *at)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    unsigned char there = 0;
    assert_int_equal(mincore((void *)((uintptr_t)at & ~(page - 1)), page, &there), 0);
    return there & 1;
}

// Sizes that malloc takes from the system anew, of which some end just before a page does; and
// large ones, which lie on large pages.
static void the_pages_beside_a_buffer_are_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3 * 128; i++) {
        struct bough__buffer *buffer;
        const size_t size = i < 128 ? (256 << 10) + 32 * i : ((i & 1 ? 2 : 5) << 20) - 32 * (i / 2);
        assert_ok(bough__buffer_create(&buffer, c, size));
        const unsigned char *data = ((struct bough__c_buffer *)buffer)->data;
        assert_int_equal((uintptr_t)data % 64, 0);
        if (!is_there(data - 1) || !is_there(data + size) || !is_there(data + size + C_SLACK - 1))
            fail_msg("%zu bytes: nobody wrote beside them", size);
        bough__buffer_destroy(&buffer);
    }
}

static void all_of_the_scratch_is_written(void **state)
{
    (void)state;
    const size_t size = 3 << 20;
    assert_ok(bough__c_scratch(c, size));
    const unsigned char *scratch = (unsigned char *)((struct bough__c_device *)c)->scratch;
    for (size_t at = 0; at < size + C_SLACK; at += 1024)
        assert_true(is_there(scratch + at));
}

static int begin(void **state)
{
    (void)state;
    assert_ok(bough_device_open(&c, "c"));
    return 0;
}

static int end(void **state)
{
    (void)state;
    bough_device_close(&c);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pages_beside_a_buffer_are_written),
        cmocka_unit_test(all_of_the_scratch_is_written),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
