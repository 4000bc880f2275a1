// Every regime, one line each: BOUGH_REGIME(name) for `bough__regime_<name>`.
BOUGH_REGIME(joint)
BOUGH_REGIME(independent)
BOUGH_REGIME(parallel)
BOUGH_REGIME(sequential)
BOUGH_REGIME(alternating)
