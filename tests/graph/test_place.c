// Placing areas: none that live together overlap, and memory is shared where it can be.
#include "support/support.h"

#include "cl/random.h"
#include "graph/place.h"

#include <stdlib.h>

static void chain_needs_two_areas(void **state)
{
    (void)state;
    struct bough__area area[100];
    for (int i = 0; i < 100; i++)
        area[i] = (struct bough__area){.bytes = 1024, .first = i, .last = i + 1};
    size_t bytes;
    assert_ok(bough__place_areas(area, 100, &bytes));
    assert_int_equal(bytes, 2048);
}

static void nothing_needs_nothing(void **state)
{
    (void)state;
    size_t bytes = 1;
    assert_ok(bough__place_areas(NULL, 0, &bytes));
    assert_int_equal(bytes, 0);
}

static void random_areas_never_overlap(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    struct bough__area area[COUNT];
    size_t sum = 0, bytes;
    for (unsigned i = 0; i < COUNT; i++) {
        struct random4 draw = random_bits(1, 2, i, 0, 0, 0);
        int32_t first = (int32_t)(draw.v[0] % 100);
        area[i] = (struct bough__area){
            .bytes = draw.v[1] % 10000, .first = first, .last = first + (int32_t)(draw.v[2] % 20)};
        sum += area[i].bytes;
    }
    assert_ok(bough__place_areas(area, COUNT, &bytes));
    assert_true(bytes < sum / 2);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(area[i].offset % BOUGH_AREA_ALIGNMENT, 0);
        assert_true(area[i].offset + area[i].bytes <= bytes);
        for (int j = 0; j < i; j++) {
            int together = area[i].first <= area[j].last && area[j].first <= area[i].last;
            int apart = area[i].offset + area[i].bytes <= area[j].offset ||
                        area[j].offset + area[j].bytes <= area[i].offset;
            assert_true(!together || apart);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain_needs_two_areas),
        cmocka_unit_test(nothing_needs_nothing),
        cmocka_unit_test(random_areas_never_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
