#include "text_corpus.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Growing ----

static enum bough_status push(struct text_numbers *numbers, int32_t number)
{
    if (numbers->count == numbers->capacity) {
        const int64_t capacity = numbers->capacity ? 2 * numbers->capacity : 1024;
        int32_t *larger = realloc(numbers->at, (size_t)capacity * sizeof *larger);
        if (!larger)
            return tool_no_memory();
        numbers->at = larger;
        numbers->capacity = capacity;
    }
    numbers->at[numbers->count++] = number;
    return BOUGH_OK;
}

static enum bough_status reserve_sentence(struct text_corpus *corpus)
{
    if (corpus->sentences + 1 < corpus->capacity)
        return BOUGH_OK;
    const int64_t capacity = corpus->capacity ? 2 * corpus->capacity : 1024;
    int64_t *begin = realloc(corpus->begin, (size_t)capacity * sizeof *begin);
    if (begin)
        corpus->begin = begin;
    int64_t *line = realloc(corpus->line, (size_t)capacity * sizeof *line);
    if (line)
        corpus->line = line;
    if (!begin || !line)
        return tool_no_memory();
    corpus->capacity = capacity;
    corpus->begin[0] = 0;
    return BOUGH_OK;
}

static int is_name(const char *name, const char *text, size_t length)
{
    return strncmp(name, text, length) == 0 && name[length] == 0;
}

enum bough_status text_corpus_split(struct text_corpus *corpus, const char *name, size_t length,
                                    const char *path)
{
    enum bough_status status = BOUGH_OK;
    struct text_split *split = &corpus->split[corpus->splits];
    char field[TOOL_NAME_MAX];
    for (int s = 0; s < corpus->splits; s++)
        if (is_name(corpus->split[s].name, name, length))
            return tool_fail(BOUGH_INVALID, "split \"%.*s\" stands twice: %s and %s", (int)length,
                             name, corpus->split[s].path, path);
    if (corpus->splits == TEXT_SPLITS_MAX)
        return tool_fail(BOUGH_INVALID, "more than %d splits", TEXT_SPLITS_MAX);
    *split = (struct text_split){
        text_keep(&corpus->pool, name, length), path, corpus->sentences, corpus->sentences, 0, 0};
    TRY_MEMORY(split->name);
    TRY(tool_name(field, split->name, "tokens"));
    corpus->splits++;
    for (int t = 0; t < corpus->tags; t++)
        corpus->tag[t].name = corpus->tag_name[t];
done:
    return status;
}

// ---- Tokens ----

static int is_cut(const struct text_corpus *corpus)
{
    return corpus->max_length && corpus->length > corpus->max_length;
}

enum bough_status text_corpus_token(struct text_corpus *corpus, const char *text, size_t length)
{
    enum bough_status status = BOUGH_OK;
    int32_t word;
    corpus->length++;
    if (is_cut(corpus))
        return BOUGH_OK;
    TRY(name_set_take(&word, &corpus->words, text, length));
    TRY(push(&corpus->token, word));
done:
    return status;
}

enum bough_status text_corpus_tag(struct text_corpus *corpus, int tag, const char *text,
                                  size_t length)
{
    enum bough_status status = BOUGH_OK;
    struct text_field *field = &corpus->tag[tag];
    int32_t name;
    if (is_cut(corpus))
        return BOUGH_OK;
    TRY(name_set_take(&name, &field->names, text, length));
    TRY(push(&field->value, name));
done:
    return status;
}

// ---- Labels ----

