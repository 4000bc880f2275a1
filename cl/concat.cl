#include "bough.h"

#include "concat_params.h"

ITEM_KERNEL void concat_put(ARG(part), ARG(whole), const ulong count, const struct concat_params p)
{
    VIEW(const float, part);
    VIEW(float, whole);
    for (size_t i = items_begin(count), end = items_end(count); i < end;) {
        const size_t row = (uint)i / (uint)p.size, at = i - row * p.size;
        const size_t length = min(p.size - at, end - i);
        global float *to = whole + row * p.stride + p.at + at;
        APART
        for (size_t j = 0; j < length; j++)
            to[j] = part[i + j];
        i += length;
    }
}

ITEM_KERNEL void concat_take(ARG(whole), ARG(part), const ulong count, const struct concat_params p)
{
    VIEW(const float, whole);
    VIEW(float, part);
    for (size_t i = items_begin(count), end = items_end(count); i < end;) {
        const size_t row = (uint)i / (uint)p.size, at = i - row * p.size;
        const size_t length = min(p.size - at, end - i);
        global const float *from = whole + row * p.stride + p.at + at;
        APART
        for (size_t j = 0; j < length; j++)
            part[i + j] = from[j] + (p.add ? part[i + j] : 0.0f);
        i += length;
    }
}
