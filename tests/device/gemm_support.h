// Running one GEMM on everything that can run it, and comparing every float that it can reach.
#ifndef BOUGH_TEST_GEMM_SUPPORT_H
#define BOUGH_TEST_GEMM_SUPPORT_H

#include "device/c/gemm/c_gemm.h"
#include "device/c/gemm/gemm_isa.h"
#include "device/device.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 16 }; // floats before and behind every operand

// The floats of one operand, as its buffer holds them. `want` and `scale` are for C alone.
struct host {
    float *data; // [GUARD + count + GUARD]
    double *want, *scale;
    int64_t count;
};

// All NaN, so that whoever reads what is not in the view is found out.
static inline struct host host_create(int64_t count)
{
    struct host host = {.count = count};
    size_t all = (size_t)count + 2 * GUARD;
    host.data = malloc(all * sizeof *host.data);
    host.want = calloc(all, sizeof *host.want);
    host.scale = calloc(all, sizeof *host.scale);
    assert_true(host.data && host.want && host.scale);
    for (size_t i = 0; i < all; i++)
        host.data[i] = NAN;
    return host;
}

static inline void host_destroy(struct host *host)
{
    free(host->data);
    free(host->want);
    free(host->scale);
}

// In [-1, 1).
static inline float host_random(void)
{
    static uint32_t seed = 1;
    seed = seed * 1664525u + 1013904223u;
    return (float)(seed >> 8) * (2.0f / 16777216.0f) - 1.0f;
}

// Sets the float at `at` (an index of the view's) to a random number, and returns it.
static inline double host_set(struct host *host, int64_t at)
{
    assert_true(at >= 0 && at < host->count);
    return (double)(host->data[GUARD + at] = host_random());
}

static inline void host_fill(struct host *host)
{
    for (int64_t i = 0; i < host->count; i++)
        host_set(host, i);
}

// The term adds to what is wanted at `at` of C.
static inline void host_want(struct host *c, int64_t at, double term)
{
    assert_true(at >= 0 && at < c->count);
    c->want[GUARD + at] += term;
    c->scale[GUARD + at] += fabs(term) + 1e-30; // not 0: this element is written
}

// ---- Running ----

struct operands {
    const char *name;
    struct host a, b, c, bias; // bias.data NULL: none
};

static inline enum bough_status host_upload(struct bough__span *span, struct bough_device *device,
                                            const struct host *host)
{
    if (!host->data)
        return BOUGH_OK;
    size_t bytes = ((size_t)host->count + 2 * GUARD) * sizeof(float);
    enum bough_status status = bough__buffer_create(&span->buffer, device, bytes);
    if (status == BOUGH_OK)
        status = bough__write(bough__whole(span->buffer), host->data, bytes);
    span->offset += GUARD * sizeof(float);
    return status;
}

static inline void host_compare(const struct operands *o, const char *runner, const float *got)
{
    for (int64_t i = 0; i < o->c.count + 2 * GUARD; i++) {
        double error = fabs((double)got[i] - o->c.want[i]);
        if (o->c.scale[i] == 0 ? memcmp(&got[i], &o->c.data[i], sizeof *got) != 0
                               : !(error <= 4e-6 * o->c.scale[i]))
            fail_msg("%s on %s: c[%lld] is %g, wanted %g%s", o->name, runner,
                     (long long)(i - GUARD), (double)got[i],
                     o->c.scale[i] == 0 ? (double)o->c.data[i] : o->c.want[i],
                     o->c.scale[i] == 0 ? " as before" : "");
    }
}

static inline void host_write(struct bough__span span, const struct host *host)
{
    size_t bytes = ((size_t)host->count + 2 * GUARD) * sizeof(float);
    assert_ok(bough__write(bough__whole(span.buffer), host->data, bytes));
}

// Runs it on operands that are all NaN: those who come after find that in scratch.
static inline void gemm_run_on_nan(const struct operands *o, const struct bough__gemm *gemm,
                                   struct bough__launch *launch)
{
    struct host a = host_create(o->a.count), b = host_create(o->b.count);
    host_write(gemm->a.data, &a);
    host_write(gemm->b.data, &b);
    assert_ok(bough__run(launch->device, &launch, 1));
    host_destroy(&a);
    host_destroy(&b);
}

// Runs it once and returns C with its guards, the caller's. `impl` NULL: through the front.
static inline float *gemm_run(const struct operands *o, const struct bough__gemm *call,
                              struct bough_device *device, const struct bough__c_gemm *impl)
{
    struct bough__gemm gemm = *call;
    struct bough__launch *launch;
    size_t bytes = ((size_t)o->c.count + 2 * GUARD) * sizeof(float);
    float *got = malloc(bytes);
    assert_non_null(got);
    assert_ok(host_upload(&gemm.a.data, device, &o->a));
    assert_ok(host_upload(&gemm.b.data, device, &o->b));
    assert_ok(host_upload(&gemm.c.data, device, &o->c));
    assert_ok(host_upload(&gemm.bias, device, &o->bias));
    assert_ok(impl ? impl->prepare(impl, &launch, device, &gemm)
                   : bough__launch_gemm(&launch, device, &gemm));
    if (!impl && bough_device_info(device)->type != BOUGH_DEVICE_C && launch->implementation)
        test_gemm_ran(launch->implementation);
    assert_ok(bough__run(device, &launch, 1));
    assert_ok(bough__read(bough__whole(gemm.c.data.buffer), got, bytes));
    gemm_run_on_nan(o, &gemm, launch);
    bough__launch_destroy(&launch);
    bough__buffer_destroy(&gemm.a.data.buffer);
    bough__buffer_destroy(&gemm.b.data.buffer);
    bough__buffer_destroy(&gemm.c.data.buffer);
    bough__buffer_destroy(&gemm.bias.buffer);
    return got;
}

// On every device, and on plain C with every implementation that applies: C comes out as wanted,
// and what is not in its view is untouched.
static inline void gemm_expect(const struct operands *o, const struct bough__gemm *gemm)
{
    enum { SLOW = 4000000 }; // multiplications; the generic one is left out above
    const char *forced = getenv("BOUGH_ISA");
    size_t devices, impls;
    struct bough_device *const *device = test_devices(&devices);
    const struct bough__c_gemm *const *impl = bough__c_gemms(&impls);
    for (size_t i = 0; i < devices; i++) {
        float *got = gemm_run(o, gemm, device[i], NULL);
        host_compare(o, bough_device_info(device[i])->id, got);
        free(got);
    }
    for (size_t i = 0; i < impls; i++) {
        if (!impl[i]->applicable(impl[i], gemm) ||
            (i + 1 == impls && gemm->m * gemm->n * gemm->k * gemm->batch > SLOW))
            continue;
        if (forced && impl[i]->isa)
            assert_string_equal(impl[i]->isa->name, forced);
        float *got = gemm_run(o, gemm, device[0], impl[i]);
        host_compare(o, impl[i]->name, got);
        free(got);
    }
}

static inline void operands_destroy(struct operands *o)
{
    host_destroy(&o->a);
    host_destroy(&o->b);
    host_destroy(&o->c);
    host_destroy(&o->bias);
}

#endif
