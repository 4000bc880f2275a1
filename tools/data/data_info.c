#include "field_stats.h"
#include "token_stats.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: bough-data info FILE [--json]\n"
    "\n"
    "Tells what a data set or any other safetensors file holds: each tensor's type, shape,\n"
    "range, mean and standard deviation (by channel for images and by column for tables, up\n"
    "to 64; of x / 255 for U8, as a config's `normalize` wants them), missing labels, and\n"
    "the classes with their counts. The metadata may name columns: columns/FIELD, one name\n"
    "a line.\n"
    "\n"
    "  --json    the same, for programs\n"
    "\n"
    "Example:\n"
    "  bough-data info multifashion.safetensors\n";

// What the metadata `kind/field` says of the tensor's field, or NULL.
static const char *description(const struct bough_tensor_file *file,
                               const struct bough_file_tensor *tensor, const char *kind)
{
    char split[TOOL_NAME_MAX];
    const char *field;
    return tool_is_field(tensor, split, &field) ? tool_find(file, kind, field) : NULL;
}

// As many rows as classes occur or are named.
static int64_t class_rows(const struct field_stats *stats, const char *names)
{
    const int64_t named = tool_class_count(names);
    return stats->classes > named ? stats->classes : named;
}

static int64_t count_of(const struct field_stats *stats, int64_t class)
{
    return class < stats->classes ? stats->class_count[class] : 0;
}

// ---- Text ----

enum { TEXTS_SHOWN = 3, TEXT_BYTES_SHOWN = 60 };

static void print_texts(const struct bough_file_tensor *tensor)
{
    const int64_t count = tensor->shape.dim[0];
    printf("  text");
    for (int64_t i = 0; i < count && i < TEXTS_SHOWN; i++) {
        const char *text;
        const int length = (int)tool_text_at(&text, tensor, i);
        printf("%s%.*s%s", i ? ", " : ": ", length < TEXT_BYTES_SHOWN ? length : TEXT_BYTES_SHOWN,
               text, length < TEXT_BYTES_SHOWN ? "" : "...");
    }
    puts(count > TEXTS_SHOWN ? ", ..." : "");
}

// printf may write a sign before it.
static double unsigned_nan(double number)
{
    return isnan(number) ? fabs(number) : number;
}

static void print_moments(const struct channel_stats *stats, const char *scale)
{
    if (stats->count)
        printf("%g to %g, mean %.4f, std %.4f%s", stats->min, stats->max, unsigned_nan(stats->mean),
               unsigned_nan(stats->deviation), scale);
    if (stats->missing)
        printf("%s%" PRId64 " missing", stats->count ? "; " : "", stats->missing);
    putchar('\n');
}

// A line a channel, by name where the metadata has names.
static void print_channels(const struct field_stats *stats, const struct bough_tensor_file *file,
                           const struct bough_file_tensor *tensor)
{
    const char *scale = tensor->dtype == BOUGH_U8 ? " (of x / 255)" : "";
    const char *names = description(file, tensor, "columns"), *name;
    size_t length;
    for (int c = 0; c < stats->channels; c++) {
        printf("  ");
        if (tool_class_name(names, c, &name, &length))
            tool_print_padded(name, length, 18);
        else if (stats->channels > 1)
            printf("%5d  ", c);
        print_moments(&stats->channel[c], scale);
    }
}

static void print_classes(const struct field_stats *stats, const char *names)
{
    const char *name = NULL;
    size_t length;
    for (int64_t i = 0; i < class_rows(stats, names); i++) {
        if (!tool_class_name(names, i, &name, &length))
            length = 0;
        if (length || count_of(stats, i))
            printf("  %5" PRId64 "  %8" PRId64 "  %.*s\n", i, count_of(stats, i), (int)length,
                   length ? name : "");
    }
}

// ---- Tokens ----

enum { TOKENS_SHOWN = 8 };

static enum bough_status print_tokens(const struct bough_file_tensor *tensor, const char *names)
{
    struct token_stats stats = {0};
    enum bough_status status;
    const char *name;
    size_t length;
    TRY(token_stats_init(&stats, tensor, names));
    printf("  %" PRId64 " tokens of a vocabulary of %" PRId64 " ids; %" PRId64 " unknown\n",
           stats.tokens, stats.ids, stats.unknown);
    for (int k = 0; k < TOKENS_SHOWN; k++) {
        int64_t count, id = token_stats_most(&count, &stats);
        if (!tool_class_name(names, id, &name, &length))
            break;
        printf("  %5" PRId64 "  %8" PRId64 "  %.*s\n", id, count, (int)length, name);
    }
done:
    token_stats_fini(&stats);
    return status;
}

// How long the samples' sentences are.
static int is_length(const struct bough_tensor_file *file, const struct bough_file_tensor *tensor)
{
    char split[TOOL_NAME_MAX];
    const char *field;
    return tool_is_field(tensor, split, &field) && strcmp(field, "length") == 0 &&
           tool_find(file, "vocabulary", "tokens");
}

