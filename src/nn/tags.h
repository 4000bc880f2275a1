// BIO tags: B-x begins a span of type x, I-x goes on with it, O is outside of all.
#ifndef BOUGH_NN_TAGS_H
#define BOUGH_NN_TAGS_H

#include <stdint.h>

enum bough__tag_kind { BOUGH_TAG_OUTSIDE, BOUGH_TAG_BEGIN, BOUGH_TAG_INSIDE };

struct bough__tag {
    enum bough__tag_kind kind;
    int32_t type; // the first of the tags of the same type; -1 outside
};

// Reads the tags' names. Returns the number of the first one that is none, or -1.
int64_t bough__tags_read(struct bough__tag *tag, const char *const *name, int64_t tags);

// Whether `next` may stand behind `tag`, of which NULL stands before the first.
int bough__tag_may_follow(const struct bough__tag *tag, const struct bough__tag *next);

// Spans that are labelled and predicted, and those that are both, at the same place and of the same
// type. As conlleval counts (Tjong Kim Sang and Buchholz, CoNLL 2000), I-x begins a span, too,
// where none of type x is open.
struct bough__spans {
    int64_t labelled, predicted, right;
};

// Adds those of a sequence. A position whose label is -1 is outside of all.
void bough__spans_count(struct bough__spans *spans, const struct bough__tag *tag,
                        const int32_t *label, const int32_t *predicted, int64_t positions);

#endif
