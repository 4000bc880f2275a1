// Every op, one line each: BOUGH_OP(name) for `bough__op_<name>` in src/op/.
BOUGH_OP(relu)
