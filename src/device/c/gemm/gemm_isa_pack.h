// The packing of the fast GEMM, and the padding of images: a part of gemm_isa_body.h, which defines
// the vectors.
#include <string.h>

// ---- Packing lanes that follow one another ----

struct chunk {
    int64_t from; // of the first lane
    int lane;
};

// Cuts the lanes into chunks that are contiguous and no longer than `longest`.
static int find_chunks(struct chunk *chunk, const int64_t *lane, int width, int longest)
{
    int count = 0;
    for (int l = 0; l < width; l++) {
        int new = l == 0 || lane[l] != lane[l - 1] + 1 || l - chunk[count - 1].lane == longest;
        if (new)
            chunk[count++] = (struct chunk){lane[l], l};
    }
    return count;
}

INLINE void move(float *to, const float *from, int floats)
{
    if (floats == 16)
        *(float16 *)to = *(const float16 *)from;
    else if (floats == 8)
        *(float8 *)to = *(const float8 *)from;
    else
        *(float4 *)to = *(const float4 *)from;
}

// A chunk is moved as a whole vector: what it writes too much is written again by the next chunk,
// or by the next row.
INLINE void pack_chunks(float *out, int width, int floats, const float *data,
                        const struct chunk *chunk, int chunks, const struct bough__c_steps *s)
{
    struct chunk own[C_MAX_LANES];
    memcpy(own, chunk, (size_t)chunks * sizeof *chunk);
    for (int64_t k = 0; k < s->count; k++, out += width) {
        const float *from = data + s->step[k];
        EACH (i, chunks)
            move(out + own[i].lane, from + own[i].from, floats);
    }
}

INLINE void pack_by_chunks(float *out, int width, int floats, const float *data,
                           const struct chunk *chunk, int chunks, const struct bough__c_steps *s)
{
    switch (chunks) {
    case 1:
        pack_chunks(out, width, floats, data, chunk, 1, s);
        break;
    case 2:
        pack_chunks(out, width, floats, data, chunk, 2, s);
        break;
    case 3:
        pack_chunks(out, width, floats, data, chunk, 3, s);
        break;
    case 4:
        pack_chunks(out, width, floats, data, chunk, 4, s);
        break;
    default:
        pack_chunks(out, width, floats, data, chunk, chunks, s);
    }
}

// ---- Packing steps that follow one another: transposing ----

INLINE float4 four(const float *from)
{
    return *(const float4 *)from;
}

// Four steps of 4 lanes.
INLINE void transpose4(float *out, int width, const float *data, const int64_t *lane)
{
    float4 x[4];
    EACH (i, 4)
        x[i] = four(data + lane[i]);
    float4 a = SHUFFLE(x[0], x[1], 0, 4, 1, 5), b = SHUFFLE(x[0], x[1], 2, 6, 3, 7);
    float4 c = SHUFFLE(x[2], x[3], 0, 4, 1, 5), d = SHUFFLE(x[2], x[3], 2, 6, 3, 7);
    *(float4 *)out = SHUFFLE(a, c, 0, 1, 4, 5);
    *(float4 *)(out + width) = SHUFFLE(a, c, 2, 3, 6, 7);
    *(float4 *)(out + 2 * width) = SHUFFLE(b, d, 0, 1, 4, 5);
    *(float4 *)(out + 3 * width) = SHUFFLE(b, d, 2, 3, 6, 7);
}

#if LANES >= 8
// Of 8 lanes: x[i] holds lanes i and 4 + i, so that two transposes are done at once.
INLINE void transpose8(float *out, int width, const float *data, const int64_t *lane)
{
    float8 x[4];
#define JOIN8(p, q) SHUFFLE(p, q, 0, 1, 2, 3, 4, 5, 6, 7)
    EACH (i, 4)
        x[i] = JOIN8(four(data + lane[i]), four(data + lane[4 + i]));
#define LOW(p, q)  SHUFFLE(p, q, 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH(p, q) SHUFFLE(p, q, 2, 10, 3, 11, 6, 14, 7, 15)
#define EVEN(p, q) SHUFFLE(p, q, 0, 1, 8, 9, 4, 5, 12, 13)
#define ODD(p, q)  SHUFFLE(p, q, 2, 3, 10, 11, 6, 7, 14, 15)
    float8 a = LOW(x[0], x[1]), b = HIGH(x[0], x[1]), c = LOW(x[2], x[3]), d = HIGH(x[2], x[3]);
    *(float8 *)out = EVEN(a, c);
    *(float8 *)(out + width) = ODD(a, c);
    *(float8 *)(out + 2 * width) = EVEN(b, d);
    *(float8 *)(out + 3 * width) = ODD(b, d);
#undef LOW
#undef HIGH
#undef EVEN
#undef ODD
}
#endif

