# A CSV is predicted by the schema of the one that the model was trained on.
"$PYTHON" - <<'END_OF_PYTHON'
import random
random.seed(1)
with open("old.csv", "w") as out:
    out.write("order,day,carrier,origin,distance,delay,late\n")
    for i in range(200):
        carrier, distance = random.choice(["AA", "B6", "UA"]), random.randrange(100, 900)
        cells = [f"N{i}", f"2024-01-{1 + i % 28:02d}", carrier, random.choice(["EWR", "JFK"]),
                 "" if i % 50 == 3 else distance, distance / 100, "yes" if carrier == "B6" else "no"]
        out.write(",".join(map(str, cells)) + "\n")
END_OF_PYTHON
cat > old.yaml <<'END_OF_SCHEMA'
split: {parts: {train: 0.8, test: rest}}
columns: {order: id, delay: target, late: target, distance: {type: number, range: [0, 1000]}}
END_OF_SCHEMA
bough-data csv old.csv --schema old.yaml -o old.safetensors > made.txt
cat > config.yaml <<'END_OF_CONFIG'
data: old.safetensors
input: {field: table, columns: [carrier, distance, day.weekday], normalize: auto}
trunk: [table, linear: 16, relu]
tasks:
  delay: {target: {field: delay, standardize: true}, loss: mse, head: [linear: 1]}
  late: {target: late, loss: cross_entropy, head: [linear: 2]}
optimizer: {name: adam, lr: 1e-2}
train: {epochs: 40, batch_size: 20, seed: 1}
END_OF_CONFIG
bough train config.yaml -d c -q -r run > log.txt 2>&1
mkdir passing
export TMPDIR=$PWD/passing

# Another order, a column more, one fewer that the model does not read; ids and classes stay theirs.
cat > new.csv <<'END_OF_CSV'
note,distance,order,carrier,day
a,100,"X,1",AA,2024-02-01
b,,X2,B6,2024-02-02
c,800,X3,ZZ,
d,900,X4,,2024-02-04
e,500,X5,B6,2024-02-05
END_OF_CSV
try bough predict run new.csv -d c -o out.csv 2>&1 | machine
rounded() {
    "$PYTHON" -c '
import csv, sys
for row in csv.reader(sys.stdin):
    print(*(f"~{float(cell):.2f}" if "." in cell else cell for cell in row), sep=" | ")'
}
rounded < out.csv
gzip -k new.csv
tr ',' '\t' < new.csv | sed 's/"X\t1"/"X,1"/' > new.TSV
cp run/model.safetensors model.safetensors
for file in new.csv.gz new.TSV; do
    bough predict model.safetensors --data $file -d c -o - 2> err.txt | cmp - out.csv && grep -c column err.txt
done
cut -d, -f1,3- new.csv > short.csv
try bough predict run short.csv -d c -o no.csv 2>&1 | machine
sed 's/distance/Distance/' new.csv > near.csv
try bough predict run near.csv -d c -o no.csv 2>&1 | machine
sed 's/^d,900/d,9OO/' new.csv > bad.csv
try bough predict run bad.csv -d c -o no.csv 2>&1 | machine
sed 's/^d,900/d,9000/' new.csv > far.csv
try bough predict run far.csv -d c -o no.csv 2>&1 | machine
head -n 1 new.csv > empty.csv
try bough predict run empty.csv -d c -o no.csv 2>&1 | machine
try bough predict run nowhere.csv -d c -o no.csv 2>&1 | machine
try bough predict run new.csv -d c -o new.csv 2>&1 | machine
try bough predict run new.csv --split test -d c -o no.csv 2>&1 | machine
try bough predict run new.csv --data new.csv -d c -o no.csv 2>&1 | machine
try bough predict run -d c -o no.csv 2>&1 | machine
tiny
bough train tiny.yaml -d c -q -r tiny > log.txt 2>&1
try bough predict tiny new.csv -d c -o no.csv 2>&1 | machine
( export TMPDIR=/nonexistent; try bough predict run new.csv -d c -o no.csv 2>&1 | machine )

# Nothing is left where a signal comes: while a pipe is waited for, and where nobody reads.
mkfifo wait.csv
bough predict run wait.csv -d c -o no.csv 2> err.txt &
exec 3> wait.csv
head -n 3 new.csv >&3
for _ in {1..500}; do ls passing | grep -q bough && break; sleep 0.01; done
kill -TERM $!
wait $!
echo "exit $?"
exec 3>&-
{ head -n 1 new.csv; yes "$(sed 1d new.csv)" | head -n 25000; } > long.csv
{ bough predict run long.csv -d c -o - 2> err.txt; echo "exit $?" > code; } | true
cat code
ls passing
ls no.csv* 2>&1

# Ids of a text go by the vocabulary of a model and are made as they were.
printf 'text,kind\nPlay a song,music\nBuy Milk,shop\nplay it,music\nbuy it,shop\n' > text.csv
bough-data text train=text.csv test=text.csv --csv text --columns kind --characters --lower-case -o text.safetensors > made.txt
cat > text.yaml <<'END_OF_CONFIG'
data: text.safetensors
input: {field: tokens, type: ids, lengths: length}
trunk: [embedding: 4, pool_over_time: mean]
tasks: {kind: {target: kind, loss: cross_entropy, head: [linear: 2]}}
train: {epochs: 1, batch_size: 2}
END_OF_CONFIG
bough train text.yaml -d c -q -r text > log.txt 2>&1
printf 'Buy a SONG\n' > new.txt
try bough-data text --vocabulary text/model.safetensors test=new.txt -o new.safetensors
try bough predict text new.safetensors -d c -o - 2>&1 | machine | cut -d, -f1-3
