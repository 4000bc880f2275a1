#include "text_set.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAMES_SHOWN = 6 };

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

static int64_t count_unknown(const struct text_set *set, const struct text_split *split)
{
    const struct text_corpus *corpus = set->corpus;
    int64_t unknown = 0;
    for (int64_t i = corpus->begin[split->begin]; i < corpus->begin[split->end]; i++)
        unknown += set->vocabulary->id[corpus->token.at[i]] == TEXT_UNKNOWN;
    return unknown;
}

static void report_split(const struct text_set *set, const struct text_split *split)
{
    const struct text_corpus *corpus = set->corpus;
    const int64_t sentences = split->end - split->begin;
    const int64_t tokens = corpus->begin[split->end] - corpus->begin[split->begin];
    int64_t least = INT64_MAX, most = 0;
    for (int64_t i = split->begin; i < split->end; i++) {
        const int64_t length = corpus->begin[i + 1] - corpus->begin[i];
        least = length < least ? length : least;
        most = length > most ? length : most;
    }
    printf("%s\n  %-18s %" PRId64 " sentence%s of %" PRId64 " to %" PRId64 " tokens, %.1f on "
           "average; %" PRId64 " of %" PRId64 " unknown\n",
           split->path, split->name, sentences, plural(sentences), least, most,
           (double)tokens / (double)sentences, count_unknown(set, split), tokens);
    if (split->cut)
        printf("    %" PRId64 " longer one%s cut to %" PRId64 " tokens: %" PRId64 " token%s lost\n",
               split->cut, plural(split->cut), corpus->max_length, split->lost,
               plural(split->lost));
}

static void print_names(const struct name_set *names, int32_t from)
{
    for (int32_t i = from; i < names->count && i < from + NAMES_SHOWN; i++) {
        printf(i > from ? ", " : ": ");
        tool_print_name(names->name[i], strlen(names->name[i]));
    }
    if (names->count > from + NAMES_SHOWN)
        printf(", ...");
}

// Tells how often classes stand in the splits that train, or the file, does not know.
static void report_new(const struct text_set *set, const struct text_field *field,
                       const struct text_classes *classes, const int64_t *begin)
{
    if (classes->known == classes->names.count)
        return;
    printf("    %d of them new", classes->names.count - classes->known);
    print_names(&classes->names, classes->known);
    for (int s = 0; s < set->corpus->splits; s++) {
        const struct text_split *split = &set->corpus->split[s];
        const int64_t from = begin ? begin[split->begin] : split->begin;
        const int64_t to = begin ? begin[split->end] : split->end;
        int64_t count = 0;
        for (int64_t i = from; i < to; i++)
            count +=
                field->value.at[i] >= 0 && classes->class[field->value.at[i]] >= classes->known;
        if (count)
            printf("; %" PRId64 " in %s", count, split->name);
    }
    printf("\n");
}

static void report_field(const struct text_set *set, const struct text_field *field,
                         const struct text_classes *classes, const int64_t *begin)
{
    int64_t missing = 0;
    for (int64_t i = 0; i < field->value.count; i++)
        missing += field->value.at[i] < 0;
    printf("  ");
    tool_print_padded(field->name, strlen(field->name), 18);
    if (field->kind == TEXT_CLASS) {
        printf(" %d class%s", classes->names.count, classes->names.count == 1 ? "" : "es");
        print_names(&classes->names, 0);
    } else {
        printf(field->kind == TEXT_ID ? " texts" : " numbers");
    }
    if (missing)
        printf("; %" PRId64 " missing", missing);
    printf("\n");
    if (field->kind == TEXT_CLASS)
        report_new(set, field, classes, begin);
}

void text_set_report(const struct text_set *set)
{
    const struct text_corpus *corpus = set->corpus;
    static const char *const told[] = {
        [TEXT_WORDS] = "words, and other characters alone",
        [TEXT_CHARACTERS] = "characters",
        [TEXT_PIECES] = "by SentencePiece",
        [TEXT_AS_GIVEN] = "as given",
    };
    for (int s = 0; s < corpus->splits; s++)
        report_split(set, &corpus->split[s]);
    printf("  %-18s %d ids, with padding and unknown; %s%s\n", "tokens",
           set->vocabulary->names.count, told[set->tokens->rule],
           set->vocabulary->is_lower ? ", in lower case" : "");
    for (int t = 0; t < corpus->tags; t++)
        report_field(set, &corpus->tag[t], &set->tag[t], corpus->begin);
    for (int k = 0; k < corpus->labels; k++)
        report_field(set, &corpus->label[k], &set->label[k], NULL);
}
