#include "cli_bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: bough bench gemm [M,N,K]... [options]\n"
    "       bough bench ops [options]\n"
    "       bough bench step CONFIG [options]\n"
    "\n"
    "Measures a device: the median time of many calls after a warm-up, and what that is of this\n"
    "machine's ceiling, which is measured in the same run: multiply-adds on registers, and a copy\n"
    "of 128 MiB. What a cache holds passes the latter.\n"
    "\n"
    "  gemm   products of matrices: those of the layers of three nets, and squares\n"
    "  ops    every op that computes, forwards and backwards\n"
    "  step   a training step of a config: speed, memory, launches, time to the first step\n"
    "\n"
    "  -d, --device D    as for `bough train`\n"
    "      --kernels F   as for `bough train`\n"
    "  -s, --set K=V     as for `bough train`\n"
    "  -t, --time S      seconds to spend on a row, or on the steps; default 0.1, ops 0.05, step "
    "2\n"
    "      --json        the same as JSON, times in seconds\n"
    "      --no-first-step\n"
    "                    of step: leaves out the time to the first step\n"
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
        return tool_no_memory();
    const int failed = json_dumpf(answer, stdout, JSON_INDENT(2)) != 0;
    json_decref(answer);
    if (failed)
        return tool_fail(BOUGH_DATA, "cannot write to the standard output");
    putchar('\n');
    return BOUGH_OK;
}

// ---- Rows: each is printed as it is measured ----

struct rows {
    struct bough_ceiling ceiling;
    json_t *json; // NULL = a table
    int products; // with m, n, k
    int head;     // is printed
    int lost;     // a row, for want of memory
};

static void print_head(const struct rows *rows)
{
    printf("%-36s", rows->products ? "product" : "op");
    if (rows->products)
        printf(" %6s %6s %6s", "m", "n", "k");
    printf(" %10s %9s %6s %7s %6s\n", "us", "GFLOP/s", "share", "GB/s", "share");
}

static void print_row(struct rows *rows, const struct bough_bench_row *row)
{
    const double gflops = 1e-9 * row->flops / row->seconds;
    const double gbs = 1e-9 * row->bytes / row->seconds;
    if (!rows->head)
        print_head(rows);
    rows->head = 1;
    printf("%-36s", row->name);
    if (rows->products)
        printf(" %6lld %6lld %6lld", (long long)row->m, (long long)row->n, (long long)row->k);
    printf(" %10.1f", 1e6 * row->seconds);
    if (row->flops > 0)
        printf(" %9.1f %4.0f %%", gflops, 100 * gflops / rows->ceiling.gflops);
    else
        printf(" %16s", "");
    printf(" %7.1f %4.0f %%%s%s\n", gbs, 100 * gbs / rows->ceiling.gbs,
           *row->implementation ? "  " : "", row->implementation);
    fflush(stdout);
}

static json_t *row_json(const struct rows *rows, const struct bough_bench_row *row)
{
    const double gflops = 1e-9 * row->flops / row->seconds;
    const double gbs = 1e-9 * row->bytes / row->seconds;
    json_t *json = json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "name", row->name, "flops",
                             row->flops, "bytes", row->bytes, "seconds", row->seconds, "gflops",
                             gflops, "gbs", gbs, "share", gflops / rows->ceiling.gflops,
                             "gbs_share", gbs / rows->ceiling.gbs);
    json_t *product = json_pack("{s:I, s:I, s:I, s:I, s:s}", "m", (json_int_t)row->m, "n",
                                (json_int_t)row->n, "k", (json_int_t)row->k, "batch",
                                (json_int_t)row->batch, "implementation", row->implementation);
    if (rows->products && json_object_update(json, product) != 0) {
        json_decref(json);
        json = NULL;
    }
    json_decref(product);
    return json;
}

static void take_row(void *user, const struct bough_bench_row *row)
{
    struct rows *rows = user;
    if (!rows->json)
        print_row(rows, row);
    else if (json_array_append_new(rows->json, row_json(rows, row)) != 0)
        rows->lost = 1;
}

static enum bough_status end_rows(struct rows *rows, const struct bough_device *device)
{
    if (!rows->json) {
        printf("ceiling %.1f GFLOP/s, %.1f GB/s\n", rows->ceiling.gflops, rows->ceiling.gbs);
        return BOUGH_OK;
    }
    json_t *answer = bench_head(device, &rows->ceiling);
    if (rows->lost || json_object_set(answer, rows->products ? "gemm" : "ops", rows->json) != 0) {
        json_decref(answer);
        answer = NULL;
    }
    return bench_print_json(answer);
}

