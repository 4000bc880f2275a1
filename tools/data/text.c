#include "text_read.h"
#include "text_set.h"
#include "text_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: bough-data text [SPLIT=]FILE... [--conll | --csv COLUMN] [--columns A,B,..] -o FILE\n"
    "\n"
    "Makes a data set from text, UTF-8, plain or gzipped: a file a split, train where none is\n"
    "named. Each line is a text, or one behind or before labels, divided by tabs. Its\n"
    "tokens are runs of letters and digits, and every other character but white space.\n"
    "With --conll each line is a token and its tags, divided by white space, and a blank\n"
    "line ends a sentence; a line `# NAME: VALUE` before it is its label. With --csv the\n"
    "texts are in that column of a CSV with a header, and the other columns are labels.\n"
    "\n"
    "The fields are tokens, ids of the vocabulary (0 padding, 1 unknown); length; words, the\n"
    "tokens themselves, with a space between them; the tags, -1 behind the end; and labels,\n"
    "classes where --number does not say otherwise. Empty cells, NA, n/a, nan, null and\n"
    "None are missing labels. A label `id` is kept as the samples' name.\n"
    "\n"
    "  --columns A,B,..   what the columns are called, one of them `text`, or with --conll\n"
    "                     `token`; `-` is left out; default text, or token,tags. With\n"
    "                     --csv those that are labels; default all\n"
    "  --number NAME      this label is a number; once for each\n"
    "  --loose-tags       a tag I-x may stand without B-x or I-x before it\n"
    "  --characters       each character is a token\n"
    "  --sentencepiece M  a model of SentencePiece says what the tokens are\n"
    "  --lower-case       the vocabulary is in lower case\n"
    "  --min-count N      it has the tokens that train has N times; default 1. With more,\n"
    "                     there are unknown ones to learn from\n"
    "  --vocabulary-size N  it has N ids at most, of the most frequent tokens\n"
    "  --vocabulary FILE  take that of a data set, and its way to make tokens; or that of a\n"
    "                     model, which does not tell of --lower-case and the like\n"
    "  --max-length N     cut longer sentences after N tokens\n"
    "  -o, --output FILE\n"
    "\n"
    "Example:\n"
    "  bough-data text --conll train=train.conll test=test.conll --lower-case \\\n"
    "                  -o snips.safetensors\n";

// What the options say, as given.
struct options {
    const char *file[TEXT_SPLITS_MAX + 1], *number[TOOL_VALUES_MAX + 1];
    const char *columns, *min_count, *size, *vocabulary, *max_length, *model, *csv, *output;
    int is_conll, is_loose, is_characters, is_lower;
};

struct job {
    struct text_pool pool;
    struct text_format format;
    struct text_corpus corpus;
    struct text_tokens tokens;
    struct text_vocabulary vocabulary;
    struct text_set set;
    struct bough_tensor_file *from;
    int64_t comments;
};

// ---- Options ----

static enum bough_status check_column(const struct text_format *format, const char *name,
                                      const char *text)
{
    const size_t length = strlen(name);
    for (int c = 0; c < format->columns; c++)
        if (strcmp(format->column[c], name) == 0 && strcmp(name, "-") != 0)
            return tool_fail(BOUGH_INVALID, "--columns: \"%s\" stands twice", name);
    if (!text_is_utf8(name, length) || (strcmp(name, text) != 0 && !text_is_label(name, length)))
        return tool_fail(BOUGH_INVALID,
                         "--columns: \"%.100s\", wanted names of at most 100 bytes, without /, and "
                         "none of tokens, length and words",
                         name);
    return BOUGH_OK;
}

// Reads "a,b,c", where `text` is the name of the one that holds it.
static enum bough_status take_columns(struct job *job, const char *list, const char *text)
{
    enum bough_status status = BOUGH_OK;
    struct text_format *format = &job->format;
    format->text = -1;
    for (size_t length; list; list = list[length] ? list + length + 1 : NULL) {
        length = strcspn(list, ",");
        if (format->columns == TEXT_COLUMNS_MAX)
            return tool_fail(BOUGH_INVALID, "--columns: more than %d", TEXT_COLUMNS_MAX);
        const char *name = text_keep(&job->pool, list, length);
        TRY_MEMORY(name);
        TRY(check_column(format, name, text));
        if (strcmp(name, text) == 0)
            format->text = format->columns;
        format->column[format->columns++] = name;
    }
    if (format->text < 0 && *text)
        return tool_fail(BOUGH_INVALID, "--columns: no `%s` among them", text);
done:
    return status;
}

