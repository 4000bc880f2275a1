// lstm and gru: the walk of a block of rows over its positions. Each step does the block's rows
// that have a position left; a product of some rows in registers with a panel of weight_hh, packed
// for some units, ends in their cells. A row's numbers depend on no other row.

#if LANES == 8
#define FEW_ROWS 2 // times 4 vectors, or half as many of twice the rows: half of the registers
#else
#define FEW_ROWS 4
#endif

// ---- Positions ----

// Of a row's step, from its block's first position.
BODY size_t OF(position_of)(const struct recurrent_block *b, int row, int step)
{
    const int t = b->reversed ? b->own[row] - 1 - step : step;
    return (size_t)row * b->length + t;
}

BODY int OF(find_active)(int *active, const struct recurrent_block *b, int step)
{
    int count = 0;
    for (int r = 0; r < b->rows; r++)
        if (b->own[r] > step)
            active[count++] = r;
    return count;
}

// `lengths` may be absent; those of the block begin there.
BODY void OF(block_begin)(struct recurrent_block *b, GLOBAL const int *lengths)
{
    b->wide = (b->units + 2 * LANES - 1) / (2 * LANES) * (2 * LANES);
    b->longest = 0;
    for (int r = 0; r < b->rows; r++) {
        int own = lengths ? lengths[r] : b->length;
        own = own < 0 ? 0 : own > b->length ? b->length : own;
        b->own[r] = own;
        b->longest = own > b->longest ? own : b->longest;
    }
}

// ---- Products ----

// sum[row][vector] += the sum over k of x[row][k] * packed[k][vector]
BODY void OF(multiply)(VECTOR *sum, int rows, int vectors, GLOBAL const float *const *x,
                       GLOBAL const float *packed, int depth)
{
    for (int k = 0; k < depth; k++) {
        VECTOR w[LSTM_GATES];
        UNROLLED(v, vectors)
        w[v] = LOAD(packed + (k * vectors + v) * LANES);
        UNROLLED(r, rows)
        UNROLLED(v, vectors)
        sum[r * vectors + v] += x[r][k] * w[v];
    }
}

// packed[units by LANES][unit before][gate][LANES]: what goes into a unit
BODY void OF(pack_forward)(GLOBAL float *packed, GLOBAL const float *w, int units, int gates,
                           int block)
{
    const int first = block * LANES;
    GLOBAL float *to = packed + (size_t)first * units * gates;
    for (int k = 0; k < units; k++)
        for (int g = 0; g < gates; g++, to += LANES)
            PACK_LANES(to, first, units, w[((size_t)g * units + unit) * units + k])
}

// packed[units by 2 * LANES][gate and unit behind][2 * LANES]: what comes back to a unit
BODY void OF(pack_backward)(GLOBAL float *packed, GLOBAL const float *w, int units, int gates,
                            int block)
{
    const int first = block * LANES, depth = gates * units;
    GLOBAL float *to = packed + (size_t)(block / 2) * 2 * LANES * depth + block % 2 * LANES;
    for (int k = 0; k < depth; k++, to += 2 * LANES) {
        VECTOR some;
        OF(take)(&some, w + (size_t)k * units + first, units - first);
        LANES_AT(to) = some;
    }
}

// ---- lstm ----

// Their sums become the gates: one division gives all four.
BODY void OF(lstm_gates)(VECTOR *gate)
{
    VECTOR i = gate[0], f = gate[1], g, o = gate[3];
    OF(sigmoid_divisor)(&i);
    OF(sigmoid_divisor)(&f);
    OF(tanh_divisor)(&g, &gate[2]);
    OF(sigmoid_divisor)(&o);
    const VECTOR i_f = i * f, g_o = g * o, all = 1.0f / (i_f * g_o);
    const VECTOR part_g = all * i_f * o, part_i = all * g_o;
    OF(tanh_from)(&gate[2], &gate[2], &part_g);
    gate[0] = part_i * f;
    gate[1] = part_i * i;
    gate[3] = all * i_f * g;
}

