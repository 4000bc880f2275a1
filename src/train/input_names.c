#include "train/input_names.h"

#include "base/error.h"

#include <string.h>

enum { UNKNOWN = 1, RESERVED = 2 };

// The key of a list; NULL: no memory.
static const char *key_of(struct bough__arena *arena, const struct bough__input *input,
                          size_t index, const char *prefix)
{
    if (bough__input_is_ids(input))
        return bough__arena_format(arena, "%svocabulary/%s", prefix, input->field);
    return bough__arena_format(arena, "%sclasses/%s/%s", prefix, input->field,
                               input->columns[index]);
}

// The id of the first name.
static size_t first_id(const struct bough__input *input)
{
    return bough__input_is_ids(input) ? 0 : RESERVED;
}

static enum bough_status read_list(struct bough__name_list *list, struct bough__arena *arena,
                                   const struct bough_tensor_file *file,
                                   const struct bough__input *input, size_t index,
                                   const char *prefix)
{
    const char *key = key_of(arena, input, index, prefix);
    return key ? bough__name_list_read(list, arena, file, key) : bough__no_memory();
}

// A vocabulary may be cut: what is behind it is unknown.
static enum bough_status check_count(struct bough__name_list *list,
                                     const struct bough_tensor_file *file,
                                     const struct bough__input *input, size_t index)
{
    const int ids = bough__input_is_ids(input);
    const int32_t all = ids ? input->vocabulary : input->classes[index];
    const size_t wanted = (size_t)all - first_id(input);
    if (ids && list->count > wanted)
        list->count = wanted;
    if (!list->count || list->count == wanted)
        return BOUGH_OK;
    return bough__fail(BOUGH_DATA, "%s: %s%s%s has %zu names, and the model wants %zu",
                       bough_tensor_file_path(file), input->field, ids ? "" : ", column ",
                       ids ? "" : input->columns[index], list->count, wanted);
}

static const char *rule_key(struct bough__arena *arena, const struct bough__input *input,
                            const char *prefix)
{
    if (bough__input_is_ids(input))
        return bough__arena_format(arena, "%stokenizer/%s", prefix, input->field);
    return bough__arena_format(arena, "%sschema", prefix);
}

static enum bough_status read_rule(const char **rule, struct bough__arena *arena,
                                   const struct bough_tensor_file *file,
                                   const struct bough__input *input, const char *prefix)
{
    const char *key = rule_key(arena, input, prefix), *plain = rule_key(arena, input, "");
    if (!key || !plain)
        return bough__no_memory();
    const char *text = bough_tensor_file_metadata(file, key);
    text = text ? text : bough_tensor_file_metadata(file, plain);
    *rule = bough__arena_string(arena, text);
    return text && !*rule ? bough__no_memory() : BOUGH_OK;
}

enum bough_status bough__input_names_read(struct bough__input_names *names,
                                          struct bough__arena *arena,
                                          const struct bough_tensor_file *file,
                                          const struct bough__input *input, const char *prefix)
{
    enum bough_status status = BOUGH_OK;
    const int ids = bough__input_is_ids(input);
    *names = (struct bough__input_names){0};
    if (ids ? !input->vocabulary : !bough__input_is_table(input) || !input->columns)
        return BOUGH_OK;
    BOUGH_TRY(read_rule(&names->rule, arena, file, input, prefix));
    names->lists = ids ? 1 : input->columns_count;
    BOUGH_TRY_MEMORY(names->list = BOUGH_NEW(arena, struct bough__name_list, names->lists));
    for (size_t i = 0; i < names->lists; i++) {
        if (!ids && !input->classes[i])
            continue;
        BOUGH_TRY(read_list(&names->list[i], arena, file, input, i, prefix));
        if (!names->list[i].count)
            BOUGH_TRY(read_list(&names->list[i], arena, file, input, i, ""));
        BOUGH_TRY(check_count(&names->list[i], file, input, i));
    }
done:
    return status;
}

// ---- Writing ----

static enum bough_status is_written(int *is, struct bough__arena *arena, const char *key,
                                    const struct bough__input *before, size_t count)
{
    *is = 0;
    for (size_t j = 0; j < count; j++)
        for (size_t c = 0; c < (before[j].columns ? before[j].columns_count : 1); c++) {
            const int counts = bough__input_is_ids(&before[j]) || before[j].columns;
            const char *other = counts ? key_of(arena, &before[j], c, "") : "";
            if (!other)
                return bough__no_memory();
            *is |= strcmp(other, key) == 0;
        }
    return BOUGH_OK;
}

