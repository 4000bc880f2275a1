// What the files of `bough search` share.
#ifndef BOUGH_SEARCH_H
#define BOUGH_SEARCH_H

#include "cli.h"

enum { SEARCH_MOST_TRIALS = 10000, SEARCH_MOST_KEYS = 32, SEARCH_MOST_FOLDS = 1000 };

// ---- Which trials there are ----

// A key and what it is set to, as overrides: "optimizer.lr=0.1".
struct search_axis {
    char **override; // [count]
    size_t count;
    const char *range; // KEY=LOW..HIGH of --random; NULL of --grid
};

// As many trials for each combination of the grid's values as there are draws, and the draws are
// the same for each.
struct search_space {
    struct search_axis *axis; // [axes], those of the grid first
    size_t axes, grids;
    size_t draws, trials;
};

// Reads the values of the grid, and checks the ranges. `draws` is how often to draw from these; 0
// without any. Errors: INVALID, naming the option.
enum bough_status search_space_read(struct search_space *space, const struct tool_list *grid,
                                    const struct tool_list *random, size_t draws);
// Draws from the ranges: of one seed the first draws are the same, however many there are.
enum bough_status search_space_draw(struct search_space *space, uint64_t seed);
void search_space_fini(struct search_space *space);

// The overrides of a trial, from 0: [axes], borrowed. Returns how many: before the draws only those
// of the grid.
size_t search_space_trial(const char **override, const struct search_space *space, size_t trial);

// ---- What came out ----

// One of its folds; the trial has diverged where the last one that was trained has.
struct search_training {
    char name[17];         // of its run folder
    struct bough_run *run; // NULL = not trained
    char *diverged;        // the message
};

struct search {
    struct search_space space;
    const struct bough_config *config; // of the first trial
    size_t folds;
    const char *dir;
    struct search_training *training; // [trials, folds]
};

// Of the trial's folds. The spread is the standard deviation of a sample; NAN of one.
struct search_number {
    double mean, spread;
};

struct search_row {
    size_t trial;
    const char *diverged;       // NULL = it has not
    struct search_number score; // higher is better
    struct search_number *task; // [T], of the metric that is its monitor
};

// A row for each trial, the best first; the caller's to free by the number of them.
enum bough_status search_rows_create(struct search_row **rows, const struct search *search);
void search_rows_destroy(struct search_row **rows, size_t trials);

// Prints them; writes search.csv and search.json.
enum bough_status search_print(const struct search_row *rows, const struct search *search);
enum bough_status search_write(const struct search_row *rows, const struct search *search);

// Takes the object; writes it aside. Errors: INTERNAL also for NULL, DATA.
enum bough_status search_write_json(json_t *object, const char *dir, const char *name);

#endif
