"""Compares two recipes subject by subject, on folds that cover every subject once.

    python paired_folds.py RUN OTHER

RUN and OTHER are folders of finished runs of a spec with `[split] folds` and the tasks `all` (type = "facts", features =
["*"]) and `captioning`, which differ in the recipe alone. Prints means over subjects, and the difference OTHER - RUN with its
standard error over subjects. RESULTS.md has what it gave for recipes of the quickstart, on copies of the pain data without the
test subjects (lines of participants.tsv and scans.tsv and folders `sub-*` left out).
"""

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd


def predictions(run: Path) -> pd.DataFrame:
    tables = [pd.read_parquet(path) for path in sorted(run.glob("arms/*/predictions.parquet"))]
    if not tables:
        sys.exit(f"{run} has no arms/*/predictions.parquet; give the folder of a finished run with folds")
    table = pd.concat(tables)
    table = table[(table.split == "test") & (table.kind == "model")]
    scan = [table[column].fillna("").astype(str) for column in ("subject", "session", "run")]
    return table.assign(scan=scan[0].str.cat(scan[1:], "/"))


def facts(caption: str) -> set[str]:
    sentences = re.split(r"(?<=\))\.\s|(?<=typical)\.\s?", caption)
    return {re.sub(r"\s*\(.*?\)", "", sentence).strip(" .") for sentence in sentences if sentence.strip(" .")}


def by_subject(run: Path) -> pd.DataFrame:
    table = predictions(run)
    asked = table[table.task == "all"]
    keys = ["subject", "scan", "question"]
    order = asked.drop_duplicates("option").sort_values("option_index").option
    share = asked.pivot_table(index=keys, columns="option", values="probability")[list(order)]
    truth = asked.drop_duplicates(keys).set_index(keys).truth.loc[share.index]
    right = np.array([list(order).index(band) for band in truth])
    p = share.to_numpy() / share.to_numpy().sum(1, keepdims=True)
    place = np.arange(len(order))
    scores = pd.DataFrame({
        "nll": -np.log(np.maximum(p[np.arange(len(p)), right], 1e-12)),
        "squared error, in bands": (p @ place - right) ** 2,
        "right": p.argmax(1) == right,
    })
    scores = scores.groupby(share.index.get_level_values("subject")).mean()
    told = table[table.task == "captioning"].drop_duplicates("scan")
    found = [len(facts(a) & facts(b)) / max(len(facts(a)), 1) for a, b in zip(told.truth, told.answer)]
    scores["captions"] = pd.Series(found, index=told.subject).groupby(level=0).mean()
    recall = [(p.argmax(1) == band)[right == band].mean() for band in np.unique(right)]
    print(f"{run}: {len(scores)} subjects, bands balanced {np.mean(recall):.3f}, "
          + ", ".join(f"{name} {value:.3f}" for name, value in scores.mean().items()))
    return scores


def main() -> None:
    one, other = (by_subject(Path(folder)) for folder in sys.argv[1:3])
    difference = (other - one).dropna()
    for name in difference:
        values = difference[name]
        print(f"{name}: {values.mean():+.3f} (SE {values.std(ddof=1) / len(values) ** 0.5:.3f}, {len(values)} subjects)")


if __name__ == "__main__":
    main()
