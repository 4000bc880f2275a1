// Every schedule, one line each: BOUGH_SCHEDULE(name) for `bough__schedule_<name>`.
BOUGH_SCHEDULE(constant)
BOUGH_SCHEDULE(step)
BOUGH_SCHEDULE(exponential)
BOUGH_SCHEDULE(cosine)
BOUGH_SCHEDULE(plateau)
