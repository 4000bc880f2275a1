// cl/quick_math.h for C twins.
#ifndef BOUGH_OP_QUICK_MATH_H
#define BOUGH_OP_QUICK_MATH_H

#include "device/device.h"

#include <math.h>

#include "cl/quick_math.h"

#endif
