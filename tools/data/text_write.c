#include "text_set.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What is written of each sentence.
struct sizes {
    int64_t tokens, bytes,
        id_bytes;    // of the longest one; of its tokens and the spaces between them
    int64_t longest; // which one takes the most
    double all;      // bytes of all, without what pads them
};

struct out {
    const struct text_set *set;
    struct bough_tensor_writer *writer;
    struct sizes size;
    void *row; // of a sentence, one field
};

static int64_t length_of(const struct text_corpus *corpus, int64_t sentence)
{
    return corpus->begin[sentence + 1] - corpus->begin[sentence];
}

static void grow(int64_t *most, int64_t size)
{
    *most = size > *most ? size : *most;
}

// Of a row that is padded to so many tokens and bytes of words.
static int64_t row_bytes(const struct text_corpus *corpus, int64_t tokens, int64_t bytes)
{
    return tokens * (int64_t)(sizeof(int32_t) + (size_t)corpus->tags * sizeof(int16_t)) + bytes;
}

static struct sizes measure(const struct text_corpus *corpus)
{
    struct sizes sizes = {.id_bytes = 1};
    int64_t most = 0;
    for (int64_t i = 0; i < corpus->sentences; i++) {
        int64_t bytes = length_of(corpus, i) - 1;
        for (int64_t t = corpus->begin[i]; t < corpus->begin[i + 1]; t++)
            bytes += (int64_t)strlen(corpus->words.name[corpus->token.at[t]]);
        grow(&sizes.tokens, length_of(corpus, i));
        grow(&sizes.bytes, bytes);
        const int64_t row = row_bytes(corpus, length_of(corpus, i), bytes);
        sizes.all += (double)row;
        sizes.longest = row > most ? i : sizes.longest;
        grow(&most, row);
    }
    for (int k = 0; k < corpus->labels; k++)
        for (int32_t i = 0; i < corpus->label[k].names.count; i++)
            if (corpus->label[k].kind == TEXT_ID)
                grow(&sizes.id_bytes, (int64_t)strlen(corpus->label[k].names.name[i]));
    return sizes;
}

// One sentence among many short ones may pad a file beyond any disk. Who sets --max-length has
// chosen.
static enum bough_status check_padding(const struct text_corpus *corpus, const struct sizes *sizes)
{
    const double gib = 0x1p30;
    const double padded =
        (double)corpus->sentences * (double)row_bytes(corpus, sizes->tokens, sizes->bytes);
    if (sizes->tokens > INT32_MAX)
        return tool_fail(BOUGH_DATA, "a sentence of %lld tokens, wanted at most %d",
                         (long long)sizes->tokens, INT32_MAX);
    if (corpus->max_length || padded <= gib || padded <= 16 * sizes->all)
        return BOUGH_OK;
    const struct text_split *split = corpus->split;
    while (sizes->longest >= split->end)
        split++;
    return tool_fail(BOUGH_DATA,
                     "%s: line %lld: a sentence of %lld tokens, to which all are padded: %.1f GiB, "
                     "%.0f times what they hold; wanted a shorter one, or --max-length",
                     split->path, (long long)corpus->line[sizes->longest],
                     (long long)length_of(corpus, sizes->longest), padded / gib,
                     padded / sizes->all);
}

// ---- Declaring ----

static enum bough_status declare_names(const struct out *out, const char *key,
                                       const struct name_set *names)
{
    enum bough_status status = BOUGH_OK;
    char *lines = name_set_lines(names);
    TRY_MEMORY(lines);
    TRY(bough_tensor_writer_metadata(out->writer, key, lines));
done:
    free(lines);
    return status;
}

static enum bough_status declare_classes(const struct out *out, const struct text_field *field,
                                         const struct text_classes *classes)
{
    enum bough_status status;
    char key[TOOL_NAME_MAX];
    TRY(tool_name(key, "classes", field->name));
    if (classes->names.count > 0)
        TRY(declare_names(out, key, &classes->names));
done:
    return status;
}

