// The trials of a search: a grid of values, and draws from ranges.
#include "search.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct range {
    double low, high;
    int whole, logarithmic;
};

// ---- Keys ----

static size_t key_length(const char *text)
{
    return strcspn(text, "=");
}

static enum bough_status check_key(const struct tool_list *grid, const struct tool_list *random,
                                   const char *text, const char *option, const char *wanted)
{
    const struct tool_list *lists[] = {grid, random};
    const size_t length = key_length(text);
    if (!length || !text[length])
        return tool_fail(BOUGH_INVALID, "--%s '%s': wanted %s", option, text, wanted);
    for (int l = 0; l < 2; l++)
        for (size_t i = 0; i < lists[l]->count && lists[l]->item[i] != text; i++)
            if (strncmp(lists[l]->item[i], text, length + 1) == 0)
                return tool_fail(BOUGH_INVALID, "--%s '%s': %.*s is given by --%s '%s' already",
                                 option, text, (int)length, text, l ? "random" : "grid",
                                 lists[l]->item[i]);
    return BOUGH_OK;
}

// ---- The grid ----

// Up to a comma that stands in no brackets, braces or quotes.
static size_t value_length(const char *text)
{
    int depth = 0;
    char quote = '\0';
    size_t i = 0;
    for (; text[i] && (text[i] != ',' || depth > 0 || quote); i++) {
        const char c = text[i];
        if (quote && c == quote)
            quote = '\0';
        else if (!quote && (c == '\'' || c == '"'))
            quote = c;
        else if (!quote)
            depth += (c == '[' || c == '{') - (c == ']' || c == '}');
    }
    return i;
}

static enum bough_status add_override(struct search_axis *axis, const char *key, size_t key_size,
                                      const char *value, size_t size)
{
    char *text = malloc(key_size + size + 2);
    if (!text)
        return tool_no_memory();
    sprintf(text, "%.*s=%.*s", (int)key_size, key, (int)size, value);
    axis->override[axis->count++] = text;
    return BOUGH_OK;
}

static enum bough_status read_values(struct search_axis *axis, const char *text)
{
    enum bough_status status = BOUGH_OK;
    const size_t key = key_length(text);
    const char *at = text + key;
    TRY_MEMORY(axis->override = calloc(strlen(text) + 1, sizeof *axis->override));
    do {
        at++; // behind = or a comma
        const char *end = at + value_length(at), *next = end;
        while (at < end && isspace((unsigned char)*at))
            at++;
        while (at < end && isspace((unsigned char)end[-1]))
            end--;
        if (at == end)
            return tool_fail(BOUGH_INVALID, "--grid '%s': an empty value; wanted KEY=V1,V2,...",
                             text);
        TRY(add_override(axis, text, key, at, (size_t)(end - at)));
        at = next;
    } while (*at);
done:
    return status;
}

// ---- Ranges ----

static int read_number(double *number, int *whole, const char *text, size_t size)
{
    char copy[64], *end;
    if (!size || size >= sizeof copy)
        return 0;
    memcpy(copy, text, size);
    copy[size] = '\0';
    *number = strtod(copy, &end);
    *whole &= strspn(copy, "+-0123456789") == size;
    return !*end && isfinite(*number);
}

static enum bough_status read_range(struct range *range, const char *text)
{
    static const char behind[] = ":log";
    const char *low = text + key_length(text) + 1, *dots = strstr(low, "..");
    const char *high = dots ? dots + 2 : "";
    size_t size = strlen(high);
    *range = (struct range){.whole = 1};
    if (size >= strlen(behind) && strcmp(high + size - strlen(behind), behind) == 0) {
        range->logarithmic = 1;
        size -= strlen(behind);
    }
    if (!dots || !read_number(&range->low, &range->whole, low, (size_t)(dots - low)) ||
        !read_number(&range->high, &range->whole, high, size) || range->low > range->high)
        return tool_fail(BOUGH_INVALID,
                         "--random '%s': wanted KEY=LOW..HIGH or KEY=LOW..HIGH:log, as "
                         "optimizer.lr=1e-4..1e-1:log",
                         text);
    if (range->logarithmic && range->low <= 0)
        return tool_fail(BOUGH_INVALID, "--random '%s': %g has no logarithm; wanted above 0", text,
                         range->low);
    return BOUGH_OK;
}

