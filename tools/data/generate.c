#include "data_random.h"
#include "data_tool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: bough-data generate KIND [--count N] [--test N] [--seed N] -o FILE\n"
    "\n"
    "Makes up a data set with the splits train and test, the field `input` F32 [N, D] and\n"
    "a field a task. KIND is one of\n"
    "\n"
    "  mmoe                    100 inputs; first, second: numbers. y = w.x + the sum over k of\n"
    "                          sin((1 + k/2) w.x + k/2), k = 0..3, + noise of variance 0.01;\n"
    "                          the two tasks' w have length 1 and the cosine --correlation\n"
    "                          (Ma et al., KDD 2018)\n"
    "  regression-and-classes  100 inputs; class: 10 classes, each around a point of its\n"
    "                          own; values: 5 numbers, linear in the inputs, plus noise\n"
    "  logistic                20 inputs; first to fourth: 0 or 1, each with a probability\n"
    "                          of its own linear logits\n"
    "  alpha-pair              128 inputs; first: 10 classes, second: 4 classes, whose\n"
    "                          points add up\n"
    "  task-groups             20 inputs; y1 to y12: numbers, every third of which belong\n"
    "                          together. y = the sum over k of (1 + c_k) sin(w_k.x), k = 0..3, +\n"
    "                          noise of variance 0.01; a group's tasks have w_k in common, of\n"
    "                          about length 2, and each has c_k of its own, of deviation 0.45\n"
    "\n"
    "  --count N          samples of train; default 10000, and 1000 for\n"
    "                     regression-and-classes\n"
    "  --test N           samples of test; default a fifth of --count\n"
    "  --correlation P    of mmoe: -1 to 1; default 0.5\n"
    "  --seed N           the same seed gives the same data; default 0\n"
    "  -o, --output FILE\n"
    "\n"
    "Example:\n"
    "  bough-data generate mmoe --correlation 0.9 --seed 1 -o mmoe.safetensors\n";

enum { INPUTS_MAX = 128, TARGETS_MAX = 12, WIDTH_MAX = 5, ROWS_MAX = 24, WAVES = 4 };
// Streams of random numbers: what all samples share, then one a split.
enum { SHARED_STREAM, TRAIN_STREAM, TEST_STREAM };

struct target {
    const char *name;
    enum bough_dtype dtype; // I64, or F32
    int32_t width;          // numbers a sample; 0 = one, without a dimension of its own
};

// What the samples of a set have in common.
struct shared {
    const struct kind *kind;
    double row[ROWS_MAX][INPUTS_MAX];
};

struct sample {
    double input[INPUTS_MAX];
    double target[TARGETS_MAX][WIDTH_MAX];
};

struct kind {
    const char *name;
    int inputs, targets;
    struct target target[TARGETS_MAX];
    int rows; // of `shared`, drawn from a normal distribution of this deviation
    double deviation;
    int64_t count;
    void (*share)(struct shared *shared, double correlation); // NULL: the rows stay as drawn
    void (*draw)(struct sample *sample, const struct shared *shared, struct draws *draws);
};

// ---- Arithmetic ----

static double dot(const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < INPUTS_MAX; i++)
        sum += a[i] * b[i];
    return sum;
}

// a = x a + y b
static void combine(double *a, double x, const double *b, double y)
{
    for (int i = 0; i < INPUTS_MAX; i++)
        a[i] = x * a[i] + y * b[i];
}

static void draw_normals(double *row, int count, struct draws *draws)
{
    for (int i = 0; i < count; i++)
        row[i] = draw_normal(draws);
}

// ---- mmoe ----

// Two unit vectors of which the second has the cosine `correlation` to the first.
static void share_mmoe(struct shared *shared, double correlation)
{
    double *u = shared->row[0], *v = shared->row[1];
    combine(u, 1 / sqrt(dot(u, u)), u, 0);
    combine(v, 1, u, -dot(u, v));
    combine(v, sqrt((1 - correlation * correlation) / dot(v, v)), u, correlation);
}

static void draw_mmoe(struct sample *sample, const struct shared *shared, struct draws *draws)
{
    draw_normals(sample->input, shared->kind->inputs, draws);
    for (int t = 0; t < 2; t++) {
        const double x = dot(shared->row[t], sample->input);
        sample->target[t][0] = x + 0.1 * draw_normal(draws); // variance 0.01
        for (int k = 0; k < WAVES; k++)
            sample->target[t][0] += sin((1 + 0.5 * k) * x + 0.5 * k);
    }
}

// ---- regression-and-classes ----

enum { CLASSES = 10, VALUES = 5 };