// The columns beside the tokens are tags.
static enum bough_status take_tags(struct job *job)
{
    const struct text_format *format = &job->format;
    for (int c = 0; c < format->columns; c++) {
        if (c == format->text || strcmp(format->column[c], "-") == 0)
            continue;
        if (job->corpus.tags == TEXT_TAGS_MAX)
            return tool_fail(BOUGH_INVALID, "--columns: more than %d tags", TEXT_TAGS_MAX);
        job->corpus.tag_name[job->corpus.tags++] = format->column[c];
    }
    return BOUGH_OK;
}

static enum bough_status check_options(const struct options *given)
{
    if (given->vocabulary && (given->min_count || given->size))
        return tool_fail(BOUGH_INVALID,
                         "--%s is for a new vocabulary, but --vocabulary takes one that is there",
                         given->min_count ? "min-count" : "vocabulary-size");
    if (given->is_conll + given->is_characters + (given->model != NULL) > 1)
        return tool_fail(BOUGH_INVALID, "--conll, --characters and --sentencepiece each say what a "
                                        "token is: wanted one of them");
    if (given->csv && given->is_conll)
        return tool_fail(BOUGH_INVALID, "--csv and --conll: wanted one of them");
    if (given->is_loose && !given->is_conll)
        return tool_fail(BOUGH_INVALID, "--loose-tags: only --conll has tags");
    return BOUGH_OK;
}

static enum bough_status take_options(struct job *job, const struct options *given)
{
    enum bough_status status;
    const char *text = given->is_conll ? "token" : given->csv ? "" : "text";
    TRY(check_options(given));
    job->vocabulary.min_count = 1;
    job->vocabulary.is_lower = given->is_lower;
    job->corpus.numbers = given->number;
    job->format.is_loose = given->is_loose;
    TRY(tool_whole(&job->vocabulary.min_count, given->min_count, "--min-count", 1, INT32_MAX));
    TRY(tool_whole(&job->vocabulary.size, given->size, "--vocabulary-size", TEXT_FIRST_ID + 1,
                   INT32_MAX));
    TRY(tool_whole(&job->corpus.max_length, given->max_length, "--max-length", 1, INT32_MAX));
    job->format.text_name = given->csv;
    TRY(take_columns(job,
                     given->columns    ? given->columns
                     : given->csv      ? NULL
                     : given->is_conll ? "token,tags"
                                       : "text",
                     text));
    if (given->is_conll)
        TRY(take_tags(job));
done:
    return status;
}

// ---- Reading ----

// Where no option says what a token is, the file does.
static enum bough_status take_rule(enum text_rule *rule, const struct bough_tensor_file *from)
{
    const char *as = tool_find(from, "tokenizer", "tokens");
    if (*rule != TEXT_WORDS || !as)
        return BOUGH_OK;
    if (strncmp(as, "sentencepiece", 13) == 0)
        return tool_fail(BOUGH_INVALID,
                         "--vocabulary: the tokens of %s are pieces: wanted the model "
                         "too, by --sentencepiece",
                         bough_tensor_file_path(from));
    if (strncmp(as, "characters", 10) == 0)
        *rule = TEXT_CHARACTERS;
    return BOUGH_OK;
}

static enum bough_status open_tokens(struct job *job, const struct options *given)
{
    enum bough_status status = BOUGH_OK;
    enum text_rule rule = given->is_conll        ? TEXT_AS_GIVEN
                          : given->is_characters ? TEXT_CHARACTERS
                          : given->model         ? TEXT_PIECES
                                                 : TEXT_WORDS;
    if (given->vocabulary) {
        TRY(tool_check_output(given->output, given->vocabulary));
        TRY(bough_tensor_file_open(&job->from, given->vocabulary));
        TRY(text_vocabulary_load(&job->vocabulary, job->from));
        TRY(take_rule(&rule, job->from));
    }
    TRY(text_tokens_open(&job->tokens, rule, given->model));
    job->format.tokens = &job->tokens;
done:
    return status;
}