// Of ids, whole numbers: that of their field; else NULL.
static const char *vocabulary_of(const struct bough_tensor_file *file,
                                 const struct bough_file_tensor *tensor)
{
    return bough_dtype_is_float(tensor->dtype) ? NULL : description(file, tensor, "vocabulary");
}

// A row of classes, as of the tokens of a sentence, counts as so many classes.
static enum bough_status take_stats(struct field_stats *stats, const struct bough_tensor_file *file,
                                    const struct bough_file_tensor *tensor)
{
    struct bough_file_tensor all = *tensor;
    if (!bough_dtype_is_float(tensor->dtype) && description(file, tensor, "classes"))
        all.shape = (struct bough_shape){1, {bough_shape_elements(&tensor->shape)}};
    return field_stats_init(stats, &all);
}

static enum bough_status print_tensor(const struct bough_tensor_file *file,
                                      const struct bough_file_tensor *tensor)
{
    char text[256];
    struct field_stats stats = {0};
    enum bough_status status = BOUGH_OK;
    printf("\n%s  %s %s\n", tensor->name, bough_dtype_name(tensor->dtype),
           bough_shape_format(&tensor->shape, text, sizeof text));
    if (tool_is_text(file, tensor)) {
        print_texts(tensor);
        return BOUGH_OK;
    }
    if (vocabulary_of(file, tensor))
        return print_tokens(tensor, vocabulary_of(file, tensor));
    TRY(take_stats(&stats, file, tensor));
    const int has_classes = stats.class_count && !is_length(file, tensor);
    if (has_classes && stats.all.missing)
        printf("  %" PRId64 " missing%s\n", stats.all.missing,
               tensor->shape.rank > 1 ? " or padding" : "");
    if (has_classes)
        print_classes(&stats, description(file, tensor, "classes"));
    else if (stats.all.count || stats.all.missing)
        print_channels(&stats, file, tensor);
done:
    field_stats_fini(&stats);
    return status;
}

static enum bough_status print_text(const struct bough_tensor_file *file)
{
    enum bough_status status = BOUGH_OK;
    const size_t count = bough_tensor_file_count(file);
    printf("%s: %zu tensor%s\n", bough_tensor_file_path(file), count, count == 1 ? "" : "s");
    for (size_t i = 0; i < count; i++)
        TRY(print_tensor(file, bough_tensor_file_at(file, i)));
    for (size_t i = 0; i < bough_tensor_file_metadata_count(file); i++) {
        const char *value, *key = bough_tensor_file_metadata_at(file, i, &value);
        if (strncmp(key, "classes/", 8) != 0 && strncmp(key, "columns/", 8) != 0 &&
            strncmp(key, "types/", 6) != 0 && strncmp(key, "text/", 5) != 0 &&
            strncmp(key, "vocabulary/", 11) != 0)
            printf("\n%s: %s\n", key, value);
    }
done:
    return status;
}

// ---- JSON ----

// Each of these gives NULL if memory ended.

static json_t *unless_lost(json_t *value, int is_lost)
{
    if (!is_lost)
        return value;
    json_decref(value);
    return NULL;
}

// Null where the bytes are no UTF-8.
static json_t *json_bytes(const char *text, size_t length)
{
    errno = 0;
    json_t *value = json_stringn(text, length);
    return value || errno == ENOMEM ? value : json_null();
}

static json_t *json_classes(const struct field_stats *stats, const char *names)
{
    json_t *list = json_array();
    const char *name;
    size_t length;
    int is_lost = 0;
    for (int64_t i = 0; i < class_rows(stats, names); i++) {
        json_t *row = json_pack("{s:I, s:I}", "class", (json_int_t)i, "count",
                                (json_int_t)count_of(stats, i));
        if (tool_class_name(names, i, &name, &length))
            is_lost |= json_object_set_new(row, "name", json_stringn(name, length));
        is_lost |= json_array_append_new(list, row);
    }
    return unless_lost(list, is_lost);
}

static json_t *json_texts(const struct bough_file_tensor *tensor)
{
    json_t *list = json_array();
    int is_lost = 0;
    for (int64_t i = 0; i < tensor->shape.dim[0] && i < TEXTS_SHOWN; i++) {
        const char *text;
        const size_t length = tool_text_at(&text, tensor, i);
        is_lost |= json_array_append_new(list, json_bytes(text, length));
    }
    return unless_lost(list, is_lost);
}

// A number of each channel: the one that lies `offset` bytes into it. What is infinite or NaN, no
// numbers of JSON, is null.
static json_t *json_numbers(const struct field_stats *stats, size_t offset)
{
    json_t *list = json_array();
    int is_lost = 0;
    for (int c = 0; c < stats->channels; c++) {
        const double *number = (const void *)((const char *)&stats->channel[c] + offset);
        is_lost |=
            json_array_append_new(list, isfinite(*number) ? json_real(*number) : json_null());
    }
    return unless_lost(list, is_lost);
}

