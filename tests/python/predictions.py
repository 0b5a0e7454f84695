"""Computes scores from predictions.parquet with pandas and scikit-learn and prints them, one number a line."""

import json
import sys

import pandas
from sklearn import metrics

rows = pandas.read_parquet(sys.argv[1])


def auroc(of):
    return metrics.roc_auc_score(of.option == of.truth, of.probability)


def scores(of):
    first = of[of.option_index.fillna(0) == 0]
    if of.option.notna().any():
        yield "accuracy", (first.answer == first.truth).mean()
        yield "balanced_accuracy", metrics.balanced_accuracy_score(first.truth, first.answer)
        yield "auroc", pandas.Series([auroc(option) for _, option in of.groupby("option_index")]).mean()
        right = of[of.option == of.truth]
        yield "log_loss", metrics.log_loss([1] * len(right), right.probability, labels=[0, 1])
    elif first.truth_value.notna().all():
        yield "mae", metrics.mean_absolute_error(first.truth_value, first.answer_value)
        yield "r2", metrics.r2_score(first.truth_value, first.answer_value)
    else:
        yield "mse", first.answer_value.mean()


for (task, split, answerer, kind), of in rows.groupby(["task", "split", "answerer", "kind"]):
    for metric, value in scores(of):
        names = {"task": task, "split": split, "answerer": answerer, "kind": kind, "metric": metric}
        print(json.dumps({**names, "value": float(value)}))