int text_is_label(const char *name, size_t length)
{
    static const char *const taken[] = {"tokens", "length", "words"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (is_name(taken[i], name, length))
            return 0;
    return length > 0 && length <= TEXT_NAME_MAX && !memchr(name, '/', length);
}

static int is_tag(const struct text_corpus *corpus, const char *name, size_t length)
{
    for (int t = 0; t < corpus->tags; t++)
        if (is_name(corpus->tag_name[t], name, length))
            return 1;
    return 0;
}

static enum text_kind kind_of(const struct text_corpus *corpus, const char *name)
{
    if (strcmp(name, "id") == 0)
        return TEXT_ID;
    for (const char *const *number = corpus->numbers; number && *number; number++)
        if (strcmp(*number, name) == 0)
            return TEXT_NUMBER;
    return TEXT_CLASS;
}

// Those of the sentences from the field's last one to this one are missing.
static enum bough_status skip_to(struct text_field *field, int64_t sentence)
{
    enum bough_status status = BOUGH_OK;
    while (field->value.count < sentence)
        TRY(push(&field->value, -1));
done:
    return status;
}

static enum bough_status find_label(struct text_field **field, struct text_corpus *corpus,
                                    const char *name, size_t length)
{
    enum bough_status status = BOUGH_OK;
    for (int k = 0; k < corpus->labels; k++) {
        *field = &corpus->label[k];
        if (is_name((*field)->name, name, length))
            return BOUGH_OK;
    }
    if (!text_is_label(name, length) || is_tag(corpus, name, length))
        return tool_fail(BOUGH_DATA,
                         "label \"%.*s\", wanted another name: at most %d bytes, without /, and no "
                         "field of its own",
                         (int)(length < 80 ? length : 80), name, TEXT_NAME_MAX);
    if (corpus->labels == TEXT_LABELS_MAX)
        return tool_fail(BOUGH_DATA, "label \"%.*s\", wanted at most %d labels", (int)length, name,
                         TEXT_LABELS_MAX);
    *field = &corpus->label[corpus->labels];
    TRY_MEMORY((*field)->name = text_keep(&corpus->pool, name, length));
    (*field)->kind = kind_of(corpus, (*field)->name);
    corpus->labels++;
done:
    return status;
}

static int is_number(const char *text)
{
    char *end;
    return !text[strspn(text, "0123456789+-.eE")] && isfinite(strtof(text, &end)) && !*end;
}

enum bough_status text_corpus_label(struct text_corpus *corpus, const char *name,
                                    size_t name_length, const char *value, size_t length)
{
    enum bough_status status = BOUGH_OK;
    struct text_field *field = NULL;
    int32_t number = -1;
    TRY(find_label(&field, corpus, name, name_length));
    if (field->value.count > corpus->sentences)
        return tool_fail(BOUGH_DATA, "label \"%s\" stands twice, wanted one a sentence",
                         field->name);
    if (field->kind == TEXT_CLASS && memchr(value, '\n', length))
        return tool_fail(BOUGH_DATA, "\"%.*s\" has a line break, wanted a name without",
                         (int)(length < 80 ? length : 80), value);
    TRY(skip_to(field, corpus->sentences));
    if (length > 0)
        TRY(name_set_take(&number, &field->names, value, length));
    if (number >= 0 && field->kind == TEXT_NUMBER && !is_number(field->names.name[number]))
        return tool_fail(BOUGH_DATA, "\"%.80s\", wanted a number", field->names.name[number]);
    TRY(push(&field->value, number));
done:
    return status;
}

// ---- Sentences ----

enum bough_status text_corpus_end(struct text_corpus *corpus, int64_t line)
{
    enum bough_status status;
    struct text_split *split = &corpus->split[corpus->splits - 1];
    if (is_cut(corpus)) {
        split->cut++;
        split->lost += corpus->length - corpus->max_length;
    }
    corpus->length = 0;
    TRY(reserve_sentence(corpus));
    corpus->line[corpus->sentences] = line;
    corpus->begin[++corpus->sentences] = corpus->token.count;
    split->end = corpus->sentences;
    for (int k = 0; k < corpus->labels; k++)
        TRY(skip_to(&corpus->label[k], corpus->sentences));
done:
    return status;
}

static void fini_field(struct text_field *field)
{
    name_set_fini(&field->names);
    free(field->value.at);
}

void text_corpus_fini(struct text_corpus *corpus)
{
    for (int t = 0; t < TEXT_TAGS_MAX; t++)
        fini_field(&corpus->tag[t]);
    for (int k = 0; k < TEXT_LABELS_MAX; k++)
        fini_field(&corpus->label[k]);
    name_set_fini(&corpus->words);
    text_fini(&corpus->pool);
    free(corpus->token.at);
    free(corpus->begin);
    free(corpus->line);
}
