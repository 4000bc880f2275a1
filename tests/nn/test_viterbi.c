// The likeliest path against every path there is, and what BIO forbids.
#include "nn/tags.h"
#include "nn/viterbi.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

enum { TAGS = 4, MOST = 6 };

static float transitions[TAGS * TAGS], start[TAGS], end[TAGS], score[MOST * TAGS];
static const struct bough__chain chain = {TAGS, transitions, start, end};

// Multiples of 1/8, so that sums are exact, and ties occur.
static void draw(float *x, int count)
{
    for (int i = 0; i < count; i++)
        x[i] = (float)(rand() % 33 - 16) / 8;
}

static float score_of(const int32_t *tag, int64_t length)
{
    float sum = start[tag[0]] + end[tag[length - 1]];
    for (int64_t t = 0; t < length; t++)
        sum += score[t * TAGS + tag[t]] + (t ? transitions[tag[t - 1] * TAGS + tag[t]] : 0);
    return sum;
}

static float most_of_paths(int64_t length)
{
    float most = -INFINITY;
    int paths = 1;
    for (int64_t t = 0; t < length; t++)
        paths *= TAGS;
    for (int path = 0; path < paths; path++) {
        int32_t tag[MOST];
        for (int t = 0, rest = path; t < length; t++, rest /= TAGS)
            tag[t] = rest % TAGS;
        most = fmaxf(most, score_of(tag, length));
    }
    return most;
}

static void finds_the_best_path(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 200; round++) {
        const int64_t length = round % MOST + 1;
        int32_t best[MOST];
        draw(transitions, TAGS * TAGS);
        draw(start, TAGS);
        draw(end, TAGS);
        draw(score, MOST * TAGS);
        if (round % 3 == 0)
            transitions[rand() % (TAGS * TAGS)] = start[rand() % TAGS] = -INFINITY;
        assert_ok(bough__viterbi(best, &chain, score, length));
        assert_true(score_of(best, length) == most_of_paths(length));
    }
    assert_ok(bough__viterbi(NULL, &chain, score, 0));
}

static void takes_the_first_of_equals_and_survives_no_numbers(void **state)
{
    (void)state;
    int32_t best[MOST];
    for (int i = 0; i < TAGS * TAGS; i++)
        transitions[i] = 0;
    for (int i = 0; i < TAGS; i++)
        start[i] = end[i] = 0;
    for (int i = 0; i < MOST * TAGS; i++)
        score[i] = 1;
    assert_ok(bough__viterbi(best, &chain, score, MOST));
    for (int t = 0; t < MOST; t++)
        assert_int_equal(best[t], 0);
    for (int i = 0; i < MOST * TAGS; i++)
        score[i] = NAN;
    assert_ok(bough__viterbi(best, &chain, score, MOST));
    for (int t = 0; t < MOST; t++)
        assert_in_range(best[t], 0, TAGS - 1);
}

// ---- BIO ----

static void reads_the_names_of_tags(void **state)
{
    (void)state;
    static const char *const name[] = {"I-b", "O", "B-a", "B-b", "I-a", "B-a-b"};
    static const char *const bad[] = {"O", "B-a", "x", "B-", "E-a", "B", "", "I_a", "o"};
    struct bough__tag tag[6];
    assert_int_equal(bough__tags_read(tag, name, 6), -1);
    assert_int_equal(tag[0].kind, BOUGH_TAG_INSIDE);
    assert_int_equal(tag[1].kind, BOUGH_TAG_OUTSIDE);
    assert_int_equal(tag[2].kind, BOUGH_TAG_BEGIN);
    const int types[] = {0, -1, 2, 0, 2, 5};
    for (int i = 0; i < 6; i++)
        assert_int_equal(tag[i].type, types[i]);
    for (int i = 2; i < 9; i++) {
        const char *const three[] = {bad[0], bad[1], bad[i]};
        assert_int_equal(bough__tags_read(tag, three, 3), 2);
    }
}

static void allows_what_bio_does(void **state)
{
    (void)state;
    static const char *const name[] = {"O", "B-a", "I-a", "B-b", "I-b"};
    static const char *const allowed[] = {"11010", "11110", "11110", "11011", "11011"};
    struct bough__tag tag[5];
    assert_int_equal(bough__tags_read(tag, name, 5), -1);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(bough__tag_may_follow(NULL, &tag[i]), tag[i].kind != BOUGH_TAG_INSIDE);
        for (int j = 0; j < 5; j++)
            assert_int_equal(bough__tag_may_follow(&tag[i], &tag[j]), allowed[i][j] == '1');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_best_path),
        cmocka_unit_test(takes_the_first_of_equals_and_survives_no_numbers),
        cmocka_unit_test(reads_the_names_of_tags),
        cmocka_unit_test(allows_what_bio_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
