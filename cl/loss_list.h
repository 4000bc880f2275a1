// Every loss, one line each, in C and in OpenCL: LOSS(name, target, metric, help, options).
//   name     has its formulas in loss.h: name_value and name_slope; a chain's are in its op
//   target   what it compares the scores with (nn/loss.h): CLASS, BINARY or NUMBER
//   metric   what a task is measured by unless told
//   options  which of those in nn/loss.c it has: none, labels, delta, chain
#ifndef BOUGH_CL_LOSS_LIST_H
#define BOUGH_CL_LOSS_LIST_H

// clang-format off
#define BOUGH_CLASS_LOSSES(LOSS)                                                                   \
    LOSS(cross_entropy, CLASS, "accuracy", "of classes, by the softmax of the scores", labels)

#define BOUGH_VALUE_LOSSES(LOSS)                                                                   \
    LOSS(binary_cross_entropy, BINARY, "accuracy", "of 0 and 1, by the sigmoid of the scores",     \
         none)                                                                                     \
    LOSS(mse, NUMBER, "mse", "squared difference", none)                                           \
    LOSS(l1, NUMBER, "mae", "absolute difference", none)                                           \
    LOSS(huber, NUMBER, "mse", "squared where small, absolute where large", delta)

#define BOUGH_CHAIN_LOSSES(LOSS)                                                                   \
    LOSS(crf, CLASS, "accuracy", "of the tags of a sequence, by a linear chain of them", chain)
// clang-format on

#define BOUGH_LOSSES(LOSS)                                                                         \
    BOUGH_CLASS_LOSSES(LOSS) BOUGH_VALUE_LOSSES(LOSS) BOUGH_CHAIN_LOSSES(LOSS)

#endif
