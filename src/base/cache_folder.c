// The user's own cache folder. What lies there is run as code, so nobody else may write to it.
#include "base/error.h"
#include "base/file.h"
#include "base/strings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// As the XDG base directory specification says: a path that is not absolute counts as none.
static const char *absolute(const char *variable)
{
    const char *path = getenv(variable);
    return path && path[0] == '/' ? path : NULL;
}

static enum bough_status name_folder(char *path, size_t size)
{
    const char *wanted = bough__variable("BOUGH_CACHE"), *xdg = absolute("XDG_CACHE_HOME");
    const char *home = absolute("HOME");
    int length = 0;
    if (wanted && strcmp(wanted, "off") == 0)
        return bough__fail(BOUGH_DATA, "there is no cache: BOUGH_CACHE is off");
    if (wanted)
        length = snprintf(path, size, "%s", wanted);
    else if (xdg)
        length = snprintf(path, size, "%s/bough", xdg);
    else if (home)
        length = snprintf(path, size, "%s/.cache/bough", home);
    else
        return bough__fail(BOUGH_DATA, "there is no cache: none of BOUGH_CACHE, XDG_CACHE_HOME and "
                                       "HOME names a folder");
    if (length < 0 || (size_t)length >= size)
        return bough__fail(BOUGH_DATA, "there is no cache: the path of its folder is too long");
    return BOUGH_OK;
}

// In front of a path, so that the user knows what to change.
static const char *source(void)
{
    return bough__variable("BOUGH_CACHE") ? "BOUGH_CACHE is " : "";
}

static enum bough_status create_parent(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return BOUGH_OK;
    *slash = '\0';
    enum bough_status status = bough__folder_create(path);
    *slash = '/';
    if (status != BOUGH_OK)
        return bough__fail(status, "%s%s: %s", source(), path, bough_last_error());
    return BOUGH_OK;
}

static enum bough_status check(int folder, const char *path)
{
    struct stat info;
    if (fstat(folder, &info) != 0)
        return bough__fail(BOUGH_DATA, "%s%s: %s", source(), path, strerror(errno));
    if (info.st_uid != geteuid())
        return bough__fail(BOUGH_INVALID,
                           "%s%s: not used as a cache, for it belongs to user %lu and not to %lu",
                           source(), path, (unsigned long)info.st_uid, (unsigned long)geteuid());
    if (info.st_mode & 077)
        return bough__fail(
            BOUGH_INVALID,
            "%s%s: not used as a cache, for others may enter it (mode %03o); chmod 700 "
            "makes it private",
            source(), path, (unsigned)info.st_mode & 0777u);
    return BOUGH_OK;
}

enum bough_status bough__cache_folder(char *path, size_t size)
{
    enum bough_status status = name_folder(path, size);
    if (status != BOUGH_OK)
        return status;
    struct stat info;
    if (stat(path, &info) != 0) {
        status = create_parent(path);
        if (status != BOUGH_OK)
            return status;
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return bough__fail(BOUGH_DATA, "%s%s: cannot create the folder: %s", source(), path,
                               strerror(errno));
    } else if (!S_ISDIR(info.st_mode)) {
        return bough__fail(BOUGH_DATA, "%s%s: is a file, wanted a folder", source(), path);
    }
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return bough__fail(BOUGH_DATA, "%s%s: %s", source(), path, strerror(errno));
    status = check(folder, path);
    close(folder);
    return status;
}
