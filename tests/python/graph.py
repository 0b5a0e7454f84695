"""What networkx and bctpy say of scans drawn anew, a line of JSON each: what the program's graph measures are compared with.

`graph.py COUNT SERIES.npy ...` draws COUNT of the files (volumes x regions), a stretch of volumes, some of the regions and
a density for each. Louvain's best of 10 seeded searches is a value to reach; the other numbers are to be met.
"""

import json
import random
import sys

import bct
import networkx as nx
import numpy as np

seed = random.SystemRandom().randrange(2**32)
rng = np.random.default_rng(seed)


def drawn(file):
    series = np.load(file).astype(np.float64)
    trs = int(rng.integers(60, len(series) + 1))
    start = int(rng.integers(0, len(series) - trs + 1))
    # Regions without a signal are no nodes; few enough for loops in Python.
    alive = np.flatnonzero(series[start : start + trs].std(0) > 0)
    regions = np.sort(rng.choice(alive, int(rng.integers(20, 61)), replace=False))
    density = float(np.round(rng.uniform(0.03, 0.6), 3))
    about = {"file": file, "start": start, "trs": trs, "regions": regions.tolist(), "density": density, "seed": seed}
    return series[start : start + trs, regions], density, about


def measures(series, density):
    """As bctpy thresholds (its number of edges is rounded with halves up), of absolute correlations."""
    fc = np.corrcoef(series.T)
    w = np.abs((fc + fc.T) / 2)
    w = bct.threshold_proportional(w, density)
    binary = (w > 0).astype(float)
    n, g = len(w), nx.from_numpy_array(w)
    modules = np.arange(n) * 5 // n
    partition = [set(np.where(modules == module)[0].tolist()) for module in range(5)]
    found = [nx.community.louvain_communities(g, weight="weight", seed=run) for run in range(10)]
    hops, (lengths, _) = bct.distance_bin(binary), bct.distance_wei(bct.weight_conversion(w, "lengths"))
    reached = np.isfinite(hops) & ~np.eye(n, dtype=bool)
    return {
        "edges": int(binary.sum() / 2),
        "global-efficiency": nx.global_efficiency(g),
        "local-efficiency": nx.local_efficiency(g),
        "path-length": hops[reached].mean(),
        "weighted-efficiency": bct.efficiency_wei(w),
        "weighted-path-length": lengths[reached].mean(),
        "clustering": nx.average_clustering(g, weight="weight"),
        "clustering-binary": nx.average_clustering(g),
        "transitivity": bct.transitivity_wu(w),
        "transitivity-binary": nx.transitivity(g),
        "assortativity": bct.assortativity_wei(w),
        "modularity": nx.community.modularity(g, partition, weight="weight"),
        "modularity-to-reach": max(nx.community.modularity(g, modules, weight="weight") for modules in found),
        "nodes": {
            "strengths": bct.strengths_und(w).tolist(),
            "clustering": bct.clustering_coef_wu(w / w.max()).tolist(),
            "local-efficiency": bct.efficiency_bin(binary, local=True).tolist(),
            "participation": bct.participation_coef(w, modules + 1).tolist(),
            "module-z": bct.module_degree_zscore(w, modules + 1).tolist(),
            "betweenness": bct.betweenness_wei(bct.weight_conversion(w, "lengths")).tolist(),
        },
    }


for file in rng.choice(sys.argv[2:], int(sys.argv[1]), replace=False).tolist():
    series, density, about = drawn(file)
    print(json.dumps(about | measures(series, density)))
