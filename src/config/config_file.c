// A config from YAML, on the disk or in memory.
#include "base/error.h"
#include "base/file.h"
#include "config/config_check.h"
#include "config/read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct owner {
    struct bough_config config; // first: it is what the caller has
    struct bough__arena arena;
    const char *weighting; // as a config says it
};

// The folder that a relative path in the file starts from, without the last slash.
static char *folder_of(struct bough__arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return bough__arena_string(arena, ".");
    return bough__arena_format(arena, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

// Makes a path absolute. What an override gives starts from the current folder, as any path on a
// command line does.
static enum bough_status place(struct owner *owner, const char **path, int override,
                               const char *folder)
{
    enum bough_status status = BOUGH_OK;
    char *absolute = NULL;
    if (!*path || **path == '/')
        return BOUGH_OK;
    if (!folder || override)
        folder = ".";
    absolute = realpath(folder, NULL);
    if (!absolute)
        return bough__file_refused(folder, "cannot be found");
    *path =
        bough__arena_format(&owner->arena, "%s/%s", strcmp(absolute, "/") ? absolute : "", *path);
    BOUGH_TRY_MEMORY(*path);
done:
    free(absolute);
    return status;
}

// The same however a file's path is spelled; of one that is not there the path as it is.
static enum bough_status real_path(const char **real, struct owner *owner, const char *path)
{
    enum bough_status status = BOUGH_OK;
    char *found = realpath(path, NULL);
    if (!found && errno == ENOMEM)
        return bough__no_memory();
    BOUGH_TRY_MEMORY(*real = bough__arena_string(&owner->arena, found ? found : path));
done:
    free(found);
    return status;
}

// The config's own data set, if it is given, is called as that of the inputs that read it.
static enum bough_status spell_data(struct owner *owner, const char *const *real)
{
    enum bough_status status = BOUGH_OK;
    struct bough_config *config = &owner->config;
    const char *data;
    size_t s = 0;
    if (!config->data)
        return BOUGH_OK;
    BOUGH_TRY(real_path(&data, owner, config->data));
    while (s < config->sets && strcmp(real[s], data) != 0)
        s++;
    if (s < config->sets)
        config->data = config->set[s];
done:
    return status;
}

// The data sets of the inputs, whose paths are absolute. A file that is spelled in several ways is
// called by the first, also when the config is read where it is no more.
static enum bough_status find_sets(struct owner *owner)
{
    enum bough_status status = BOUGH_OK;
    struct bough_config *config = &owner->config;
    const char **set = BOUGH_NEW(&owner->arena, const char *, config->inputs_count);
    const char **real = BOUGH_NEW(&owner->arena, const char *, config->inputs_count);
    BOUGH_TRY_MEMORY(set);
    BOUGH_TRY_MEMORY(real);
    for (size_t i = 0; i < config->inputs_count; i++) {
        struct bough__input *input = (struct bough__input *)&config->inputs[i];
        const char *path = input->data ? input->data : config->data;
        size_t s = 0;
        BOUGH_TRY(real_path(&real[config->sets], owner, path));
        while (strcmp(real[s], real[config->sets]) != 0)
            s++;
        if (s == config->sets)
            set[config->sets++] = path;
        if (strcmp(set[s], path) != 0)
            input->data = set[s];
        input->set = (int32_t)s;
    }
    config->set = set;
    BOUGH_TRY(spell_data(owner, real));
done:
    return status;
}

static enum bough_status place_inputs(struct owner *owner, const struct bough__tree *tree,
                                      const char *folder)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__yaml_node *inputs = bough__yaml_node_find(tree->root, "inputs");
    for (size_t i = 0; i < owner->config.inputs_count; i++) {
        struct bough__input *input = (struct bough__input *)&owner->config.inputs[i];
        const struct bough__yaml_node *node = input->name && inputs
                                                  ? bough__yaml_node_find(inputs, input->name)
                                                  : bough__yaml_node_find(tree->root, "input");
        const struct bough__yaml_node *data =
            node && node->kind == BOUGH__MAPPING ? bough__yaml_node_find(node, "data") : NULL;
        BOUGH_TRY(place(owner, &input->data, data && data->override, folder));
    }
done:
    return status;
}

// Files that layers name.
static enum bough_status place_layers(struct owner *owner, const struct bough__choice *layer,
                                      size_t count, const char *folder)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < count; i++)
        for (size_t o = 0; o < layer[i].row->options.count; o++) {
            const struct bough__option *option = &layer[i].row->options.option[o];
            char *options = layer[i].options;
            if (option->path)
                BOUGH_TRY(
                    place(owner, (const char **)(void *)(options + option->offset), 0, folder));
        }
done:
    return status;
}

static enum bough_status place_all_layers(struct owner *owner, const char *folder)
{
    enum bough_status status;
    const struct bough_config *config = &owner->config;
    BOUGH_TRY(place_layers(owner, config->trunk, config->trunk_count, folder));
    for (size_t i = 0; i < config->inputs_count; i++)
        BOUGH_TRY(
            place_layers(owner, config->inputs[i].stem, config->inputs[i].stem_count, folder));
    for (size_t t = 0; t < config->tasks_count; t++)
        BOUGH_TRY(place_layers(owner, config->tasks[t].head, config->tasks[t].head_count, folder));
done:
    return status;
}