BODY void OF(lstm_cell)(const struct recurrent_block *b, VECTOR *gate, int row, int step, int unit)
{
    const int left = b->units - unit, size = b->rows * b->wide;
    const size_t position = OF(position_of)(b, row, step);
    GLOBAL float *state = b->state + row * b->wide + unit;
    GLOBAL float *saved = b->saved + position * LSTM_SAVES * b->units + unit;
    VECTOR h = ALL(0.0f), cell = ALL(0.0f), divisor, curved;
    OF(lstm_gates)(gate);
    UNROLLED(g, LSTM_GATES)
    OF(put)(saved + g * b->units, &gate[g], left);
    if (step > 0) {
        cell = LANES_AT(state + 2 * size);
        h = LANES_AT(state + step % 2 * size);
    }
    OF(put)(saved + 4 * b->units, &cell, left);
    OF(put)(saved + 6 * b->units, &h, left);
    cell = gate[1] * cell + gate[0] * gate[2];
    OF(tanh_divisor)(&divisor, &cell);
    divisor = 1.0f / divisor;
    OF(tanh_from)(&curved, &cell, &divisor);
    OF(put)(saved + 5 * b->units, &curved, left);
    h = gate[3] * curved;
    LANES_AT(state + 2 * size) = cell;
    LANES_AT(state + (1 - step % 2) * size) = h;
    OF(put)(b->y + position * b->y_step + unit, &h, left);
}

TILE void OF(lstm_slope)(const struct recurrent_block *b, int row, int step, int unit)
{
    const int left = b->units - unit, size = b->rows * b->wide;
    const size_t position = OF(position_of)(b, row, step);
    GLOBAL float *state = b->state + row * b->wide + unit;
    GLOBAL const float *saved = b->saved + position * LSTM_SAVES * b->units + unit;
    VECTOR save[LSTM_SAVES - 1], dh, dgate[LSTM_GATES];
    UNROLLED(i, LSTM_SAVES - 1)
    OF(take)(&save[i], saved + i * b->units, left);
    OF(take)(&dh, b->dy + position * b->y_step + unit, left);
    dh += LANES_AT(state);
    const VECTOR i = save[0], f = save[1], g = save[2], o = save[3], curved = save[5];
    const VECTOR dcell = LANES_AT(state + size) + dh * o * (1.0f - curved * curved);
    dgate[0] = dcell * g * i * (1.0f - i);
    dgate[1] = dcell * save[4] * f * (1.0f - f);
    dgate[2] = dcell * i * (1.0f - g * g);
    dgate[3] = dh * curved * o * (1.0f - o);
    LANES_AT(state) = ALL(0.0f);
    LANES_AT(state + size) = dcell * f;
    GLOBAL float *own = b->state + 2 * size + row * LSTM_GATES * b->units + unit;
    UNROLLED(j, LSTM_GATES)
    {
        OF(put)(own + j * b->units, &dgate[j], left);
        OF(put)(b->dgates + position * b->gx_step + j * b->units + unit, &dgate[j], left);
    }
}

// ---- gru ----

// sum: of r, z, and of what r is multiplied by.
BODY void OF(gru_cell)(const struct recurrent_block *b, VECTOR *sum, int row, int step, int unit)
{
    const int left = b->units - unit, size = b->rows * b->wide;
    const size_t position = OF(position_of)(b, row, step);
    GLOBAL float *state = b->state + row * b->wide + unit;
    GLOBAL float *saved = b->saved + position * GRU_SAVES * b->units + unit;
    VECTOR r = sum[0], z = sum[1], n, before = ALL(0.0f), divisor;
    OF(sigmoid_divisor)(&r);
    OF(sigmoid_divisor)(&z);
    const VECTOR both = 1.0f / (r * z), open = both * z;
    z = both * r;
    OF(take)(&n, b->gx + position * b->gx_step + 2 * b->units + unit, left);
    n += open * sum[2];
    OF(tanh_divisor)(&divisor, &n);
    divisor = 1.0f / divisor;
    OF(tanh_from)(&n, &n, &divisor);
    if (step > 0)
        before = LANES_AT(state + step % 2 * size);
    const VECTOR h = n + z * (before - n);
    OF(put)(saved, &open, left);
    OF(put)(saved + b->units, &z, left);
    OF(put)(saved + 2 * b->units, &n, left);
    OF(put)(saved + 3 * b->units, &sum[2], left);
    OF(put)(saved + 4 * b->units, &before, left);
    LANES_AT(state + (1 - step % 2) * size) = h;
    OF(put)(b->y + position * b->y_step + unit, &h, left);
}

