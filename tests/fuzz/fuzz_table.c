// Converts a CSV by a schema, divided by the first zero byte: schema, CSV. What was found must be
// found again by the schema that was made of it.
#include "fuzz.h"

#include "table_convert.h"

#include <bough/dataset.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum bough_status no_step(const char *what, int64_t done, int64_t total)
{
    (void)what, (void)done, (void)total;
    return BOUGH_OK;
}

// Wrong usage is what a schema does wrong; the rest are bad data.
static int is_done(enum bough_status status)
{
    return fuzz_status(status, status == BOUGH_INVALID ? BOUGH_INVALID : BOUGH_DATA, tool_error());
}

// The schema as it then is, or NULL.
static char *convert(size_t *size, const char *schema_text, size_t schema_size, const char *csv,
                     const char *output)
{
    struct table_schema schema;
    struct table_report report = {0};
    char *text = NULL;
    fuzz_status(table_schema_init(&schema), BOUGH_OK, tool_error());
    enum bough_status status = table_schema_parse(&schema, "schema", schema_text, schema_size);
    if (status == BOUGH_OK)
        status = table_convert(
            &report, &(struct table_request){
                         .path = csv, .output = output, .schema = &schema, .step = no_step});
    if (is_done(status))
        fuzz_status(table_schema_text(&text, size, &schema), BOUGH_OK, tool_error());
    table_report_fini(&report);
    table_schema_fini(&schema);
    return text;
}

static void check_output(const char *path)
{
    struct bough_tensor_file *file;
    if (fuzz_status(bough_tensor_file_open(&file, path), BOUGH_OK, bough_last_error()))
        bough_tensor_file_close(&file);
    remove(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char output[64];
    size_t first_size, second_size;
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    const uint8_t *rest = zero ? zero + 1 : data;
    const char *csv = fuzz_file(rest, size - (size_t)(rest - data));
    snprintf(output, sizeof output, "/tmp/fuzz_table_%ld", (long)getpid());
    char *first =
        convert(&first_size, (const char *)data, zero ? (size_t)(zero - data) : 0, csv, output);
    if (!first)
        return 0;
    check_output(output);
    char *second = convert(&second_size, first, first_size, csv, output);
    if (!second || second_size != first_size || memcmp(first, second, first_size) != 0)
        fuzz_wrong("a schema changes when it is written and read");
    check_output(output);
    free(first);
    free(second);
    return 0;
}
