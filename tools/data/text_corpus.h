// Sentences in memory: each token a number, tags a token, labels a sentence.
#ifndef BOUGH_DATA_TEXT_CORPUS_H
#define BOUGH_DATA_TEXT_CORPUS_H

#include "name_set.h"

enum { TEXT_TAGS_MAX = 16, TEXT_LABELS_MAX = 64, TEXT_SPLITS_MAX = 16, TEXT_NAME_MAX = 100 };

struct text_numbers {
    int32_t *at; // [count]
    int64_t count, capacity;
};

enum text_kind { TEXT_CLASS, TEXT_NUMBER, TEXT_ID };

// A field of tags or labels.
struct text_field {
    const char *name;
    enum text_kind kind;
    struct name_set names;     // its different values, as texts
    struct text_numbers value; // a token or sentence: which of them, -1 for none
};

struct text_split {
    const char *name, *path;
    int64_t begin, end; // sentences
    int64_t cut, lost;  // sentences longer than `max_length`, and the tokens that went
};

struct text_corpus {
    // The caller's to set; all else is zero before the first split.
    int64_t max_length;         // of a sentence in tokens; 0 for any
    const char *const *numbers; // names of labels that are numbers, ended by NULL
    const char *tag_name[TEXT_TAGS_MAX];
    int tags;

    struct text_pool pool;
    struct name_set words; // the different tokens
    struct text_numbers token;
    int64_t *begin; // [sentences + 1], the first token of each
    int64_t *line;  // [sentences], of its file, where each ends
    int64_t sentences, capacity;
    struct text_field tag[TEXT_TAGS_MAX], label[TEXT_LABELS_MAX];
    int labels, splits;
    struct text_split split[TEXT_SPLITS_MAX];
    int64_t length; // of the open sentence, with what is cut off
};

// Errors of all: INTERNAL, and what is told.

// The sentences that follow are of this split. Errors: INVALID if it stands already.
enum bough_status text_corpus_split(struct text_corpus *corpus, const char *name, size_t length,
                                    const char *path);
// Adds a token to the open sentence.
enum bough_status text_corpus_token(struct text_corpus *corpus, const char *text, size_t length);
// The tag of the token just added, once for each of `tags`.
enum bough_status text_corpus_tag(struct text_corpus *corpus, int tag, const char *text,
                                  size_t length);
// A label of the open sentence; an empty value is missing. Errors: DATA, without its place, for one
// that stands twice, for a name that is another field's, and for what is no number, or no name.
enum bough_status text_corpus_label(struct text_corpus *corpus, const char *name,
                                    size_t name_length, const char *value, size_t length);
// Ends the sentence, which has tokens, in this line of its file.
enum bough_status text_corpus_end(struct text_corpus *corpus, int64_t line);
void text_corpus_fini(struct text_corpus *corpus);

// Whether a label or tags may have this name, of UTF-8.
int text_is_label(const char *name, size_t length);

#endif
