#include "token_stats.h"

#include <stdlib.h>

enum bough_status token_stats_init(struct token_stats *stats,
                                   const struct bough_file_tensor *tensor, const char *names)
{
    enum bough_status status = BOUGH_OK;
    const int64_t total = bough_shape_elements(&tensor->shape);
    stats->ids = tool_class_count(names);
    TRY_MEMORY(stats->count = calloc((size_t)stats->ids, sizeof *stats->count));
    for (int64_t i = 0; i < total; i++) {
        const int64_t id = bough_integer_at(tensor->data, tensor->dtype, i);
        const int is_known = id >= TOKEN_FIRST && id < stats->ids;
        if (i % (1 << 20) == 0)
            TRY(tool_step(tensor->name, i, total));
        stats->tokens += id != TOKEN_PADDING;
        stats->unknown += id != TOKEN_PADDING && !is_known;
        if (is_known)
            stats->count[id]++;
    }
done:
    return status;
}

int64_t token_stats_most(int64_t *count, struct token_stats *stats)
{
    int64_t best = -1;
    *count = 0;
    for (int64_t i = 0; i < stats->ids; i++) {
        if (stats->count[i] > *count) {
            *count = stats->count[i];
            best = i;
        }
    }
    if (best >= 0)
        stats->count[best] = 0;
    return best;
}

void token_stats_fini(struct token_stats *stats)
{
    free(stats->count);
    stats->count = NULL;
}