static enum bough_status declare_metadata(const struct out *out)
{
    enum bough_status status;
    const struct text_set *set = out->set;
    char rule[64];
    snprintf(rule, sizeof rule, "%s%s", text_rule_name(set->tokens->rule),
             set->vocabulary->is_lower ? ", lower_case" : "");
    TRY(declare_names(out, "vocabulary/tokens", &set->vocabulary->names));
    TRY(bough_tensor_writer_metadata(out->writer, "tokenizer/tokens", rule));
    TRY(tool_text(out->writer, "words"));
    for (int t = 0; t < set->corpus->tags; t++)
        TRY(declare_classes(out, &set->corpus->tag[t], &set->tag[t]));
    for (int k = 0; k < set->corpus->labels; k++) {
        const struct text_field *label = &set->corpus->label[k];
        if (label->kind == TEXT_ID)
            TRY(tool_text(out->writer, label->name));
        else if (label->kind == TEXT_CLASS)
            TRY(declare_classes(out, label, &set->label[k]));
    }
done:
    return status;
}

static enum bough_status declare_split(const struct out *out, const struct text_split *split)
{
    enum bough_status status;
    const struct text_corpus *corpus = out->set->corpus;
    struct bough_tensor_writer *writer = out->writer;
    const int64_t count = split->end - split->begin;
    const struct bough_shape single = {0}, tokens = {1, {out->size.tokens}};
    const struct bough_shape words = {1, {out->size.bytes}}, id = {1, {out->size.id_bytes}};
    TRY(tool_declare(writer, split->name, "tokens", BOUGH_I32, count, &tokens));
    TRY(tool_declare(writer, split->name, "length", BOUGH_I32, count, &single));
    TRY(tool_declare(writer, split->name, "words", BOUGH_U8, count, &words));
    for (int t = 0; t < corpus->tags; t++)
        TRY(tool_declare(writer, split->name, corpus->tag[t].name, BOUGH_I16, count, &tokens));
    for (int k = 0; k < corpus->labels; k++) {
        const struct text_field *label = &corpus->label[k];
        static const enum bough_dtype dtypes[] = {
            [TEXT_CLASS] = BOUGH_I64, [TEXT_NUMBER] = BOUGH_F32, [TEXT_ID] = BOUGH_U8};
        TRY(tool_declare(writer, split->name, label->name, dtypes[label->kind], count,
                         label->kind == TEXT_ID ? &id : &single));
    }
done:
    return status;
}

// ---- Writing ----

// Writes a field of a sentence. Which one of several is `k`.
typedef enum bough_status write_row(const struct out *out, int k, int64_t sentence);

static enum bough_status write_tokens(const struct out *out, int k, int64_t sentence)
{
    (void)k;
    const struct text_corpus *corpus = out->set->corpus;
    const int64_t length = length_of(corpus, sentence);
    int32_t *ids = out->row;
    for (int64_t i = 0; i < out->size.tokens; i++)
        ids[i] = i < length
                     ? out->set->vocabulary->id[corpus->token.at[corpus->begin[sentence] + i]]
                     : TEXT_PADDING;
    return bough_tensor_writer_write(out->writer, ids, (size_t)out->size.tokens * sizeof *ids);
}

static enum bough_status write_length(const struct out *out, int k, int64_t sentence)
{
    (void)k;
    const int32_t length = (int32_t)length_of(out->set->corpus, sentence);
    return bough_tensor_writer_write(out->writer, &length, sizeof length);
}

static enum bough_status write_words(const struct out *out, int k, int64_t sentence)
{
    (void)k;
    const struct text_corpus *corpus = out->set->corpus;
    const size_t bytes = (size_t)out->size.bytes;
    char *to = out->row;
    memset(to, 0, bytes);
    for (int64_t t = corpus->begin[sentence]; t < corpus->begin[sentence + 1]; t++) {
        const char *word = corpus->words.name[corpus->token.at[t]];
        if (t > corpus->begin[sentence])
            *to++ = ' ';
        memcpy(to, word, strlen(word));
        to += strlen(word);
    }
    return bough_tensor_writer_write(out->writer, out->row, bytes);
}

