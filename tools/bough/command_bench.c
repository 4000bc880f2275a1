#include "cli_bench.h"

#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: bough bench gemm [M,N,K]... [options]\n"
    "       bough bench step CONFIG [options]\n"
    "\n"
    "Measures a device: the median time of many calls after a warm-up, and what that is of this\n"
    "machine's ceiling, which is measured in the same run (multiply-adds on registers; a copy).\n"
    "\n"
    "  gemm   products of matrices: those of the layers of three nets, and squares\n"
    "  step   a training step of a config: speed, memory, launches, time to the first step\n"
    "\n"
    "  -d, --device D    as for `bough train`\n"
    "  -s, --set K=V     as for `bough train`\n"
    "      --json        the same as JSON, times in seconds\n"
    "      --first DIR   of step: runs one step with that run folder, prints when it was done\n"
    "\n"
    "Example:\n"
    "  bough bench step config.yaml --set train.batch_size=256\n";

// ---- JSON ----

json_t *bench_head(const struct bough_device *device, const struct bough_ceiling *ceiling)
{
    const struct bough_device_info *info = bough_device_info(device);
    return json_pack("{s:s, s:s, s:i, s:{s:f, s:f}}", "device", info->id, "name", info->name,
                     "compute_units", (int)info->compute_units, "ceiling", "gflops",
                     ceiling->gflops, "gbs", ceiling->gbs);
}

enum bough_status bench_print_json(json_t *answer)
{
    if (!answer)
        return cli_no_memory();
    json_dumpf(answer, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(answer);
    return BOUGH_OK;
}

// ---- Rows ----

struct rows {
    struct bough_ceiling ceiling;
    json_t *json; // NULL = a table
    int head;     // is printed
};

static void print_row(struct rows *rows, const struct bough_bench_row *row)
{
    if (!rows->head)
        printf("%-40s %6s %6s %6s %10s %9s %7s %6s  %s\n", "product", "m", "n", "k", "us",
               "GFLOP/s", "GB/s", "share", "by");
    rows->head = 1;
    const double gflops = 1e-9 * row->flops / row->seconds;
    printf("%-40s %6lld %6lld %6lld %10.1f %9.1f %7.1f %4.0f %%  %s\n", row->name,
           (long long)row->m, (long long)row->n, (long long)row->k, 1e6 * row->seconds, gflops,
           1e-9 * row->bytes / row->seconds, 100 * gflops / rows->ceiling.gflops,
           row->implementation);
    fflush(stdout);
}

static void take_row(void *user, const struct bough_bench_row *row)
{
    struct rows *rows = user;
    if (!rows->json) {
        print_row(rows, row);
        return;
    }
    const double gflops = 1e-9 * row->flops / row->seconds;
    json_array_append_new(rows->json,
                          json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f}",
                                    "name", row->name, "implementation", row->implementation, "m",
                                    (json_int_t)row->m, "n", (json_int_t)row->n, "k",
                                    (json_int_t)row->k, "batch", (json_int_t)row->batch, "flops",
                                    row->flops, "bytes", row->bytes, "seconds", row->seconds,
                                    "gflops", gflops, "gbs", 1e-9 * row->bytes / row->seconds,
                                    "share", gflops / rows->ceiling.gflops));
}

// ---- gemm ----

static enum bough_status read_shape(struct bough_gemm_shape *shape, const char *text)
{
    long long m, n, k;
    int end = 0;
    if (sscanf(text, "%lld,%lld,%lld%n", &m, &n, &k, &end) != 3 || text[end])
        return cli_fail(BOUGH_INVALID, "'%s' is no product, wanted M,N,K", text);
    *shape = (struct bough_gemm_shape){m, n, k};
    return BOUGH_OK;
}

static enum bough_status bench_gemm(const struct bench_arguments *a)
{
    enum bough_status status = BOUGH_OK;
    struct bough_gemm_shape shape[64];
    struct rows rows = {0};
    struct bough_bench_options options = {.row = take_row, .user = &rows};
    for (size_t i = 0; i < a->arguments; i++)
        CLI_TRY(read_shape(&shape[i], a->argument[i]));
    CLI_TRY(bough_device_open(&options.device, a->device));
    CLI_TRY(bough_bench_ceiling(&rows.ceiling, options.device));
    rows.json = a->json ? json_array() : NULL;
    CLI_TRY(bough_bench_gemm(&options, shape, a->arguments));
    if (a->json) {
        json_t *answer = bench_head(options.device, &rows.ceiling);
        json_object_set(answer, "gemm", rows.json);
        CLI_TRY(bench_print_json(answer));
    } else {
        printf("ceiling %.1f GFLOP/s, %.1f GB/s\n", rows.ceiling.gflops, rows.ceiling.gbs);
    }
done:
    json_decref(rows.json);
    bough_device_close(&options.device);
    return status;
}

// ---- The command ----

static enum bough_status choose(const char *kind, const struct bench_arguments *a)
{
    if (strcmp(kind, "gemm") == 0)
        return bench_gemm(a);
    if (strcmp(kind, "step") != 0)
        return cli_fail(BOUGH_INVALID, "unknown bench '%s'; see bough bench --help", kind);
    if (a->arguments != 1)
        return cli_fail(BOUGH_INVALID, "bench step wants one config; see bough bench --help");
    return a->first ? bench_first_step(a) : bench_step(a);
}

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    struct bench_arguments a = {0};
    const char *argument[65] = {NULL};
    const struct cli_option options[] = {{"device", 'd', .value = &a.device},
                                         {"set", 's', .list = &a.set},
                                         {"json", 0, .flag = &a.json},
                                         {"first", 0, .value = &a.first}};
    a.set.item = calloc((size_t)argc, sizeof *a.set.item);
    if (!a.set.item)
        return cli_no_memory();
    CLI_TRY(cli_options(argc, argv, options, sizeof options / sizeof *options, argument, 1, 65));
    while (argument[a.arguments + 1] && a.arguments < 64) {
        a.argument[a.arguments] = argument[a.arguments + 1];
        a.arguments++;
    }
    CLI_TRY(choose(argument[0], &a));
done:
    free(a.set.item);
    return status;
}

const struct cli_command cli_bench = {"bench", "measures a device", help, run};
