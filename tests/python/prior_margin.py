"""Model with prior minus the best linear baseline of the connectivity, over the folds and seeds of a sweep.

    python tests/python/prior_margin.py runs/condition/DATE/arms condition

In every arm the baseline is chosen by its validation score. The score is the AUROC (one-vs-rest, averaged over classes)
or, for numbers, Pearson's r, per fold, then averaged over folds and seeds. The interval resamples subjects within folds,
the same for all seeds and answerers.
"""
import sys
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

LINEAR = ["fc", "fc-flat", "tangent"]


def answers(table, split, answerer):
    """Truths, probabilities and subjects of one answerer, one row per scan."""
    rows = table.filter((pl.col("split") == split) & (pl.col("answerer") == answerer))
    scan = ["subject", "session", "scan_task", "run", "question_index"]
    rows = rows.sort([*scan, "option_index"])
    if rows["option"].null_count() == len(rows):
        return rows["truth_value"].to_numpy(), rows["answer_value"].to_numpy(), rows["subject"].to_numpy()
    classes = rows["option"].unique(maintain_order=True).to_list()
    probabilities = rows["probability"].to_numpy().reshape(-1, len(classes))
    first = rows.filter(pl.col("option_index") == 0)
    truth = np.array([classes.index(name) for name in first["truth"]])
    return truth, probabilities, first["subject"].to_numpy()


def score(truth, probabilities):
    if probabilities.ndim == 1:
        return np.corrcoef(truth, probabilities)[0, 1]
    scores = [
        roc_auc_score(truth == k, probabilities[:, k])
        for k in range(probabilities.shape[1])
        if 0 < (truth == k).sum() < len(truth)
    ]
    return np.mean(scores) if scores else np.nan


def main():
    arms = {}
    for path in sorted(Path(sys.argv[1]).glob("*/predictions.parquet")):
        table = pl.read_parquet(path).filter(pl.col("task") == sys.argv[2])
        known = table["answerer"].unique().to_list()
        linear = [f"{form}-{method}" for form in LINEAR for method in ["logistic", "ridge"] if f"{form}-{method}" in known]
        best = max(linear, key=lambda name: score(*answers(table, "validation", name)[:2]))
        prior = sys.argv[3] if len(sys.argv) > 3 else linear[1]
        chosen = {"model": "gpt", "without": "without-prior", "prior": prior, "best": best}
        arms[path.parent.name] = {key: answers(table, "test", name) for key, name in chosen.items()} | {"name": best}
        print(path.parent.name, best, {k: round(float(score(*arms[path.parent.name][k][:2])), 3) for k in chosen})
    fold = lambda name: name.split("fold=")[1]
    people = {fold(name): np.unique(arm["model"][2]) for name, arm in arms.items()}

    def scores(draw):
        out = {"model": [], "without": [], "prior": [], "best": []}
        for name, arm in arms.items():
            for key in out:
                truth, probabilities, subject = arm[key]
                places = np.concatenate([np.flatnonzero(subject == one) for one in draw[fold(name)]])
                out[key].append(score(truth[places], probabilities[places]))
        return {key: np.nanmean(values) for key, values in out.items()}

    whole = scores(people)
    rng = np.random.default_rng(0)
    drawn = [scores({f: rng.choice(p, len(p)) for f, p in people.items()}) for _ in range(1000)]
    for key in whole:
        low, high = np.percentile([one[key] for one in drawn], [2.5, 97.5])
        print(f"{key:8} {whole[key]:.3f} [{low:.3f}, {high:.3f}]")
    for against in ["best", "prior"]:
        low, high = np.percentile([one["model"] - one[against] for one in drawn], [2.5, 97.5])
        print(f"model - {against} {whole['model'] - whole[against]:+.3f} [{low:+.3f}, {high:+.3f}], {len(arms)} arms")


if __name__ == "__main__":
    main()
