// Every initialiser, one line each: BOUGH_INIT(name) for `bough__init_<name>`.
BOUGH_INIT(kaiming_uniform)
BOUGH_INIT(kaiming_normal)
BOUGH_INIT(xavier_uniform)
BOUGH_INIT(xavier_normal)
BOUGH_INIT(normal)
BOUGH_INIT(zeros)
