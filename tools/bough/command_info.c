#include "cli.h"
#include "info.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
    "usage: bough info FILE [--input SHAPE] [--set K=V]... [--dot]\n"
    "\n"
    "Tells what a file or folder is about:\n"
    "  a config        each layer's output, parameters, and FLOPs of one sample; which block\n"
    "                  reads which and feeds which tasks, and what each task and all share own\n"
    "  a run folder    the same of its model, and the metrics\n"
    "  a data set      splits, fields, types, shapes, classes; `bough-data info` tells more\n"
    "  a checkpoint    its tensors\n"
    "\n"
    "      --input SHAPE  of one sample, as 1,28,28, one for each input in order;\n"
    "                     default as in the config's data\n"
    "  -s, --set K=V      overrides a key of the config, as for `bough train`\n"
    "      --dot          of a config: how its blocks are wired, for Graphviz, and no more\n"
    "\n"
    "Example:\n"
    "  bough info config.yaml --input 3,32,32\n";

// Whether it starts as a safetensors file does: the header's length in 8 bytes, of which a text
// would have no zeros, and a brace.
static enum bough_status is_tensor_file(int *is, const char *path)
{
    char start[9] = {0};
    FILE *file = fopen(path, "rb");
    if (!file && errno == ENOMEM)
        return tool_no_memory();
    if (!file)
        return tool_fail(BOUGH_DATA, "%s: %s", path, strerror(errno));
    *is = fread(start, 1, sizeof start, file) == sizeof start && !start[7] && start[8] == '{';
    fclose(file);
    return BOUGH_OK;
}

static enum bough_status tell(const char *path, const struct tool_list *shapes,
                              const struct tool_list *set, int dot)
{
    struct stat about;
    int is_tensors = 0;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        return dot ? tool_fail(BOUGH_INVALID, "--dot draws a config, and %s is a folder", path)
                   : info_run(path, shapes);
    enum bough_status status = is_tensor_file(&is_tensors, path);
    if (status != BOUGH_OK)
        return status;
    if (is_tensors && dot)
        return tool_fail(BOUGH_INVALID, "--dot draws a config, and %s holds tensors", path);
    return is_tensors ? info_tensors(path) : info_config(path, shapes, set, dot);
}

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    const char *path = NULL;
    int dot = 0;
    struct tool_list set = {calloc((size_t)argc, sizeof *set.item), 0};
    struct tool_list shapes = {calloc((size_t)argc, sizeof *shapes.item), 0};
    const struct tool_option options[] = {{NULL, 0, .value = &path, .min = 1, .max = 1},
                                          {"input", 0, .list = &shapes},
                                          {"set", 's', .list = &set},
                                          {"dot", 0, .flag = &dot}};
    TRY_MEMORY(set.item);
    TRY_MEMORY(shapes.item);
    TRY(TOOL_OPTIONS(argc, argv, options));
    TRY(tell(path, &shapes, &set, dot));
done:
    free(set.item);
    free(shapes.item);
    return status;
}

const struct tool_command cli_info = {"info", "tells what a config, run or data set is about", help,
                                      run};
