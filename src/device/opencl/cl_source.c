#include "device/opencl/cl_source.h"

#include "base/error.h"
#include "base/strings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_HEADERS = 32, MAX_NAME = 64 };

struct source {
    FILE *out;
    char seen[MAX_HEADERS][MAX_NAME];
    int headers;
};

static char *read_all(FILE *file)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    char part[4096];
    for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;)
        fwrite(part, 1, got, out);
    fclose(out);
    return text;
}

// The caller frees it.
static char *file_text(const char *name)
{
    const char *folder = bough__variable("BOUGH_CL_DIR");
    if (folder) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, name);
        FILE *file = fopen(path, "r");
        if (file) {
            char *text = read_all(file);
            fclose(file);
            return text;
        }
    }
    for (const struct bough__cl_file *file = bough__cl_files; file->name; file++)
        if (strcmp(file->name, name) == 0)
            return strdup(file->text);
    return NULL;
}

static int first_time(struct source *source, const char *name)
{
    for (int i = 0; i < source->headers; i++)
        if (strcmp(source->seen[i], name) == 0)
            return 0;
    if (source->headers < MAX_HEADERS)
        snprintf(source->seen[source->headers++], MAX_NAME, "%s", name);
    return 1;
}

static enum bough_status put_file(struct source *source, const char *name)
{
    char *text = file_text(name);
    if (!text)
        return bough__fail(BOUGH_DEVICE, "there is no cl/%s", name);
    enum bough_status status = BOUGH_OK;
    int line = 1;
    fprintf(source->out, "#line 1 \"%s\"\n", name);
    for (char *at = text; *at && status == BOUGH_OK; line++) {
        size_t length = strcspn(at, "\n");
        char header[MAX_NAME];
        if (sscanf(at, "#include \"%63[^\"]\"", header) == 1) {
            if (first_time(source, header))
                status = put_file(source, header);
            fprintf(source->out, "#line %d \"%s\"\n", line + 1, name);
        } else {
            fprintf(source->out, "%.*s\n", (int)length, at);
        }
        at += length + (at[length] == '\n');
    }
    free(text);
    return status;
}

char *bough__cl_source_create(const char *family)
{
    char name[MAX_NAME], *text = NULL;
    size_t size;
    struct source source = {.out = open_memstream(&text, &size)};
    if (!source.out) {
        bough__no_memory();
        return NULL;
    }
    snprintf(name, sizeof name, "%s.cl", family);
    enum bough_status status = put_file(&source, name);
    if (fclose(source.out) != 0 && status == BOUGH_OK)
        status = bough__no_memory();
    if (status == BOUGH_OK)
        return text;
    free(text);
    return NULL;
}
