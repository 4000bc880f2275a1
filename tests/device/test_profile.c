// Every launch timed on every device: sums, labels, the trace's bound, and what the front counts.
#include "support/support.h"

#include "device/profile.h"
#include "op/op.h"

#include <string.h>

enum { M = 33, N = 65, K = 17 };

struct net {
    struct bough__buffer *a, *b, *c;
    struct bough__sequence sequence;
};

// c = a b, then c = c where c > 0, else 0, `times` times each.
static void net_init(struct net *net, struct bough_device *device, int times)
{
    float a[M * K], b[K * N];
    for (int i = 0; i < M * K; i++)
        a[i] = (float)(i % 7) - 3;
    for (int i = 0; i < K * N; i++)
        b[i] = (float)(i % 5) - 2;
    *net = (struct net){.sequence.device = device};
    assert_ok(bough__buffer_create(&net->a, device, sizeof a));
    assert_ok(bough__buffer_create(&net->b, device, sizeof b));
    assert_ok(bough__buffer_create(&net->c, device, M * N * sizeof(float)));
    assert_ok(bough__write(bough__whole(net->a), a, sizeof a));
    assert_ok(bough__write(bough__whole(net->b), b, sizeof b));
    const struct bough__span c = bough__whole(net->c);
    const struct bough__gemm gemm = {
        .m = M,
        .n = N,
        .k = K,
        .a = {.data = bough__whole(net->a), .row.stride = K, .col.stride = 1},
        .b = {.data = bough__whole(net->b), .row.stride = N, .col.stride = 1},
        .c = {.data = c, .row.stride = N, .col.stride = 1},
    };
    const struct bough__attr attr = {.value = 0};
    const struct bough__op_call relu = {.attr = &attr,
                                        .inputs = 1,
                                        .x = {{.shape = {2, {M, N}}}},
                                        .y.span = c,
                                        .dy.span = c,
                                        .dx = {{.span = c}}};
    for (int i = 0; i < times; i++) {
        net->sequence.label = (struct bough__label){"linear", "trunk.0", "forward"};
        assert_ok(bough__sequence_gemm(&net->sequence, &gemm));
        net->sequence.label = (struct bough__label){"relu", NULL, "forward"};
        assert_ok(bough__op_relu.backward(&net->sequence, &relu));
    }
}

static void net_fini(struct net *net)
{
    bough__sequence_fini(&net->sequence);
    bough__buffer_destroy(&net->a);
    bough__buffer_destroy(&net->b);
    bough__buffer_destroy(&net->c);
}

static void check_row(const struct bough__profile_row *row, const char *name, const char *op,
                      int64_t launches, double flops, double bytes)
{
    assert_string_equal(row->name, name);
    assert_string_equal(row->label.op, op);
    assert_string_equal(row->label.stage, "forward");
    assert_int_equal(row->launches, launches);
    assert_true(row->flops == flops && row->bytes == bytes);
    assert_true(row->seconds > 0 && row->seconds < 60);
}

static void check_profile(struct bough_device *device, int runs)
{
    struct net net;
    float plain[M * N], timed[M * N];
    net_init(&net, device, 2);
    assert_ok(bough__sequence_run(&net.sequence));
    assert_ok(bough__read(bough__whole(net.c), plain, sizeof plain));
    assert_ok(bough__profile_begin(device));
    for (int i = 0; i < runs; i++)
        assert_ok(bough__sequence_run(&net.sequence));
    assert_ok(bough__read(bough__whole(net.c), timed, sizeof timed));
    assert_memory_equal(plain, timed, sizeof plain);
    const struct bough__profile *p = device->profile;
    assert_int_equal(p->rows, 2);
    double count = 2.0 * runs;
    check_row(&p->row[0], "gemm", "linear", 2 * runs, count * 2 * M * N * K,
              count * 4 * (M * N + M * K + K * N));
    check_row(&p->row[1], "activation_bwd", "relu", 2 * runs, 0, count * 3 * 4 * M * N);
    assert_non_null(p->row[0].implementation);
    assert_string_equal(p->row[0].label.layer, "trunk.0");
    assert_null(p->row[1].label.layer);
    assert_int_equal(p->events, 4 * runs);
    for (size_t i = 0; i < p->events; i++) {
        const struct bough__timing *timing = &p->event[i].timing;
        assert_int_equal(p->event[i].row, i % 2);
        assert_true(timing->end >= timing->start);
        if (i > 0) // the host's clock meets the device's once a list
            assert_true(timing->start >= p->event[i - 1].timing.end - 1e-3);
    }
    assert_int_equal(p->event[0].size[2], K);
    bough__profile_end(device);
    assert_null(device->profile);
    net_fini(&net);
}

static void sums(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t i = 0; i < count; i++) {
        check_profile(device[i], 1);
        check_profile(device[i], 3);
    }
    assert_int_equal(test_warnings(), 0);
}

static void trace_is_bounded(void **state)
{
    (void)state;
    size_t count;
    struct net net;
    struct bough_device *device = test_devices(&count)[0];
    net_init(&net, device, BOUGH_TRACE_EVENTS / 4);
    assert_ok(bough__profile_begin(device));
    for (int i = 0; i < 3; i++)
        assert_ok(bough__sequence_run(&net.sequence));
    assert_int_equal(device->profile->events, BOUGH_TRACE_EVENTS);
    assert_int_equal(device->profile->row[1].launches, 3 * BOUGH_TRACE_EVENTS / 4);
    net_fini(&net);
    bough__profile_end(device);
}

static void counts(void **state)
{
    (void)state;
    size_t count;
    struct net net;
    struct bough_device *device = test_devices(&count)[0];
    struct bough__counts before = device->counts, *now = &device->counts;
    float c[M * N];
    net_init(&net, device, 2);
    assert_int_equal(now->writes - before.writes, 2);
    assert_int_equal(now->bytes_written - before.bytes_written, 4 * (M * K + K * N));
    assert_ok(bough__sequence_run(&net.sequence));
    assert_ok(bough__read(bough__whole(net.c), c, sizeof c));
    assert_int_equal(now->launches - before.launches, 4);
    assert_int_equal(now->reads - before.reads, 1);
    assert_int_equal(now->bytes_read - before.bytes_read, sizeof c);
    net_fini(&net);
}

// Windows overlap: their bytes are those of the images.
static void windows_are_their_images(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    struct bough__buffer *buffer;
    struct bough__launch *launch;
    assert_ok(bough__buffer_create(&buffer, device, 4096));
    const struct bough__span span = bough__whole(buffer);
    const struct bough__gemm gemm = {
        .m = 4,
        .n = 2 * 9,
        .k = 3 * 9,
        .a = {.data = span, .row.stride = 27, .col.stride = 1},
        .b = {.data = span,
              .kind = BOUGH_WINDOWS,
              .windows = {3, 5, 5, 3, 3, 1, 1, 0, 0, 1, 1, 1, 1, 3, 3, 0, 75}},
        .c = {.data = bough__span_at(span, 2048), .row.stride = 18, .col.stride = 1},
        .beta = 1,
    };
    assert_ok(bough__launch_gemm(&launch, device, &gemm));
    assert_true(launch->flops == 2.0 * 4 * 18 * 27);
    assert_true(launch->bytes == 4.0 * (4 * 27 + 2 * 75 + 2 * 4 * 18));
    bough__launch_destroy(&launch);
    bough__buffer_destroy(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums),
        cmocka_unit_test(trace_is_bounded),
        cmocka_unit_test(counts),
        cmocka_unit_test(windows_are_their_images),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
