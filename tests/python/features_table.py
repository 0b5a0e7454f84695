"""Reads the table of `boldface features` with polars and computes its couplings with numpy.

features_table.py TABLE REGIONS.tsv SERIES.tsv ...: a JSON line a row of the family `connectivity`.
"""

import json
import sys
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import polars as pl

table, regions, *series = sys.argv[1:]
readers = {".parquet": pl.read_parquet, ".csv": pl.read_csv}
tsv = lambda path: pl.read_csv(path, separator="\t", null_values="n/a", infer_schema_length=None)
rows = readers.get(Path(table).suffix, tsv)(table)
assert rows.columns == ["scan", "family", "feature", "value", "reason"], rows.columns

networks = tsv(regions)["network"].to_list()
members = {name: [i for i, n in enumerate(networks) if n == name] for name in sorted(set(networks))}
expected = {}
for path in series:
    name = Path(path).name.removesuffix("_timeseries.tsv").removesuffix(".tsv")
    with np.errstate(all="ignore"):
        fc = np.corrcoef(tsv(path).cast(pl.Float32).to_numpy().astype(float), rowvar=False)
    for a, b in combinations_with_replacement(members, 2):
        pairs = [(i, j) for i in members[a] for j in members[b] if a != b or i < j]
        values = [np.arctanh(fc[i, j]) for i, j in pairs]
        known = [value for value in values if np.isfinite(value)]
        # More than half of the pairs must be there.
        enough = len(known) * 2 >= len(values) and known
        expected[name, f"coupling.{a}-{b}"] = float(np.tanh(np.mean(known))) if enough else None

for row in rows.filter(pl.col("family") == "connectivity").iter_rows(named=True):
    row["expected"] = expected[row["scan"], row["feature"]]
    print(json.dumps(row))