static enum bough_status place_files(struct owner *owner, const struct bough__tree *tree,
                                     const char *folder)
{
    struct bough_config *config = &owner->config;
    const struct bough__yaml_node *data = bough__yaml_node_find(tree->root, "data"),
                                  *from = bough__yaml_node_find(tree->root, "from");
    const struct bough__yaml_node *file =
        from && from->kind == BOUGH__MAPPING ? bough__yaml_node_find(from, "file") : from;
    enum bough_status status;
    BOUGH_TRY(place(owner, &config->data, data && data->override, folder));
    BOUGH_TRY(place_inputs(owner, tree, folder));
    BOUGH_TRY(place(owner, &config->from.file, file && file->override, folder));
    BOUGH_TRY(place_all_layers(owner, folder));
    BOUGH_TRY(find_sets(owner));
done:
    return status;
}

static enum bough_status read_tree(struct owner *owner, struct bough__tree *tree,
                                   const char *folder, const char *const *overrides, size_t count)
{
    enum bough_status status;
    struct bough__config_place root = {.tree = tree};
    for (size_t i = 0; i < count; i++) {
        const char *text = bough__arena_string(&owner->arena, overrides[i]);
        BOUGH_TRY_MEMORY(text);
        BOUGH_TRY(bough__tree_override(tree, text));
    }
    BOUGH_TRY(bough__config_read(&owner->config, &owner->arena, tree));
    BOUGH_TRY(place_files(owner, tree, folder));
    BOUGH_TRY(bough__task_sets_check(&root, &owner->config));
    BOUGH_TRY(bough__data_check(&root, &owner->config));
done:
    return status;
}

// A text, or the file of that name.
struct source {
    const char *name, *text; // NULL: a file
    const char *folder;      // of a text: where relative paths start from
};

static enum bough_status open_source(struct bough_config **config, struct source from,
                                     const char *const *overrides, size_t count)
{
    enum bough_status status;
    struct bough__tree tree;
    struct owner *owner = calloc(1, sizeof *owner);
    *config = NULL;
    BOUGH_TRY_MEMORY(owner);
    if (from.text) {
        BOUGH_TRY(bough__tree_parse(&tree, &owner->arena, from.name, from.text, strlen(from.text)));
    } else {
        BOUGH_TRY(bough__tree_load(&tree, &owner->arena, from.name));
        BOUGH_TRY_MEMORY(from.folder = folder_of(&owner->arena, from.name));
    }
    BOUGH_TRY(read_tree(owner, &tree, from.folder, overrides, count));
    BOUGH_TRY(bough__config_weighting_text(&owner->weighting, &owner->arena, &owner->config));
    *config = &owner->config;
    owner = NULL;
done:
    if (owner)
        bough__arena_fini(&owner->arena);
    free(owner);
    return status;
}

enum bough_status bough_config_open(struct bough_config **config, const char *path,
                                    const char *const *overrides, size_t count)
{
    return open_source(config, (struct source){.name = path}, overrides, count);
}

enum bough_status bough_config_parse(struct bough_config **config, const char *text,
                                     const char *folder, const char *const *overrides, size_t count)
{
    return open_source(config, (struct source){"config", text, folder}, overrides, count);
}

enum bough_status bough__config_parse(struct bough_config **config, const char *path,
                                      const char *text)
{
    return open_source(config, (struct source){path, text, NULL}, NULL, 0);
}

void bough_config_close(struct bough_config **config)
{
    struct owner *owner = (struct owner *)(void *)*config;
    if (!owner)
        return;
    bough__arena_fini(&owner->arena);
    free(owner);
    *config = NULL;
}

const char *bough_config_data(const struct bough_config *config)
{
    return config->set[0];
}

size_t bough_config_inputs(const struct bough_config *config)
{
    return config->inputs_count;
}

const char *bough_config_input_data(const struct bough_config *config, size_t index)
{
    return config->set[config->inputs[index].set];
}

const char *bough_config_input_field(const struct bough_config *config, size_t index)
{
    return config->inputs[index].field;
}

const char *bough_config_input_name(const struct bough_config *config, size_t index)
{
    return config->inputs[index].name;
}

const char *bough_config_architecture(const struct bough_config *config)
{
    return config->architecture.row->name;
}

const char *bough_config_weighting(const struct bough_config *config)
{
    return ((const struct owner *)(const void *)config)->weighting;
}

size_t bough_config_tasks(const struct bough_config *config)
{
    return config->tasks_count;
}

const char *bough_config_task(const struct bough_config *config, size_t index)
{
    return config->tasks[index].name;
}

const char *bough_config_monitor(const struct bough_config *config, size_t index)
{
    return config->tasks[index].monitor;
}

const char *bough_config_criterion(const struct bough_config *config)
{
    return config->train.early_stopping.metric;
}

uint64_t bough_config_seed(const struct bough_config *config)
{
    return config->train.seed;
}

const char *bough__input_key(const struct bough__input *input, char *text, size_t size)
{
    snprintf(text, size, input->name ? "inputs.%s" : "input", input->name);
    return text;
}
