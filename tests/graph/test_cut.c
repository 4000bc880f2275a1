// Where tasks meet, the tasks' gradients come out apart: each row of the Jacobian is what a
// backward pass from that task's loss alone gives, the Gram matrix and the weighted sum are those
// of the rows; for every kind of layer that they share, and for many ways of sharing.
#include "cut_net.h"

// ---- Trunks: one op behind the other, then a head for each task ----

enum { MOST_STEPS = 5, MOST_LEAVES = 4 };

struct step {
    const char *op;
    struct bough_shape leaf[MOST_LEAVES];
    struct bough__attr attr;
    int with;  // its second input: 1 the first step's output, 2 the second's; 0 none
    int fixed; // so many leaves at the end want no gradient
};

struct trunk {
    const char *name;
    struct bough_shape x;
    struct step step[MOST_STEPS];
};

#define STEP(...)                                                                                  \
    {                                                                                              \
        .op = __VA_ARGS__                                                                          \
    }
#define LINEAR STEP("linear", .leaf = {{2, {9, 9}}, {1, {9}}})
#define CONVOLUTION                                                                                \
    STEP("conv2d", .leaf = {{4, {4, 4, 3, 3}}, {1, {4}}},                                          \
         .attr = {.stride = {1, 1}, .padding = {1, 1}, .dilation = {1, 1}, .groups = 1})
#define GROUPED                                                                                    \
    STEP("conv2d", .leaf = {{4, {4, 2, 3, 3}}, {1, {4}}},                                          \
         .attr = {.stride = {2, 2}, .padding = {1, 1}, .dilation = {1, 1}, .groups = 2})
#define BATCH_NORM                                                                                 \
    STEP("batch_norm", .leaf = {{1, {4}}, {1, {4}}, {1, {4}}, {1, {4}}},                           \
         .attr = {.eps = 1e-3f, .momentum = 0.1f, .training = 1}, .fixed = 2)
#define HALVING(op) STEP(op, .attr = {.kernel = {2, 2}, .stride = {2, 2}})
#define THIRDS(op)  STEP(op, .attr = {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}})
#define LAYER_NORM  STEP("layer_norm", .leaf = {{1, {9}}, {1, {9}}}, .attr = {.eps = 1e-3f})
#define DROPOUT(op) STEP(op, .attr = {.value = 0.3f, .stream = 2})
#define LEAKY       STEP("leaky_relu", .attr = {.value = 0.25f})
#define ROWS        .x = {2, {7, 9}}
#define IMAGES      .x = {4, {3, 4, 6, 7}}

