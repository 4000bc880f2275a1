#include "base/file.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 16, DRAFT_BUFFER_BYTES = 1 << 16 };

int bough__file_is_same(const char *a, const char *b)
{
    struct stat of_a, of_b;
    return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

enum bough_status bough__file_refused(const char *path, const char *what)
{
    if (errno == ENOMEM)
        return bough__fail(BOUGH_INTERNAL, "%s: %s: out of memory", path, what);
    return bough__fail(BOUGH_DATA, "%s: %s: %s", path, what, strerror(errno));
}

// ---- Folders ----

// One folder, whose parent is there.
static enum bough_status make_folder(const char *path)
{
    struct stat found;
    if (mkdir(path, 0777) == 0)
        return BOUGH_OK;
    if (errno != EEXIST)
        return bough__file_refused(path, "cannot create the folder");
    if (stat(path, &found) != 0 || !S_ISDIR(found.st_mode))
        return bough__fail(BOUGH_DATA, "%s: is not a folder", path);
    return BOUGH_OK;
}

enum bough_status bough__folder_create(const char *path)
{
    enum bough_status status = BOUGH_OK;
    char *part = strdup(path);
    BOUGH_TRY_MEMORY(part);
    for (char *end = part + 1; *part && (end = strchr(end, '/')); end++) {
        *end = '\0';
        BOUGH_TRY(make_folder(part));
        *end = '/';
    }
    BOUGH_TRY(make_folder(path));
done:
    free(part);
    return status;
}

// ---- Reading ----

static enum bough_status read_all(char **data, size_t *size, int fd, const char *path)
{
    size_t capacity = 0;
    for (;;) {
        if (capacity - *size < READ_BYTES + 1) {
            capacity = capacity * 2 + READ_BYTES + 1;
            char *larger = realloc(*data, capacity);
            if (!larger)
                return bough__no_memory();
            *data = larger;
        }
        ssize_t got = read(fd, *data + *size, READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return bough__file_refused(path, "cannot read");
        *size += (size_t)got;
        (*data)[*size] = 0;
        if (got == 0)
            return BOUGH_OK;
    }
}

enum bough_status bough__file_read(char **data, size_t *size, const char *path)
{
    *data = NULL;
    *size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return bough__file_refused(path, "cannot open");
    enum bough_status status = read_all(data, size, fd, path);
    close(fd);
    if (status != BOUGH_OK) {
        free(*data);
        *data = NULL;
        *size = 0;
    }
    return status;
}

enum bough_status bough__file_open(struct bough__file *file, const char *path)
{
    struct stat info;
    enum bough_status status = BOUGH_OK;
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) != 0)
        status = bough__file_refused(path, "cannot open");
    else if (!S_ISREG(info.st_mode))
        status = bough__fail(BOUGH_DATA, "%s: no regular file, which is wanted here", path);
    if (status == BOUGH_OK)
        *file = (struct bough__file){fd, path, (uint64_t)info.st_size, info.st_mtim};
    else if (fd >= 0)
        close(fd);
    return status;
}

void bough__file_close(struct bough__file *file)
{
    close(file->descriptor);
}

enum bough_status bough__file_map_open(struct bough__mapping *mapping,
                                       const struct bough__file *file)
{
    *mapping = (struct bough__mapping){0};
    if (file->size == 0)
        return BOUGH_OK;
    if (file->size > SIZE_MAX)
        return bough__fail(BOUGH_DATA, "%s: too large for the addresses of this machine",
                           file->path);
    void *data = mmap(NULL, (size_t)file->size, PROT_READ, MAP_PRIVATE, file->descriptor, 0);
    if (data == MAP_FAILED)
        return bough__file_refused(file->path, "cannot map");
    mapping->data = data;
    mapping->size = (size_t)file->size;
    return BOUGH_OK;
}

enum bough_status bough__file_map(struct bough__mapping *mapping, const char *path)
{
    struct bough__file file;
    *mapping = (struct bough__mapping){0};
    enum bough_status status = bough__file_open(&file, path);
    if (status != BOUGH_OK)
        return status;
    status = bough__file_map_open(mapping, &file);
    bough__file_close(&file);
    return status;
}

