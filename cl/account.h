// What a device keeps of the losses between two log points. C and OpenCL share this file.
#ifndef BOUGH_CL_ACCOUNT_H
#define BOUGH_CL_ACCOUNT_H

struct loss_account {
    float loss;            // sum of mean loss times its weight
    float weight;          // sum of the weights: labelled rows
    float bad_loss;        // the first loss that was not finite
    unsigned int bad_step; // and its step; 0 = none
    // The first step whose gradient was not finite, or its square was not, as far as a weighting
    // sees that; 0 = none.
    unsigned int bad_gradient;
};

struct store_params {
    int width, stride;        // numbers of a row, and of its place
    unsigned int stored_rows; // rows behind it are not stored
};

#endif
