"""Correlations of a series as nilearn and scikit-learn have them: what the program's are compared with.

`connectivity.py golden` prints the golden input's partial correlations, its flattened correlations (all volumes and the
first 20) and the tangent embedding of its three thirds. `connectivity.py SCAN.json`, of which `volumes` has
a list of regions each and `networks` a name a region, prints for each kind the mean of every pair of networks as JSON.
"""

import json
import sys

import numpy as np
from nilearn.connectome import ConnectivityMeasure
from scipy import stats


def golden():
    """The input of golden/parity.json, volumes x regions."""
    state, values = 1234567, np.zeros((120, 60))
    for t in range(120):
        for i in range(60):
            state = (1103515245 * state + 12345) % 2**31
            wave = np.sin(0.11 * (1 + i % 7) * t + 0.3 * (i % 7)) + 0.6 * np.cos(0.05 * (1 + i % 5) * t)
            values[t, i] = wave + 1.5 * (state / 2**31 - 0.5) + 100
    return values


def matrices(values):
    """Pearson, Ledoit-Wolf and partial correlations of volumes x regions."""
    z = stats.zscore(values, ddof=1)
    measure = lambda kind: ConnectivityMeasure(kind=kind, standardize=False).fit_transform([z])[0]
    return {
        "pearson": np.corrcoef(values.T),
        "ledoit-wolf": measure("correlation"),
        "partial": measure("partial correlation"),
    }


def flattened(values, power=0.35):
    """The correlation matrix to a power, eigenvalues below 0 counted as 0."""
    eigenvalues, vectors = np.linalg.eigh(np.corrcoef(values.T))
    noise = 1e-12 * eigenvalues.max()
    eigenvalues = np.where(eigenvalues > noise, np.maximum(eigenvalues, noise) ** power, 0)
    return vectors * eigenvalues @ vectors.T


def tangent(scans):
    """Matrices of scans, volumes x regions, in the space at their geometric mean."""
    measure = ConnectivityMeasure(kind="tangent", standardize=False)
    return measure.fit_transform([stats.zscore(scan, ddof=1) for scan in scans])


if sys.argv[1] == "golden":
    values = golden()
    print(matrices(values)["partial"][0, 1:6].tolist())
    series = values.astype(np.float32).astype(np.float64)
    print(flattened(series)[0, 1:4].tolist(), flattened(series[:20])[0, 1:4].tolist())
    embedded = tangent([series[start : start + 40] for start in (0, 40, 80)])
    print(embedded[0][0, :3].tolist(), embedded[2][1, 1:4].tolist(), [float(np.linalg.norm(e)) for e in embedded])
else:
    with open(sys.argv[1]) as file:
        scan = json.load(file)
    networks = np.array(scan["networks"])
    told, found = {}, matrices(np.array(scan["volumes"], dtype=np.float64))
    found["fisher-z"] = np.arctanh(np.where(np.eye(len(networks)), 0, found["pearson"]))
    for kind in ["pearson", "fisher-z", "ledoit-wolf", "partial"]:
        names = sorted(set(networks))
        for place, a in enumerate(names):
            for b in names[place:]:
                block = found[kind][np.ix_(networks == a, networks == b)]
                own = block[np.triu_indices_from(block, 1)] if a == b else block.ravel()
                # A mean Fisher z is told as a correlation.
                mean = np.tanh(own.mean()) if kind == "fisher-z" else own.mean()
                told.setdefault(kind, {})[f"{a}-{b}"] = float(mean)
    print(json.dumps(told))