enum bough_status bough__file_read_at(const struct bough__file *file, void *to, size_t size,
                                      uint64_t offset)
{
    while (size > 0) {
        const ssize_t got = pread(file->descriptor, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return bough__file_refused(file->path, "cannot read");
        if (got == 0)
            return bough__file_check(file) != BOUGH_OK
                       ? BOUGH_DATA
                       : bough__fail(BOUGH_DATA, "%s: ends before byte %llu", file->path,
                                     (unsigned long long)offset);
        to = (char *)to + got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return BOUGH_OK;
}

enum bough_status bough__file_check(const struct bough__file *file)
{
    struct stat now;
    if (fstat(file->descriptor, &now) != 0)
        return bough__file_refused(file->path, "cannot read");
    if ((uint64_t)now.st_size != file->size)
        return bough__fail(BOUGH_DATA,
                           "%s: has %llu bytes, and had %llu when it was opened: it was changed "
                           "while it was in use",
                           file->path, (unsigned long long)now.st_size,
                           (unsigned long long)file->size);
    if (now.st_mtim.tv_sec != file->modified.tv_sec ||
        now.st_mtim.tv_nsec != file->modified.tv_nsec)
        return bough__fail(BOUGH_DATA, "%s: was written to while it was in use", file->path);
    return BOUGH_OK;
}

void bough__file_unmap(struct bough__mapping *mapping)
{
    if (mapping->data)
        munmap((void *)mapping->data, mapping->size);
    *mapping = (struct bough__mapping){0};
}

// ---- Writing ----

struct bough__draft {
    FILE *stream;
    char *name;        // as it was given, for messages
    char *path, *part; // where it leads, and the file beside that
    char buffer[DRAFT_BUFFER_BYTES];
};

// Where the name leads: a link stays a link, and a device or a folder is never replaced.
static enum bough_status resolve(char **target, const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return bough__fail(BOUGH_DATA, "%s: cannot write: it is no regular file", path);
    *target = realpath(path, NULL);
    if (!*target)
        *target = strdup(path);
    return *target ? BOUGH_OK : bough__no_memory();
}

static int is_at(int fd, const char *path)
{
    struct stat open_file, named;
    return fstat(fd, &open_file) == 0 && stat(path, &named) == 0 &&
           open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

// Opens the part and locks it. Its name is fixed, so that what a killed process left does not pile
// up; the lock tells such a remnant from a part that is being written.
static enum bough_status open_part(int *result, const char *part, const char *path)
{
    for (;;) {
        int fd = open(part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
        if (fd < 0)
            return bough__file_refused(path, "cannot write");
        if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
            close(fd);
            errno = EWOULDBLOCK;
            return bough__fail(BOUGH_DATA, "%s: cannot write: another process is writing it", path);
        }
        // The other writer may have renamed it between our open and our lock.
        if (is_at(fd, part)) {
            *result = fd;
            return BOUGH_OK;
        }
        close(fd);
    }
}

static enum bough_status open_stream(struct bough__draft *draft)
{
    int fd = -1;
    enum bough_status status = open_part(&fd, draft->part, draft->name);
    if (status != BOUGH_OK)
        return status;
    draft->stream = ftruncate(fd, 0) == 0 ? fdopen(fd, "w") : NULL;
    if (!draft->stream) {
        status = bough__file_refused(draft->name, "cannot write");
        unlink(draft->part);
        close(fd);
        return status;
    }
    setvbuf(draft->stream, draft->buffer, _IOFBF, sizeof draft->buffer);
    return BOUGH_OK;
}

enum bough_status bough__draft_create(struct bough__draft **result, const char *path)
{
    enum bough_status status;
    struct bough__draft *draft = calloc(1, sizeof *draft);
    BOUGH_TRY_MEMORY(draft);
    draft->name = strdup(path);
    BOUGH_TRY_MEMORY(draft->name);
    BOUGH_TRY(resolve(&draft->path, path));
    size_t size = strlen(draft->path) + sizeof ".part";
    draft->part = malloc(size);
    BOUGH_TRY_MEMORY(draft->part);
    snprintf(draft->part, size, "%s.part", draft->path);
    BOUGH_TRY(open_stream(draft));
done:
    if (status != BOUGH_OK)
        bough__draft_destroy(&draft);
    *result = draft;
    return status;
}

enum bough_status bough__draft_write(struct bough__draft *draft, const void *data, size_t size)
{
    if (size > 0 && fwrite(data, 1, size, draft->stream) != size)
        return bough__file_refused(draft->name, "cannot write");
    return BOUGH_OK;
}

enum bough_status bough__draft_seek(struct bough__draft *draft, uint64_t offset)
{
    if (fseeko(draft->stream, (off_t)offset, SEEK_SET) != 0)
        return bough__file_refused(draft->name, "cannot write");
    return BOUGH_OK;
}

// The folder of a path, which is cut for the moment: nothing is allocated once a file is in place.
static int open_folder_of(char *path)
{
    char *slash = strrchr(path, '/'), none = '\0';
    char *end = slash ? slash + 1 : &none, after = *end;
    *end = '\0';
    int fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *end = after;
    return fd;
}

// A rename is on disk only when its folder is.
static enum bough_status sync_folder(char *path)
{
    int fd = open_folder_of(path);
    if (fd < 0) // a folder that may be written and not read
        return BOUGH_OK;
    // Some file systems cannot sync a folder.
    int failed = fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP;
    enum bough_status status =
        failed ? bough__file_refused(path, "cannot sync the folder") : BOUGH_OK;
    close(fd);
    return status;
}

enum bough_status bough__draft_commit(struct bough__draft *draft)
{
    if (fflush(draft->stream) != 0 || fsync(fileno(draft->stream)) != 0 ||
        rename(draft->part, draft->path) != 0)
        return bough__file_refused(draft->name, "cannot write");
    fclose(draft->stream);
    draft->stream = NULL;
    return sync_folder(draft->path);
}

void bough__draft_destroy(struct bough__draft **draft)
{
    if (!*draft)
        return;
    if ((*draft)->stream) {
        unlink((*draft)->part); // before the close, which gives up the lock
        fclose((*draft)->stream);
    }
    free((*draft)->name);
    free((*draft)->path);
    free((*draft)->part);
    free(*draft);
    *draft = NULL;
}

enum bough_status bough__file_can_write(const char *path)
{
    struct bough__draft *draft;
    enum bough_status status = bough__draft_create(&draft, path);
    bough__draft_destroy(&draft);
    return status;
}

enum bough_status bough__file_write(const char *path, const void *data, size_t size)
{
    struct bough__draft *draft;
    enum bough_status status;
    BOUGH_TRY(bough__draft_create(&draft, path));
    BOUGH_TRY(bough__draft_write(draft, data, size));
    BOUGH_TRY(bough__draft_commit(draft));
done:
    bough__draft_destroy(&draft);
    return status;
}
