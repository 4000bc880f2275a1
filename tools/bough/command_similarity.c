#include "cli.h"
#include "cli_table.h"
#include "png_save.h"

#include <bough/similarity.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: bough similarity MODEL [--by cosine|cka|mmd] [--groups K] [--csv FILE] [--png FILE]\n"
    "                        [--data FILE] [--split NAME] [--rows N] [--device D]\n"
    "\n"
    "Tells how similar the tasks of a trained model are, a number for each pair, and which of\n"
    "them belong together.\n"
    "\n"
    "      --by HOW      cosine  of the gradients that the tasks' losses over the split have of "
    "the\n"
    "                            parameters that are shared: 1 = they want the same, -1 = the\n"
    "                            opposite\n"
    "                    cka     of what the tasks' heads read: 1 = the same but for rotation and\n"
    "                            scale, 0 = nothing in common\n"
    "                    mmd     a distance of the same: 0 = distributed alike\n"
    "                    default cosine, or cka where tasks share no parameters\n"
    "      --groups K    joins the tasks into K groups, a line each, and tells the architecture "
    "that\n"
    "                    gives each group a trunk\n"
    "      --csv FILE    the table, in full\n"
    "      --png FILE    the table as a picture: red = similar, white = not, blue = opposite\n"
    "      --rows N      of more rows N are drawn; default 1000, and for cosine all\n"
    "      --data FILE   a data set with the same fields; default what it was trained on\n"
    "      --split NAME  default test, or the only one that there is\n"
    "  -d, --device D    as for `bough train`\n"
    "      --kernels F   as for `bough train`\n"
    "\n"
    "Example:\n"
    "  bough similarity runs/multifashion-1 --by cka --groups 2\n";

static double value_at(const struct bough_similarity *similarity, size_t t, size_t u)
{
    return similarity->value[t * similarity->tasks + u];
}

// ---- Telling ----

enum { MOST_PRINTED = 32 }; // tasks

static void add_row(struct cli_table *table, const struct bough_similarity *similarity, size_t t)
{
    cli_table_cell(table, "%s", similarity->task[t]);
    for (size_t u = 0; u < similarity->tasks; u++)
        if (isnan(value_at(similarity, t, u)))
            cli_table_cell(table, "-");
        else
            cli_table_cell(table, "%.4f", value_at(similarity, t, u));
}

static enum bough_status print_table(const struct bough_similarity *similarity)
{
    enum bough_status status = BOUGH_OK;
    char align[MOST_PRINTED + 2] = "l";
    struct cli_table table = {.align = align};
    printf("%s, %lld rows of %s\n", similarity->by, (long long)similarity->rows, similarity->split);
    if (similarity->tasks > MOST_PRINTED) {
        printf("%zu tasks: --csv tells them\n", similarity->tasks);
        return BOUGH_OK;
    }
    memset(align + 1, 'r', similarity->tasks);
    cli_table_cell(&table, "task");
    for (size_t t = 0; t < similarity->tasks; t++)
        cli_table_cell(&table, "%s", similarity->task[t]);
    for (size_t t = 0; t < similarity->tasks; t++)
        add_row(&table, similarity, t);
    TRY(cli_table_end(&table));
done:
    return status;
}

// Whether all pairs are alike to what is printed: then groups are made by nothing.
static int tells_nothing(const struct bough_similarity *similarity)
{
    const size_t tasks = similarity->tasks;
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < tasks * tasks; i++) {
        const double value = similarity->value[i];
        if (i / tasks == i % tasks)
            continue;
        if (isnan(value))
            return 0;
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    return tasks > 2 && most - least < 1e-4;
}

static void print_groups(const struct bough_similarity *similarity, const size_t *group,
                         size_t groups)
{
    for (size_t g = 0; g < groups; g++) {
        const char *between = "";
        printf("group %zu: ", g + 1);
        for (size_t t = 0; t < similarity->tasks; t++)
            if (group[t] == g) {
                printf("%s%s", between, similarity->task[t]);
                between = ", ";
            }
        putchar('\n');
    }
    printf("architecture: {name: hard_sharing, groups: [");
    for (size_t t = 0; t < similarity->tasks; t++)
        printf("%s%zu", t ? ", " : "", group[t] + 1);
    puts("]}");
}

static enum bough_status find_groups(size_t **group, const struct bough_similarity *similarity,
                                     size_t groups)
{
    enum bough_status status;
    *group = calloc(similarity->tasks, sizeof **group);
    TRY_MEMORY(*group);
    status = bough_similarity_group(*group, similarity->value, similarity->tasks,
                                    similarity->is_distance, groups);
    if (status == BOUGH_INVALID)
        status = tool_fail(status, "--groups: %s", bough_last_error());
done:
    return status;
}

