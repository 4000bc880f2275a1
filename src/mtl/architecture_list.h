// Every architecture, one line each: BOUGH_ARCHITECTURE(name) for `bough__architecture_<name>`.
BOUGH_ARCHITECTURE(hard_sharing)
BOUGH_ARCHITECTURE(soft_sharing)
BOUGH_ARCHITECTURE(omoe)
BOUGH_ARCHITECTURE(mmoe)
BOUGH_ARCHITECTURE(dselect_k)
BOUGH_ARCHITECTURE(cgc)
BOUGH_ARCHITECTURE(ple)
BOUGH_ARCHITECTURE(ltb)
