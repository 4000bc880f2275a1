// The stages of a step of a weighting that looks ahead.
#include "base/error.h"
#include "train/step_parts.h"

static void name(struct bough__step *step, const char *op)
{
    step->sequence.label.op = op;
    step->sequence.label.layer = NULL;
}

enum bough_status bough__step_aside(struct bough__step *step)
{
    name(step, "aside");
    return bough__ahead_keep_heads(&step->data->ahead, &step->sequence, 0);
}

static enum bough_status descend(struct bough__step *step, size_t batch)
{
    name(step, "ahead");
    return bough__ahead_descend(&step->data->ahead, &step->sequence, bough__step_state(step),
                                batch);
}

// The own batch's losses, from where the parameters are.
static enum bough_status see_again(struct bough__step *step)
{
    enum bough_status status;
    step->once_more = 1;
    BOUGH_TRY(bough__step_forward(step));
    BOUGH_TRY(bough__step_losses(step));
done:
    step->once_more = 0;
    return status;
}

// One plain step more: its gradients lie where the other batch's are to come.
static enum bough_status go_on(struct bough__step *step)
{
    enum bough_status status;
    const struct bough__weigh_data *weigh = &step->data->weigh;
    BOUGH_TRY(see_again(step));
    bough__plan_turn(step->plan, bough__step_state(step), bough__weigh_jacobian(weigh, 1));
    BOUGH_TRY(bough__step_heads(step));
    BOUGH_TRY(bough__step_sweep(step));
    bough__plan_turn(step->plan, bough__step_state(step), bough__weigh_jacobian(weigh, 0));
    name(step, "aside");
    BOUGH_TRY(bough__ahead_keep_heads(&step->data->ahead, &step->sequence, 1));
    BOUGH_TRY(descend(step, 1));
done:
    return status;
}

enum bough_status bough__step_ahead(struct bough__step *step)
{
    enum bough_status status;
    name(step, "ahead");
    BOUGH_TRY(bough__ahead_go(&step->data->ahead, &step->sequence));
    BOUGH_TRY(descend(step, 0));
    for (size_t i = 1; i < bough__weigh_steps(&step->data->weigh); i++)
        BOUGH_TRY(go_on(step));
done:
    return status;
}

enum bough_status bough__step_there(struct bough__step *step)
{
    enum bough_status status;
    const struct bough__ahead *ahead = &step->data->ahead;
    if (!bough__weigh_steps(&step->data->weigh))
        return BOUGH_OK;
    BOUGH_TRY(see_again(step));
    name(step, "there");
    BOUGH_TRY(bough__ahead_there(ahead, &step->sequence));
    BOUGH_TRY(bough__ahead_back(ahead, &step->sequence));
done:
    return status;
}

enum bough_status bough__step_back(struct bough__step *step)
{
    name(step, "back");
    return bough__ahead_back(&step->data->ahead, &step->sequence);
}
