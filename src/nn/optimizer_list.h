// Every optimizer, one line each: BOUGH_OPTIMIZER(name) for `bough__optimizer_<name>`.
BOUGH_OPTIMIZER(sgd)
BOUGH_OPTIMIZER(adam)
BOUGH_OPTIMIZER(adamw)
BOUGH_OPTIMIZER(rmsprop)
BOUGH_OPTIMIZER(adagrad)
