// Preloaded: fails chosen allocations of a program, from the beginning of its main.
//   FAIL_ALLOC=N        the N-th allocation fails, from 1 on; without it none does
//   FAIL_ALLOC=N+       all from the N-th on fail
//   FAIL_ALLOC_SIGNAL=S the program is sent signal S there, and nothing fails
//   FAIL_ALLOC_COUNT=F  the number of allocations is written to F when the program ends
// What the loader and the C library allocate before main is none of the program's.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The C library's own, under the names that it keeps for those who replace them.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static int counting;
static atomic_ulong counted;
static unsigned long wanted;
static int onward, sent;

static int fails(void)
{
    if (!counting)
        return 0;
    const unsigned long number = atomic_fetch_add(&counted, 1) + 1;
    if (!wanted || number < wanted || (number > wanted && !onward))
        return 0;
    if (sent) {
        kill(getpid(), sent);
        return 0;
    }
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return fails() ? NULL : __libc_realloc(memory, size);
}

void *reallocarray(void *memory, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(memory, bytes);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
    return aligned_alloc(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    void *made = aligned_alloc(alignment, size);
    if (!made)
        return ENOMEM;
    *memory = made;
    return 0;
}

// ---- Where main begins and ends ----

static void write_count(void)
{
    const char *path = getenv("FAIL_ALLOC_COUNT");
    char text[32];
    const int length = snprintf(text, sizeof text, "%lu\n", atomic_load(&counted));
    const int file = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
    if (file < 0)
        return;
    if (write(file, text, (size_t)length) != length)
        unlink(path);
    close(file);
}

static int (*program_main)(int, char **, char **);

static int counted_main(int argc, char **argv, char **variables)
{
    const char *given = getenv("FAIL_ALLOC");
    if (given) {
        wanted = strtoul(given, NULL, 10);
        onward = strchr(given, '+') != NULL;
    }
    const char *number = getenv("FAIL_ALLOC_SIGNAL");
    sent = number ? atoi(number) : 0;
    atexit(write_count);
    counting = 1;
    return program_main(argc, argv, variables);
}

typedef int start_main(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
                       void (*)(void), void *);

start_main __libc_start_main;

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*end)(void), void *stack)
{
    start_main *real;
    void *found = dlsym(RTLD_NEXT, "__libc_start_main");
    memcpy(&real, &found, sizeof real); // ISO C has no cast from an object to a function
    program_main = main;
    return real(counted_main, argc, argv, init, fini, end, stack);
}
