// What `bough methods` tells of the weightings, all of it from their rows.
#include "base/error.h"
#include "base/strings.h"
#include "config/describe.h"
#include "mtl/weighting.h"

#include <bough/config.h>
#include <bough/name.h>

#include <stdio.h>
#include <string.h>

struct page {
    void (*line)(void *user, const char *text);
    void *user;
};

static const struct bough__weighting *weighting_at(size_t index)
{
    return (const struct bough__weighting *)(const void *)bough__weightings.row[index];
}

// ---- The table ----

static const char *const kind_text[] = {
    [BOUGH_NEEDS_NOTHING] = "by nothing measured: one backward pass",
    [BOUGH_NEEDS_LOSSES] = "by the losses: one backward pass",
    [BOUGH_NEEDS_GRAM] = ("by the Gram matrix of the tasks' gradients: T backward passes of the "
                          "shared layers in one sweep"),
    [BOUGH_NEEDS_GRADIENTS] = "by the tasks' gradients, J [T, P]: the same, and T x P floats",
};

static const char *passes_of(const struct bough__weighting *row)
{
    if (row->after)
        return "1 + forward";
    if (row->others)
        return row->others > 1 ? "3 x T" : row->steps ? "2 x T, more" : "2 x T";
    if (row->needs == BOUGH_NEEDS_GRADIENTS)
        return "T, keeps J";
    return row->needs == BOUGH_NEEDS_GRAM ? "T" : "1";
}

static void tell_cells(const struct page *page, const char *name, const char *passes,
                       const char *weight, const char *what)
{
    char text[300];
    snprintf(text, sizeof text, "  %-15s  %-11s  %-10s  %s", name, passes, weight, what);
    page->line(page->user, text);
}

static void tell_kind(const struct page *page, enum bough__weighting_needs needs)
{
    page->line(page->user, kind_text[needs]);
    tell_cells(page, "name", "backward", "weights", "what it is");
    for (size_t i = 0; i < bough__weightings.count; i++) {
        const struct bough__weighting *row = weighting_at(i);
        const char *factor = row->blind ? "factor*" : "factor";
        if (row->needs == needs)
            tell_cells(page, row->row.name, passes_of(row), row->prefers ? "preference" : factor,
                       row->row.help);
    }
    page->line(page->user, "");
}

void bough_methods_describe(void (*line)(void *user, const char *text), void *user)
{
    const struct page page = {line, user};
    for (int needs = BOUGH_NEEDS_NOTHING; needs <= BOUGH_NEEDS_GRADIENTS; needs++)
        tell_kind(&page, (enum bough__weighting_needs)needs);
    line(user, "weights: what `tasks.<task>.weight` is to it. A factor of the loss; * one to which "
               "it is invariant,");
    line(user, "as far as its page says; or a preference, which the rule itself weighs.");
}

// ---- Lines of a page ----

enum { WIDTH = 100, LABEL = 9 };

// How much of the text goes into a line: up to a space before its end.
static size_t fitting(const char *text, size_t room)
{
    const size_t length = strlen(text);
    size_t end = room;
    if (length <= room)
        return length;
    while (end > 0 && text[end] != ' ')
        end--;
    return end ? end : length;
}

// A line of the text, in as many lines of the page as it takes; each after the first set back.
static void tell_wrapped(const struct page *page, const char *label, const char *text)
{
    char line[WIDTH + 512];
    for (int set = 0; *text; set = 2) {
        const size_t count = fitting(text, (size_t)(WIDTH - LABEL - set));
        snprintf(line, sizeof line, "%-*s%*s%.*s", LABEL, set ? "" : label, set, "", (int)count,
                 text);
        page->line(page->user, line);
        text += count + (text[count] == ' ');
    }
}

static void tell(const struct page *page, const char *label, const char *lines)
{
    while (*lines) {
        char text[512];
        const size_t count = strcspn(lines, "\n");
        snprintf(text, sizeof text, "%.*s", (int)count, lines);
        tell_wrapped(page, label, text);
        label = "";
        lines += count + (lines[count] == '\n');
    }
}

// ---- What a page says ----

