#include "pieces.h"

#include <cstdio>
#include <exception>
#include <sentencepiece_processor.h>
#include <string>
#include <vector>

struct pieces {
    sentencepiece::SentencePieceProcessor processor;
};

// No exception may reach C.
static struct pieces *open_model(const char *path)
{
    struct pieces *made = nullptr;
    try {
        made = new pieces;
        if (made->processor.Load(path).ok())
            return made;
    } catch (const std::exception &) {
    }
    delete made;
    return nullptr;
}

static int cut_text(const struct pieces *pieces, const char *text, size_t length,
                    int (*take)(void *user, const char *piece, size_t length), void *user,
                    char error[PIECES_ERROR_MAX])
{
    try {
        std::vector<std::string> found;
        const auto status = pieces->processor.Encode({text, length}, &found);
        if (!status.ok()) {
            std::snprintf(error, PIECES_ERROR_MAX, "%s", status.ToString().c_str());
            return -1;
        }
        for (const auto &piece : found)
            if (const int stop = take(user, piece.data(), piece.size()))
                return stop;
    } catch (const std::exception &failure) {
        std::snprintf(error, PIECES_ERROR_MAX, "%s", failure.what());
        return -1;
    }
    return 0;
}

static void close_model(struct pieces *pieces)
{
    delete pieces;
}

const struct pieces_module bough_pieces = {open_model, cut_text, close_model};