static const struct trunk trunks[] = {
    {"linear", ROWS, {LINEAR, LINEAR}},
    {"linear-relu", ROWS, {LINEAR, STEP("relu"), LINEAR, STEP("relu")}},
    {"tanh", ROWS, {LINEAR, LAYER_NORM, STEP("tanh")}},
    {"sigmoid-scale", ROWS, {LINEAR, STEP("sigmoid"), STEP("scale", .attr = {.value = 3})}},
    {"gelu", ROWS, {LINEAR, STEP("gelu"), LINEAR, STEP("gelu")}},
    {"leaky_relu", ROWS, {LINEAR, LEAKY, LINEAR}},
    {"softmax", ROWS, {LINEAR, STEP("softmax"), LINEAR, STEP("softmax")}},
    {"layer_norm-leaky_relu", ROWS, {LINEAR, LAYER_NORM, LEAKY, LINEAR}},
    {"dropout", ROWS, {LINEAR, DROPOUT("dropout"), LINEAR, DROPOUT("dropout")}},
    {"gelu-dropout", ROWS, {LINEAR, STEP("gelu"), DROPOUT("dropout"), LINEAR}},
    {"relu-dropout", ROWS, {LINEAR, LAYER_NORM, STEP("relu"), DROPOUT("dropout"), LINEAR}},
    {"skip", ROWS, {LINEAR, LINEAR, STEP("relu"), LINEAR, STEP("add", .with = 2)}},
    {"twice", ROWS, {LINEAR, STEP("add", .with = 1), LINEAR, STEP("multiply", .with = 3)}},
    {"concat",
     ROWS,
     {LINEAR, STEP("relu"), LINEAR, STEP("concat", .with = 2, .attr = {.axis = 1})}},
    {"in place", ROWS, {LINEAR, STEP("tanh"), STEP("sigmoid"), STEP("tanh"), STEP("sigmoid")}},
    {"reshape", ROWS, {LINEAR, STEP("reshape", .attr = {.shape = {2, {3, 3}}}), STEP("tanh")}},
    {"conv2d", IMAGES, {CONVOLUTION, STEP("relu"), GROUPED, STEP("sigmoid")}},
    {"conv2d-max_pool2d", IMAGES, {CONVOLUTION, CONVOLUTION, HALVING("max_pool2d")}},
    {"conv2d-relu-max_pool2d",
     IMAGES,
     {CONVOLUTION, CONVOLUTION, STEP("relu"), THIRDS("max_pool2d")}},
    {"batch_norm", IMAGES, {CONVOLUTION, BATCH_NORM, STEP("relu"), CONVOLUTION, BATCH_NORM}},
    {"max_pool2d", IMAGES, {CONVOLUTION, BATCH_NORM, HALVING("max_pool2d"), CONVOLUTION}},
    {"avg_pool2d", IMAGES, {CONVOLUTION, HALVING("avg_pool2d"), CONVOLUTION, THIRDS("avg_pool2d")}},
    {"global_avg_pool2d", IMAGES, {CONVOLUTION, CONVOLUTION, STEP("global_avg_pool2d")}},
    {"dropout2d", IMAGES, {CONVOLUTION, DROPOUT("dropout2d"), CONVOLUTION}},
    {"images-skip", IMAGES, {CONVOLUTION, STEP("relu"), CONVOLUTION, STEP("add", .with = 2)}},
};

static int32_t record_step(struct cut_net *net, const struct step *step, int32_t before,
                           const int32_t *made)
{
    int32_t input[2 + MOST_LEAVES] = {before};
    int inputs = 1, leaves = 0;
    if (step->with)
        input[inputs++] = made[step->with - 1];
    while (leaves < MOST_LEAVES && step->leaf[leaves].rank)
        leaves++;
    for (int i = 0; i < leaves; i++) {
        input[inputs] = cut_leaf(net, step->leaf[i], i < leaves - step->fixed);
        if (i >= leaves - step->fixed)
            net->base.graph.node[input[inputs]].gradient = (struct bough__span){0};
        inputs++;
    }
    return cut_op(net, step->op, &step->attr, input, inputs);
}

static void record_trunk(struct cut_net *net, const void *what)
{
    const struct trunk *trunk = what;
    int32_t made[MOST_STEPS], x = net->x;
    for (int i = 0; i < MOST_STEPS && trunk->step[i].op; i++)
        made[i] = x = record_step(net, &trunk->step[i], x, made);
    for (int t = 0; t < T; t++)
        cut_head(net, t, x);
}

// ---- Ways of sharing ----

// Tasks 0 and 1 share a branch, task 2 leaves the trunk earlier.
static void record_tree(struct cut_net *net, const void *what)
{
    (void)what;
    int32_t trunk = cut_one(net, "relu", cut_linear(net, net->x, 6, 1));
    cut_head(net, 2, trunk);
    int32_t branch = cut_one(net, "tanh", cut_linear(net, cut_linear(net, trunk, 5, 1), 5, 1));
    cut_head(net, 0, branch);
    cut_head(net, 1, cut_two(net, "add", branch, cut_linear(net, trunk, 5, 0)));
}

