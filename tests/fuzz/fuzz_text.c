// Reads a corpus, as columns, as a text a line and as CSV, and gives its tokens ids.
#include "fuzz.h"

#include "text_read.h"
#include "text_value.h"
#include "text_vocabulary.h"

#include <string.h>

static void check_field(const struct text_field *field, int64_t count)
{
    if (field->value.count != count)
        fuzz_wrong("a tag or label too many, or too few");
    for (int64_t i = 0; i < count; i++)
        if (field->value.at[i] < -1 || field->value.at[i] >= field->names.count)
            fuzz_wrong("a tag or label without a name");
}

static void check_corpus(const struct text_corpus *corpus)
{
    for (int64_t i = 0; i < corpus->sentences; i++)
        if (corpus->begin[i + 1] <= corpus->begin[i])
            fuzz_wrong("a sentence without a token");
    if (corpus->begin[corpus->sentences] != corpus->token.count)
        fuzz_wrong("tokens behind the last sentence");
    for (int32_t w = 0; w < corpus->words.count; w++)
        if (!*corpus->words.name[w] ||
            !text_is_utf8(corpus->words.name[w], strlen(corpus->words.name[w])))
            fuzz_wrong("a token that is no text");
    for (int t = 0; t < corpus->tags; t++)
        check_field(&corpus->tag[t], corpus->token.count);
    for (int k = 0; k < corpus->labels; k++)
        check_field(&corpus->label[k], corpus->sentences);
}

static void check_ids(const struct text_tokens *tokens, const struct text_corpus *corpus)
{
    struct text_vocabulary vocabulary = {.min_count = 1, .is_lower = 1};
    if (text_vocabulary_build(&vocabulary, tokens, corpus, &corpus->split[0]) != BOUGH_OK ||
        text_vocabulary_apply(&vocabulary, tokens, corpus) != BOUGH_OK)
        fuzz_wrong("no vocabulary");
    for (int32_t i = 0; i < vocabulary.names.count; i++)
        if (!text_is_utf8(vocabulary.names.name[i], strlen(vocabulary.names.name[i])))
            fuzz_wrong("a token in lower case that is no text");
    for (int32_t w = 0; w < corpus->words.count; w++)
        if (vocabulary.id[w] < TEXT_UNKNOWN || vocabulary.id[w] >= vocabulary.names.count)
            fuzz_wrong("an id beyond the vocabulary");
    text_vocabulary_fini(&vocabulary);
}

typedef enum bough_status read_corpus(struct text_corpus *corpus, const struct text_format *format,
                                      const char *path);

static enum bough_status read_conll(struct text_corpus *corpus, const struct text_format *format,
                                    const char *path)
{
    int64_t comments = 0;
    return text_read_conll(&comments, corpus, format, path);
}

static void read_as(const uint8_t *data, size_t size, read_corpus *read, enum text_rule rule)
{
    static struct text_corpus corpus;
    static struct text_tokens all[TEXT_AS_GIVEN + 1];
    struct text_tokens *tokens = &all[rule];
    struct text_format format = {.column = {"text", "tags"}, .tokens = tokens, .text_name = "text"};
    format.columns = read == text_read_csv ? 0 : 2;
    corpus =
        (struct text_corpus){.max_length = 7, .tag_name = {"tags"}, .tags = read == read_conll};
    if (!tokens->locale && text_tokens_open(tokens, rule, NULL) != BOUGH_OK)
        fuzz_wrong("no tokens");
    if (text_corpus_split(&corpus, "train", 5, "train") != BOUGH_OK)
        fuzz_wrong("no corpus");
    if (fuzz_status(read(&corpus, &format, fuzz_file(data, size)), BOUGH_DATA, tool_error())) {
        check_corpus(&corpus);
        check_ids(tokens, &corpus);
    }
    text_corpus_fini(&corpus);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_as(data, size, read_conll, TEXT_AS_GIVEN);
    read_as(data, size, text_read_lines, TEXT_WORDS);
    read_as(data, size, text_read_lines, TEXT_CHARACTERS);
    read_as(data, size, text_read_csv, TEXT_WORDS);
    return 0;
}
