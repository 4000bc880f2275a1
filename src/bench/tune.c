// The products of a config, or of the standard list, each by the device and by plain C.
#include "base/clock.h"
#include "base/error.h"
#include "bench/bench_gemm.h"
#include "bench/numbers.h"
#include "bench/timer.h"
#include "device/check.h"
#include "device/tuning.h"
#include "train/trainer.h"

#include <bough/tune.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double row_seconds = 0.05, slow_flops = 1e8;

// ---- Which products ----

struct products {
    struct bough__gemm *gemm;
    size_t count, capacity;
    int no_memory;
};

static int same(const struct bough__gemm *a, const struct bough__gemm *b)
{
    char kind[2][BOUGH_KIND_SIZE];
    bough__tuning_kind(kind[0], a);
    bough__tuning_kind(kind[1], b);
    return a->m == b->m && a->n == b->n && a->k == b->k && a->batch == b->batch &&
           strcmp(kind[0], kind[1]) == 0;
}

static void count_product(void *user, const struct bough__gemm *gemm)
{
    struct products *products = user;
    if (gemm->m == 0 || gemm->n == 0 || gemm->k == 0 || gemm->batch == 0)
        return;
    for (size_t i = 0; i < products->count; i++)
        if (same(&products->gemm[i], gemm))
            return;
    if (products->count == products->capacity) {
        size_t capacity = products->capacity ? 2 * products->capacity : 64;
        struct bough__gemm *more = realloc(products->gemm, capacity * sizeof *more);
        products->no_memory |= !more;
        if (!more)
            return;
        products->gemm = more;
        products->capacity = capacity;
    }
    products->gemm[products->count++] = *gemm;
}

static enum bough_status prepare_config(struct bough_device *device,
                                        const struct bough_config *config)
{
    enum bough_status status;
    struct bough__trainer *trainer = NULL;
    const struct bough_train_options train = {.device = device};
    BOUGH_TRY(bough__trainer_create(&trainer, config, &train));
    BOUGH_TRY(bough__trainer_shuffle(trainer));
    BOUGH_TRY(bough__runner_begin(trainer->training));
done:
    bough__trainer_destroy(&trainer);
    return status;
}

// All that plain C prepares for them: what a product is does not depend on the device.
static enum bough_status collect(struct products *products, struct bough_device *c,
                                 const struct bough_config *config)
{
    c->on_gemm = count_product;
    c->on_gemm_user = products;
    enum bough_status status =
        config ? prepare_config(c, config) : bough__bench_prepare_products(c);
    c->on_gemm = NULL;
    return status == BOUGH_OK && products->no_memory ? bough__no_memory() : status;
}

// ---- One product on one device ----

enum { A, B, C, BIAS, OPERANDS };

struct trial {
    struct bough__buffer *buffer[OPERANDS];
    struct bough__launch *launch;
    float *c; // what came out, `floats` of it
    size_t floats;
};

static void trial_fini(struct trial *trial)
{
    bough__launch_destroy(&trial->launch);
    for (int i = 0; i < OPERANDS; i++)
        bough__buffer_destroy(&trial->buffer[i]);
    free(trial->c);
}

static enum bough_status fill(struct bough__buffer **buffer, struct bough_device *device,
                              int64_t count, uint32_t seed)
{
    enum bough_status status;
    const size_t size = (size_t)count * sizeof(float);
    float *data = malloc(size);
    BOUGH_TRY_MEMORY(data);
    bough__numbers_fill(data, (size_t)count, seed, -1, 1);
    BOUGH_TRY(bough__buffer_create(buffer, device, size));
    BOUGH_TRY(bough__write(bough__whole(*buffer), data, size));
done:
    free(data);
    return status;
}