// A column for each task; what follows a stitch is read by all.
static void record_columns(struct cut_net *net, const void *what)
{
    (void)what;
    const struct bough_shape of_x = *bough__graph_shape(&net->base.graph, net->x);
    int32_t column[T], mixed[T];
    for (int t = 0; t < T; t++)
        column[t] = cut_one(net, "relu", cut_linear(net, net->x, of_x.dim[1], 1));
    for (int stitch = 0; stitch < 2; stitch++) {
        for (int t = 0; t < T; t++) {
            mixed[t] = cut_two(net, "multiply", column[0], cut_leaf(net, of_x, 1));
            for (int from = 1; from < T; from++)
                mixed[t] = cut_two(net, "add", mixed[t],
                                   cut_two(net, "multiply", column[from], cut_leaf(net, of_x, 1)));
        }
        for (int t = 0; t < T; t++)
            column[t] = cut_linear(net, mixed[t], of_x.dim[1], !stitch);
    }
    for (int t = 0; t < T; t++)
        cut_head(net, t, column[t]);
}

static void record_experts(struct cut_net *net, const void *what)
{
    (void)what;
    int32_t expert[2];
    for (int e = 0; e < 2; e++)
        expert[e] = cut_one(net, "gelu", cut_linear(net, cut_linear(net, net->x, 6, 1), 5, 1));
    for (int t = 0; t < T; t++) {
        int32_t part[2];
        for (int e = 0; e < 2; e++)
            part[e] = cut_two(net, "multiply", expert[e],
                              cut_one(net, "softmax", cut_linear(net, net->x, 5, 0)));
        cut_head(net, t, cut_two(net, "add", part[0], part[1]));
    }
}

// One weight in the trunk and in two heads, another in one head alone, a bias in all of them.
static void record_tied(struct cut_net *net, const void *what)
{
    (void)what;
    const struct bough_shape square = {2, {9, 9}}, one = {1, {9}};
    int32_t weight = cut_leaf(net, square, 1), late = cut_leaf(net, square, 1);
    int32_t bias = cut_leaf(net, one, 1);
    int32_t trunk = cut_op(net, "linear", NULL, (int32_t[]){net->x, weight, bias}, 3);
    trunk = cut_one(net, "tanh", cut_linear(net, trunk, 9, 1));
    for (int t = 0; t < T; t++)
        cut_head(net, t,
                 cut_op(net, "linear", NULL, (int32_t[]){trunk, t < 2 ? weight : late, bias}, 3));
}

// A weight that is read in another shape: in the trunk, and in two heads.
static void record_viewed(struct cut_net *net, const void *what)
{
    (void)what;
    int32_t weight = cut_leaf(net, (struct bough_shape){3, {9, 3, 3}}, 1);
    int32_t bias = cut_leaf(net, (struct bough_shape){1, {9}}, 1);
    int32_t trunk =
        cut_op(net, "linear", NULL, (int32_t[]){net->x, cut_one(net, "flatten", weight), bias}, 3);
    trunk = cut_one(net, "tanh", cut_linear(net, trunk, 9, 1));
    for (int t = 0; t < T; t++)
        cut_head(net, t,
                 t == 0 ? trunk : cut_two(net, "linear", trunk, cut_one(net, "flatten", weight)));
}

// Task 1 reads the scores of task 0 (and adds them to themselves), task 2 nothing of the trunk.
static void record_scores(struct cut_net *net, const void *what)
{
    (void)what;
    int32_t trunk = cut_one(net, "relu", cut_linear(net, net->x, 6, 1));
    int32_t scores = cut_linear(net, trunk, 3, 1);
    cut_loss(net, 0, scores);
    cut_head(net, 1,
             cut_op(net, "concat", &(struct bough__attr){.axis = 1},
                    (int32_t[]){scores, trunk, scores}, 3));
    cut_head(net, 2, net->x);
}

// Nobody shares anything.
static void record_apart(struct cut_net *net, const void *what)
{
    (void)what;
    for (int t = 0; t < T; t++)
        cut_head(net, t, net->x);
}

