// A model in a program of its own: rows in memory to scores in memory.
#include "support/points.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct scores {
    float kind[POINTS][3], side[POINTS], level[POINTS];
};

static void run_model(struct bough_model *model, struct scores *scores, int64_t from, int64_t rows)
{
    float *const to[] = {scores->kind[from], &scores->side[from], &scores->level[from]};
    assert_ok(bough_model_run(
        model, to, &(struct bough_rows){.data = points_test.point[from], .dtype = BOUGH_F32},
        rows));
}

static void memory_gives_what_predict_gives(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    const char *data = points_write("new.safetensors", NULL, &points_test, NULL);
    for (size_t d = 0; d < count; d++) {
        struct bough_model *model;
        struct scores all, parts;
        assert_ok(bough_model_open(&model, points_trained(), device[d]));
        assert_int_equal(bough_model_outputs(model), 3);
        assert_int_equal(bough_model_inputs(model), 1);
        assert_string_equal(bough_model_input(model, 0)->name, "point");
        assert_int_equal(bough_model_input(model, 0)->shape.dim[0], 2);
        const struct bough_output *kind = bough_model_output(model, 0);
        assert_string_equal(kind->task, "kind");
        assert_int_equal(kind->kind, BOUGH_OUTPUT_CLASS);
        assert_string_equal(kind->classes[2], "right");
        assert_null(bough_model_output(model, 1)->classes);
        run_model(model, &all, 0, POINTS);
        static const int cuts[] = {0, 1, 2, 3, 35, 99, 131, POINTS}; // odd pieces, and none
        for (size_t i = 1; i < sizeof cuts / sizeof *cuts; i++)
            run_model(model, &parts, cuts[i - 1], cuts[i] - cuts[i - 1]);
        run_model(model, &parts, 0, 0);
        char *text = points_predict(
            points_trained(), (struct bough_predict_options){.data = data, .device = device[d]});
        char *line = strchr(text, '\n') + 1;
        for (int i = 0; i < POINTS; i++, line = strchr(line, '\n') + 1) {
            assert_true(fabsf(all.level[i] - parts.level[i]) < 0.01f);
            char *last = strchr(line, '\n');
            while (*--last != ',')
                ;
            assert_true(fabs(strtod(last + 1, NULL) - (double)all.level[i]) < 0.01);
            bough_model_probabilities(model, 0, all.kind[i], 1);
            assert_true(fabsf(all.kind[i][0] + all.kind[i][1] + all.kind[i][2] - 1) < 1e-5f);
        }
        free(text);
        assert_int_equal(
            bough_model_run(model, NULL, &(struct bough_rows){.data = NULL, .dtype = BOUGH_I64}, 1),
            BOUGH_INVALID);
        static const float bad[][2] = {{0, 0}, {0, NAN}};
        assert_fails(
            bough_model_run(model, NULL, &(struct bough_rows){.data = bad, .dtype = BOUGH_F32}, 2),
            BOUGH_INVALID, "row 1, number 1: nan");
        bough_model_close(&model);
        assert_null(model);
    }
}

static void *run_in_a_thread(void *argument)
{
    struct scores *scores = argument;
    struct bough_model *model;
    if (bough_model_open(&model, points_trained(), NULL) != BOUGH_OK)
        return NULL;
    float *const to[] = {scores->kind[0], scores->side, scores->level};
    for (int i = 0; i < 20; i++)
        if (bough_model_run(model, to,
                            &(struct bough_rows){.data = points_test.point, .dtype = BOUGH_F32},
                            POINTS) != BOUGH_OK)
            scores = NULL;
    bough_model_close(&model);
    return scores;
}

static void threads_have_models_of_their_own(void **state)
{
    (void)state;
    static struct scores scores[4];
    pthread_t thread[4];
    points_trained();
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, run_in_a_thread, &scores[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *result;
        assert_int_equal(pthread_join(thread[i], &result), 0);
        assert_non_null(result);
        assert_memory_equal(&scores[i], &scores[0], sizeof scores[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_gives_what_predict_gives),
        cmocka_unit_test(threads_have_models_of_their_own),
    };
    return cmocka_run_group_tests(tests, points_start, points_end);
}
