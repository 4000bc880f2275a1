// Which implementation does a GEMM: the one that BOUGH_GEMM names, else the one that `bough tune`
// found best, else the first of an ordered list that suits; the last takes everything.
#include "device/opencl/gemm/cl_gemm.h"

#include "base/error.h"
#include "base/strings.h"
#include "device/tuning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int anything(const struct bough__cl_gemm *g)
{
    (void)g;
    return 1;
}

static enum bough_status prepare_generic(struct bough__cl_gemm *g)
{
    return bough__cl_gemm_items(g, "gemm_generic", g->params.batch * g->params.m * g->params.n);
}

static const struct bough__cl_gemm_implementation generic = {"generic", anything, anything,
                                                             prepare_generic};

static const struct bough__cl_gemm_implementation *const implementations[] = {
    &bough__cl_gemm_windows, &bough__cl_gemm_direct, &bough__cl_gemm_cpu,
    &bough__cl_gemm_blast,   &bough__cl_gemm_tile,   &generic};

enum { IMPLEMENTATIONS = sizeof implementations / sizeof *implementations };

// ---- Candidates ----

static const char *const cpu_candidates[] = {
    "windows",     "windows parts=1", "windows parts=2", "windows parts=8", "direct",
    "cpu",         "cpu rows=256",    "cpu rows=1024",   "cpu parts=1",     "cpu parts=2",
    "cpu parts=8", "generic"};
static const char *const gpu_candidates[] = {"tile",          "tile parts=2",  "tile parts=4",
                                             "tile parts=16", "clblast",       "clblast set=1",
                                             "clblast set=2", "clblast set=3", "generic"};

const char *bough__cl_gemm_candidate(const struct bough_device *base, size_t index)
{
    const int cpu = ((const struct bough__cl_device *)base)->cpu;
    if (cpu)
        return index < sizeof cpu_candidates / sizeof *cpu_candidates ? cpu_candidates[index]
                                                                      : NULL;
    return index < sizeof gpu_candidates / sizeof *gpu_candidates ? gpu_candidates[index] : NULL;
}

// Reads "key=number", all `length` of it; 0 if it is none.
static int parse_part(struct bough__cl_gemm_choice *choice, const char *text, size_t length)
{
    const struct {
        const char *key;
        int *value;
    } rows[] = {{"parts", &choice->parts}, {"rows", &choice->rows}, {"set", &choice->set}};
    int value, end = 0;
    char key[8];
    if (sscanf(text, "%7[a-z]=%6d%n", key, &value, &end) != 2 || (size_t)end != length || value < 1)
        return 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(key, rows[i].key) == 0) {
            *rows[i].value = value;
            return 1;
        }
    return 0;
}

// Reads "name", or "name key=number ...": its place in the list, and what it asks for. Fails with
// the part that is wrong.
static enum bough_status parse(int *place, struct bough__cl_gemm_choice *choice, const char *text)
{
    size_t length = strcspn(text, " ");
    *place = -1;
    *choice = (struct bough__cl_gemm_choice){0};
    for (int i = 0; i < IMPLEMENTATIONS; i++)
        if (strncmp(implementations[i]->name, text, length) == 0 &&
            implementations[i]->name[length] == '\0')
            *place = i;
    if (*place < 0)
        return bough__fail(
            BOUGH_INVALID,
            "BOUGH_GEMM is \"%s\"; it can be windows, direct, cpu, clblast, tile, generic or "
            "default",
            text);
    for (const char *part = text + length; *(part += strspn(part, " ")); part += length) {
        length = strcspn(part, " ");
        if (!parse_part(choice, part, length))
            return bough__fail(
                BOUGH_INVALID,
                "BOUGH_GEMM is \"%s\": \"%.*s\" is none of parts=N, rows=N and set=N with N from 1",
                text, (int)length, part);
    }
    return BOUGH_OK;
}

// ---- Choosing ----

// The first that suits.
static enum bough_status choose_best(struct bough__cl_launch **launch,
                                     struct bough__cl_device *device,
                                     const struct bough__gemm *gemm)
{
    enum bough_status status = BOUGH_DEVICE;
    for (int i = 0; i < IMPLEMENTATIONS && status != BOUGH_OK; i++) {
        struct bough__cl_gemm g = bough__cl_gemm_describe(device, gemm);
        if (implementations[i]->suits(&g))
            status = bough__cl_gemm_try(launch, &g, implementations[i]);
    }
    return status;
}

// The one that is named, and after it each that can.
static enum bough_status choose_named(struct bough__cl_launch **launch,
                                      struct bough__cl_device *device,
                                      const struct bough__gemm *gemm, const char *name)
{
    struct bough__cl_gemm_choice choice;
    int first;
    enum bough_status status = parse(&first, &choice, name);
    if (status != BOUGH_OK)
        return status;
    status = BOUGH_DEVICE;
    for (int i = first; i < IMPLEMENTATIONS && status != BOUGH_OK; i++) {
        struct bough__cl_gemm g = bough__cl_gemm_describe(device, gemm);
        if (i == first)
            g.choice = choice;
        if (implementations[i]->can(&g))
            status = bough__cl_gemm_try(launch, &g, implementations[i]);
    }
    return status;
}

// The one that was found best for products of the kind; *launch stays NULL where there is none, or
// it cannot.
static void choose_tuned(struct bough__cl_launch **launch, struct bough__cl_device *device,
                         const struct bough__gemm *gemm)
{
    char kind[BOUGH_KIND_SIZE];
    const char *name = bough__tuning_find(device->base.tuning, gemm);
    if (!name)
        return;
    struct bough__cl_gemm g = bough__cl_gemm_describe(device, gemm);
    int place;
    bough__tuning_kind(kind, gemm);
    if (parse(&place, &g.choice, name) != BOUGH_OK || !implementations[place]->can(&g) ||
        bough__cl_gemm_try(launch, &g, implementations[place]) != BOUGH_OK)
        bough__log(BOUGH_LOG_VERBOSE, "gemm %s: not by %s, as it is tuned", kind, name);
    else
        bough__log(BOUGH_LOG_VERBOSE, "gemm %s: by %s, as it is tuned", kind, name);
}

static enum bough_status choose(struct bough__cl_launch **launch, struct bough__cl_device *device,
                                const struct bough__gemm *gemm)
{
    const char *named = bough__variable("BOUGH_GEMM");
    if (named && strcmp(named, "default") != 0)
        return choose_named(launch, device, gemm, named);
    if (!named)
        choose_tuned(launch, device, gemm);
    return *launch ? BOUGH_OK : choose_best(launch, device, gemm);
}

enum bough_status bough__cl_prepare_gemm(struct bough__launch **launch, struct bough_device *device,
                                         const struct bough__gemm *gemm)
{
    struct bough__cl_launch *prepared = NULL;
    enum bough_status status = BOUGH_OK;
    if (gemm->m == 0 || gemm->n == 0 || gemm->batch == 0) {
        prepared = calloc(1, sizeof *prepared);
        BOUGH_TRY_MEMORY(prepared);
        prepared->base.device = device;
        prepared->basic = bough__cl_device(device)->basic;
    } else {
        BOUGH_TRY(choose(&prepared, bough__cl_device(device), gemm));
    }
    *launch = &prepared->base;
done:
    return status;
}
