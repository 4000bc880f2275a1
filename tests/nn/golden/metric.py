#!/usr/bin/env python3
"""Writes metric.json: what scikit-learn measures.

usage: metric.py     (needs scikit-learn)

Run by hand, never by the build. A case is an outcome (scores and labels, null = no label) and the
value of every metric that goes with it, null where it is not defined. Where bough differs:
  top_<k>   of equal scores the first class comes first, as in accuracy: columns are turned round
            for scikit-learn, which takes the last
  auc       the mean over the classes that can be ranked, where scikit-learn wants all of them;
            where there are all, both are the same, which is checked here
  r2        the mean over the columns whose labels vary
"""
import json
import os
import warnings

import numpy as np
import sklearn
from sklearn import metrics as sk

HERE = os.path.dirname(os.path.abspath(__file__))
warnings.simplefilter("ignore")


def softmax(score):
    power = np.exp(score - score.max(axis=1, keepdims=True))
    return power / power.sum(axis=1, keepdims=True)


def area(positive, score):
    if positive.all() or not positive.any():
        return np.nan
    return sk.roc_auc_score(positive, score)


def check_ties(probability):
    """No two differ by rounding only, and none is rounded to 1."""
    gaps = np.diff(np.sort(probability))
    assert ((gaps == 0) | (gaps > 1e-13 * np.sort(probability)[1:])).all()
    assert probability.max() < 1 - 1e-12


def area_of_classes(label, score):
    probability = softmax(score)
    if score.shape[1] == 2:
        return area(label == 1, score[:, 1] - score[:, 0])
    for column in probability.T:
        check_ties(column)
    each = [area(label == c, probability[:, c]) for c in range(score.shape[1])]
    if not np.isnan(each).any():
        whole = sk.roc_auc_score(label, probability, multi_class="ovr")
        assert abs(np.mean(each) - whole) < 1e-12
    return np.nan if np.isnan(each).all() else np.nanmean(each)


def of_classes(label, guess, classes):
    binary = {"f1_binary": sk.f1_score(label, guess, zero_division=0)} if classes == 2 else {}
    macro = sk.f1_score(label, guess, average="macro", zero_division=0)
    return {"accuracy": sk.accuracy_score(label, guess), "f1": macro, "f1_macro": macro,
            "f1_micro": sk.f1_score(label, guess, average="micro"), **binary,
            "confusion": sk.confusion_matrix(label, guess, labels=range(classes)).tolist()}


def top(label, score, k):
    classes = score.shape[1]
    if classes == 2:  # scikit-learn wants one column then
        return 1.0 if k == 2 else sk.accuracy_score(label, score.argmax(axis=1))
    return sk.top_k_accuracy_score(classes - 1 - label, score[:, ::-1], k=k, labels=range(classes))


def measure_classes(label, score):
    known, classes = label >= 0, score.shape[1]
    label, score = label[known], score[known]
    if not known.any():
        names = ["accuracy", "f1", "f1_macro", "f1_micro", "auc", "top_1", "top_2"]
        return {**{name: np.nan for name in names}, "confusion": np.zeros((classes, classes)).tolist()}
    return {**of_classes(label, score.argmax(axis=1), classes),
            "auc": area_of_classes(label, score),
            **{f"top_{k}": top(label, score, k) for k in range(1, classes + 1)}}


def measure_binary(number, score):
    known = ~np.isnan(number)
    label, score = (number[known] > 0.5).astype(int), score[known]
    if not known.any():
        names = ["accuracy", "f1", "f1_macro", "f1_micro", "f1_binary", "auc"]
        return {**{name: np.nan for name in names}, "confusion": [[0, 0], [0, 0]]}
    return {**of_classes(label, (score > 0).astype(int), 2), "auc": area(label == 1, score)}


def r2(number, score):
    each = [sk.r2_score(y[~np.isnan(y)], x[~np.isnan(y)]) for y, x in zip(number.T, score.T)
            if len(np.unique(y[~np.isnan(y)])) > 1]
    return np.mean(each) if each else np.nan


def measure_numbers(number, score):
    known = ~np.isnan(number)
    if not known.any():
        return {"mse": np.nan, "mae": np.nan, "r2": np.nan}
    return {"mse": sk.mean_squared_error(number[known], score[known]),
            "mae": sk.mean_absolute_error(number[known], score[known]), "r2": r2(number, score)}


MEASURE = {"class": measure_classes, "binary": measure_binary, "number": measure_numbers}


