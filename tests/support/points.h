// Points of the plane, which third of it they lie in, which half, and a number far from 0: a data
// set with class names and texts, and a model of it, for tests of what a model carries.
#ifndef BOUGH_TEST_POINTS_H
#define BOUGH_TEST_POINTS_H

#include "support/configs.h"

enum { POINTS = 240, POINTS_TEST = 60, POINTS_TASKS = 3 };

struct points {
    float point[POINTS][2], level[POINTS];
    int64_t kind[POINTS], side[POINTS];
    char id[POINTS][8];
};

// `turned` are the points of `test` with the classes of `kind` numbered otherwise.
extern struct points points_train, points_test, points_turned;
extern const char points_names[], points_turned_names[];

// kind (cross_entropy), side (binary_cross_entropy), level (mse, standardized).
extern const char points_text[];
struct bough_config points_config(const char *data);

// A path in the group's folder; good for five more calls.
const char *points_path(const char *name);

// Writes a data set there. `names` NULL = the classes of `kind` have none; `test` NULL = there is
// no split but train. Returns its path.
const char *points_write(const char *name, const char *names, const struct points *train,
                         const struct points *test);
// The same piece by piece.
void points_declare(struct bough_tensor_writer *file, const char *split, int64_t rows);
void points_write_split(struct bough_tensor_writer *file, const struct points *rows, size_t count);

// The run folder of one training on points_train, made by the first call.
const char *points_trained(void);

// The CSV of a prediction; the caller's to free.
char *points_predict(const char *model, struct bough_predict_options options);

// Before and after a group of tests.
int points_start(void **state);
int points_end(void **state);

#endif
