// Loaded before a program (LD_PRELOAD), it makes CPU_NAME the processor's name: plain C and
// whoever else reads /proc/cpuinfo finds it there first.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FILE *fopen(const char *path, const char *mode)
{
    FILE *(*real)(const char *, const char *);
    const char *name = getenv("CPU_NAME");
    *(void **)&real = dlsym(RTLD_NEXT, "fopen");
    FILE *file = real(path, mode);
    if (!file || !name || strcmp(path, "/proc/cpuinfo") != 0)
        return file;
    FILE *made = tmpfile();
    if (!made)
        abort();
    fprintf(made, "model name\t: %s\n", name);
    for (int c; (c = getc(file)) != EOF;)
        putc(c, made);
    fclose(file);
    rewind(made);
    return made;
}