TILE void OF(gru_slope)(const struct recurrent_block *b, int row, int step, int unit)
{
    const int left = b->units - unit, size = b->rows * b->wide;
    const size_t position = OF(position_of)(b, row, step);
    GLOBAL float *state = b->state + row * b->wide + unit;
    GLOBAL const float *saved = b->saved + position * GRU_SAVES * b->units + unit;
    VECTOR save[GRU_SAVES], dh, dgate[GRU_GATES];
    UNROLLED(i, GRU_SAVES)
    OF(take)(&save[i], saved + i * b->units, left);
    OF(take)(&dh, b->dy + position * b->y_step + unit, left);
    dh += LANES_AT(state);
    const VECTOR r = save[0], z = save[1], n = save[2], before = save[4];
    VECTOR dn = dh * (1.0f - z) * (1.0f - n * n);
    dgate[0] = dn * save[3] * r * (1.0f - r);
    dgate[1] = dh * (before - n) * z * (1.0f - z);
    dgate[2] = dn * r;
    LANES_AT(state) = dh * z;
    GLOBAL float *own = b->state + 2 * size + row * GRU_GATES * b->units + unit;
    const size_t at = position * b->gx_step + unit;
    UNROLLED(j, GRU_GATES)
    {
        OF(put)(own + j * b->units, &dgate[j], left);
        OF(put)(b->dgates + at + j * b->units, &dgate[j], left);
    }
    dgate[2] = dn;
    UNROLLED(j, GRU_GATES)
    if (b->dgx)
        OF(put)(b->dgx + at + j * b->units, &dgate[j], left);
}

// ---- Steps ----

BODY void OF(forward_tile)(const struct recurrent_block *b, const int *row, int rows, int gates,
                           int step, int unit)
{
    const int left = b->units - unit;
    VECTOR sum[FEW_ROWS * LSTM_GATES];
    GLOBAL const float *h[FEW_ROWS];
    UNROLLED(r, rows)
    {
        GLOBAL const float *gx = b->gx + OF(position_of)(b, row[r], step) * b->gx_step + unit;
        h[r] = b->state + step % 2 * b->rows * b->wide + row[r] * b->wide;
        UNROLLED(g, gates)
        OF(take)
        (&sum[r * gates + g], gates == GRU_GATES && g == 2 ? b->bias + unit : gx + g * b->units,
         left);
    }
    if (step > 0)
        OF(multiply)(sum, rows, gates, h, b->packed + (size_t)unit * b->units * gates, b->units);
    UNROLLED(r, rows)
    {
        if (gates == GRU_GATES)
            OF(gru_cell)(b, sum + r * gates, row[r], step, unit);
        else
            OF(lstm_cell)(b, sum + r * gates, row[r], step, unit);
    }
}

#define FORWARD_TILE(name, rows, gates)                                                            \
    TILE void OF(name)(const struct recurrent_block *b, const int *row, int step, int unit)        \
    {                                                                                              \
        OF(forward_tile)(b, row, rows, gates, step, unit);                                         \
    }
FORWARD_TILE(lstm_few, FEW_ROWS, LSTM_GATES)
FORWARD_TILE(lstm_one, 1, LSTM_GATES)
FORWARD_TILE(gru_few, FEW_ROWS, GRU_GATES)
FORWARD_TILE(gru_one, 1, GRU_GATES)

BODY void OF(forward_units)(const struct recurrent_block *b, const int *active, int count,
                            int gates, int step, int unit)
{
    int i = 0;
    for (; i + FEW_ROWS <= count; i += FEW_ROWS) {
        if (gates == GRU_GATES)
            OF(gru_few)(b, active + i, step, unit);
        else
            OF(lstm_few)(b, active + i, step, unit);
    }
    for (; i < count; i++) {
        if (gates == GRU_GATES)
            OF(gru_one)(b, active + i, step, unit);
        else
            OF(lstm_one)(b, active + i, step, unit);
    }
}

BODY void OF(forward_sweep)(const struct recurrent_block *b, int gates)
{
    int active[RECURRENT_MOST_ROWS];
    for (int step = 0; step < b->longest; step++) {
        const int count = OF(find_active)(active, b, step);
        for (int unit = 0; unit < b->units; unit += LANES)
            OF(forward_units)(b, active, count, gates, step, unit);
        STEP_DONE;
    }
}

