"""Connectivity gradients of real scans as BrainSpace has them.

    python tests/python/gradient.py LEMON_NPY BRAINFC_TSV FOLDER

writes the series of each scan to FOLDER/NAME.f32 (volume after volume), each affinity to FOLDER/NAME.KERNEL.f64 and
prints {"scan", "rois", "trs", "cases": [...], "procrustes": {...}} a line: the test `gradient.rs` computes the same.

BrainSpace gives the random walk, which is not symmetric, to a solver for symmetric matrices, so that the eigenvalues of
its diffusion map are off by a percent or so and move with the seed. `exact` is numpy's general solver on the same walk.
"""

import json
import os
import sys
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
from brainspace.gradient import GradientMaps
from brainspace.gradient.alignment import procrustes
from brainspace.gradient.kernels import compute_affinity

warnings.simplefilter("ignore")
lemon, brainfc, folder = sys.argv[1:4]
SCANS = {
    "lemon": lambda: np.load(lemon).T,
    "brainfc": lambda: np.loadtxt(brainfc, skiprows=1),
}
CASES = [
    ("normalized-angle", "diffusion-map"),
    ("normalized-angle", "laplacian"),
    ("normalized-angle", "pca"),
    ("cosine", "diffusion-map"),
    ("cosine", "laplacian"),
    ("cosine", "pca"),
    ("cosine-then-normalized-angle", "diffusion-map"),
]
APPROACH = {"diffusion-map": "dm", "laplacian": "le", "pca": "pca"}


def exact(affinity):
    """Step by step as BrainSpace's `diffusion_mapping` (alpha 0.5, t 0), with a solver for any matrix."""
    affinity = 0.5 * (affinity + affinity.T)
    density = affinity.sum(1) ** -0.5
    walk = affinity * np.outer(density, density)
    values, vectors = np.linalg.eig(walk / walk.sum(1, keepdims=True))
    order = np.argsort(-values.real)[:4]
    values, vectors = values.real[order], vectors.real[:, order]
    values, vectors = values[1:], vectors[:, 1:] / vectors[:, [0]]
    values = values / (1 - values)
    return values, vectors * values


for name, read in SCANS.items():
    series = np.ascontiguousarray(read(), dtype=np.float32)
    series.tofile(os.path.join(folder, f"{name}.f32"))
    fc = np.corrcoef(series.T.astype(float))
    fc = (fc + fc.T) / 2
    first = compute_affinity(fc.copy(), kernel="cosine")
    cases, maps = [], {}
    for kernel, embedding in CASES:
        base, kind = (first, "normalized_angle") if "then" in kernel else (fc, kernel.replace("-", "_"))
        affinity = compute_affinity(base.copy(), kernel=kind)
        affinity.tofile(os.path.join(folder, f"{name}.{kernel}.f64"))
        theirs = GradientMaps(3, approach=APPROACH[embedding], kernel=kind, random_state=0).fit(base.copy())
        case = {"kernel": kernel, "embedding": embedding}
        case["lambdas"], case["maps"] = theirs.lambdas_.tolist(), theirs.gradients_.T.tolist()
        if embedding == "diffusion-map":
            values, vectors = exact(affinity)
            case["exact"] = {"lambdas": values.tolist(), "maps": vectors.T.tolist()}
        if embedding == "pca":
            spread = affinity - affinity.mean(0)
            case["shares"] = (theirs.lambdas_ * (len(fc) - 1) / (spread**2).sum()).tolist()
        cases.append(case)
        maps[kernel, embedding] = theirs.gradients_
    target, aligned = maps["cosine", "laplacian"], procrustes(maps["cosine", "pca"], maps["cosine", "laplacian"])
    turned = {"kernel": "cosine", "embedding": "pca", "target": target.T.tolist(), "aligned": aligned.T.tolist()}
    line = {"scan": name, "rois": len(fc), "trs": len(series), "cases": cases, "procrustes": turned}
    print(json.dumps(line))