// ---- gemm, ops ----

static enum bough_status read_shape(struct bough_gemm_shape *shape, const char *text)
{
    long long size[3];
    const char *rest = text;
    errno = 0; // strtoll alone tells that it cut a number
    for (int i = 0; i < 3; i++) {
        char *end;
        size[i] = strtoll(rest, &end, 10);
        if (end == rest || *end != (i < 2 ? ',' : '\0'))
            return tool_fail(BOUGH_INVALID, "'%s' is no product, wanted M,N,K", text);
        rest = end + 1;
    }
    if (errno == ERANGE)
        return tool_fail(BOUGH_INVALID, "gemm: %s, wanted numbers of 1 to %d", text, INT32_MAX);
    *shape = (struct bough_gemm_shape){size[0], size[1], size[2]};
    return BOUGH_OK;
}

static enum bough_status bench_rows(const struct bench_arguments *a, int products)
{
    enum bough_status status = BOUGH_OK;
    struct bough_gemm_shape shape[sizeof a->argument / sizeof *a->argument];
    struct rows rows = {.products = products};
    struct bough_bench_options options = {.seconds = a->seconds, .row = take_row, .user = &rows};
    for (size_t i = 0; i < a->arguments; i++)
        TRY(read_shape(&shape[i], a->argument[i]));
    TRY(cli_device_open(&options.device, a->device, a->kernels));
    TRY(bough_bench_ceiling(&rows.ceiling, options.device));
    if (a->json && !(rows.json = json_array()))
        TRY(tool_no_memory());
    TRY(products ? bough_bench_gemm(&options, shape, a->arguments) : bough_bench_ops(&options));
    TRY(end_rows(&rows, options.device));
done:
    json_decref(rows.json);
    bough_device_close(&options.device);
    return status;
}

// ---- The command ----

static enum bough_status choose(const char *kind, const struct bench_arguments *a)
{
    const int rows = strcmp(kind, "gemm") == 0 || strcmp(kind, "ops") == 0;
    if (rows && (a->set.count || a->first || a->no_first_step))
        return tool_fail(BOUGH_INVALID, "%s is for bench step, and this is bench %s",
                         a->first           ? "--first"
                         : a->no_first_step ? "--no-first-step"
                                            : "--set",
                         kind);
    if (strcmp(kind, "gemm") == 0)
        return bench_rows(a, 1);
    if (strcmp(kind, "ops") == 0 && a->arguments)
        return tool_fail(BOUGH_INVALID, "unexpected argument '%s'; see bough bench --help",
                         a->argument[0]);
    if (strcmp(kind, "ops") == 0)
        return bench_rows(a, 0);
    if (strcmp(kind, "step") != 0)
        return tool_fail(BOUGH_INVALID, "unknown bench '%s'; see bough bench --help", kind);
    if (a->arguments != 1)
        return tool_fail(BOUGH_INVALID, "bench step wants one config; see bough bench --help");
    return a->first ? bench_first_step(a) : bench_step(a);
}

static enum bough_status read_time(double *seconds, const char *text)
{
    char *end;
    *seconds = text ? strtod(text, &end) : 0;
    if (text && (*end || end == text || !(*seconds > 0 && *seconds < 3600)))
        return tool_fail(BOUGH_INVALID, "--time %s: wanted seconds above 0 and below 3600", text);
    return BOUGH_OK;
}

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    struct bench_arguments a = {0};
    const char *argument[65] = {NULL}, *time = NULL;
    const struct tool_option options[] = {{NULL, 0, .value = argument, .min = 1, .max = 65},
                                          {"device", 'd', .value = &a.device},
                                          {"kernels", 0, .value = &a.kernels},
                                          {"set", 's', .list = &a.set},
                                          {"time", 't', .value = &time},
                                          {"json", 0, .flag = &a.json},
                                          {"no-first-step", 0, .flag = &a.no_first_step},
                                          {"first", 0, .value = &a.first}};
    a.set.item = calloc((size_t)argc, sizeof *a.set.item);
    if (!a.set.item)
        return tool_no_memory();
    TRY(TOOL_OPTIONS(argc, argv, options));
    TRY(read_time(&a.seconds, time));
    while (argument[a.arguments + 1] && a.arguments < 64) {
        a.argument[a.arguments] = argument[a.arguments + 1];
        a.arguments++;
    }
    TRY(choose(argument[0], &a));
done:
    free(a.set.item);
    return status;
}

const struct tool_command cli_bench = {"bench", "measures a device", help, run};