def plain(value):
    """nan is null, and scores are short."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(x) for x in value]
    if np.isnan(value):
        return None
    return int(value) if float(value).is_integer() else float(f"{value:.17g}")


def case(name, kind, target, score):
    wanted = MEASURE[kind](target, score)
    return {"name": name, "kind": kind, "rows": score.shape[0], "width": score.shape[1],
            "score": plain(score.ravel()), "target": plain(target.ravel()),
            "wanted": {key: plain(value) for key, value in wanted.items()}}


def draw(random, rows, width, scale):
    """Multiples of 1/64, which float holds exactly."""
    return np.round(scale * 64 * random.standard_normal((rows, width))) / 64


def class_cases(random):
    label = random.integers(0, 4, 30)
    score = draw(random, 30, 4, 2)
    score[np.arange(30), label] += 2
    score[5], score[7] = score[4], score[4]  # equal rows, and equal scores within rows
    score[10, 1] = score[10].max()
    score[11] = [1, 3, 3, 3]
    score[12] = [0, 0, 0, 0]
    label[[10, 11, 12]] = [1, 2, 0]
    yield case("four classes, ties", "class", label, score)
    missing = np.where(random.random(30) < 0.4, -1, label)
    yield case("four classes, missing labels", "class", missing, score)
    yield case("four classes, none labelled", "class", np.full(30, -1), score)
    yield case("four classes, no rows", "class", np.zeros(0, int), np.zeros((0, 4)))
    yield case("four classes, one row", "class", label[:1], score[:1])
    never = draw(random, 24, 5, 1)
    never[:, 3] = -9
    never[:, 4] -= 1
    yield case("class 3 never, class 4 only predicted", "class", random.integers(0, 3, 24), never)
    yield case("one class occurs", "class", np.full(6, 1), draw(random, 6, 3, 1))
    sure, guess = draw(random, 40, 3, 1), random.integers(0, 3, 40)
    sure[np.arange(40), guess] += 20  # a probability is 1 in float
    label = np.where(random.random(40) < 0.6, guess, random.integers(0, 3, 40))
    yield case("sure of itself", "class", label, sure)
    two = np.round(4 * random.standard_normal((30, 2))) / 4
    label = ((two[:, 1] - two[:, 0] + random.standard_normal(30)) > 0).astype(int)
    yield case("two classes, ties", "class", np.where(np.arange(30) % 7 == 3, -1, label), two)
    yield case("two classes, the second never predicted", "class", np.array([0, 1, 0, -1, 1]),
               np.array([[1, 0], [2, 1], [3, 1], [0, 1], [1, 0.5]]))
    yield case("two classes, only the first", "class", np.zeros(4, int), draw(random, 4, 2, 1))


def binary_cases(random):
    score = np.round(4 * random.standard_normal((30, 1))) / 4
    number = ((score + random.standard_normal((30, 1))) > 0).astype(float)
    score[3:6] = 0
    yield case("binary, ties", "binary", number, score)
    number[::5] = np.nan
    yield case("binary, missing labels", "binary", number, score)
    soft = np.round(8 * random.random((12, 3))) / 8
    soft[2, 1] = soft[7, 0] = np.nan
    soft[4, 2] = 0.5
    yield case("three of binary, soft labels", "binary", soft, draw(random, 12, 3, 1))
    yield case("binary, none labelled", "binary", np.full((5, 2), np.nan), draw(random, 5, 2, 1))
    yield case("binary, no rows", "binary", np.zeros((0, 1)), np.zeros((0, 1)))
    yield case("binary, one row", "binary", np.ones((1, 1)), np.ones((1, 1)))
    yield case("binary, only negatives", "binary", np.zeros((4, 1)), draw(random, 4, 1, 1))


def number_cases(random):
    number = draw(random, 20, 1, 3)
    yield case("numbers", "number", number, number + draw(random, 20, 1, 1))
    three = draw(random, 16, 3, 3) + np.array([0, 1000, -5])
    score = three + draw(random, 16, 3, 1)
    three[random.random((16, 3)) < 0.25] = np.nan
    yield case("three numbers, missing labels", "number", three, score)
    three[:, 2] = np.where(np.isnan(three[:, 2]), np.nan, 0.125)
    yield case("three numbers, one that does not vary", "number", three, score)
    yield case("worse than the mean", "number", number, -number)
    yield case("numbers, none labelled", "number", np.full((4, 2), np.nan), draw(random, 4, 2, 1))
    yield case("numbers, no rows", "number", np.zeros((0, 2)), np.zeros((0, 2)))
    yield case("numbers, one row", "number", np.array([[2.0]]), np.array([[0.5]]))


def main():
    random = np.random.default_rng(1)
    cases = [*class_cases(random), *binary_cases(random), *number_cases(random)]
    with open(os.path.join(HERE, "metric.json"), "w") as out:
        out.write(f'{{"source": "scikit-learn {sklearn.__version__}, metric.py", "cases": [\n')
        out.write(",\n".join(json.dumps(row) for row in cases) + "\n]}\n")


main()
