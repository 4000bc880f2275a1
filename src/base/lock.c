#include "base/lock.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct bough__lock {
    int fd;
};

static enum bough_status held(int fd, const char *folder)
{
    char holder[300] = "";
    ssize_t got = pread(fd, holder, sizeof holder - 1, 0);
    holder[got > 0 ? strcspn(holder, "\n") : 0] = '\0';
    return bough__fail(BOUGH_DATA, "%s: %s is training in it; wait for it, or name another folder",
                       folder, *holder ? holder : "another process");
}

// Only for people: what is locked is the file, whatever it holds.
static enum bough_status write_holder(int fd, const char *path)
{
    char host[256] = "?", text[300];
    gethostname(host, sizeof host - 1);
    int length = snprintf(text, sizeof text, "process %ld on %s\n", (long)getpid(), host);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length)
        return bough__fail(BOUGH_DATA, "%s: cannot write: %s", path, strerror(errno));
    return BOUGH_OK;
}

// flock and not a record lock of fcntl, which a process holds only once, and gives up when it
// closes the file anywhere. Over NFS the system makes of it a record lock that other hosts see, for
// which the file must be open for writing.
static enum bough_status take(int fd, const char *path, const char *folder)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return write_holder(fd, path);
    if (errno == EWOULDBLOCK || errno == EACCES)
        return held(fd, folder);
    bough__log(BOUGH_LOG_WARNING,
               "%s: cannot be locked (%s): see that no other process trains there", folder,
               strerror(errno));
    return BOUGH_OK;
}

enum bough_status bough__lock_open(struct bough__lock **lock, const char *folder)
{
    enum bough_status status;
    char path[4096];
    struct bough__lock *made = malloc(sizeof *made);
    *lock = NULL;
    BOUGH_TRY_MEMORY(made);
    snprintf(path, sizeof path, "%s/lock", folder);
    made->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (made->fd < 0)
        BOUGH_TRY(bough__fail(BOUGH_DATA, "%s: cannot open: %s", path, strerror(errno)));
    BOUGH_TRY(take(made->fd, path, folder));
    *lock = made;
    made = NULL;
done:
    bough__lock_close(&made);
    return status;
}

void bough__lock_close(struct bough__lock **lock)
{
    if (*lock && (*lock)->fd >= 0)
        close((*lock)->fd);
    free(*lock);
    *lock = NULL;
}
