#include "nn/tags.h"

#include <string.h>

static int read_tag(struct bough__tag *tag, const char *name)
{
    *tag = (struct bough__tag){BOUGH_TAG_OUTSIDE, -1};
    if (strcmp(name, "O") == 0)
        return 1;
    tag->kind = name[0] == 'B' ? BOUGH_TAG_BEGIN : BOUGH_TAG_INSIDE;
    return (name[0] == 'B' || name[0] == 'I') && name[1] == '-' && name[2];
}

int64_t bough__tags_read(struct bough__tag *tag, const char *const *name, int64_t tags)
{
    for (int64_t i = 0; i < tags; i++) {
        if (!read_tag(&tag[i], name[i]))
            return i;
        if (tag[i].kind == BOUGH_TAG_OUTSIDE)
            continue;
        int64_t first = 0;
        while (first < i &&
               (tag[first].kind == BOUGH_TAG_OUTSIDE || strcmp(name[first] + 2, name[i] + 2) != 0))
            first++;
        tag[i].type = (int32_t)first;
    }
    return -1;
}

int bough__tag_may_follow(const struct bough__tag *tag, const struct bough__tag *next)
{
    return next->kind != BOUGH_TAG_INSIDE || (tag && tag->type == next->type);
}

// ---- Spans ----

static const struct bough__tag outside = {BOUGH_TAG_OUTSIDE, -1};

static int begins(const struct bough__tag *before, const struct bough__tag *here)
{
    return here->kind == BOUGH_TAG_BEGIN ||
           (here->kind == BOUGH_TAG_INSIDE && before->type != here->type);
}

static int ends(const struct bough__tag *before, const struct bough__tag *here)
{
    return before->kind != BOUGH_TAG_OUTSIDE &&
           (here->kind != BOUGH_TAG_INSIDE || before->type != here->type);
}

void bough__spans_count(struct bough__spans *spans, const struct bough__tag *tag,
                        const int32_t *label, const int32_t *predicted, int64_t positions)
{
    const struct bough__tag *was = &outside, *guessed = &outside;
    int alike = 0; // spans are open that began together, of one type
    for (int64_t t = 0; t <= positions; t++) {
        const int some = t < positions && label[t] >= 0;
        const struct bough__tag *is = some ? &tag[label[t]] : &outside;
        const struct bough__tag *guess = some ? &tag[predicted[t]] : &outside;
        const int end = ends(was, is), guess_end = ends(guessed, guess);
        spans->right += alike && end && guess_end;
        alike &= !end && !guess_end;
        const int begin = begins(was, is), guess_begin = begins(guessed, guess);
        spans->labelled += begin;
        spans->predicted += guess_begin;
        if (begin && guess_begin)
            alike = is->type == guess->type;
        was = is;
        guessed = guess;
    }
}