// The representation is as far from x as a leaf says: their gradients are the same.
static void record_moved(struct cut_net *net, const void *what)
{
    (void)what;
    const int32_t leaf = cut_leaf(net, (struct bough_shape){2, {7, 9}}, 1);
    const int32_t moved = cut_two(net, "add", net->x, leaf);
    for (int t = 0; t < T; t++)
        cut_head(net, t, moved);
}

static const struct cut_shape moved = {"moved", {2, {7, 9}}, record_moved, NULL};

static const struct cut_shape shapes[] = {
    {"tree", {2, {7, 9}}, record_tree, NULL},       {"columns", {2, {4, 9}}, record_columns, NULL},
    {"experts", {2, {7, 9}}, record_experts, NULL}, {"tied", {2, {7, 9}}, record_tied, NULL},
    {"viewed", {2, {7, 9}}, record_viewed, NULL},   {"scores", {2, {7, 9}}, record_scores, NULL},
    {"apart", {2, {7, 9}}, record_apart, NULL},
};

// ---- Comparing ----

// Row by row, by a backward pass from each loss alone.
static void solve_apart(struct cut_result *want, struct bough_device *device,
                        const struct cut_shape *shape, struct cut_run how)
{
    static struct cut_result one;
    memset(want, 0, sizeof *want);
    how.mode = BOUGH_PLAN_SINGLE;
    for (how.task = 0; how.task < T; how.task++) {
        cut_solve(&one, device, shape, &how);
        memcpy(want->jacobian[how.task], one.gradient, one.shared * sizeof(float));
        for (size_t i = 0; i < one.own; i++)
            want->gradient[HALF + i] += one.gradient[HALF + i];
    }
    want->shared = one.shared;
    want->own = one.own;
    for (int t = 0; t < T; t++) {
        for (size_t i = 0; i < one.shared; i++)
            want->gradient[i] += cut_weights[t] * want->jacobian[t][i];
        for (int u = 0; u < T; u++) {
            double sum = 0;
            for (size_t i = 0; i < one.shared; i++)
                sum += (double)want->jacobian[t][i] * (double)want->jacobian[u][i];
            want->gram[t][u] = (float)sum;
        }
    }
}

// For every number of tasks at a time that a limit leads to.
static void check_groups(const struct cut_result *want, struct bough_device *device,
                         const struct cut_shape *shape, struct cut_run how,
                         void (*compare)(const struct cut_result *got,
                                         const struct cut_result *want))
{
    static struct cut_result got;
    for (size_t group = T; group > 0; group--) {
        cut_solve(&got, device, shape, &how);
        compare(&got, want);
        test_close_to("leaves of one task", got.gradient + HALF, want->gradient + HALF, HALF);
        assert_true(got.group <= group);
        if (got.group == 1)
            break;
        how.limit = got.bytes - 1;
    }
    assert_int_equal(got.group, 1);
}

static void compare_jacobian(const struct cut_result *got, const struct cut_result *want)
{
    for (int t = 0; t < T; t++)
        test_close_to("jacobian", got->jacobian[t], want->jacobian[t], HALF);
}

static void compare_gram(const struct cut_result *got, const struct cut_result *want)
{
    test_close_to("gram", got->gram[0], want->gram[0], (size_t)T * T);
    test_close_to("weighted", got->gradient, want->gradient, HALF);
}

static void compare_weighted(const struct cut_result *got, const struct cut_result *want)
{
    test_close_to("weighted", got->gradient, want->gradient, HALF);
    test_close_to("leaves of one task", got->gradient + HALF, want->gradient + HALF, HALF);
}

static void check(const struct cut_shape *shape)
{
    static struct cut_result want, got;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (int way = 0; way < 3; way++) {
            struct cut_run how = {.external = way == 1, .keep = way == 2};
            print_message("%s on %s%s\n", shape->name, bough_device_info(device[d])->id,
                          way == 1   ? ", losses external"
                          : way == 2 ? ", nothing fused"
                                     : "");
            solve_apart(&want, device[d], shape, how);
            how.mode = BOUGH_PLAN_JACOBIAN;
            check_groups(&want, device[d], shape, how, compare_jacobian);
            how.mode = BOUGH_PLAN_GRAM;
            check_groups(&want, device[d], shape, how, compare_gram);
            how.mode = BOUGH_PLAN_REPRESENTATION;
            cut_solve(&got, device[d], shape, &how);
            compare_weighted(&got, &want);
            if (shape == &moved)
                compare_gram(&got, &want);
        }
}

