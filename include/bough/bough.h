// All of bough.
#ifndef BOUGH_BOUGH_H
#define BOUGH_BOUGH_H

#include <bough/bench.h>
#include <bough/config.h>
#include <bough/dataset.h>
#include <bough/device.h>
#include <bough/model.h>
#include <bough/name.h>
#include <bough/similarity.h>
#include <bough/status.h>
#include <bough/tensor.h>
#include <bough/train.h>
#include <bough/tune.h>
#include <bough/weighting.h>

#endif