static enum bough_status read_file(struct job *job, const struct options *given, const char *file)
{
    enum bough_status status;
    const char *split = "train";
    size_t length = strcspn(file, "=/");
    if (file[length] == '=' && access(file, F_OK) != 0) {
        split = file;
        file += length + 1;
    } else {
        length = strlen(split);
    }
    TRY(tool_check_output(given->output, file));
    TRY(text_corpus_split(&job->corpus, split, length, file));
    TRY(given->is_conll ? text_read_conll(&job->comments, &job->corpus, &job->format, file)
        : given->csv    ? text_read_csv(&job->corpus, &job->format, file)
                        : text_read_lines(&job->corpus, &job->format, file));
done:
    return status;
}

static enum bough_status read_all(struct job *job, const struct options *given)
{
    enum bough_status status = BOUGH_OK;
    for (const char *const *file = given->file; *file; file++)
        TRY(read_file(job, given, *file));
    for (const char *const *number = given->number; *number; number++) {
        int k = 0;
        while (k < job->corpus.labels && strcmp(job->corpus.label[k].name, *number) != 0)
            k++;
        if (k == job->corpus.labels)
            return tool_fail(BOUGH_INVALID, "--number: no label \"%s\"", *number);
    }
done:
    return status;
}

// ---- Making ----

static enum bough_status take_vocabulary(struct job *job)
{
    enum bough_status status;
    const struct text_split *train = text_find_train(&job->corpus);
    if (!job->from && !train)
        return tool_fail(BOUGH_INVALID, "no split train to take a vocabulary from: wanted one, or "
                                        "--vocabulary FILE");
    if (!job->from)
        TRY(text_vocabulary_build(&job->vocabulary, &job->tokens, &job->corpus, train));
    TRY(text_vocabulary_apply(&job->vocabulary, &job->tokens, &job->corpus));
done:
    return status;
}

static enum bough_status convert(struct job *job, const struct options *given)
{
    enum bough_status status;
    TRY(take_options(job, given));
    TRY(open_tokens(job, given));
    TRY(read_all(job, given));
    TRY(take_vocabulary(job));
    job->set.corpus = &job->corpus;
    job->set.vocabulary = &job->vocabulary;
    job->set.tokens = &job->tokens;
    job->set.from = job->from;
    TRY(text_set_init(&job->set));
    TRY(text_set_write(&job->set, given->output));
    text_set_report(&job->set);
    if (job->comments)
        printf("  %" PRId64 " comment line%s left out\n", job->comments,
               job->comments == 1 ? "" : "s");
    TRY(tool_report(given->output));
done:
    return status;
}

static void fini(struct job *job)
{
    text_set_fini(&job->set);
    text_vocabulary_fini(&job->vocabulary);
    text_tokens_close(&job->tokens);
    text_corpus_fini(&job->corpus);
    bough_tensor_file_close(&job->from);
    text_fini(&job->pool);
}

static enum bough_status run(int argc, char **argv)
{
    struct options given = {0};
    const struct tool_option options[] = {
        {NULL, 0, .value = given.file, .min = 1, .max = TEXT_SPLITS_MAX},
        {"conll", 0, .flag = &given.is_conll},
        {"csv", 0, .value = &given.csv, .max = 1},
        {"columns", 0, .value = &given.columns, .max = 1},
        {"number", 0, .value = given.number, .max = TOOL_VALUES_MAX},
        {"loose-tags", 0, .flag = &given.is_loose},
        {"characters", 0, .flag = &given.is_characters},
        {"sentencepiece", 0, .value = &given.model, .max = 1},
        {"lower-case", 0, .flag = &given.is_lower},
        {"min-count", 0, .value = &given.min_count, .max = 1},
        {"vocabulary-size", 0, .value = &given.size, .max = 1},
        {"vocabulary", 0, .value = &given.vocabulary, .max = 1},
        {"max-length", 0, .value = &given.max_length, .max = 1},
        {"output", 'o', .value = &given.output, .min = 1, .max = 1},
    };
    enum bough_status status;
    struct job *job = calloc(1, sizeof *job); // large for a stack
    TRY_MEMORY(job);
    TRY(DATA_OPTIONS(argc, argv, options));
    TRY(convert(job, &given));
done:
    if (job)
        fini(job);
    free(job);
    return status;
}

const struct tool_command tool_corpus = {"text", "from text: sentences, their tags and labels",
                                         help, run};
