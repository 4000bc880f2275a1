#include "op/op_setup.h"

#include "cl/random.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int op_tiny(void)
{
    return getenv("BOUGH_TEST_TINY") != NULL;
}

size_t op_tensor_size(const struct bough__tensor *tensor)
{
    return (size_t)bough_shape_elements(&tensor->shape) * bough_dtype_size(tensor->dtype);
}

int op_has_gradient(const struct op_setup *setup, int input)
{
    return setup->x[input] && setup->call.x[input].dtype == BOUGH_F32 &&
           !(setup->op->no_gradient >> input & 1);
}

static struct bough_shape swept(struct bough_shape shape, int64_t size)
{
    for (int i = 0; i < shape.rank; i++)
        if (shape.dim[i] == SWEEP)
            shape.dim[i] = size;
    return shape;
}

static enum bough_dtype fill_dtype(enum op_fill fill)
{
    switch (fill) {
    case FILL_LABELS:
    case FILL_UNLABELLED:
    case FILL_TAGS:
    case FILL_IDS:
    case FILL_LENGTHS:
        return BOUGH_I32;
    case FILL_BYTES:
        return BOUGH_U8;
    default:
        return BOUGH_F32;
    }
}

// ---- Values ----

static float float_value(enum op_fill fill, int64_t i, int64_t count, const unsigned *bits)
{
    const float u = random_unit(bits[0]);
    const int missing = bits[1] % 5 == 0;
    switch (fill) {
    case FILL_UNIFORM:
        return 4.0f * u - 2.0f;
    case FILL_APART:
        return ((float)(bits[1] % 16) - 8.0f + 0.25f + 0.5f * u) / 4.0f;
    case FILL_DISTINCT: // a step of 7919 (a prime) through the positions, so none comes twice
        return ((float)(i * 7919 % count) - 0.5f * (float)count) / 16.0f;
    case FILL_POSITIVE:
        return 0.5f + 1.5f * u;
    case FILL_TARGETS:
        return missing ? NAN : ((float)(bits[2] % 17) - 8.0f) / 4.0f;
    case FILL_BITS:
        return missing ? NAN : (float)(bits[2] % 2);
    case FILL_TABLE:
        return missing ? NAN : (float)(bits[2] % 9) - 1.0f;
    case FILL_MISSING:
        return NAN;
    default:
        return 0.0f;
    }
}

static int32_t length_value(int64_t i, int64_t longest, const unsigned *bits)
{
    const int32_t first[] = {(int32_t)longest, 0, 1};
    return i < 3 && first[i] <= longest ? first[i] : (int32_t)(bits[0] % (unsigned)(longest + 1));
}

static int32_t integer_value(enum op_fill fill, const struct bough_shape *first, int64_t i,
                             const unsigned *bits)
{
    const int64_t second = first->rank > 1 ? first->dim[1] : 0;
    switch (fill) {
    case FILL_IDS:
        return (int32_t)(bits[0] % 11) - 2;
    case FILL_TAGS:
        return bits[1] % 50 ? (int32_t)(bits[0] % (unsigned)first->dim[first->rank - 1]) : -1;
    case FILL_LENGTHS:
        return length_value(i, second, bits);
    case FILL_LABELS:
        return bits[1] % 5 ? (int32_t)(bits[0] % (unsigned)second) : -1;
    default:
        return -1;
    }
}

static void *values(struct bough__arena *arena, const struct bough__tensor *tensor,
                    enum op_fill fill, unsigned key, const struct bough_shape *first)
{
    const int64_t count = bough_shape_elements(&tensor->shape);
    void *data = bough__arena_alloc(arena, op_tensor_size(tensor));
    assert_non_null(data);
    for (int64_t i = 0; i < count; i++) {
        const struct random4 bits = random_bits(key, 2023, (unsigned)i, 0, 0, 0);
        if (tensor->dtype == BOUGH_F32)
            ((float *)data)[i] = float_value(fill, i, count, bits.v);
        else if (tensor->dtype == BOUGH_I32)
            ((int32_t *)data)[i] = integer_value(fill, first, i, bits.v);
        else
            ((uint8_t *)data)[i] = (uint8_t)bits.v[0];
    }
    return data;
}

// ---- Golden values ----

static json_t *golden_row(json_t **root, const char *golden)
{
    char path[512];
    const char *slash = strchr(golden, '/');
    snprintf(path, sizeof path, TEST_SOURCE_DIR "/tests/op/golden/%.*s.json", (int)(slash - golden),
             golden);
    json_error_t error;
    *root = json_load_file(path, 0, &error);
    if (!*root)
        fail_msg("%s: %s", path, error.text);
    json_t *row = json_object_get(*root, slash + 1);
    if (!row)
        fail_msg("%s: no row %s", path, slash + 1);
    return row;
}

// The numbers of an array, null being NaN, as elements of `dtype`; NULL for a missing array.
static void *golden_values(struct op_setup *setup, json_t *array, const char *what,
                           enum bough_dtype dtype, int64_t count)
{
    if (!json_is_array(array))
        return NULL;
    if ((int64_t)json_array_size(array) != count)
        fail_msg("%s: golden %s has %d elements, wanted %d", setup->name, what,
                 (int)json_array_size(array), (int)count);
    void *data = bough__arena_alloc(&setup->arena, (size_t)count * bough_dtype_size(dtype));
    assert_non_null(data);
    for (int64_t i = 0; i < count; i++) {
        const json_t *number = json_array_get(array, (size_t)i);
        const double value = json_is_null(number) ? NAN : json_number_value(number);
        if (dtype == BOUGH_F32)
            ((float *)data)[i] = (float)value;
        else if (dtype == BOUGH_I32)
            ((int32_t *)data)[i] = (int32_t)value;
        else
            ((uint8_t *)data)[i] = (uint8_t)value;
    }
    return data;
}

