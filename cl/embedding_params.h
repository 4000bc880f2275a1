// What the kernels of embedding, one_hot and table are told, in C and in OpenCL.
#ifndef BOUGH_CL_EMBEDDING_PARAMS_H
#define BOUGH_CL_EMBEDDING_PARAMS_H

// The id of row n is x[n * x_step + x_at], its vector y[n * y_step + y_at + 0..width-1].
struct embedding_params {
    int rows, width, vocabulary;
    int x_step, x_at, y_step, y_at;
    int numbers; // 1: ids stand as floats, NaN is id 0
    int padding; // 1: id 0 gives zeros and has no gradient
    int share;   // of the backward kernel: rows of the weight that a row of the launch writes
    int add;     // likewise, 1: += instead of =
};

// What one launch takes of a table's columns of classes: x [rows, x_step], y [rows, y_step].
enum { TABLE_WEIGHTS = 7 };
struct table_params {
    int rows, x_step, y_step;
    int add; // of the backward kernel: bit k = += of weight k
    int vocabulary[TABLE_WEIGHTS], width[TABLE_WEIGHTS];
    int x_at[TABLE_WEIGHTS], y_at[TABLE_WEIGHTS];
};

// Columns first.. of x [N, columns] to `at`.. of y [N, width]: each a number, 0 where it is
// missing, and with `masks` 1 behind it where it is, else 0.
struct table_numbers_params {
    int columns, first, count, masks, width, at;
};

// An id that is not of the vocabulary is 1, unknown.
static inline int embedding_id(int id, int vocabulary)
{
    const int unknown = vocabulary > 1 ? 1 : 0;
    return id >= 0 && id < vocabulary ? id : unknown;
}

static inline int embedding_id_of(float number, int vocabulary)
{
    if (number != number)
        return 0;
    return embedding_id(number >= 0 && number < (float)vocabulary ? (int)number : -1, vocabulary);
}

#endif
