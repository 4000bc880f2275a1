#include "text_vocabulary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char special[] = "<pad>\n<unk>";

// A token as the vocabulary writes it.
struct spelling {
    const char *text;
    size_t length;
    char *lower; // owned, of `room` bytes
    size_t room;
};

static enum bough_status spell(struct spelling *spelling, const struct text_vocabulary *vocabulary,
                               const struct text_tokens *tokens, const char *word)
{
    spelling->text = word;
    spelling->length = strlen(word);
    if (!vocabulary->is_lower)
        return BOUGH_OK;
    if (spelling->room < 2 * spelling->length) {
        free(spelling->lower);
        spelling->room = 2 * spelling->length;
        spelling->lower = malloc(spelling->room);
        if (!spelling->lower) {
            spelling->room = 0;
            return tool_no_memory();
        }
    }
    spelling->length = text_lower(spelling->lower, tokens, word, spelling->length);
    spelling->text = spelling->lower;
    return BOUGH_OK;
}

// ---- A new one ----

struct candidate {
    const char *text;
    int64_t count;
};

static int by_count(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return x->count > y->count ? -1 : x->count < y->count ? 1 : strcmp(x->text, y->text);
}

static enum bough_status take_best(struct text_vocabulary *vocabulary,
                                   const struct candidate *candidates, int32_t count)
{
    enum bough_status status;
    int32_t id;
    TRY(name_set_take_lines(&vocabulary->names, special));
    for (int32_t i = 0; i < count && candidates[i].count >= vocabulary->min_count; i++)
        if (vocabulary->size == 0 || vocabulary->names.count < vocabulary->size)
            TRY(name_set_take(&id, &vocabulary->names, candidates[i].text,
                              strlen(candidates[i].text)));
done:
    return status;
}

enum bough_status text_vocabulary_build(struct text_vocabulary *vocabulary,
                                        const struct text_tokens *tokens,
                                        const struct text_corpus *corpus,
                                        const struct text_split *split)
{
    enum bough_status status = BOUGH_OK;
    struct name_set spelt = {0};
    struct spelling spelling = {0};
    const size_t words = (size_t)corpus->words.count;
    struct candidate *candidates = calloc(words, sizeof *candidates);
    int64_t *count = calloc(words, sizeof *count);
    TRY_MEMORY(candidates);
    TRY_MEMORY(count);
    for (int64_t i = corpus->begin[split->begin]; i < corpus->begin[split->end]; i++)
        count[corpus->token.at[i]]++;
    for (size_t w = 0; w < words; w++) {
        int32_t k;
        TRY(spell(&spelling, vocabulary, tokens, corpus->words.name[w]));
        TRY(name_set_take(&k, &spelt, spelling.text, spelling.length));
        candidates[k].text = spelt.name[k];
        candidates[k].count += count[w];
    }
    qsort(candidates, (size_t)spelt.count, sizeof *candidates, by_count);
    TRY(take_best(vocabulary, candidates, spelt.count));
done:
    free(count);
    free(candidates);
    free(spelling.lower);
    name_set_fini(&spelt);
    return status;
}

// ---- One that is there ----

enum bough_status text_vocabulary_load(struct text_vocabulary *vocabulary,
                                       const struct bough_tensor_file *file)
{
    enum bough_status status;
    const char *path = bough_tensor_file_path(file);
    const char *lines = tool_find(file, "vocabulary", "tokens");
    const char *rule = tool_find(file, "tokenizer", "tokens");
    if (!lines)
        return tool_fail(BOUGH_DATA,
                         "%s: no vocabulary/tokens in its metadata, wanted a file that "
                         "bough-data text made",
                         path);
    TRY(name_set_take_lines(&vocabulary->names, lines));
    if (name_set_find(&vocabulary->names, "<pad>", 5) != TEXT_PADDING ||
        name_set_find(&vocabulary->names, "<unk>", 5) != TEXT_UNKNOWN)
        return tool_fail(BOUGH_DATA,
                         "%s: vocabulary/tokens: begins with \"%.40s\", wanted <pad> and "
                         "<unk>",
                         path, vocabulary->names.name[0]);
    const int64_t wanted = tool_class_count(lines);
    if (vocabulary->names.count != wanted)
        return tool_fail(BOUGH_DATA,
                         "%s: vocabulary/tokens: %d different tokens in %" PRId64 " lines, wanted "
                         "each once",
                         path, vocabulary->names.count, wanted);
    vocabulary->is_lower |= rule && strstr(rule, "lower_case");
done:
    return status;
}

enum bough_status text_vocabulary_apply(struct text_vocabulary *vocabulary,
                                        const struct text_tokens *tokens,
                                        const struct text_corpus *corpus)
{
    enum bough_status status = BOUGH_OK;
    struct spelling spelling = {0};
    TRY_MEMORY(vocabulary->id = malloc((size_t)corpus->words.count * sizeof *vocabulary->id));
    for (int32_t w = 0; w < corpus->words.count; w++) {
        TRY(spell(&spelling, vocabulary, tokens, corpus->words.name[w]));
        const int32_t id = name_set_find(&vocabulary->names, spelling.text, spelling.length);
        vocabulary->id[w] = id < TEXT_FIRST_ID ? TEXT_UNKNOWN : id; // no token is padding
    }
done:
    free(spelling.lower);
    return status;
}

void text_vocabulary_fini(struct text_vocabulary *vocabulary)
{
    name_set_fini(&vocabulary->names);
    free(vocabulary->id);
}