static enum bough_status prepare(struct trial *trial, struct bough_device *device,
                                 const struct bough__gemm *gemm)
{
    enum bough_status status;
    struct bough__gemm g = *gemm;
    const int64_t per_row = g.bias_axis == BOUGH_BIAS_PER_ROW;
    const int64_t count[OPERANDS] = {bough__matrix_extent(&g.a, g.m, g.k, g.batch),
                                     bough__matrix_extent(&g.b, g.k, g.n, g.batch),
                                     bough__matrix_extent(&g.c, g.m, g.n, g.batch),
                                     g.bias.buffer ? g.batch * (per_row ? g.m : g.n) : 0};
    struct bough__span *const span[OPERANDS] = {&g.a.data, &g.b.data, &g.c.data, &g.bias};
    for (int i = 0; i < OPERANDS; i++) {
        if (count[i])
            BOUGH_TRY(fill(&trial->buffer[i], device, count[i], 7u + (uint32_t)i));
        *span[i] = bough__whole(trial->buffer[i]);
    }
    trial->floats = (size_t)count[C];
    trial->c = malloc(trial->floats * sizeof(float));
    BOUGH_TRY_MEMORY(trial->c);
    BOUGH_TRY(bough__launch_gemm(&trial->launch, device, &g));
done:
    return status;
}

static enum bough_status run(struct trial *trial, struct bough_device *device)
{
    enum bough_status status;
    BOUGH_TRY(bough__run(device, &trial->launch, 1));
    BOUGH_TRY(bough__read(bough__whole(trial->buffer[C]), trial->c, trial->floats * sizeof(float)));
done:
    return status;
}

// ---- Both ----

static double error_of(const float *got, const float *want, size_t count)
{
    double off = 0, all = 0;
    for (size_t i = 0; i < count; i++) {
        const double difference = (double)got[i] - (double)want[i];
        off += difference * difference;
        all += (double)want[i] * (double)want[i];
    }
    return off > 0 ? off / all : isnan(off) ? INFINITY : 0;
}

static enum bough_status try_one(const struct bough_tune_options *options, struct bough_device *c,
                                 const struct bough__gemm *gemm)
{
    enum bough_status status;
    char kind[BOUGH_KIND_SIZE];
    struct trial own = {.launch = NULL}, reference = {.launch = NULL};
    struct bough__times times = {0};
    bough__tuning_kind(kind, gemm);
    BOUGH_TRY(prepare(&own, options->device, gemm));
    struct bough_tune_row row = {kind, gemm->m, gemm->n, gemm->k, gemm->batch, "", 0, 0};
    if (own.launch->implementation)
        row.implementation = own.launch->implementation;
    if (strcmp(row.implementation, "generic") != 0 || own.launch->flops < slow_flops) {
        BOUGH_TRY(prepare(&reference, c, gemm));
        BOUGH_TRY(run(&reference, c));
        BOUGH_TRY(run(&own, options->device));
        row.error = error_of(own.c, reference.c, own.floats);
        BOUGH_TRY(bough__time_launches(&times, options->device, &own.launch, 1,
                                       options->seconds > 0 ? options->seconds : row_seconds));
        row.seconds = times.best; // others on the machine disturb it least
    }
    if (options->row)
        options->row(options->user, &row);
done:
    trial_fini(&own);
    trial_fini(&reference);
    return status;
}

enum bough_status bough_tune_run(const struct bough_tune_options *options)
{
    enum bough_status status;
    struct bough_device *c = NULL;
    struct products products = {0};
    struct bough_tune_options full = *options;
    BOUGH_TRY(bough_device_open(&c, "c"));
    if (!full.device)
        full.device = c;
    BOUGH_TRY(collect(&products, c, options->config));
    for (size_t i = 0; i < products.count; i++)
        BOUGH_TRY(try_one(&full, c, &products.gemm[i]));
done:
    free(products.gemm);
    bough_device_close(&c);
    return status;
}

// ---- What is kept ----

const char *bough_tune_candidate(const struct bough_device *device, size_t index)
{
    return device->backend->gemm_candidate(device, index);
}

enum bough_status bough_tune_save(const struct bough_device *device,
                                  const struct bough_tune_choice *choice, size_t count,
                                  int blast_set)
{
    struct bough__tuned *tuned = calloc(count ? count : 1, sizeof *tuned);
    if (!tuned)
        return bough__no_memory();
    for (size_t i = 0; i < count; i++)
        tuned[i] = (struct bough__tuned){choice[i].kind, choice[i].candidate, choice[i].seconds,
                                         choice[i].before};
    enum bough_status status = bough__tuning_save(&device->info, tuned, count, blast_set);
    free(tuned);
    return status;
}

enum bough_status bough_tune_export(const struct bough_device *device, const char *path)
{
    return bough__tuning_export(&device->info, path);
}

enum bough_status bough_tune_import(const struct bough_device *device, const char *path)
{
    return bough__tuning_import(&device->info, path);
}
