// What every OpenCL kernel of bough starts from.
//
// A backend builds a family with -DBOUGH_GROUP=<work-items of a group>, 1 on CPU devices.
//
//   ITEM_KERNEL void relu(ARG(x), ARG(y), const ulong count)
//   {
//       VIEW(const float, x);
//       VIEW(float, y);
//       EACH_ITEM (i)
//           y[i] = x[i] < 0.0f ? 0.0f : x[i];
//   }
//
// Items: EACH_ITEM is a loop over those of 0..count-1 that are this work-item's: one or none on
// GPUs, a stretch on CPU devices, whose compilers turn plain loops into vectors. Read what is the
// same for all items before it. No item reads what another writes.
//
// Rows: there are exactly `count` groups of BOUGH_GROUP items, so no item leaves before a barrier;
// a row kernel is declared with ROW_KERNEL and walks its row by
// `for (i = get_local_id(0); i < n; i += BOUGH_GROUP)`.
//
// Short rows, of BOUGH_GRID_SHORT_ROWS: EACH_ROW is a loop over the group's rows: one on GPUs, a
// stretch on CPU devices, where a group each would take longer than its row.
//
// APART before a loop says that its turns are independent. A block that begins with ANY_ORDER lets
// CPU devices add by vectors: in another order, but always in the same.
#ifndef BOUGH_CL_BOUGH_H
#define BOUGH_CL_BOUGH_H

#ifndef BOUGH_GROUP
#define BOUGH_GROUP 1
#endif

// A buffer and the place in it, in bytes, or a pointer there; HAS is false of an absent argument.
// The second dimension of a launch is a stack: `_at.y` bytes further on lies the next one's. A
// driver copies every argument at every launch: few of them are quick. The kernels of GEMM have
// dimensions of their own (BOUGH_NO_STACK).
#if defined BOUGH_NO_STACK && defined BOUGH_POINTERS
#define ARG(name)    global char *name##_base
#define HAS(name)    (name##_base != 0)
#define AT(base, at) (base)
#elif defined BOUGH_NO_STACK
#define ARG(name)    global char *name##_base, const ulong name##_at
#define HAS(name)    (name##_base != 0)
#define AT(base, at) (base + at)
#elif defined BOUGH_POINTERS
#define ARG(name)    const ulong2 name##_at
#define HAS(name)    (name##_at.x != 0)
#define AT(base, at) ((global char *)(at.x + get_group_id(1) * at.y))
#else
#define ARG(name)    global char *name##_base, const ulong2 name##_at
#define HAS(name)    (name##_base != 0)
#define AT(base, at) (base + at.x + get_group_id(1) * at.y)
#endif
// A driver may have made a macro of the name: it is pasted before it is anything else.
#define PLACE(name)      AT(name##_base, name##_at)
#define VIEW(type, name) global type *name = (global type *)AT(name##_base, name##_at)

#define ROW_KERNEL kernel __attribute__((reqd_work_group_size(BOUGH_GROUP, 1, 1)))

// A long function. PoCL builds a kernel and all that it inlines three times, this once.
#define ONCE __attribute__((noinline)) static

// A loop of few turns, a constant number, that is not left one: a loop around it can become
// vectors.
#define EACH(i, count) _Pragma("unroll") for (int i = 0; i < (count); i++)

#define EACH_ITEM(i)                                                                               \
    APART                                                                                          \
    for (size_t i = items_begin(count), end_##i = items_end(count); i < end_##i; i++)

#define EACH_ROW(row)                                                                              \
    for (size_t row = rows_begin(count), end_##row = rows_end(count); row < end_##row; row++)

#if BOUGH_GROUP == 1
// Whether a loop becomes vectors shows when it is built for a size of group, not before.
#pragma clang diagnostic ignored "-Wpass-failed"
#define ITEM_KERNEL ROW_KERNEL
#define APART       _Pragma("clang loop vectorize(assume_safety)")
#define ANY_ORDER   _Pragma("clang fp reassociate(on)")

// A work-item's stretch begins at a multiple of 16: a cache line of floats has one writer.
static inline size_t items_begin(ulong count)
{
    const size_t groups = get_num_groups(0);
    const size_t stretch = ((count + groups - 1) / groups + 15) / 16 * 16;
    return min(get_group_id(0) * stretch, (size_t)count);
}

static inline size_t items_end(ulong count)
{
    const size_t groups = get_num_groups(0);
    const size_t stretch = ((count + groups - 1) / groups + 15) / 16 * 16;
    return min((get_group_id(0) + 1) * stretch, (size_t)count);
}

#define rows_begin(count) (get_group_id(0) * (size_t)(count) / get_num_groups(0))
#define rows_end(count)   ((get_group_id(0) + 1) * (size_t)(count) / get_num_groups(0))
#else
#define ITEM_KERNEL kernel
#define APART
#define ANY_ORDER

static inline size_t items_begin(ulong count)
{
    return get_global_id(0);
}

static inline size_t items_end(ulong count)
{
    return min(get_global_id(0) + 1, (size_t)count);
}

#define rows_begin(count) get_group_id(0)
#define rows_end(count)   (get_group_id(0) + 1)
#endif

// Sum and maximum over a group, the same to every item, in a fixed order. `scratch` is
// `local float scratch[BOUGH_GROUP];` of the kernel. Called by all items of the group.
#if BOUGH_GROUP == 1
#define GROUP_SUM(value, scratch) ((void)(scratch), (value))
#define GROUP_MAX(value, scratch) ((void)(scratch), (value))
#else
static inline float group_sum(float value, local float *scratch)
{
    const int id = get_local_id(0);
    barrier(CLK_LOCAL_MEM_FENCE);
    scratch[id] = value;
    for (int half_size = BOUGH_GROUP / 2; half_size > 0; half_size /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (id < half_size)
            scratch[id] += scratch[id + half_size];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    return scratch[0];
}

static inline float group_max(float value, local float *scratch)
{
    const int id = get_local_id(0);
    barrier(CLK_LOCAL_MEM_FENCE);
    scratch[id] = value;
    for (int half_size = BOUGH_GROUP / 2; half_size > 0; half_size /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (id < half_size)
            scratch[id] = fmax(scratch[id], scratch[id + half_size]);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    return scratch[0];
}

#define GROUP_SUM(value, scratch) group_sum(value, scratch)
#define GROUP_MAX(value, scratch) group_max(value, scratch)
#endif

#endif