// ---- Files ----

// Names of tasks hold neither commas nor quotes.
static enum bough_status write_csv(FILE *file, const char *path, const void *user)
{
    (void)path;
    const struct bough_similarity *similarity = user;
    fputs("task", file);
    for (size_t t = 0; t < similarity->tasks; t++)
        fprintf(file, ",%s", similarity->task[t]);
    putc('\n', file);
    for (size_t t = 0; t < similarity->tasks; t++) {
        fputs(similarity->task[t], file);
        for (size_t u = 0; u < similarity->tasks; u++)
            if (isnan(value_at(similarity, t, u)))
                putc(',', file);
            else
                fprintf(file, ",%.9g", value_at(similarity, t, u));
        putc('\n', file);
    }
    return BOUGH_OK;
}

// Red of 1, white of 0, blue of -1; grey where there is no number.
static void colour(uint8_t *pixel, double value)
{
    const uint8_t rest = (uint8_t)lround(255 * (1 - fmin(1, fabs(value))));
    pixel[0] = value >= 0 ? 255 : rest;
    pixel[1] = rest;
    pixel[2] = value >= 0 ? rest : 255;
    if (isnan(value))
        memset(pixel, 128, 3);
}

// A distance is compared with the largest.
static double strength(const struct bough_similarity *similarity, size_t t, size_t u)
{
    double most = 0;
    for (size_t i = 0; i < similarity->tasks * similarity->tasks; i++)
        most = fmax(most, similarity->value[i]);
    const double value = value_at(similarity, t, u);
    return similarity->is_distance ? 1 - (most > 0 ? value / most : value) : value;
}

static enum bough_status write_picture(const struct bough_similarity *similarity, const char *path)
{
    enum { SIDE = 16 };
    enum bough_status status;
    const size_t side = SIDE * similarity->tasks;
    uint8_t *pixel = malloc(3 * side * side);
    TRY_MEMORY(pixel);
    for (size_t t = 0; t < similarity->tasks; t++)
        for (size_t u = 0; u < similarity->tasks; u++) {
            uint8_t one[3];
            colour(one, strength(similarity, t, u));
            for (size_t i = 0; i < (size_t)SIDE * SIDE; i++)
                memcpy(pixel + 3 * ((SIDE * t + i / SIDE) * side + SIDE * u + i % SIDE), one, 3);
        }
    TRY(png_save(path, pixel, (int)side, (int)side));
done:
    free(pixel);
    return status;
}

// ---- The command ----

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    const char *model = NULL, *wanted = NULL, *kernels = NULL, *rows = NULL, *count = NULL,
               *csv = NULL, *png = NULL;
    struct bough_similarity_options given = {0};
    struct bough_similarity *similarity = NULL;
    size_t *group = NULL;
    int64_t groups = 0;
    const struct tool_option options[] = {{NULL, 0, .value = &model, .min = 1, .max = 1},
                                          {"by", 0, .value = &given.by},
                                          {"groups", 0, .value = &count},
                                          {"csv", 0, .value = &csv},
                                          {"png", 0, .value = &png},
                                          {"data", 0, .value = &given.data},
                                          {"split", 0, .value = &given.split},
                                          {"rows", 0, .value = &rows},
                                          {"device", 'd', .value = &wanted},
                                          {"kernels", 0, .value = &kernels}};
    TRY(TOOL_OPTIONS(argc, argv, options));
    TRY(tool_whole(&given.rows, rows, "--rows", 1, INT32_MAX));
    TRY(tool_whole(&groups, count, "--groups", 1, INT32_MAX));
    TRY(cli_device_open(&given.device, wanted, kernels));
    TRY(bough_similarity_create(&similarity, model, &given));
    if (groups)
        TRY(find_groups(&group, similarity, (size_t)groups));
    TRY(print_table(similarity));
    if (groups)
        print_groups(similarity, group, (size_t)groups);
    if (groups && tells_nothing(similarity))
        fprintf(stderr, "warning: all pairs of tasks are as similar: the groups say nothing\n");
    if (csv)
        TRY(tool_file_write(csv, write_csv, similarity));
    if (png)
        TRY(write_picture(similarity, png));
done:
    free(group);
    bough_similarity_destroy(&similarity);
    bough_device_close(&given.device);
    return status;
}

const struct tool_command cli_similarity = {
    "similarity", "tells how similar the tasks of a model are", help, run};