static void draw_regression(struct sample *sample, const struct shared *shared, struct draws *draws)
{
    const int class = (int)draw_below(draws, CLASSES);
    draw_normals(sample->input, shared->kind->inputs, draws);
    combine(sample->input, 1, shared->row[class], 1);
    sample->target[0][0] = class;
    for (int k = 0; k < VALUES; k++)
        sample->target[1][k] =
            0.2 * dot(shared->row[CLASSES + k], sample->input) + 0.1 * draw_normal(draws);
}

// ---- logistic ----

static void draw_logistic(struct sample *sample, const struct shared *shared, struct draws *draws)
{
    draw_normals(sample->input, shared->kind->inputs, draws);
    for (int t = 0; t < shared->kind->targets; t++) {
        // Biases from -1 to 1: some targets are rarer than others.
        const double logit = dot(shared->row[t], sample->input) + (2.0 * t / 3 - 1);
        sample->target[t][0] = draw_unit(draws) < 1 / (1 + exp(-logit));
    }
}

// ---- alpha-pair ----

enum { FIRST_CLASSES = 10, SECOND_CLASSES = 4 };

static void draw_pair(struct sample *sample, const struct shared *shared, struct draws *draws)
{
    const int first = (int)draw_below(draws, FIRST_CLASSES);
    const int second = (int)draw_below(draws, SECOND_CLASSES);
    draw_normals(sample->input, shared->kind->inputs, draws);
    combine(sample->input, 1, shared->row[first], 1);
    combine(sample->input, 1, shared->row[FIRST_CLASSES + second], 1);
    sample->target[0][0] = first;
    sample->target[1][0] = second;
}

// ---- task-groups ----

enum { GROUPS = 3, FEATURES = 4 };

// Rows w, those of one group after the other, then c.
static void draw_groups(struct sample *sample, const struct shared *shared, struct draws *draws)
{
    draw_normals(sample->input, shared->kind->inputs, draws);
    for (int t = 0; t < shared->kind->targets; t++) {
        const double *c = shared->row[GROUPS * FEATURES + t];
        sample->target[t][0] = 0.1 * draw_normal(draws); // variance 0.01
        for (int k = 0; k < FEATURES; k++) {
            const double *w = shared->row[t % GROUPS * FEATURES + k];
            sample->target[t][0] += (1 + c[k]) * sin(dot(w, sample->input));
        }
    }
}

static const struct kind kinds[] = {
    {"mmoe",
     100,
     2,
     {{"first", BOUGH_F32, 0}, {"second", BOUGH_F32, 0}},
     2,
     1,
     10000,
     share_mmoe,
     draw_mmoe},
    {"regression-and-classes",
     100,
     2,
     {{"class", BOUGH_I64, 0}, {"values", BOUGH_F32, VALUES}},
     CLASSES + VALUES,
     0.5,
     1000,
     NULL,
     draw_regression},
    {"logistic",
     20,
     4,
     {{"first", BOUGH_I64, 0},
      {"second", BOUGH_I64, 0},
      {"third", BOUGH_I64, 0},
      {"fourth", BOUGH_I64, 0}},
     4,
     1,
     10000,
     NULL,
     draw_logistic},
    {"alpha-pair",
     128,
     2,
     {{"first", BOUGH_I64, 0}, {"second", BOUGH_I64, 0}},
     FIRST_CLASSES + SECOND_CLASSES,
     0.4,
     10000,
     NULL,
     draw_pair},
    {"task-groups",
     20,
     12,
     {{"y1", BOUGH_F32, 0},
      {"y2", BOUGH_F32, 0},
      {"y3", BOUGH_F32, 0},
      {"y4", BOUGH_F32, 0},
      {"y5", BOUGH_F32, 0},
      {"y6", BOUGH_F32, 0},
      {"y7", BOUGH_F32, 0},
      {"y8", BOUGH_F32, 0},
      {"y9", BOUGH_F32, 0},
      {"y10", BOUGH_F32, 0},
      {"y11", BOUGH_F32, 0},
      {"y12", BOUGH_F32, 0}},
     GROUPS *FEATURES + 12,
     0.45,
     10000,
     NULL,
     draw_groups},
};

static enum bough_status find_kind(const struct kind **kind, const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *kind = &kinds[i];
            return BOUGH_OK;
        }
    }
    return tool_fail(BOUGH_INVALID,
                     "no kind \"%s\", wanted mmoe, regression-and-classes, logistic, "
                     "alpha-pair or task-groups",
                     name);
}

// ---- The file ----

struct part {
    const char *split;
    uint32_t stream;
    int64_t count;
};

