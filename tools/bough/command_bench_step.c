// bough bench step: a table, or JSON.
#include "cli_bench.h"

#include <stdlib.h>

struct measured {
    struct bough_ceiling ceiling;
    struct bough_step_bench step;
    double first[2]; // cold, warm; 0 = not measured
};

static double mib(uint64_t bytes)
{
    return (double)bytes / (1 << 20);
}

static void print(const struct bough_device *device, const struct measured *m)
{
    const struct bough_device_info *info = bough_device_info(device);
    const struct bough_step_bench *s = &m->step;
    const double gflops = 1e-9 * s->flops / s->seconds;
    printf("device      %s: %s\n", info->id, info->name);
    printf("ceiling     %.1f GFLOP/s, %.1f GB/s\n", m->ceiling.gflops, m->ceiling.gbs);
    printf("step        %.1f us of %lld samples: %.0f samples/s\n", 1e6 * s->seconds,
           (long long)s->batch, (double)s->batch / s->seconds);
    printf("speed       %.2f MFLOP a step, %.1f GFLOP/s, %.1f %% of the ceiling\n", 1e-6 * s->flops,
           gflops, 100 * gflops / m->ceiling.gflops);
    printf("launches    %.1f a step; %.1f transfers to the device, %.1f from it\n", s->launches,
           s->writes, s->reads);
    printf("feeding     %.2f %% of a step\n", 100 * s->feeding);
    printf("memory      %.2f MiB planned, %.2f MiB of activations and gradients: %.1f %%\n",
           mib(s->planned), mib(s->values), 100 * (double)s->planned / (double)s->values);
    if (m->first[0] > 0)
        printf("first step  after %.3f s, %.3f s with kernels cached\n", m->first[0], m->first[1]);
}

// NULL where it was not measured.
static json_t *first_json(const double first[2])
{
    return first[0] > 0 ? json_pack("{s:f, s:f}", "cold", first[0], "warm", first[1]) : NULL;
}

static enum bough_status print_json(const struct bough_device *device, const char *config,
                                    const struct measured *m)
{
    const struct bough_step_bench *s = &m->step;
    const double gflops = 1e-9 * s->flops / s->seconds;
    json_t *answer = bench_head(device, &m->ceiling);
    json_t *step = json_pack(
        "{s:o, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:{s:I, s:I, s:f}, s:o*}",
        "config", cli_json_text(config), "batch", (json_int_t)s->batch, "seconds", s->seconds,
        "samples_per_second", (double)s->batch / s->seconds, "flops", s->flops, "gflops", gflops,
        "share", gflops / m->ceiling.gflops, "launches", s->launches, "writes", s->writes, "reads",
        s->reads, "feeding", s->feeding, "memory", "planned", (json_int_t)s->planned, "values",
        (json_int_t)s->values, "share", (double)s->planned / (double)s->values, "first_step",
        first_json(m->first));
    if (json_object_set_new(answer, "step", step) != 0) {
        json_decref(answer);
        answer = NULL;
    }
    return bench_print_json(answer);
}

enum bough_status bench_step(const struct bench_arguments *a)
{
    enum bough_status status;
    struct bough_config *config = NULL;
    struct bough_bench_options options = {.seconds = a->seconds};
    struct measured m = {.first = {0}};
    TRY(bough_config_open(&config, a->argument[0], a->set.item, a->set.count));
    if (!a->no_first_step)
        TRY(bench_first_steps(m.first, a)); // before there is a second thread
    TRY(cli_device_open(&options.device, a->device, a->kernels));
    TRY(bough_bench_ceiling(&m.ceiling, options.device));
    TRY(bough_bench_step(&m.step, config, &options));
    if (a->json)
        TRY(print_json(options.device, a->argument[0], &m));
    else
        print(options.device, &m);
done:
    bough_device_close(&options.device);
    bough_config_close(&config);
    return status;
}
