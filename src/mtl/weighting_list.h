// Every weighting, one line each: BOUGH_WEIGHTING(name) for `bough__weighting_<name>` in <name>.c.
BOUGH_WEIGHTING(equal)
BOUGH_WEIGHTING(fixed)
BOUGH_WEIGHTING(uncertainty)
BOUGH_WEIGHTING(mgda)
BOUGH_WEIGHTING(graddrop)
