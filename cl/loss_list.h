// Every loss, one line each, in C and in OpenCL: LOSS(name, target, metric).
//   name    has its formulas in loss.h: name_value and name_slope
//   target  what it compares the scores with (nn/loss.h): CLASS, BINARY or NUMBER
//   metric  what a task is measured by unless told
#ifndef BOUGH_CL_LOSS_LIST_H
#define BOUGH_CL_LOSS_LIST_H

// clang-format off
#define BOUGH_CLASS_LOSSES(LOSS)                                                                   \
    LOSS(cross_entropy, CLASS, "accuracy")

#define BOUGH_VALUE_LOSSES(LOSS)                                                                   \
    LOSS(binary_cross_entropy, BINARY, "accuracy")                                                 \
    LOSS(mse, NUMBER, "mse")                                                                       \
    LOSS(l1, NUMBER, "mae")                                                                        \
    LOSS(huber, NUMBER, "mse")
// clang-format on

#define BOUGH_LOSSES(LOSS) BOUGH_CLASS_LOSSES(LOSS) BOUGH_VALUE_LOSSES(LOSS)

#endif
