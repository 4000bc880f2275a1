#include "device/sequence.h"

#include "base/error.h"
#include "device/gemm_stack.h"

#include <stdlib.h>

static enum bough_status reserve(struct bough__sequence *sequence)
{
    if (sequence->count < sequence->capacity)
        return BOUGH_OK;
    const size_t capacity = sequence->capacity ? 2 * sequence->capacity : 32;
    struct bough__launch **launch =
        realloc(sequence->launch, capacity * sizeof(struct bough__launch *));
    if (!launch)
        return bough__no_memory();
    sequence->launch = launch;
    sequence->capacity = capacity;
    return BOUGH_OK;
}

static int64_t stack_of(const struct bough__sequence *sequence)
{
    return sequence->stack ? sequence->stack : 1;
}

enum bough_status bough__sequence_kernel(struct bough__sequence *sequence,
                                         const struct bough__kernel_call *call)
{
    if (call->count == 0)
        return BOUGH_OK;
    struct bough__kernel_call told = *call;
    told.stack = stack_of(sequence);
    enum bough_status status = reserve(sequence);
    if (status == BOUGH_OK)
        status = bough__launch_kernel(&sequence->launch[sequence->count], sequence->device, &told);
    if (status == BOUGH_OK)
        sequence->launch[sequence->count++]->label = sequence->label;
    return status;
}

static enum bough_status add_gemm(struct bough__sequence *sequence, const struct bough__gemm *gemm)
{
    enum bough_status status = reserve(sequence);
    if (status == BOUGH_OK)
        status = bough__launch_gemm(&sequence->launch[sequence->count], sequence->device, gemm);
    if (status == BOUGH_OK)
        sequence->launch[sequence->count++]->label = sequence->label;
    return status;
}

enum bough_status bough__sequence_gemm(struct bough__sequence *sequence,
                                       const struct bough__gemm *gemm)
{
    const int64_t stack = stack_of(sequence);
    enum bough_status status = BOUGH_OK;
    struct bough__gemm one;
    if (gemm->m == 0 || gemm->n == 0)
        return BOUGH_OK;
    if (bough__gemm_of_stack(&one, gemm, stack))
        return add_gemm(sequence, &one);
    for (int64_t s = 0; s < stack && status == BOUGH_OK; s++) {
        one = bough__gemm_in_stack(gemm, s);
        status = add_gemm(sequence, &one);
    }
    return status;
}

enum bough_status bough__sequence_run(const struct bough__sequence *sequence)
{
    return bough__run(sequence->device, sequence->launch, sequence->count);
}

void bough__sequence_fini(struct bough__sequence *sequence)
{
    for (size_t i = 0; i < sequence->count; i++)
        bough__launch_destroy(&sequence->launch[i]);
    free(sequence->launch);
    *sequence = (struct bough__sequence){.device = sequence->device};
}