static enum bough_status write_list(const struct bough__name_list *list, struct bough__arena *arena,
                                    struct bough_tensor_writer *writer, const char *key)
{
    size_t size = 1;
    for (size_t i = 0; i < list->count; i++)
        size += strlen(list->name[i]) + 1;
    char *text = bough__arena_alloc(arena, size), *end = text;
    if (!text)
        return bough__no_memory();
    for (size_t i = 0; i < list->count; i++) {
        const size_t length = strlen(list->name[i]);
        memcpy(end, list->name[i], length);
        end += length;
        *end++ = '\n';
    }
    *end = '\0';
    return bough_tensor_writer_metadata(writer, key, text);
}

static enum bough_status write_rule(const struct bough__input_names *names,
                                    struct bough__arena *arena, struct bough_tensor_writer *writer,
                                    const struct bough__input *input, const char *prefix,
                                    const struct bough__input *before, size_t count)
{
    const char *key = rule_key(arena, input, prefix);
    if (!names->rule || !key)
        return key ? BOUGH_OK : bough__no_memory();
    for (size_t j = 0; j < count && !*prefix; j++) {
        const int has = bough__input_is_ids(&before[j]) || bough__input_is_table(&before[j]);
        const char *other = has ? rule_key(arena, &before[j], "") : "";
        if (!other || strcmp(other, key) == 0)
            return other ? BOUGH_OK : bough__no_memory();
    }
    return bough_tensor_writer_metadata(writer, key, names->rule);
}

enum bough_status bough__input_names_write(const struct bough__input_names *names,
                                           struct bough__arena *arena,
                                           struct bough_tensor_writer *writer,
                                           const struct bough__input *input, const char *prefix,
                                           const struct bough__input *before, size_t count)
{
    enum bough_status status = BOUGH_OK;
    BOUGH_TRY(write_rule(names, arena, writer, input, prefix, before, count));
    for (size_t i = 0; i < names->lists; i++) {
        int stands;
        const char *key = names->list[i].count ? key_of(arena, input, i, prefix) : "";
        BOUGH_TRY_MEMORY(key);
        BOUGH_TRY(is_written(&stands, arena, key, before, *prefix ? 0 : count));
        if (*key && !stands)
            BOUGH_TRY(write_list(&names->list[i], arena, writer, key));
    }
done:
    return status;
}

// ---- Another file's ids ----

static int are_same(const struct bough__name_list *a, const struct bough__name_list *b)
{
    size_t i = 0;
    while (a->count == b->count && i < a->count && strcmp(a->name[i], b->name[i]) == 0)
        i++;
    return a->count == b->count && i == a->count;
}

enum bough_status bough__input_names_map(struct bough__id_map *map, struct bough__arena *arena,
                                         const struct bough__input_names *names, size_t index,
                                         const struct bough_tensor_file *file,
                                         const struct bough__input *input)
{
    enum bough_status status = BOUGH_OK;
    struct bough__name_list list;
    const size_t first = first_id(input);
    int32_t *order, *to;
    size_t known = 0;
    *map = (struct bough__id_map){0};
    if (index >= names->lists || !names->list[index].count)
        return BOUGH_OK;
    BOUGH_TRY(read_list(&list, arena, file, input, index, ""));
    if (!list.count) {
        bough__log(BOUGH_LOG_WARNING,
                   "%s: the ids of %s%s%s have no names; they are taken to be numbered as the "
                   "model's: %s is %zu",
                   bough_tensor_file_path(file), input->field, first ? ", column " : "",
                   first ? input->columns[index] : "", names->list[index].name[0], first);
        return BOUGH_OK;
    }
    if (are_same(&list, &names->list[index]))
        return BOUGH_OK;
    BOUGH_TRY(bough__name_list_order(&order, arena, &list, &names->list[index]));
    BOUGH_TRY_MEMORY(to = BOUGH_NEW(arena, int32_t, list.count + first));
    for (size_t i = 0; i < first; i++)
        to[i] = (int32_t)i;
    for (size_t i = 0; i < list.count; i++) {
        known += order[i] >= 0 && first + i >= RESERVED;
        to[first + i] = order[i] >= 0 ? order[i] + (int32_t)first : UNKNOWN;
    }
    *map = (struct bough__id_map){to, (int64_t)(list.count + first)};
    if (!first && !known)
        status = bough__fail(BOUGH_DATA,
                             "%s: vocabulary/%s: none of its %zu words is of the model's %zu; "
                             "wanted ids of the same vocabulary",
                             bough_tensor_file_path(file), input->field, list.count,
                             names->list[index].count);
done:
    return status;
}