static void read_golden(struct op_setup *setup)
{
    json_t *root, *row = golden_row(&root, setup->row->golden);
    for (int i = 0; i < setup->call.inputs; i++) {
        const struct bough__tensor *x = &setup->call.x[i];
        const int64_t count = bough_shape_elements(&x->shape);
        if (!setup->x[i])
            continue;
        setup->x[i] = golden_values(setup, json_array_get(json_object_get(row, "x"), (size_t)i),
                                    "x", x->dtype, count);
        assert_non_null(setup->x[i]);
        setup->golden_dx[i] = golden_values(
            setup, json_array_get(json_object_get(row, "dx"), (size_t)i), "dx", BOUGH_F32, count);
        setup->golden_after[i] =
            golden_values(setup, json_array_get(json_object_get(row, "after"), (size_t)i), "after",
                          BOUGH_F32, count);
    }
    setup->dy =
        golden_values(setup, json_object_get(row, "dy"), "dy", BOUGH_F32, setup->dy_elements);
    assert_non_null(setup->dy);
    setup->golden_y = golden_values(setup, json_object_get(row, "y"), "y", BOUGH_F32,
                                    bough_shape_elements(&setup->call.y.shape));
    json_decref(root);
}

// ---- Setup ----

static void set_inputs(struct op_setup *setup, int64_t size)
{
    const struct op_case *row = setup->row;
    for (int i = 0; i < BOUGH_MAX_INPUTS; i++) {
        if (row->x[i].fill == FILL_NONE)
            continue;
        setup->call.inputs = i + 1;
        setup->call.x[i].shape = swept(row->x[i].shape, size);
        setup->call.x[i].dtype = fill_dtype(row->x[i].fill);
    }
    char shape[64];
    snprintf(setup->name, sizeof setup->name, "%s %s", row->op,
             bough_shape_format(&setup->call.x[0].shape, shape, sizeof shape));
    if (row->golden) {
        strncat(setup->name, " golden ", sizeof setup->name - strlen(setup->name) - 1);
        strncat(setup->name, row->golden, sizeof setup->name - strlen(setup->name) - 1);
    }
}

static void set_stack(struct op_setup *setup)
{
    const int64_t count = setup->dy_elements;
    setup->stack_dy[0] = setup->dy;
    for (int s = 1; s < OP_STACKED; s++) {
        float *dy = bough__arena_alloc(&setup->arena, (size_t)count * sizeof *dy);
        assert_non_null(dy);
        for (int64_t i = 0; i < count; i++)
            dy[i] = setup->dy[(i + 3 * s) % count] * (1.0f - 0.75f * (float)s);
        setup->stack_dy[s] = dy;
    }
}

static void set_values(struct op_setup *setup)
{
    const struct bough_shape *first = &setup->call.x[0].shape;
    for (int i = 0; i < setup->call.inputs; i++)
        if (setup->row->x[i].fill != FILL_NONE)
            setup->x[i] =
                values(&setup->arena, &setup->call.x[i], setup->row->x[i].fill, (unsigned)i, first);
    const struct bough__tensor dy = {.shape = {1, {setup->dy_elements}}};
    setup->dy = values(&setup->arena, &dy, FILL_UNIFORM, 99, first);
    if (setup->row->golden)
        read_golden(setup);
    set_stack(setup);
}

static void check_shape(const struct op_setup *setup, int64_t size)
{
    const struct bough_shape wanted = swept(setup->row->y, size);
    char a[64], b[64];
    if (wanted.rank && !bough_shape_equal(&setup->need.y, &wanted))
        fail_msg("%s: y is %s, wanted %s", setup->name,
                 bough_shape_format(&setup->need.y, a, sizeof a),
                 bough_shape_format(&wanted, b, sizeof b));
    if (setup->op->flags & BOUGH__OP_VIEW)
        assert_int_equal(bough_shape_elements(&setup->need.y),
                         bough_shape_elements(&setup->call.x[0].shape));
}

int op_setup_init(struct op_setup *setup, const struct op_case *row, int64_t size)
{
    *setup = (struct op_setup){.row = row, .op = bough__op_find(row->op)};
    if (!setup->op)
        fail_msg("no op %s", row->op);
    setup->call.attr = &row->attr;
    set_inputs(setup, size);
    if (row->fails) {
        assert_fails(bough__op_shape(&setup->need, setup->op, &setup->call), BOUGH_INVALID,
                     row->fails);
        return 0;
    }
    assert_ok(bough__op_shape(&setup->need, setup->op, &setup->call));
    check_shape(setup, size);
    setup->call.y.shape = setup->need.y;
    setup->call.y.dtype = setup->need.y_dtype;
    setup->dy_elements = row->loss ? 1 : bough_shape_elements(&setup->need.y);
    set_values(setup);
    return !(setup->op->flags & BOUGH__OP_VIEW);
}

void op_setup_fini(struct op_setup *setup)
{
    bough__arena_fini(&setup->arena);
}