// dh of the position before, of two vectors of units: what stands in the state and what dgates
// bring.
BODY void OF(carry_tile)(const struct recurrent_block *b, const int *row, int rows, int unit)
{
    VECTOR sum[2 * FEW_ROWS * 2];
    GLOBAL const float *dgate[2 * FEW_ROWS];
    const int depth = b->gates * b->units;
    UNROLLED(r, rows)
    {
        dgate[r] = b->state + 2 * b->rows * b->wide + row[r] * depth;
        UNROLLED(v, 2)
        sum[r * 2 + v] = LANES_AT(b->state + row[r] * b->wide + unit + v * LANES);
    }
    OF(multiply)(sum, rows, 2, dgate, b->packed + (size_t)unit * depth, depth);
    UNROLLED(r, rows)
    UNROLLED(v, 2)
    LANES_AT(b->state + row[r] * b->wide + unit + v * LANES) = sum[r * 2 + v];
}

#define CARRY_TILE(name, rows)                                                                     \
    TILE void OF(name)(const struct recurrent_block *b, const int *row, int unit)                  \
    {                                                                                              \
        OF(carry_tile)(b, row, rows, unit);                                                        \
    }
CARRY_TILE(carry_many, 2 * FEW_ROWS)
CARRY_TILE(carry_few, FEW_ROWS / 2)
CARRY_TILE(carry_one, 1)

BODY void OF(carry)(const struct recurrent_block *b, const int *active, int count)
{
    for (int unit = 0; unit < b->units; unit += 2 * LANES) {
        int i = 0;
        for (; i + 2 * FEW_ROWS <= count; i += 2 * FEW_ROWS)
            OF(carry_many)(b, active + i, unit);
        for (; i + FEW_ROWS / 2 <= count; i += FEW_ROWS / 2)
            OF(carry_few)(b, active + i, unit);
        for (; i < count; i++)
            OF(carry_one)(b, active + i, unit);
    }
}

BODY void OF(backward_sweep)(const struct recurrent_block *b, int gates)
{
    int active[RECURRENT_MOST_ROWS];
    OF(put_zeros)(b->state, 2 * b->rows * b->wide);
    for (int step = b->longest - 1; step >= 0; step--) {
        const int count = OF(find_active)(active, b, step);
        for (int i = 0; i < count; i++)
            for (int unit = 0; unit < b->units; unit += LANES) {
                if (gates == GRU_GATES)
                    OF(gru_slope)(b, active[i], step, unit);
                else
                    OF(lstm_slope)(b, active[i], step, unit);
            }
        STEP_DONE;
        if (step > 0)
            OF(carry)(b, active, count);
        STEP_DONE;
    }
}

// ---- Padding ----

// Zeros in what the forward pass writes of positions behind a row's last.
BODY void OF(forward_padding)(const struct recurrent_block *b)
{
    for (int r = 0; r < b->rows; r++)
        for (int t = b->own[r]; t < b->length; t++) {
            const size_t at = (size_t)r * b->length + t;
            OF(put_zeros)(b->y + at * b->y_step, b->units);
            OF(put_zeros)(b->saved + (at * b->saves + b->saves - 1) * b->units, b->units);
        }
}

BODY void OF(backward_padding)(const struct recurrent_block *b)
{
    for (int r = 0; r < b->rows; r++)
        for (int t = b->own[r]; t < b->length; t++) {
            const size_t at = ((size_t)r * b->length + t) * b->gx_step;
            OF(put_zeros)(b->dgates + at, b->gates * b->units);
            if (b->dgx)
                OF(put_zeros)(b->dgx + at, b->gates * b->units);
        }
}

#ifndef __OPENCL_VERSION__
#undef FEW_ROWS
#undef FORWARD_TILE
#undef CARRY_TILE
#undef PACK_LANES
#undef STEP_DONE
#undef ALL
#undef CHOOSE
#undef OF_BITS
#undef TO_BITS
#undef LOAD
#undef OWN
#undef LANES_AT
#undef VECTOR
#undef TILE
#undef BODY
#undef OF
#undef PASTE
#undef PASTE_
#undef LANES
#endif