static enum bough_status write_tags(const struct out *out, int k, int64_t sentence)
{
    const struct text_corpus *corpus = out->set->corpus;
    const int64_t length = length_of(corpus, sentence);
    const int32_t *value = corpus->tag[k].value.at + corpus->begin[sentence];
    int16_t *tags = out->row;
    for (int64_t i = 0; i < out->size.tokens; i++) {
        const int32_t class = i < length ? out->set->tag[k].class[value[i]] : -1;
        tags[i] = (int16_t) class;
    }
    return bough_tensor_writer_write(out->writer, tags, (size_t)out->size.tokens * sizeof *tags);
}

static enum bough_status write_label(const struct out *out, int k, int64_t sentence)
{
    const struct text_field *label = &out->set->corpus->label[k];
    const int32_t value = label->value.at[sentence];
    if (label->kind == TEXT_CLASS) {
        const int64_t class = value < 0 ? -1 : out->set->label[k].class[value];
        return bough_tensor_writer_write(out->writer, &class, sizeof class);
    }
    if (label->kind == TEXT_NUMBER) {
        const float number = value < 0 ? NAN : strtof(label->names.name[value], NULL);
        return bough_tensor_writer_write(out->writer, &number, sizeof number);
    }
    char *id = out->row;
    memset(id, 0, (size_t)out->size.id_bytes);
    if (value >= 0)
        memcpy(id, label->names.name[value], strlen(label->names.name[value]));
    return bough_tensor_writer_write(out->writer, id, (size_t)out->size.id_bytes);
}

static enum bough_status write_rows(const struct out *out, const struct text_split *split,
                                    const char *what, write_row *write, int k)
{
    enum bough_status status = BOUGH_OK;
    for (int64_t i = split->begin; i < split->end; i++) {
        if ((i - split->begin) % 4096 == 0)
            TRY(tool_step(what, i - split->begin, split->end - split->begin));
        TRY(write(out, k, i));
    }
done:
    return status;
}

static enum bough_status write_split(const struct out *out, const struct text_split *split)
{
    enum bough_status status;
    const struct text_corpus *corpus = out->set->corpus;
    TRY(write_rows(out, split, "tokens", write_tokens, 0));
    TRY(write_rows(out, split, "length", write_length, 0));
    TRY(write_rows(out, split, "words", write_words, 0));
    for (int t = 0; t < corpus->tags; t++)
        TRY(write_rows(out, split, corpus->tag[t].name, write_tags, t));
    for (int k = 0; k < corpus->labels; k++)
        TRY(write_rows(out, split, corpus->label[k].name, write_label, k));
done:
    return status;
}

enum bough_status text_set_write(const struct text_set *set, const char *output)
{
    enum bough_status status = BOUGH_OK;
    struct out out = {.set = set, .size = measure(set->corpus)};
    int64_t most = out.size.tokens * (int64_t)sizeof(int32_t);
    grow(&most, out.size.bytes);
    grow(&most, out.size.id_bytes);
    TRY(check_padding(set->corpus, &out.size));
    TRY_MEMORY(out.row = malloc((size_t)most));
    TRY(bough_tensor_writer_create(&out.writer, output));
    TRY(declare_metadata(&out));
    for (int s = 0; s < set->corpus->splits; s++)
        TRY(declare_split(&out, &set->corpus->split[s]));
    for (int s = 0; s < set->corpus->splits; s++)
        TRY(write_split(&out, &set->corpus->split[s]));
    TRY(bough_tensor_writer_commit(out.writer));
done:
    free(out.row);
    bough_tensor_writer_destroy(&out.writer);
    return status;
}
