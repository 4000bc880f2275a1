#include "device/sequence.h"

#include "base/error.h"
#include "device/gemm_stack.h"

#include <stdlib.h>

static enum bough_status reserve(struct bough__sequence *sequence)
{
    if (sequence->count < sequence->room)
        return BOUGH_OK;
    size_t room = sequence->room ? 2 * sequence->room : 32;
    struct bough__launch **launch =
        realloc(sequence->launch, room * sizeof(struct bough__launch *));
    if (!launch)
        return bough__no_memory();
    sequence->launch = launch;
    sequence->room = room;
    return BOUGH_OK;
}

static int64_t stack_of(const struct bough__sequence *sequence)
{
    return sequence->stack ? sequence->stack : 1;
}

// Of all of a stack.
static int64_t bytes_of(const struct bough__sequence *sequence,
                        const struct bough__kernel_call *call)
{
    size_t bytes = 0;
    for (int a = 0; a < call->kernel->args; a++)
        for (int i = 0; i < sequence->operands; i++) {
            const struct bough__operand *operand = &sequence->operand[i];
            if (operand->span.buffer && operand->span.buffer == call->arg[a].buffer &&
                operand->span.offset == call->arg[a].offset) {
                bytes += operand->bytes * (size_t)(call->arg[a].stride ? call->stack : 1);
                break;
            }
        }
    return (int64_t)bytes;
}

enum bough_status bough__sequence_kernel(struct bough__sequence *sequence,
                                         const struct bough__kernel_call *call)
{
    if (call->count == 0)
        return BOUGH_OK;
    struct bough__kernel_call told = *call;
    told.stack = stack_of(sequence);
    told.bytes = call->bytes ? call->bytes * told.stack : bytes_of(sequence, &told);
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
