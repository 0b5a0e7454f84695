"""Numbers of ComBat for `tests/golden/combat.json`: neuroCombat 0.2.12 (numpy below 2) and, for scans that were not fitted on,
neuroHarmonize 2.5.2. Run once, where both are installed; CI reads the file only.

    python tests/python/combat_golden.py > tests/golden/combat.json
"""

import contextlib
import io
import json
import sys

import numpy as np
import pandas as pd
from neuroCombat import neuroCombat, neuroCombatFromTraining
from neuroHarmonize import harmonizationApply, harmonizationLearn

rng = np.random.default_rng(7)
sites = np.array(["A"] * 9 + ["B"] * 7 + ["C"] * 12 + ["A", "B", "C", "C"])
scans, features = len(sites), 12
# Quarters of years are exact in 32 bits, to which neuroCombat rounds.
age = np.round(rng.uniform(18, 60, scans) * 4) / 4 + (sites == "C") * 6
sex = rng.choice(["F", "M"], scans)
shift = {site: rng.normal(0, 0.4, features) for site in "ABC"}
scale = {site: rng.uniform(0.6, 1.7, features) for site in "ABC"}
values = np.array([
    0.3 * np.arange(features) / features
    + 0.01 * (age[i] - 35) * np.cos(np.arange(features))
    + 0.2 * (sex[i] == "M") * np.sin(np.arange(features))
    + shift[sites[i]]
    + scale[sites[i]] * rng.normal(0, 0.3, features)
    for i in range(scans)
]).round(9)
n = 28  # the first are fitted on

with contextlib.redirect_stdout(io.StringIO()):
    table = pd.DataFrame({"SITE": sites, "age": age, "sex": sex})
    plain = neuroCombat(values[:n].T, table[:n], "SITE")
    kept = neuroCombat(values[:n].T, table[:n], "SITE", categorical_cols=["sex"], continuous_cols=["age"])
    plain_new = neuroCombatFromTraining(values[n:].T, sites[n:], plain["estimates"])["data"].T
    coded = pd.DataFrame({"SITE": sites, "age": age, "sex": (sex == "M").astype(float)})
    model, kept_again = harmonizationLearn(values[:n].copy(), coded[:n].reset_index(drop=True))
    kept_new = harmonizationApply(values[n:].copy(), coded[n:].reset_index(drop=True), model)

assert np.allclose(kept["data"].T, kept_again, atol=1e-6), "the two packages differ"
estimates = kept["estimates"]
json.dump(
    {
        "fitted_on": n,
        "site": sites.tolist(),
        "age": [f"{a:g}" for a in age],
        "sex": sex.tolist(),
        "values": values.tolist(),
        "plain": np.vstack([plain["data"].T, plain_new]).tolist(),
        "kept": np.vstack([kept["data"].T, kept_new]).tolist(),
        "gamma_star": estimates["gamma.star"].tolist(),
        "delta_star": np.array(estimates["delta.star"]).tolist(),
    },
    sys.stdout,
)
print()
