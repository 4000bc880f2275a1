# Each mistake is told before anything is trained.
tiny
wrong() { try bough search tiny.yaml --device c "$@" 2>&1 | machine; }
wrong --grid optimzer.lr=0.1
wrong --grid optimizer.lr=0.1,-1
wrong --grid optimizer.lr
wrong --grid =1
wrong --grid optimizer.lr=
wrong --grid optimizer.lr=0.1,,0.2
wrong --grid 'architecture=[mmoe'
wrong --grid train.seed=1 --grid train.seed=2
wrong --grid train.seed=1 --random train.seed=1..2 --trials 2
wrong --random optimizer.lr=0.1 --trials 2
wrong --random optimizer.lr=1..0.1 --trials 2
wrong --random optimizer.lr=0..x --trials 2
wrong --random optimizer.lr=0..1:log --trials 2
wrong --random optimizer.lr=0.1..1
wrong --trials 2
wrong --random optimizer.lr=0.1..1 --trials 0
wrong --folds none
wrong --folds 65
wrong --grid train.early_stopping.metric=mean,loss
wrong --grid tasks.left.monitor=accuracy,loss
wrong --set train.validation=0
bough search tiny.yaml --grid "train.seed=$(seq -s , 101)" --grid "train.epochs=$(seq -s , 100)"
echo "exit $?"
try bough search
ls
ls runs
