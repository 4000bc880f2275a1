// What every OpenCL kernel of bough starts from.
//
// A backend builds a family with -DBOUGH_GROUP=<work-items of a group>, 1 on CPU devices.
//
//   kernel void relu_fwd(ARG(x), ARG(y), const ulong count)
//   {
//       VIEW(const float, x);
//       VIEW(float, y);
//       const size_t i = get_global_id(0);
//       if (i < count)
//           y[i] = x[i] < 0.0f ? 0.0f : x[i];
//   }
//
// Items: the global size is rounded up, so an item tests `count`. Rows: there are exactly `count`
// groups of BOUGH_GROUP items, so no item leaves before a barrier; a row kernel is declared with
// ROW_KERNEL and walks its row by `for (i = get_local_id(0); i < n; i += BOUGH_GROUP)`.
#ifndef BOUGH_CL_BOUGH_H
#define BOUGH_CL_BOUGH_H

#ifndef BOUGH_GROUP
#define BOUGH_GROUP 1
#endif

// A buffer and the place in it, in bytes. An absent argument is NULL.
#define ARG(name)        global char *name##_base, const ulong name##_at
#define VIEW(type, name) global type *name = (global type *)(name##_base + name##_at)

#define ROW_KERNEL kernel __attribute__((reqd_work_group_size(BOUGH_GROUP, 1, 1)))

// Sum and maximum over a group, the same to every item, in a fixed order. `scratch` is
// `local float scratch[BOUGH_GROUP];` of the kernel. Called by all items of the group.
#if BOUGH_GROUP == 1
#define GROUP_SUM(value, scratch) ((void)(scratch), (value))
#define GROUP_MAX(value, scratch) ((void)(scratch), (value))
#else
static static inline float group_sum(float value, local float *scratch)
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

static static inline float group_max(float value, local float *scratch)
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
