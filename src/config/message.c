#include "config/message.h"

#include "base/strings.h"

#include <bough/name.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

size_t bough__config_enter(struct bough__config_place *place, const char *part)
{
    size_t mark = strlen(place->path);
    bough__append(place->path, sizeof place->path, "%s%s", mark && *part != '[' ? "." : "", part);
    return mark;
}

void bough__config_leave(struct bough__config_place *place, size_t mark)
{
    place->path[mark] = '\0';
}

enum bough_status bough__config_wrong(const struct bough__config_place *place,
                                      const struct bough__yaml_node *node, const char *format, ...)
{
    char text[1500];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!node)
        node = bough__tree_at(place->tree, place->path);
    return bough__yaml_node_fail(place->tree, node, "%s%s%s", place->path, *place->path ? ": " : "",
                                 text);
}

enum bough_status bough__config_unknown(const struct bough__config_place *place,
                                        const struct bough__yaml_node *node, const char *what,
                                        const char *name, const char *const *names,
                                        const char *nearest)
{
    char list[1024] = "";
    if (!nearest)
        nearest = bough_name_nearest(name, names);
    for (size_t i = 0; names[i]; i++)
        bough__append(list, sizeof list, "%s%s", i ? ", " : "", names[i]);
    return bough__config_wrong(place, node, "%s%s%s%s (%s)", what, nearest ? "; did you mean " : "",
                               nearest ? nearest : "", nearest ? "?" : "",
                               *list ? list : "there is none");
}