#if LANES >= 16
// Of 16 lanes: four transposes at once.
INLINE void transpose16(float *out, int width, const float *data, const int64_t *lane)
{
    float16 x[4];
    EACH (i, 4)
        x[i] = SHUFFLE(JOIN8(four(data + lane[i]), four(data + lane[4 + i])),
                       JOIN8(four(data + lane[8 + i]), four(data + lane[12 + i])), //
                       0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#define LOW(p, q)  SHUFFLE(p, q, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define HIGH(p, q) SHUFFLE(p, q, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define EVEN(p, q) SHUFFLE(p, q, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define ODD(p, q)  SHUFFLE(p, q, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
    float16 a = LOW(x[0], x[1]), b = HIGH(x[0], x[1]), c = LOW(x[2], x[3]), d = HIGH(x[2], x[3]);
    *(float16 *)out = EVEN(a, c);
    *(float16 *)(out + width) = ODD(a, c);
    *(float16 *)(out + 2 * width) = EVEN(b, d);
    *(float16 *)(out + 3 * width) = ODD(b, d);
#undef LOW
#undef HIGH
#undef EVEN
#undef ODD
}
#endif

// A short group writes rows too many; the next group writes them again.
INLINE void pack_by_groups(float *out, int width, int lanes, const float *data, const int64_t *lane,
                           const struct bough__c_steps *s)
{
    for (int64_t g = 0; g < s->groups; g++) {
        int64_t k = s->group[g];
        for (int l = 0; l < width; l += lanes) {
            float *to = out + k * width + l;
            const float *from = data + s->step[k];
#if LANES >= 16
            if (lanes == 16) {
                transpose16(to, width, from, lane + l);
                continue;
            }
#endif
#if LANES >= 8
            transpose8(to, width, from, lane + l);
#else
            transpose4(to, width, from, lane + l);
#endif
        }
    }
}

// `width` is a constant in each call, so that all loops over it unfold.
INLINE void pack_width(float *out, int width, const float *data, const int64_t *lane,
                       const struct bough__c_steps *s)
{
    const int longest = width < 16 ? width : 16, lanes = LANES < width ? LANES : width;
    struct chunk chunk[C_MAX_LANES];
    int chunks = find_chunks(chunk, lane, width, longest);
    // About the cycles of each way.
    if (2 * chunks * s->count <= width * s->groups)
        pack_by_chunks(out, width, longest, data, chunk, chunks, s);
    else
        pack_by_groups(out, width, lanes, data, lane, s);
}

static void pack(float *out, int width, const float *data, const int64_t *lane,
                 const struct bough__c_steps *s)
{
    if (width == 2 * LANES)
        pack_width(out, 2 * LANES, data, lane, s);
    else if (width == LANES)
        pack_width(out, LANES, data, lane, s);
    else
        pack_width(out, PANEL_ROWS, data, lane, s);
}

// ---- Padding an image ----

#if MASKS
// Of the vector from `at` on of a row, the lanes that are not padding.
INLINE __mmask16 inside(int64_t at, int64_t before, int64_t count)
{
    const int64_t first = before > at ? before - at : 0, end = before + count - at;
    if (first >= 16 || end <= first)
        return 0;
    return (__mmask16)((0xffffu << first) & ((1u << (end < 16 ? end : 16)) - 1));
}

// Without a lane that is inside, that may be far from the image, and nothing is read.
INLINE __m512 load_inside(__mmask16 lanes, const float *from)
{
    return lanes ? _mm512_maskz_loadu_ps(lanes, from) : _mm512_setzero_ps();
}

INLINE void pad_vectors(float *out, int64_t rows, int64_t before, int64_t count, int64_t width,
                        const float *data, int64_t stride, int vectors)
{
    const __mmask16 first = inside(0, before, count), second = inside(16, before, count);
    for (data -= before; rows > 0; rows--, data += stride, out += width) {
        __builtin_prefetch(data + 1024); // of the next channels
        _mm512_storeu_ps(out, load_inside(first, data));
        if (vectors == 2)
            _mm512_storeu_ps(out + 16, load_inside(second, data + 16));
    }
}

static void pad(float *out, int64_t rows, int64_t before, int64_t count, int64_t after,
                const float *data, int64_t stride)
{
    const int64_t width = before + count + after;
    if (width <= 32) {
        pad_vectors(out, rows, before, count, width, data, stride, width <= 16 ? 1 : 2);
        return;
    }
    for (; rows > 0; rows--, data += stride, out += width) {
        __builtin_prefetch(data + 1024);
        for (int64_t at = 0; at < width; at += 16)
            _mm512_storeu_ps(out + at, load_inside(inside(at, before, count), data - before + at));
    }
}
#else
INLINE void zeros(float *out, int64_t count)
{
    for (int64_t i = 0; i < count; i += 16)
        *(float16 *)(out + i) = (float16){0};
}

static void pad(float *out, int64_t rows, int64_t before, int64_t count, int64_t after,
                const float *data, int64_t stride)
{
    for (; rows > 0; rows--, data += stride) {
        zeros(out, before);
        out += before;
        for (int64_t i = 0; i < count; i += 16)
            *(float16 *)(out + i) = *(const float16 *)(data + i);
        out += count;
        zeros(out, after);
        out += after;
    }
}
#endif