static json_t *json_shape(const struct bough_shape *shape)
{
    json_t *list = json_array();
    int is_lost = 0;
    for (int32_t i = 0; i < shape->rank; i++)
        is_lost |= json_array_append_new(list, json_integer(shape->dim[i]));
    return unless_lost(list, is_lost);
}

// Not 0 if memory ended, here and below.
static int add_numbers(json_t *entry, const struct field_stats *stats)
{
    int is_lost = 0;
    // An infinite number is no JSON: its key is left out.
    if (isfinite(stats->all.min))
        is_lost |= json_object_set_new(entry, "min", json_real(stats->all.min));
    if (isfinite(stats->all.max))
        is_lost |= json_object_set_new(entry, "max", json_real(stats->all.max));
    is_lost |= json_object_set_new(entry, "mean",
                                   json_numbers(stats, offsetof(struct channel_stats, mean)));
    is_lost |= json_object_set_new(entry, "std",
                                   json_numbers(stats, offsetof(struct channel_stats, deviation)));
    return is_lost;
}

static enum bough_status add_tokens(json_t *entry, const struct bough_file_tensor *tensor,
                                    const char *names)
{
    struct token_stats stats = {0};
    enum bough_status status;
    TRY(token_stats_init(&stats, tensor, names));
    if (json_object_set_new(entry, "vocabulary", json_integer(stats.ids)) ||
        json_object_set_new(entry, "tokens", json_integer(stats.tokens)) ||
        json_object_set_new(entry, "unknown", json_integer(stats.unknown)))
        status = tool_no_memory();
done:
    token_stats_fini(&stats);
    return status;
}

static enum bough_status add_tensor(json_t *list, const struct bough_tensor_file *file,
                                    const struct bough_file_tensor *tensor)
{
    struct field_stats stats = {0};
    enum bough_status status = BOUGH_OK;
    const int is_text = tool_is_text(file, tensor);
    const char *vocabulary = vocabulary_of(file, tensor);
    int is_lost = 0;
    if (!is_text && !vocabulary)
        TRY(take_stats(&stats, file, tensor));
    json_t *entry = json_pack("{s:s, s:s, s:o, s:I}", "name", tensor->name, "dtype",
                              bough_dtype_name(tensor->dtype), "shape", json_shape(&tensor->shape),
                              "missing", (json_int_t)stats.all.missing);
    if (is_text)
        is_lost = json_object_set_new(entry, "text", json_texts(tensor));
    else if (stats.class_count)
        is_lost = json_object_set_new(entry, "classes",
                                      json_classes(&stats, description(file, tensor, "classes")));
    else if (stats.all.count)
        is_lost = add_numbers(entry, &stats);
    is_lost |= json_array_append_new(list, entry);
    if (is_lost)
        status = tool_no_memory();
    else if (vocabulary)
        status = add_tokens(entry, tensor, vocabulary);
done:
    field_stats_fini(&stats);
    return status;
}

static enum bough_status print_json(const struct bough_tensor_file *file)
{
    enum bough_status status = BOUGH_OK;
    json_t *tensors = json_array(), *metadata = json_object();
    const char *path = bough_tensor_file_path(file);
    json_t *root = json_pack("{s:o, s:o, s:o}", "file", json_bytes(path, strlen(path)), "tensors",
                             tensors, "metadata", metadata);
    TRY_MEMORY(root);
    for (size_t i = 0; i < bough_tensor_file_count(file); i++)
        TRY(add_tensor(tensors, file, bough_tensor_file_at(file, i)));
    for (size_t i = 0; i < bough_tensor_file_metadata_count(file); i++) {
        const char *value, *key = bough_tensor_file_metadata_at(file, i, &value);
        if (json_object_set_new(metadata, key, json_string(value)) != 0)
            TRY(tool_no_memory());
    }
    if (json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) != 0 && !ferror(stdout))
        TRY(tool_no_memory());
    putchar('\n');
done:
    json_decref(root);
    return status;
}

static enum bough_status run(int argc, char **argv)
{
    const char *path = NULL;
    int json = 0;
    const struct tool_option options[] = {{NULL, 0, .value = &path, .min = 1, .max = 1},
                                          {"json", 0, .flag = &json}};
    enum bough_status status;
    struct bough_tensor_file *file = NULL;
    TRY(DATA_OPTIONS(argc, argv, options));
    TRY(bough_tensor_file_open(&file, path));
    TRY(json ? print_json(file) : print_text(file));
done:
    bough_tensor_file_close(&file);
    return status;
}

const struct tool_command tool_info = {"info", "what a file holds", help, run};