static void tell_options(const struct page *page, const struct bough__options *options)
{
    if (!options->count)
        tell(page, "options", "none");
    for (size_t i = 0; i < options->count; i++) {
        const struct bough__option *option = &options->option[i];
        char takes[300], otherwise[64], text[600];
        bough__option_takes(takes, sizeof takes, option);
        bough__option_otherwise(otherwise, sizeof otherwise, option);
        snprintf(text, sizeof text, "%s%s%s (%s%s): %s", option->name,
                 option->needed || !*otherwise ? "" : " = ", option->needed ? "" : otherwise, takes,
                 option->needed ? "; needed" : "", option->help);
        tell(page, i ? "" : "options", text);
    }
}

static const char *const cost_text[] = {
    [BOUGH_NEEDS_NOTHING] = "one backward pass",
    [BOUGH_NEEDS_LOSSES] = "one backward pass",
    [BOUGH_NEEDS_GRAM] =
        ("T backward passes of the shared layers in one sweep, and a solve on the host; J, T x P "
         "floats, is kept where it takes 256 MiB at most, else one weighted pass more"),
    [BOUGH_NEEDS_GRADIENTS] =
        "T backward passes of the shared layers in one sweep; J, T x P floats, is kept",
};

static const char *cost_ahead(const struct bough__weighting *row)
{
    if (row->steps)
        return "; for each of `steps` a forward pass, and for each but the first T backward "
               "passes; all parameters' values are kept meanwhile; the host reads which tasks are "
               "labelled";
    return row->ahead ? "; with `every: n` n - 1 of n steps go without them; a plain step of all "
                        "parameters and the way back, for which their values are kept; the host "
                        "reads which tasks are labelled"
                      : "; with `every: n` n - 1 of n steps go without them";
}

static void tell_cost_of_batches(const struct page *page, const struct bough__weighting *row)
{
    char text[500];
    snprintf(text, sizeof text,
             "%zu batches a step, each with a forward pass, T backward passes of the shared layers "
             "in one sweep and J, T x P floats, which is kept; and a solve on the host. The other "
             "batches are of the same epoch and in none of its sums%s",
             row->others + 1, cost_ahead(row));
    tell(page, "cost", text);
}

static void tell_cost(const struct page *page, const struct bough__weighting *row)
{
    char text[300];
    const int reads = row->needs == BOUGH_NEEDS_LOSSES && row->solve;
    if (row->others) {
        tell_cost_of_batches(page, row);
        return;
    }
    snprintf(text, sizeof text, "%s%s%s", cost_text[row->needs],
             reads ? "; the host reads the losses of each step" : "",
             row->after ? "; a second forward pass, behind the update" : "");
    tell(page, "cost", text);
}

static void tell_weights(const struct page *page, const struct bough__weighting *row)
{
    char text[300];
    snprintf(text, sizeof text, "a factor of the loss, in L_t and g_t%s%s",
             row->blind ? ", to which it is invariant " : "", row->blind ? row->blind : "");
    tell(page, "weights",
         row->prefers
             ? "a preference, p_t: the task's weight over the mean of those above 0 in the config, "
               "labelled or not; L_t and g_t are without it"
             : text);
}

static void tell_heads(const struct page *page, const struct bough__weighting *row)
{
    const int alone = bough__by_gradients(row->needs) && !row->ahead;
    tell(page, "heads",
         alone ? "not weighted: each gets the gradient of its own loss, "
                 "with the task's weight and that of "
                 "`losses`"
               : "weighted as the shared layers are");
}

// Its size is a function that is called: for some numbers of tasks.
static void count_state(char *text, size_t size, const struct bough__weighting *row)
{
    enum { TASKS = 2, MORE = 8 };
    const size_t one = row->state(1, 0), few = row->state(TASKS, 0), many = row->state(MORE, 0);
    if (one == 1 && few == TASKS && many == MORE)
        snprintf(text, size, "a number for each task");
    else if (few == TASKS * one && many == MORE * one)
        snprintf(text, size, "%zu numbers for each task", one);
    else if (one == 1 && few == TASKS * TASKS && many == MORE * MORE)
        snprintf(text, size, "T x T numbers");
    else
        snprintf(text, size, "%zu numbers of %d tasks, %zu of %d", few, TASKS, many, MORE);
}

