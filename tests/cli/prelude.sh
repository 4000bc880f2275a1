# What every case starts from.

# Shows a command, runs it, and tells an exit code that is not 0.
try() {
    echo "\$ $*"
    local code=0
    "$@" || code=$?
    [ $code = 0 ] || echo "exit $code"
}

# The speeds and times of this machine; its name is replaced by run.py.
machine() {
    sed -E -e 's/\(plain C, [^)]*\)/(plain C)/' -e 's/[0-9]+ samples\/s/N samples\/s/' \
        -e 's/error [0-9.e+-]+ +[0-9.]+ ms/error E  T ms/' -e 's/there are .*/there are .../'
}

# Marks what may differ in the last digits, ~, or in a row or two, ±: compare.py knows how far.
# `loss 0.6931`, `accuracy 0.5`, and the columns behind a task's name in a table.
metrics() {
    sed -E -e 's/loss ([0-9.e-]+)/loss ~\1/g' -e 's/accuracy ([0-9.]+)/accuracy ±\1/g' \
        -e 's/^([a-z]+ +)([0-9]+\.[0-9]{4})( +)([01]\.[0-9]{4})$/\1~\2\3±\4/'
}

tiny() {
    cp "$CASES/tiny.yaml" .
    "$PYTHON" "$CASES/make_data.py" tiny.safetensors
}
