// Every weighting, one line each: BOUGH_WEIGHTING(name) for `bough__weighting_<name>`.
BOUGH_WEIGHTING(equal)
BOUGH_WEIGHTING(fixed)
