// Whole files: read, mapped, and written so that no reader ever sees half of one.
#ifndef BOUGH_BASE_FILE_H
#define BOUGH_BASE_FILE_H

#include <bough/status.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

// Every call here returns DATA, with the path and the reason, when the system refuses; INTERNAL
// where that is for memory.

// Whether two paths are of one file, which is there.
int bough__file_is_same(const char *a, const char *b);

// Tells what errno says of `path`: "<path>: <what>: <reason>". Returns as above.
enum bough_status bough__file_refused(const char *path, const char *what);

// Reads all of a file or pipe. The bytes are the caller's to free; a zero byte follows the last.
enum bough_status bough__file_read(char **data, size_t *size, const char *path);

// Makes a folder and those above it, where they are not there yet. Errors: DATA.
enum bough_status bough__folder_create(const char *path);

// The path of the folder for what can be made again: BOUGH_CACHE, else bough in $XDG_CACHE_HOME,
// else ~/.cache/bough; made if it is not there.
// Errors: DATA if there is none (BOUGH_CACHE is off), which leaves `path` alone, or it cannot be
// made; INVALID if it is another user's, or open to others.
enum bough_status bough__cache_folder(char *path, size_t size);

// Removes files of a folder whose names end in `suffix`, those first that were modified first,
// until `most` bytes are left; their drafts count among them. What cannot be removed stays.
void bough__folder_trim(const char *folder, const char *suffix, uint64_t most);

// The bytes of a regular file, read-only. Zero-initialised is empty. Where the file is cut later,
// the bytes that it lost raise SIGBUS.
struct bough__mapping {
    const unsigned char *data; // NULL for an empty file
    size_t size;
};

enum bough_status bough__file_map(struct bough__mapping *mapping, const char *path);
void bough__file_unmap(struct bough__mapping *mapping);

// A regular file that stays open, and what it was like when it was opened.
struct bough__file {
    int descriptor;
    const char *path; // borrowed
    uint64_t size;
    struct timespec modified;
};

enum bough_status bough__file_open(struct bough__file *file, const char *path);
void bough__file_close(struct bough__file *file);
enum bough_status bough__file_map_open(struct bough__mapping *mapping,
                                       const struct bough__file *file);
// Reads `size` bytes from `offset` on. Any thread may, at any time.
enum bough_status bough__file_read_at(const struct bough__file *file, void *to, size_t size,
                                      uint64_t offset);
// Whether anybody wrote to the file since it was opened: DATA. A new file in its place is no
// matter.
enum bough_status bough__file_check(const struct bough__file *file);

// A file in the making. The bytes go to `<path>.part`, which commit syncs and renames to `path`
// and destroy without commit removes. A part that a killed process left is overwritten; one that a
// living process writes is refused, and errno is then EWOULDBLOCK.
struct bough__draft;

enum bough_status bough__draft_create(struct bough__draft **draft, const char *path);
enum bough_status bough__draft_write(struct bough__draft *draft, const void *data, size_t size);
// The next byte goes to `offset`.
enum bough_status bough__draft_seek(struct bough__draft *draft, uint64_t offset);
enum bough_status bough__draft_commit(struct bough__draft *draft);
void bough__draft_destroy(struct bough__draft **draft); // takes NULL, sets NULL

// Whether a draft can be made there; nothing is left.
enum bough_status bough__file_can_write(const char *path);

// A whole file by one draft.
enum bough_status bough__file_write(const char *path, const void *data, size_t size);

#endif
