// A config file from the disk to checked structs.
#include "base/error.h"
#include "base/file.h"
#include "config/config_check.h"
#include "config/config_read.h"

#include <stdlib.h>
#include <string.h>

struct bough_config_file {
    struct bough__arena arena;
    struct bough_config config;
};

// The folder that a relative path in the file starts from, without the last slash.
static char *folder_of(struct bough__arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return bough__arena_string(arena, ".");
    return bough__arena_format(arena, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

// Makes `data` absolute. What an override gives starts from the current folder, as any path on a
// command line does.
static enum bough_status place_data(struct bough_config_file *file, const struct bough__tree *tree)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__node *node = bough__node_find(tree->root, "data");
    char *folder = NULL, *absolute = NULL;
    if (!file->config.data || *file->config.data == '/')
        return BOUGH_OK;
    folder = node && node->override ? bough__arena_string(&file->arena, ".")
                                    : folder_of(&file->arena, tree->path);
    BOUGH_TRY_MEMORY(folder);
    absolute = realpath(folder, NULL);
    if (!absolute)
        return bough__file_refused(folder, "cannot be found");
    file->config.data = bough__arena_format(
        &file->arena, "%s/%s", strcmp(absolute, "/") ? absolute : "", file->config.data);
    BOUGH_TRY_MEMORY(file->config.data);
done:
    free(absolute);
    return status;
}

// Says where in the file it is that the check found wrong.
static enum bough_status check(const struct bough_config_file *file, const struct bough__tree *tree)
{
    struct bough_config resolved;
    char where[BOUGH__CONFIG_PATH];
    enum bough_status status = bough__config_complete(&resolved, NULL, &file->config, where);
    if (status != BOUGH_INVALID)
        return status;
    return bough__node_fail(tree, bough__tree_at(tree, where), "%s", bough_last_error());
}

static enum bough_status read_tree(struct bough_config_file *file, const struct bough__tree *tree)
{
    enum bough_status status;
    BOUGH_TRY(bough__config_read(&file->config, &file->arena, tree));
    BOUGH_TRY(check(file, tree));
    BOUGH_TRY(place_data(file, tree));
done:
    return status;
}

enum bough_status bough__config_file_parse(struct bough_config_file **file, const char *path,
                                           const char *text)
{
    enum bough_status status;
    struct bough__tree tree;
    struct bough_config_file *opened = calloc(1, sizeof *opened);
    *file = NULL;
    BOUGH_TRY_MEMORY(opened);
    BOUGH_TRY(bough__tree_parse(&tree, &opened->arena, path, text, strlen(text)));
    BOUGH_TRY(read_tree(opened, &tree));
    *file = opened;
    opened = NULL;
done:
    bough_config_file_close(&opened);
    return status;
}

enum bough_status bough_config_file_open(struct bough_config_file **file, const char *path,
                                         const char *const *overrides, size_t count)
{
    enum bough_status status;
    struct bough__tree tree;
    struct bough_config_file *opened = calloc(1, sizeof *opened);
    *file = NULL;
    BOUGH_TRY_MEMORY(opened);
    BOUGH_TRY(bough__tree_load(&tree, &opened->arena, path));
    for (size_t i = 0; i < count; i++) {
        const char *text = bough__arena_string(&opened->arena, overrides[i]);
        BOUGH_TRY_MEMORY(text);
        BOUGH_TRY(bough__tree_override(&tree, text));
    }
    BOUGH_TRY(read_tree(opened, &tree));
    *file = opened;
    opened = NULL;
done:
    bough_config_file_close(&opened);
    return status;
}

void bough_config_file_close(struct bough_config_file **file)
{
    if (!*file)
        return;
    bough__arena_fini(&(*file)->arena);
    free(*file);
    *file = NULL;
}

const struct bough_config *bough_config_file_config(const struct bough_config_file *file)
{
    return &file->config;
}
