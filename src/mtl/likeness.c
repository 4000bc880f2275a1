#include "mtl/likeness.h"

#include <math.h>
#include <string.h>

void bough__gram_to_cosines(double *gram, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            const double norms = sqrt(gram[i * count + i]) * sqrt(gram[j * count + j]);
            if (i != j)
                gram[i * count + j] =
                    norms > 0 ? fmax(-1, fmin(1, gram[i * count + j] / norms)) : NAN;
        }
    for (size_t i = 0; i < count; i++)
        gram[i * count + i] = gram[i * count + i] > 0 ? 1 : NAN;
}

// ---- Centred kernel alignment ----

static double column_mean(const struct bough__made *made, int64_t rows, int64_t column)
{
    double sum = 0;
    for (int64_t r = 0; r < rows; r++)
        sum += (double)made->x[r * made->width + column];
    return sum / (double)rows;
}

static void centre(const struct bough__made *made, int64_t rows)
{
    for (int64_t c = 0; c < made->width; c++) {
        const double mean = column_mean(made, rows, c);
        for (int64_t r = 0; r < rows; r++) {
            float *x = &made->x[r * made->width + c];
            *x = (float)((double)*x - mean);
        }
    }
}

static double product(const float *a, const float *b, int64_t width)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < width; c++)
        sum += (double)a[c] * (double)b[c];
    return sum;
}

// The products of all XX', seen as vectors, one pair of rows after the other.
void bough__linear_cka(double *alike, double *own, const struct bough__made *made, size_t count,
                       int64_t rows)
{
    memset(alike, 0, count * count * sizeof *alike);
    for (size_t k = 0; k < count; k++)
        centre(&made[k], rows);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j <= i; j++) {
            for (size_t k = 0; k < count; k++) {
                const int64_t width = made[k].width;
                own[k] = product(made[k].x + i * width, made[k].x + j * width, width);
            }
            for (size_t k = 0; k < count; k++)
                for (size_t l = 0; l < count; l++)
                    alike[k * count + l] += (i == j ? 1 : 2) * own[k] * own[l];
        }
    bough__gram_to_cosines(alike, count);
}

// ---- Maximum mean discrepancy ----

static double distance(const float *a, const float *b, int64_t width)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < width; c++) {
        const double d = (double)a[c] - (double)b[c];
        sum += d * d;
    }
    return sum;
}

static double mean_distance(const struct bough__made *a, const struct bough__made *b, int64_t rows)
{
    double sum = 0;
    for (int64_t c = 0; c < a->width; c++) {
        const double mean = (column_mean(a, rows, c) + column_mean(b, rows, c)) / 2;
        for (int64_t r = 0; r < rows; r++) {
            const double x = (double)a->x[r * a->width + c] - mean,
                         y = (double)b->x[r * b->width + c] - mean;
            sum += x * x + y * y;
        }
    }
    return sum * 2 / (double)(2 * rows - 1);
}

// Each width is half of the next: its kernel is the square of that one's.
static double kernel(double distance, double mean)
{
    double value = exp(-distance / (4 * mean)), sum = 0;
    for (int i = 0; i < 5; i++, value *= value)
        sum += value;
    return sum / 5;
}

static double mean_kernel(const struct bough__made *a, const struct bough__made *b, int64_t rows,
                          double mean)
{
    const int same = a == b; // then each pair is met once, and counts twice
    double sum = same ? (double)rows : 0;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < (same ? i : rows); j++)
            sum += (same ? 2 : 1) *
                   kernel(distance(a->x + i * a->width, b->x + j * b->width, a->width), mean);
    return sum / ((double)rows * (double)rows);
}

void bough__mmd_distance(double *far, const struct bough__made *made, size_t count, int64_t rows)
{
    for (size_t k = 0; k < count; k++) {
        far[k * count + k] = 0;
        for (size_t l = 0; l < k; l++) {
            const struct bough__made *a = &made[k], *b = &made[l];
            const double mean = fmax(1e-6, mean_distance(a, b, rows));
            const double square = mean_kernel(a, a, rows, mean) + mean_kernel(b, b, rows, mean) -
                                  2 * mean_kernel(a, b, rows, mean);
            far[k * count + l] = far[l * count + k] = sqrt(fmax(0, square));
        }
    }
}
