// cl/activation.h for C twins.
#ifndef BOUGH_OP_ACTIVATION_H
#define BOUGH_OP_ACTIVATION_H

#include "op/op.h"
#include "op/quick_math.h"

#include "cl/activation.h"

// The activation fused behind an op.
static inline struct activation bough__fused_activation(const struct bough__attr *attr)
{
    return (struct activation){(int)attr->activation, attr->slope};
}

#endif