static void every_layer_in_the_trunk(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof trunks / sizeof *trunks; i++) {
        const struct cut_shape shape = {trunks[i].name, trunks[i].x, record_trunk, &trunks[i]};
        check(&shape);
    }
}

static void every_way_of_sharing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        check(&shapes[i]);
    check(&moved);
}

// ---- Owners ----

// As the losses tell: leaves among the shared ones are reached by several tasks, the others by one.
// `single` of the shared ones stand there all the same.
static void check_owners(const struct cut_shape *shape, struct bough_device *device, int single)
{
    struct cut_net net = {0};
    int32_t owner[256];
    test_net_open(&net.base, device, NUMBERS * sizeof(float));
    cut_record(&net, shape, &(struct cut_run){.mode = BOUGH_PLAN_GRAM});
    assert_true(net.base.graph.count <= 256);
    bough__graph_owners(&net.base.graph, net.loss, T, owner);
    for (int32_t n = 0; n < net.base.graph.count; n++) {
        const struct bough__node *node = &net.base.graph.node[n];
        if (node->op || !node->gradient.buffer)
            continue;
        if (node->gradient.offset >= (GRADIENTS + HALF) * sizeof(float))
            assert_true(owner[n] >= 0);
        else
            single -= owner[n] != BOUGH__OWNER_SHARED;
    }
    assert_int_equal(single, 0);
    for (int t = 0; t < T; t++)
        assert_int_equal(owner[net.loss[t]], t);
    test_net_close(&net.base);
}

static void owners_are_found(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        check_owners(&shapes[i], device,
                     shapes[i].record == record_columns ? T * T : shapes[i].record == record_tied);
    for (size_t i = 0; i < sizeof trunks / sizeof *trunks; i++) {
        const struct cut_shape shape = {trunks[i].name, trunks[i].x, record_trunk, &trunks[i]};
        check_owners(&shape, device, 0);
    }
}

// A target passes no gradient, nor does what nobody reads.
static void owners_follow_the_gradient(void **state)
{
    (void)state;
    struct bough__graph graph = {0};
    const struct bough__tensor rows = {.shape = {2, {4, 3}}};
    int32_t leaf[4], loss[2], idle, owner[8];
    for (int i = 0; i < 4; i++)
        assert_ok(bough__graph_leaf(&graph, &leaf[i], &rows, (struct bough__span){0}));
    assert_ok(
        bough__graph_op(&graph, &loss[0], &bough__op_mse, NULL, (int32_t[]){leaf[0], leaf[1]}, 2));
    assert_ok(
        bough__graph_op(&graph, &loss[1], &bough__op_mse, NULL, (int32_t[]){leaf[2], leaf[0]}, 2));
    assert_ok(
        bough__graph_op(&graph, &idle, &bough__op_add, NULL, (int32_t[]){leaf[2], leaf[3]}, 2));
    bough__graph_owners(&graph, loss, 2, owner);
    assert_int_equal(owner[leaf[0]], 0);
    assert_int_equal(owner[leaf[1]], BOUGH__OWNER_NONE);
    assert_int_equal(owner[leaf[2]], 1);
    assert_int_equal(owner[leaf[3]], BOUGH__OWNER_NONE);
    assert_int_equal(owner[idle], BOUGH__OWNER_NONE);
    bough__graph_fini(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layer_in_the_trunk),
        cmocka_unit_test(every_way_of_sharing),
        cmocka_unit_test(owners_are_found),
        cmocka_unit_test(owners_follow_the_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