// splitmix64 (Steele, Lea, Flood, 2014).
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

// `share` is 0 to below 1. Whole numbers are all those from the lower to the higher.
static double at_share(const struct range *range, double share)
{
    const double high = range->high + range->whole;
    const double value = range->logarithmic
                             ? exp(log(range->low) + share * (log(high) - log(range->low)))
                             : range->low + share * (high - range->low);
    return range->whole ? fmin(fmax(floor(value), range->low), range->high) : value;
}

static enum bough_status draw(struct search_axis *axis, size_t draws, uint64_t seed)
{
    struct range range;
    char text[64];
    enum bough_status status = read_range(&range, axis->range);
    TRY_MEMORY(axis->override = calloc(draws, sizeof *axis->override));
    for (size_t i = 0; i < draws && status == BOUGH_OK; i++) {
        const double share = (double)(mix(seed ^ mix(i)) >> 11) * 0x1p-53;
        snprintf(text, sizeof text, range.whole ? "%.0f" : "%.6g", at_share(&range, share));
        status = add_override(axis, axis->range, key_length(axis->range), text, strlen(text));
    }
done:
    return status;
}

// ---- The space ----

static enum bough_status count_trials(struct search_space *space)
{
    space->trials = space->draws;
    for (size_t i = 0; i < space->grids; i++) {
        space->trials *= space->axis[i].count;
        if (space->trials > SEARCH_MOST_TRIALS)
            break;
    }
    if (space->trials > SEARCH_MOST_TRIALS)
        return tool_fail(BOUGH_INVALID, "%s%zu trials; wanted at most %d",
                         space->grids > 1 ? "at least " : "", space->trials, SEARCH_MOST_TRIALS);
    return BOUGH_OK;
}

enum bough_status search_space_read(struct search_space *space, const struct tool_list *grid,
                                    const struct tool_list *random, size_t draws)
{
    enum bough_status status = BOUGH_OK;
    struct range range;
    const size_t axes = grid->count + random->count;
    *space = (struct search_space){.axes = axes, .grids = grid->count, .draws = draws ? draws : 1};
    if (axes > SEARCH_MOST_KEYS)
        return tool_fail(BOUGH_INVALID, "%zu keys are searched; wanted at most %d", axes,
                         SEARCH_MOST_KEYS);
    if (!random->count != !draws)
        return tool_fail(BOUGH_INVALID, "--random and --trials, which tells how often to draw, go "
                                        "together");
    TRY_MEMORY(space->axis = calloc(axes + 1, sizeof *space->axis));
    for (size_t i = 0; i < grid->count; i++) {
        TRY(check_key(grid, random, grid->item[i], "grid", "KEY=V1,V2,..."));
        TRY(read_values(&space->axis[i], grid->item[i]));
    }
    for (size_t i = 0; i < random->count; i++) {
        space->axis[grid->count + i].range = random->item[i];
        TRY(check_key(grid, random, random->item[i], "random", "KEY=LOW..HIGH"));
        TRY(read_range(&range, random->item[i]));
    }
    TRY(count_trials(space));
done:
    return status;
}

enum bough_status search_space_draw(struct search_space *space, uint64_t seed)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = space->grids; i < space->axes && status == BOUGH_OK; i++)
        status = draw(&space->axis[i], space->draws, mix(mix(seed) ^ (i - space->grids)));
    return status;
}

void search_space_fini(struct search_space *space)
{
    for (size_t i = 0; space->axis && i < space->axes; i++) {
        for (size_t j = 0; j < space->axis[i].count; j++)
            free(space->axis[i].override[j]);
        free(space->axis[i].override);
    }
    free(space->axis);
    *space = (struct search_space){0};
}

// The last key of the grid turns fastest, but for the draws.
size_t search_space_trial(const char **override, const struct search_space *space, size_t trial)
{
    size_t rest = trial / space->draws;
    for (size_t i = space->grids; i-- > 0;) {
        const struct search_axis *axis = &space->axis[i];
        override[i] = axis->override[rest % axis->count];
        rest /= axis->count;
    }
    size_t count = space->grids;
    for (; count < space->axes && space->axis[count].count; count++)
        override[count] = space->axis[count].override[trial % space->draws];
    return count;
}
