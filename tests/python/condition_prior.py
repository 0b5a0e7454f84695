"""Model with prior minus the best linear baseline, over the folds and seeds of experiments/sweeps/condition.toml.

    python tests/python/condition_prior.py runs/condition/latest/arms

In every arm the baseline is chosen by its validation AUROC. AUROC is one-vs-rest, averaged over classes, per fold, then
averaged over folds and seeds. The interval resamples subjects within folds, the same for all seeds and answerers.
"""
import sys
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

LINEAR = ["fc-logistic", "fc-flat-logistic", "tangent-logistic"]


def answers(table, split, answerer):
    """Truths, probabilities and subjects of one answerer, one row per scan."""
    rows = table.filter((pl.col("split") == split) & (pl.col("answerer") == answerer))
    scan = ["subject", "session", "scan_task", "run", "question_index"]
    rows = rows.sort([*scan, "option_index"])
    classes = rows["option"].unique(maintain_order=True).to_list()
    probabilities = rows["probability"].to_numpy().reshape(-1, len(classes))
    first = rows.filter(pl.col("option_index") == 0)
    truth = np.array([classes.index(name) for name in first["truth"]])
    return truth, probabilities, first["subject"].to_numpy()


def auroc(truth, probabilities):
    scores = [
        roc_auc_score(truth == k, probabilities[:, k])
        for k in range(probabilities.shape[1])
        if 0 < (truth == k).sum() < len(truth)
    ]
    return np.mean(scores) if scores else np.nan


def main():
    arms = {}
    for path in sorted(Path(sys.argv[1]).glob("*/predictions.parquet")):
        table = pl.read_parquet(path).filter(pl.col("task") == "condition")
        best = max(LINEAR, key=lambda name: auroc(*answers(table, "validation", name)[:2]))
        chosen = {"model": "gpt", "without": "without-prior", "prior": "fc-flat-logistic", "best": best}
        arms[path.parent.name] = {key: answers(table, "test", name) for key, name in chosen.items()} | {"name": best}
        print(path.parent.name, best, {k: round(float(auroc(*arms[path.parent.name][k][:2])), 3) for k in chosen})
    fold = lambda name: name.split("fold=")[1]
    people = {fold(name): np.unique(arm["model"][2]) for name, arm in arms.items()}

    def scores(draw):
        out = {"model": [], "without": [], "prior": [], "best": []}
        for name, arm in arms.items():
            for key in out:
                truth, probabilities, subject = arm[key]
                places = np.concatenate([np.flatnonzero(subject == one) for one in draw[fold(name)]])
                out[key].append(auroc(truth[places], probabilities[places]))
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
