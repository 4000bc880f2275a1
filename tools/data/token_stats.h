// How often ids of a vocabulary occur.
#ifndef BOUGH_DATA_TOKEN_STATS_H
#define BOUGH_DATA_TOKEN_STATS_H

#include "data_tool.h"

enum { TOKEN_PADDING, TOKEN_UNKNOWN, TOKEN_FIRST };

// Zero-initialised before, and given to token_stats_fini after.
struct token_stats {
    int64_t ids;             // of the vocabulary
    int64_t *count;          // [ids]
    int64_t tokens, unknown; // of all that is no padding
};

// Ids beyond the vocabulary, whose tokens are `names`, one a line, count as unknown. Errors:
// INTERNAL; INTERRUPTED.
enum bough_status token_stats_init(struct token_stats *stats,
                                   const struct bough_file_tensor *tensor, const char *names);
// The token that occurs most, `*count` times, and not any more from then on; -1 if none is left.
int64_t token_stats_most(int64_t *count, struct token_stats *stats);
void token_stats_fini(struct token_stats *stats);

#endif
