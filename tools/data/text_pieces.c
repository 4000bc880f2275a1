#define _GNU_SOURCE // dladdr
#include "text_pieces.h"

#include "pieces.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

// The module is beside the library: <its folder>/bough/libbough_pieces.so. It stays loaded.
static enum bough_status load(const struct pieces_module **module)
{
    char path[PATH_MAX];
    Dl_info library = {0};
    const void *inside = dlsym(RTLD_DEFAULT, "bough_last_error");
    const char *end = NULL;
    if (inside && dladdr(inside, &library) && library.dli_fname)
        end = strrchr(library.dli_fname, '/');
    snprintf(path, sizeof path, "%.*s/bough/libbough_pieces.so",
             end ? (int)(end - library.dli_fname) : 1, end ? library.dli_fname : ".");
    void *opened = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    *module = opened ? dlsym(opened, "bough_pieces") : NULL;
    return *module ? BOUGH_OK
                   : tool_fail(BOUGH_INVALID,
                               "--sentencepiece: %s; it is made where libsentencepiece-dev and a "
                               "C++ compiler are installed",
                               opened ? path : dlerror());
}

enum bough_status text_pieces_open(struct text_pieces *pieces, const char *path)
{
    enum bough_status status;
    FILE *file = fopen(path, "rb");
    if (!file)
        return tool_refused(path, "cannot open");
    fclose(file);
    TRY(load(&pieces->module));
    pieces->model = pieces->module->open(path);
    if (!pieces->model)
        return tool_fail(BOUGH_DATA, "%s: no model of SentencePiece, wanted one", path);
done:
    return status;
}

static int take(void *corpus, const char *piece, size_t length)
{
    return length > 0 ? (int)text_corpus_token(corpus, piece, length) : 0;
}

enum bough_status text_pieces_add(const struct text_pieces *pieces, struct text_corpus *corpus,
                                  const char *text, size_t length)
{
    char error[PIECES_ERROR_MAX];
    const int status = pieces->module->cut(pieces->model, text, length, take, corpus, error);
    return status < 0 ? tool_fail(BOUGH_INTERNAL, "SentencePiece: %s", error)
                      : (enum bough_status)status;
}

void text_pieces_close(struct text_pieces *pieces)
{
    if (pieces->model)
        pieces->module->close(pieces->model);
}
