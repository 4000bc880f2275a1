// Predicts rows that are in memory, with a trained model and nothing else.
// usage: predict MODEL NUMBER... (the input of one row after the other)
#include <bough/bough.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct bough_model *model = NULL;
    if (argc < 2 || bough_model_open(&model, argv[1], NULL))
        return fprintf(stderr, "%s\n",
                       argc < 2 ? "usage: predict MODEL NUMBER..." : bough_last_error()),
               1;
    if (bough_model_inputs(model) != 1)
        return fprintf(stderr, "%d inputs; wanted a model of one\n",
                       (int)bough_model_inputs(model)),
               1;
    size_t tasks = bough_model_outputs(model);
    int64_t width = bough_shape_elements(&bough_model_input(model, 0)->shape),
            rows = (argc - 2) / width;
    float *x = malloc((size_t)argc * sizeof *x), **scores = malloc(tasks * sizeof *scores);
    if (rows * width != argc - 2)
        return fprintf(stderr, "%d numbers; a row has %d\n", argc - 2, (int)width), 1;
    for (int i = 2; i < argc; i++)
        x[i - 2] = strtof(argv[i], NULL);
    for (size_t t = 0; t < tasks; t++)
        scores[t] =
            malloc((size_t)(rows * bough_model_output(model, t)->width) * sizeof(float) + 1);
    if (bough_model_run(model, scores, &(struct bough_rows){.data = x, .dtype = BOUGH_F32}, rows))
        return fprintf(stderr, "%s\n", bough_last_error()), 1;
    for (size_t t = 0; t < tasks; t++) {
        const struct bough_output *output = bough_model_output(model, t);
        bough_model_probabilities(model, t, scores[t], rows);
        for (int64_t i = 0; i < rows * output->width; i++)
            printf("%s, row %d%s%s: %g\n", output->task, (int)(i / output->width),
                   output->classes ? ", " : "",
                   output->classes ? output->classes[i % output->width] : "", scores[t][i]);
        free(scores[t]);
    }
    free(scores);
    free(x);
    bough_model_close(&model);
}
