// Adam for a number that a weighting learns by itself, beside the model's optimizer.
#ifndef BOUGH_MTL_ADAM_H
#define BOUGH_MTL_ADAM_H

// Doubles alone, all 0 before the first step but for x: it may stand in a weighting's state.
struct bough__adam {
    double x; // what is learned
    double mean, square, steps;
};

// Kingma, Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015: betas 0.9 and 0.999, eps
// 1e-8.
void bough__adam_step(struct bough__adam *adam, double gradient, double lr);

#endif
