# What every case starts from.

# Shows a command, runs it, and tells an exit code that is not 0.
try() {
    echo "\$ $*"
    local code=0
    "$@" || code=$?
    [ $code = 0 ] || echo "exit $code"
}

# The names, speeds and times of this machine.
machine() {
    sed -E -e 's/c: [^(]*\(plain C[^)]*\)/c: NAME (plain C)/' -e 's/[0-9]+ samples\/s/N samples\/s/' \
        -e 's/ on c: .*/ on c: NAME/' -e 's/error [0-9.e+-]+ +[0-9.]+ ms/error E  T ms/' \
        -e 's/there are .*/there are .../'
}

# Losses: `loss 0.6931`, and the column that follows a task's name in a table.
losses() {
    sed -E -e 's/loss [0-9.e-]+/loss L/g' -e 's/^([a-z]+ +)[0-9]+\.[0-9]{4}/\1L.LLLL/'
}

tiny() {
    cp "$CASES/tiny.yaml" .
    "$PYTHON" "$CASES/make_data.py" tiny.safetensors
}