static void draw_shared(struct shared *shared, uint64_t seed, double correlation)
{
    const struct kind *kind = shared->kind;
    struct draws draws = draws_of(seed, SHARED_STREAM, 0);
    for (int r = 0; r < kind->rows; r++) {
        draw_normals(shared->row[r], kind->inputs, &draws);
        combine(shared->row[r], kind->deviation, shared->row[r], 0);
    }
    if (kind->share)
        kind->share(shared, correlation);
}

static enum bough_status declare(struct bough_tensor_writer *writer, const struct kind *kind,
                                 const struct part *part)
{
    enum bough_status status;
    const struct bough_shape input = {1, {kind->inputs}};
    TRY(tool_declare(writer, part->split, "input", BOUGH_F32, part->count, &input));
    for (int t = 0; t < kind->targets; t++) {
        const struct target *target = &kind->target[t];
        const struct bough_shape row = {target->width > 0, {target->width}};
        TRY(tool_declare(writer, part->split, target->name, target->dtype, part->count, &row));
    }
done:
    return status;
}

static enum bough_status write_floats(struct bough_tensor_writer *writer, const double *value,
                                      int count)
{
    float numbers[INPUTS_MAX];
    for (int i = 0; i < count; i++)
        numbers[i] = (float)value[i];
    return bough_tensor_writer_write(writer, numbers, (size_t)count * sizeof *numbers);
}

// One field of one sample: the inputs, or target `field`.
static enum bough_status write_field(struct bough_tensor_writer *writer, const struct kind *kind,
                                     const struct sample *sample, int field)
{
    if (field < 0)
        return write_floats(writer, sample->input, kind->inputs);
    const struct target *target = &kind->target[field];
    if (target->dtype == BOUGH_F32)
        return write_floats(writer, sample->target[field], target->width ? target->width : 1);
    const int64_t class = (int64_t)sample->target[field][0];
    return bough_tensor_writer_write(writer, &class, sizeof class);
}

// A file holds field after field, so the samples are drawn anew for each.
static enum bough_status write_part(struct bough_tensor_writer *writer, const struct shared *shared,
                                    const struct part *part, uint64_t seed)
{
    enum bough_status status = BOUGH_OK;
    for (int field = -1; field < shared->kind->targets; field++) {
        for (int64_t i = 0; i < part->count; i++) {
            struct sample sample = {0};
            struct draws draws = draws_of(seed, part->stream, (uint64_t)i);
            TRY(tool_step(part->split, i, part->count));
            shared->kind->draw(&sample, shared, &draws);
            TRY(write_field(writer, shared->kind, &sample, field));
        }
    }
done:
    return status;
}

static enum bough_status write_all(const char *output, const struct shared *shared,
                                   const struct part *part, uint64_t seed)
{
    enum bough_status status;
    struct bough_tensor_writer *writer;
    TRY(bough_tensor_writer_create(&writer, output));
    for (int i = 0; i < 2; i++)
        TRY(declare(writer, shared->kind, &part[i]));
    for (int i = 0; i < 2; i++)
        TRY(write_part(writer, shared, &part[i], seed));
    TRY(bough_tensor_writer_commit(writer));
done:
    bough_tensor_writer_destroy(&writer);
    return status;
}

static enum bough_status run(int argc, char **argv)
{
    const char *name = NULL, *count = NULL, *test = NULL, *correlation_text = NULL;
    const char *seed_text = NULL, *output = NULL;
    const struct tool_option options[] = {
        {NULL, 0, .value = &name, .min = 1, .max = 1},
        {"count", 0, .value = &count, .max = 1},
        {"test", 0, .value = &test, .max = 1},
        {"correlation", 0, .value = &correlation_text, .max = 1},
        {"seed", 0, .value = &seed_text, .max = 1},
        {"output", 'o', .value = &output, .min = 1, .max = 1},
    };
    enum bough_status status;
    struct shared shared = {0};
    struct part part[2] = {{"train", TRAIN_STREAM, 0}, {"test", TEST_STREAM, 0}};
    int64_t seed = 0;
    double correlation = 0.5;
    TRY(DATA_OPTIONS(argc, argv, options));
    TRY(find_kind(&shared.kind, name));
    part[0].count = shared.kind->count;
    TRY(tool_whole(&part[0].count, count, "--count", 1, INT32_MAX));
    part[1].count = part[0].count / 5;
    TRY(tool_whole(&part[1].count, test, "--test", 0, INT32_MAX));
    TRY(tool_whole(&seed, seed_text, "--seed", 0, INT64_MAX));
    TRY(tool_real(&correlation, correlation_text, "--correlation", -1, 1));
    draw_shared(&shared, (uint64_t)seed, correlation);
    TRY(write_all(output, &shared, part, (uint64_t)seed));
    TRY(tool_report(output));
done:
    return status;
}

const struct tool_command tool_generate = {"generate", "made-up sets", help, run};
