#define _XOPEN_SOURCE 700 // wcwidth
#include "text_tokens.h"

#include <string.h>
#include <wchar.h>
#include <wctype.h>

// ---- Characters ----

// The bytes of the character at `c`, of UTF-8.
static size_t size_of(const char *c)
{
    const unsigned char lead = (unsigned char)*c;
    return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

static wint_t decode(const char *c)
{
    const size_t size = size_of(c);
    wint_t code = (unsigned char)*c;
    if (size > 1)
        code &= 0x7fu >> size;
    for (size_t i = 1; i < size; i++)
        code = code << 6 | ((unsigned char)c[i] & 0x3f);
    return code;
}

static size_t encode(char *to, wint_t code)
{
    const size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size; i-- > 1; code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3f));
    *to = (char)(size == 1 ? code : (0xf00u >> size & 0xf0) | code);
    return size;
}

static int is_space(const struct text_tokens *tokens, wint_t code)
{
    // Those that do not break a line are white space too.
    return iswspace_l(code, tokens->locale) || code == 0xa0 || code == 0x2007 || code == 0x202f;
}

// A letter, a digit, or a mark that takes no room of its own, as an accent.
static int is_of_word(const struct text_tokens *tokens, wint_t code)
{
    return iswalnum_l(code, tokens->locale) || (code >= 0x300 && wcwidth((wchar_t)code) == 0);
}

size_t text_lower(char *to, const struct text_tokens *tokens, const char *text, size_t length)
{
    size_t used = 0;
    for (size_t i = 0; i < length; i += size_of(text + i))
        used += encode(to + used, towlower_l(decode(text + i), tokens->locale));
    return used;
}

// ---- Tokens ----

enum bough_status text_tokens_open(struct text_tokens *tokens, enum text_rule rule,
                                   const char *model)
{
    *tokens = (struct text_tokens){rule, newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), {0}};
    if (!tokens->locale)
        return tool_fail(BOUGH_INTERNAL, "no locale C.UTF-8: it is missing here, or out of memory");
    uselocale(tokens->locale); // for wcwidth
    return rule == TEXT_PIECES ? text_pieces_open(&tokens->pieces, model) : BOUGH_OK;
}

void text_tokens_close(struct text_tokens *tokens)
{
    if (tokens->locale) {
        uselocale(LC_GLOBAL_LOCALE);
        freelocale(tokens->locale);
    }
    text_pieces_close(&tokens->pieces);
    *tokens = (struct text_tokens){0};
}

static size_t word_length(const struct text_tokens *tokens, const char *text, size_t length)
{
    size_t used = size_of(text);
    if (is_of_word(tokens, decode(text)))
        while (used < length && is_of_word(tokens, decode(text + used)))
            used += size_of(text + used);
    return used;
}

enum bough_status text_tokens_add(const struct text_tokens *tokens, struct text_corpus *corpus,
                                  const char *text, size_t length)
{
    enum bough_status status = BOUGH_OK;
    const int characters = tokens->rule == TEXT_CHARACTERS;
    int is_behind_space = 0;
    if (tokens->rule == TEXT_PIECES)
        return text_pieces_add(&tokens->pieces, corpus, text, length);
    for (size_t i = 0, size; i < length; i += size) {
        size = size_of(text + i);
        if (is_space(tokens, decode(text + i))) {
            is_behind_space = corpus->length > 0;
            continue;
        }
        if (characters && is_behind_space)
            TRY(text_corpus_token(corpus, "\xe2\x96\x81", 3));
        if (!characters)
            size = word_length(tokens, text + i, length - i);
        TRY(text_corpus_token(corpus, text + i, size));
        is_behind_space = 0;
    }
done:
    return status;
}

const char *text_rule_name(enum text_rule rule)
{
    static const char *const names[] = {"words", "characters", "sentencepiece", "as given"};
    return names[rule];
}
