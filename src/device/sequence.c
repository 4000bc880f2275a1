#include "device/sequence.h"

#include "base/error.h"

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

static int64_t bytes_of(const struct bough__sequence *sequence,
                        const struct bough__kernel_call *call)
{
    size_t bytes = 0;
    for (int a = 0; a < call->kernel->args; a++)
        for (int i = 0; i < sequence->operands; i++) {
            const struct bough__operand *operand = &sequence->operand[i];
            if (operand->span.buffer && operand->span.buffer == call->arg[a].buffer &&
                operand->span.offset == call->arg[a].offset) {
                bytes += operand->bytes;
                break;
            }
        }
    return (int64_t)bytes;
}

static enum bough_status add_kernel(struct bough__sequence *sequence,
                                    const struct bough__kernel_call *call)
{
    enum bough_status status = reserve(sequence);
    if (status == BOUGH_OK)
        status = bough__launch_kernel(&sequence->launch[sequence->count], sequence->device, call);
    if (status == BOUGH_OK)
        sequence->launch[sequence->count++]->label = sequence->label;
    return status;
}

static int64_t stack_of(const struct bough__sequence *sequence)
{
    return sequence->stack ? sequence->stack : 1;
}

enum bough_status bough__sequence_kernel(struct bough__sequence *sequence,
                                         const struct bough__kernel_call *call)
{
    enum bough_status status = BOUGH_OK;
    if (call->count == 0)
        return BOUGH_OK;
    struct bough__kernel_call told = *call;
    if (call->bytes == 0)
        told.bytes = bytes_of(sequence, call);
    for (int64_t s = 0; s < stack_of(sequence) && status == BOUGH_OK; s++) {
        for (int a = 0; a < call->kernel->args; a++)
            told.arg[a] = bough__span_of_stack(call->arg[a], s);
        status = add_kernel(sequence, &told);
    }
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
    enum bough_status status = BOUGH_OK;
    if (gemm->m == 0 || gemm->n == 0)
        return BOUGH_OK;
    for (int64_t s = 0; s < stack_of(sequence) && status == BOUGH_OK; s++) {
        struct bough__gemm told = *gemm;
        told.a.data = bough__span_of_stack(gemm->a.data, s);
        told.b.data = bough__span_of_stack(gemm->b.data, s);
        told.c.data = bough__span_of_stack(gemm->c.data, s);
        told.bias = bough__span_of_stack(gemm->bias, s);
        status = add_gemm(sequence, &told);
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
