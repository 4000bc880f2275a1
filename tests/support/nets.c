#include "support/nets.h"

#include <math.h>

void test_net_open(struct test_net *net, struct bough_device *device, size_t bytes)
{
    *net = (struct test_net){.forward = {.device = device}, .backward = {.device = device}};
    assert_ok(bough__buffer_create(&net->memory, device, bytes));
}

void test_net_close(struct test_net *net)
{
    bough__sequence_fini(&net->forward);
    bough__sequence_fini(&net->backward);
    bough__plan_destroy(&net->plan);
    bough__graph_fini(&net->graph);
    bough__buffer_destroy(&net->memory);
}

struct bough__span test_net_at(const struct test_net *net, size_t offset)
{
    return bough__span_at(bough__whole(net->memory), offset);
}

void test_net_plan(struct test_net *net, const struct bough__plan_options *options)
{
    assert_ok(bough__plan_create(&net->plan, &net->graph, net->forward.device, options));
    assert_ok(bough__plan_forward(net->plan, &net->forward));
    if (options->mode == BOUGH_PLAN_SINGLE) {
        assert_ok(bough__plan_backward(net->plan, &net->backward));
        return;
    }
    assert_ok(bough__plan_heads(net->plan, &net->backward));
    assert_ok(bough__plan_sweep(net->plan, &net->backward));
    if (options->mode == BOUGH_PLAN_GRAM || options->mode == BOUGH_PLAN_REPRESENTATION)
        assert_ok(bough__plan_weighted(net->plan, &net->backward));
}

void test_net_run(struct test_net *net)
{
    assert_ok(bough__sequence_run(&net->forward));
    assert_ok(bough__sequence_run(&net->backward));
}

void test_close_to(const char *what, const float *got, const float *want, size_t count)
{
    float most = 0, off = 0;
    for (size_t i = 0; i < count; i++) {
        most = fmaxf(most, fabsf(want[i]));
        off = fmaxf(off, fabsf(got[i] - want[i]));
    }
    if (!(off <= 1e-5f * most))
        fail_msg("%s: off by %g of %g", what, (double)off, (double)most);
}
