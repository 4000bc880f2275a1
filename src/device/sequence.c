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

enum bough_status bough__sequence_kernel(struct bough__sequence *sequence,
                                         const struct bough__kernel_call *call)
{
    if (call->count == 0)
        return BOUGH_OK;
    enum bough_status status = reserve(sequence);
    if (status == BOUGH_OK)
        status = bough__launch_kernel(&sequence->launch[sequence->count], sequence->device, call);
    if (status == BOUGH_OK)
        sequence->launch[sequence->count++]->label = sequence->label;
    return status;
}

enum bough_status bough__sequence_gemm(struct bough__sequence *sequence,
                                       const struct bough__gemm *gemm)
{
    if (gemm->m == 0 || gemm->n == 0)
        return BOUGH_OK;
    enum bough_status status = reserve(sequence);
    if (status == BOUGH_OK)
        status = bough__launch_gemm(&sequence->launch[sequence->count], sequence->device, gemm);
    if (status == BOUGH_OK)
        sequence->launch[sequence->count++]->label = sequence->label;
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
