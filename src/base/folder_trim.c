#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
    char *name;
    struct timespec modified;
    uint64_t size;
};

struct entries {
    struct entry *entry;
    size_t count, capacity;
    uint64_t size;
};

static int ends_in(const char *name, size_t length, const char *suffix)
{
    size_t end = strlen(suffix);
    return length >= end && memcmp(name + length - end, suffix, end) == 0;
}

static int is_wanted(const char *name, const char *suffix)
{
    size_t length = strlen(name);
    if (ends_in(name, length, ".part"))
        length -= strlen(".part");
    return ends_in(name, length, suffix);
}

static void add(struct entries *all, int folder, const char *name)
{
    struct stat info;
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
        return;
    if (all->count == all->capacity) {
        size_t capacity = all->capacity * 2 + 64;
        struct entry *larger = realloc(all->entry, capacity * sizeof *larger);
        if (!larger)
            return;
        all->entry = larger;
        all->capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy)
        return;
    all->entry[all->count++] = (struct entry){copy, info.st_mtim, (uint64_t)info.st_size};
    all->size += (uint64_t)info.st_size;
}

static int oldest_first(const void *left, const void *right)
{
    const struct timespec *a = &((const struct entry *)left)->modified;
    const struct timespec *b = &((const struct entry *)right)->modified;
    if (a->tv_sec != b->tv_sec)
        return a->tv_sec < b->tv_sec ? -1 : 1;
    return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

void bough__folder_trim(const char *path, const char *suffix, uint64_t most)
{
    struct entries all = {0};
    DIR *folder = opendir(path);
    if (!folder)
        return;
    for (struct dirent *found; (found = readdir(folder)) != NULL;)
        if (is_wanted(found->d_name, suffix))
            add(&all, dirfd(folder), found->d_name);
    if (all.size > most)
        qsort(all.entry, all.count, sizeof *all.entry, oldest_first);
    for (size_t i = 0; i < all.count; i++) {
        if (all.size > most && unlinkat(dirfd(folder), all.entry[i].name, 0) == 0)
            all.size -= all.entry[i].size;
        free(all.entry[i].name);
    }
    free(all.entry);
    closedir(folder);
}
