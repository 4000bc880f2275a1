// Every weighting, one line each, for `bough__weighting_<name>` in <name>.c:
// BOUGH_LOSS_WEIGHTING(name) of one that goes by the losses or by nothing, BOUGH_WEIGHTING(name) of
// one that goes by the tasks' gradients. Where the first is not defined it is the second.
#ifndef BOUGH_LOSS_WEIGHTING
#define BOUGH_LOSS_WEIGHTING(name) BOUGH_WEIGHTING(name)
#endif
BOUGH_LOSS_WEIGHTING(equal)
BOUGH_LOSS_WEIGHTING(fixed)
BOUGH_LOSS_WEIGHTING(uncertainty)
BOUGH_LOSS_WEIGHTING(scale_invariant)
BOUGH_LOSS_WEIGHTING(geometric)
BOUGH_LOSS_WEIGHTING(dwa)
BOUGH_LOSS_WEIGHTING(rlw)
BOUGH_LOSS_WEIGHTING(lbtw)
BOUGH_LOSS_WEIGHTING(stch)
BOUGH_LOSS_WEIGHTING(chebyshev)
BOUGH_LOSS_WEIGHTING(cosmos)
BOUGH_LOSS_WEIGHTING(pbi)
BOUGH_LOSS_WEIGHTING(famo)
BOUGH_WEIGHTING(mgda)
BOUGH_WEIGHTING(pcgrad)
BOUGH_WEIGHTING(graddrop)
BOUGH_WEIGHTING(trimmed_mean)
BOUGH_WEIGHTING(dbmtl)
BOUGH_WEIGHTING(cagrad)
BOUGH_WEIGHTING(nash)
BOUGH_WEIGHTING(fairgrad)
BOUGH_WEIGHTING(excess)
BOUGH_WEIGHTING(metabalance)
BOUGH_WEIGHTING(moco)
BOUGH_WEIGHTING(krum)
#undef BOUGH_LOSS_WEIGHTING
