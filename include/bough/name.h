// Names as people type them.
#ifndef BOUGH_NAME_H
#define BOUGH_NAME_H

#ifdef __cplusplus
extern "C" {
#endif

// The name nearest to `word`: fewest letters inserted, removed, replaced or swapped with their
// neighbour. NULL if none is near enough to be meant, by a third of the word's letters. `names`
// ends with NULL; borrowed from it.
const char *bough_name_nearest(const char *word, const char *const *names);

#ifdef __cplusplus
}
#endif

#endif