static void tell_state(const struct page *page, const struct bough__weighting *row)
{
    enum { TASKS = 2, COLUMNS = 1 << 20 };
    char text[200] = "none";
    const size_t few = row->state ? row->state(TASKS, 0) : 0;
    const size_t large = row->state ? (row->state(TASKS, COLUMNS) - few) / COLUMNS : 0;
    if (row->params)
        snprintf(text, sizeof text, "a number for each task, which the model's optimizer learns");
    else if (large)
        snprintf(text, sizeof text, "a few numbers, and %zu float%s a task for each of P",
                 large / TASKS, large == TASKS ? "" : "s");
    else if (few)
        count_state(text, sizeof text, row);
    tell(page, "state", text);
}

static void tell_config(const struct page *page, const struct bough__weighting *row)
{
    char name[64], text[300];
    const struct bough__options *options = &row->row.options;
    snprintf(name, sizeof name, "%s", row->row.name);
    if (options->count && options->option[0].needed)
        snprintf(name, sizeof name, "{name: %s, %s: ...}", row->row.name, options->option[0].name);
    if (row->ahead)
        snprintf(text, sizeof text, "weighting: {name: %s, losses: {name: fixed, weights: ...}}",
                 name);
    else if (bough__takes_losses(row))
        snprintf(text, sizeof text, "weighting: {name: %s, losses: uncertainty%s}", name,
                 bough__takes_representation(row) ? ", on: representation" : "");
    else
        snprintf(text, sizeof text, "weighting: %s\nweighting: {name: cagrad, losses: %s}", name,
                 name);
    tell(page, "yaml", text);
    snprintf(text, sizeof text,
             "losses: the losses are weighed first, by any weighting by nothing%s",
             row->ahead ? "" : " or by losses");
    if (bough__by_gradients(row->needs))
        tell(page, "", text);
    if (bough__takes_representation(row))
        tell(page, "",
             "on: the gradients compared are those of what the heads read: no sweep, one weighted "
             "pass, not the same result");
    if (bough__takes_groups(row))
        tell(page, "",
             "groups: layer, or tensor, weighs each shared layer or tensor apart, by the products "
             "of its own gradients: T x P floats");
    if (bough__takes_every(row))
        tell(page, "", "every: n solves in each n-th step, whose weights hold for the others");
    if (bough__takes_smoothing(row))
        tell(page, "", "smoothing: the share, below 1, of a task's last weight in its new one");
}

static const char *needs_text(const struct bough__weighting *row)
{
    static const char *const text[] = {
        "nothing", "the losses", "the Gram matrix of the tasks' gradients", "the tasks' gradients"};
    return row->others ? "the products of the tasks' gradients on two batches" : text[row->needs];
}

static void tell_letters(const struct page *page, const struct bough__weighting *row)
{
    char text[300];
    snprintf(text, sizeof text,
             "T tasks, n of them labelled in the step, which sums, means and weights w are of; L_t "
             "a loss, g_t its gradient of %s, d the update's; G = [g_s.g_t]; |x| the Euclidean "
             "norm",
             row->ahead ? "all parameters, theta, P of them shared" : "the P shared parameters");
    tell(page, "letters", text);
}

static void tell_page(const struct page *page, const struct bough__weighting *row)
{
    char title[200];
    snprintf(title, sizeof title, "%s: %s", row->row.name, row->row.help);
    page->line(page->user, title);
    page->line(page->user, "");
    tell(page, "rule", row->rule);
    tell_options(page, &row->row.options);
    tell(page, "paper", row->row.paper ? row->row.paper : "none");
    tell(page, "use", row->advice);
    tell(page, "needs", needs_text(row));
    tell_cost(page, row);
    tell_weights(page, row);
    tell_heads(page, row);
    tell_state(page, row);
    tell_config(page, row);
    tell_letters(page, row);
}

enum bough_status bough_method_describe(const char *name,
                                        void (*line)(void *user, const char *text), void *user)
{
    enum { MOST = 128 };
    const char *names[MOST + 1] = {NULL};
    for (size_t i = 0; i < bough__weightings.count && i < MOST; i++)
        names[i] = bough__weightings.row[i]->name;
    const struct bough__row *row = bough__family_find(&bough__weightings, name);
    if (row) {
        tell_page(&(struct page){line, user}, (const struct bough__weighting *)(const void *)row);
        return BOUGH_OK;
    }
    const char *nearest = bough_name_nearest(name, names);
    return bough__fail(BOUGH_INVALID, "unknown weighting '%.60s'; %s%s%s bough methods", name,
                       nearest ? "did you mean " : "", nearest ? nearest : "",
                       nearest ? "? See" : "see");
}
