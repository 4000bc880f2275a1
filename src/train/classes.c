#include "train/classes.h"

#include "base/error.h"
#include "train/name_list.h"

static enum bough_status load_classes(struct bough__name_list *list, struct bough__arena *arena,
                                      const struct bough_tensor_file *file, const char *field)
{
    const char *key = bough__arena_format(arena, "classes/%s", field);
    return key ? bough__name_list_read(list, arena, file, key) : bough__no_memory();
}

// ---- A task's names ----

// A class that the map makes of several is named after all of them: "0|2|4".
static enum bough_status map_names(struct bough__classes *names, struct bough__arena *arena,
                                   const struct bough__task *task, int64_t classes)
{
    enum bough_status status = BOUGH_OK;
    BOUGH_TRY_MEMORY(names->mapped = BOUGH_NEW(arena, const char *, classes));
    for (size_t i = 0; i < task->map_count; i++) {
        if (task->map[i] < 0 || task->map[i] >= classes)
            continue;
        const char **name = &names->mapped[task->map[i]];
        *name = *name ? bough__arena_format(arena, "%s|%s", *name, names->name[i]) : names->name[i];
        BOUGH_TRY_MEMORY(*name);
    }
    for (int64_t c = 0; c < classes; c++)
        if (!names->mapped[c])
            BOUGH_TRY_MEMORY(names->mapped[c] = bough__arena_format(arena, "%lld", (long long)c));
done:
    return status;
}

enum bough_status bough__classes_read(struct bough__classes *names, struct bough__arena *arena,
                                      const struct bough_tensor_file *file,
                                      const struct bough__task *task, int64_t classes)
{
    enum bough_status status;
    struct bough__name_list list;
    const char *own = bough__arena_format(arena, "%s/%s", task->name, task->target);
    *names = (struct bough__classes){0};
    BOUGH_TRY_MEMORY(own);
    BOUGH_TRY(load_classes(&list, arena, file, own));
    if (!list.count)
        BOUGH_TRY(load_classes(&list, arena, file, task->target));
    size_t wanted = task->map_count ? task->map_count : (size_t)classes;
    if (!list.count)
        return BOUGH_OK;
    if (list.count != wanted)
        return bough__fail(BOUGH_DATA,
                           "%s: classes/%s names %zu classes, and %s of task %s has %zu",
                           bough_tensor_file_path(file), task->target, list.count,
                           task->map_count ? "the map" : "the head", task->name, wanted);
    names->name = list.name;
    names->count = list.count;
    if (!task->map_count)
        names->mapped = names->name;
    else if (classes)
        BOUGH_TRY(map_names(names, arena, task, classes));
done:
    return status;
}

// ---- Another file's names ----

enum bough_status bough__classes_order(struct bough__class_order *order, struct bough__arena *arena,
                                       const struct bough__classes *names,
                                       const struct bough_tensor_file *file, const char *field)
{
    enum bough_status status;
    struct bough__name_list list;
    *order = (struct bough__class_order){0};
    if (!names->count)
        return BOUGH_OK;
    BOUGH_TRY(load_classes(&list, arena, file, field));
    if (!list.count) {
        bough__log(BOUGH_LOG_WARNING,
                   "%s: its classes of %s have no names; they are taken to be numbered as the "
                   "model's: %s is 0",
                   bough_tensor_file_path(file), field, names->name[0]);
        goto done;
    }
    order->name = list.name;
    order->count = list.count;
    status = bough__name_list_order(&order->to, arena, &list,
                                    &(struct bough__name_list){names->name, names->count});
done:
    return status;
}
