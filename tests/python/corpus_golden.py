"""Numbers of real scans for `tests/golden/corpus.json`, from the tools that people trust: nilearn and scikit-learn (connectivity,
FastICA), networkx and bctpy (graphs), BrainSpace and the written-out formula (gradients), scipy (spectra). A minute; CI
reads the file only.

    OMP_NUM_THREADS=1 python tests/python/corpus_golden.py > tests/golden/corpus.json

`pain` is in the repository; the others lie in ../shared/data, and only a few numbers of them are here. Series are taken in 32
bits, as boldface holds them, and computed with in 64.
"""

import importlib.metadata
import json
import re
import sys
import warnings
from itertools import combinations_with_replacement
from pathlib import Path

import bct
import networkx as nx
import numpy as np
from brainspace.gradient import GradientMaps
from brainspace.gradient.kernels import compute_affinity
from nilearn.connectome import ConnectivityMeasure
from scipy import signal, stats
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import FastICA

warnings.filterwarnings("ignore")
project = Path(__file__).parents[2]
shared = project.parent / "shared/data"


def scans():
    """Name, series (T x N, 32 bits), TR in seconds, network of each region."""
    pain = project / "experiments/data/pain"
    networks = [line.split("\t")[2] for line in (pain / "seg-MIST122_dseg.tsv").read_text().splitlines()[1:]]
    yield "pain", np.load(pain / PAIN).astype(np.float32), 2.0, networks
    rest = shared / "brainfc_rest01"
    networks = [line.split("\t")[3] for line in (rest / "rois.tsv").read_text().splitlines()[1:]]
    yield "rest01", np.loadtxt(rest / "timeseries.tsv", skiprows=1).astype(np.float32), 2.0, networks
    lemon = shared / "lemon_schaefer400"
    names = (lemon / "schaefer400_7net_names.csv").read_text().strip().split(",")
    yield "lemon", np.load(lemon / LEMON).T, 1.4, [name.split("_")[2] for name in names]


PAIN = "sub-01/func/sub-01_task-pain_run-3_seg-MIST122_stat-mean_timeseries.npy"
LEMON = "lemon_sub-010188_schaefer400_652.npy"


def blocks(matrix, networks):
    """Mean over the region pairs of each pair of networks; none for a network of one region with itself."""
    networks = np.array(networks)
    means = {}
    for a, b in combinations_with_replacement(sorted(set(networks)), 2):
        block = matrix[np.ix_(networks == a, networks == b)]
        values = block[np.triu_indices_from(block, 1)] if a == b else block.ravel()
        means[f"{a}-{b}"] = float(values.mean()) if len(values) else None
    return means


def connectivity(x, networks):
    r = np.corrcoef(x.T)
    r = (r + r.T) / 2
    shrunk = ConnectivityMeasure(kind="correlation").fit_transform([x])[0]
    partial = ConnectivityMeasure(kind="partial correlation").fit_transform([stats.zscore(x, ddof=1)])[0]
    z = lambda matrix: np.arctanh(np.where(np.eye(len(matrix)) > 0, 0, matrix))
    told = {
        "shrinkage": float(LedoitWolf(store_precision=False).fit(stats.zscore(x, ddof=1)).shrinkage_),
        "pearson": blocks(r, networks),
        "fisher-z": blocks(z(r), networks),
        "ledoit-wolf": blocks(shrunk, networks),
        "ledoit-wolf, fisher-z": blocks(z(shrunk), networks),
        "partial": blocks(partial, networks),
        "partial, fisher-z": blocks(z(partial), networks),
    }
    return r, told


def graph(r, networks, density):
    """As the reference: absolute correlations, the `int(density * pairs)` strongest; ties at the cut are kept."""
    n = len(r)
    w = np.abs(r)
    np.fill_diagonal(w, 0)
    edges = int(density * n * (n - 1) / 2)
    w = np.where(w >= np.sort(w[np.triu_indices(n, 1)])[-edges], w, 0)
    binary = (w > 0).astype(float)
    g = nx.from_numpy_array(w)
    labels = np.unique(networks, return_inverse=True)[1] + 1
    of_networks = lambda values: {
        name: float(values[labels == label + 1].mean()) for label, name in enumerate(sorted(set(networks)))
    }
    partitions = [nx.community.louvain_communities(g, weight="weight", seed=seed) for seed in range(50)]
    modularities = [nx.community.modularity(g, partition, weight="weight") for partition in partitions]
    modules = np.zeros(n, int)
    for label, module in enumerate(partitions[int(np.argmax(modularities))]):
        modules[list(module)] = label + 1
    hops = bct.distance_bin(binary)
    lengths = bct.distance_wei(bct.weight_conversion(w, "lengths"))[0]
    reached = np.isfinite(hops) & ~np.eye(n, dtype=bool)
    efficiency = nx.global_efficiency(g)
    assert abs(efficiency - bct.efficiency_bin(binary)) < 1e-12
    clustering = nx.average_clustering(g, weight="weight")
    assert abs(clustering - bct.clustering_coef_wu(w / w.max()).mean()) < 1e-12
    return {
        "edges": int(binary.sum() / 2),
        "pieces": nx.number_connected_components(g),
        "global-efficiency": efficiency,
        "global-efficiency, lengths 1/w": float(bct.efficiency_wei(w)),
        "local-efficiency": nx.local_efficiency(g),
        "clustering": clustering,
        "clustering, binary": float(bct.clustering_coef_bu(binary).mean()),
        "transitivity, w / max": float(bct.transitivity_wu(w / w.max())),
        "path-length, pairs that are connected": float(hops[reached].mean()),
        "path-length, lengths 1/w, pairs that are connected": float(lengths[reached].mean()),
        "assortativity": float(bct.assortativity_bin(binary)),
        "assortativity, strengths": float(bct.assortativity_wei(w)),
        "modularity, best of 50": max(modularities),
        "modularity, spread": [min(modularities), float(np.std(modularities))],
        "modularity of networks": float(
            nx.community.modularity(g, [set(np.where(labels == k)[0]) for k in set(labels)], weight="weight")
        ),
        "modules of the best": modules.tolist() if n <= 122 else None,
        "strength": of_networks(w.sum(0)),
        "participation, networks as modules": of_networks(bct.participation_coef(w, labels)),
        "participation, modules of the best": of_networks(bct.participation_coef(w, modules)),
        "module-z, modules of the best": of_networks(bct.module_degree_zscore(w, modules)),
    }


def nulls(r, density):
    """Transitivity and path length of graphs with the same degrees, and the small-worldness that follows; without weights."""
    n = len(r)
    w = np.abs(r)
    np.fill_diagonal(w, 0)
    edges = int(density * n * (n - 1) / 2)
    binary = (w >= np.sort(w[np.triu_indices(n, 1)])[-edges]).astype(float)
    def measures(graph):
        hops = bct.distance_bin(graph)
        off = ~np.eye(n, dtype=bool)
        return bct.transitivity_bu(graph), hops[off & np.isfinite(hops)].mean()
    own = measures(binary)
    drawn = np.array([measures(bct.randmio_und(binary, 10, seed=seed)[0]) for seed in range(20)])
    mean = drawn.mean(0)
    return {
        "transitivity": own[0],
        "transitivity of nulls": mean[0],
        "path-length of nulls": mean[1],
        "SD over nulls": drawn.std(0, ddof=1).tolist(),
        "small-worldness": (own[0] / mean[0]) / (own[1] / mean[1]),
    }


def exact(affinity, n=3, alpha=0.5):
    """The diffusion map as BrainSpace means it, from the symmetric form: eigenvalues and maps."""
    a = (affinity + affinity.T) / 2
    d = a.sum(1, keepdims=True) ** -alpha
    a = a * d * d.T
    degree = a.sum(1)
    values, vectors = np.linalg.eigh(a / np.sqrt(np.outer(degree, degree)))
    values, vectors = values[::-1], vectors[:, ::-1] / np.sqrt(degree)[:, None]
    vectors, values = vectors / vectors[:, [0]], values / values[0]
    values, vectors = values[1 : n + 1], vectors[:, 1 : n + 1]
    values = values / (1 - values)
    vectors = vectors * values
    return values, vectors * np.sign(vectors[np.abs(vectors).argmax(0), range(n)])


def gradients(r, networks):
    def told(matrix, kernel):
        affinity = compute_affinity(matrix.copy(), kernel=kernel, sparsity=0.9)
        values, maps = exact(affinity)
        own = GradientMaps(n_components=3, approach="dm", kernel=kernel, random_state=0).fit(matrix.copy())
        networks_of = np.array(networks)
        return {
            "affinity": float(affinity.sum()),
            "lambdas": values.tolist(),
            "range": np.ptp(maps, axis=0).tolist(),
            "variance": maps.var(0).tolist(),
            "mean": {name: maps[networks_of == name].mean(0).tolist() for name in sorted(set(networks))},
            "BrainSpace lambdas": own.lambdas_.tolist(),
            "BrainSpace range": np.ptp(own.gradients_, axis=0).tolist(),
            "correlation with BrainSpace": [
                abs(float(np.corrcoef(maps[:, i], own.gradients_[:, i])[0, 1])) for i in range(3)
            ],
        }
    twice = compute_affinity(r.copy(), kernel="cosine", sparsity=0.9)
    return {
        "kept": int(len(r) * (1 - 0.9)),
        "normalized_angle": told(r, "normalized_angle"),
        "cosine": told(r, "cosine"),
        "cosine, then normalized_angle (the reference)": told(twice, "normalized_angle"),
    }


def temporal(x, tr):
    """Of the first three regions. Welch as scipy has it by default, of the detrended z-scored signal."""
    regions = []
    for region in range(3):
        flat = signal.detrend(x[:, region])
        z = stats.zscore(flat)
        frequency, power = signal.welch(z, fs=1 / tr, nperseg=min(256, len(z)))
        low = power[(frequency >= 0.01) & (frequency <= 0.1)]
        high = power[(frequency > 0.1) & (frequency <= 0.25)]
        # DPABI: zeros up to a power of two, amplitudes of 2 |FFT| / T.
        padded = 1 << (len(flat) - 1).bit_length()
        amplitude = 2 * np.abs(np.fft.rfft(flat, padded)) / len(flat)
        hertz = np.arange(len(amplitude)) / (padded * tr)
        band = (hertz >= 0.01 - 1e-9) & (hertz <= 0.08 + 1e-9)
        regions.append({
            "SD": float(flat.std()),
            "frequencies": len(frequency),
            "power[:4]": power[:4].tolist(),
            "low / high": float(low.sum() / high.sum()),
            "lag-1": float(z[:-1] @ z[1:] / (len(z) - 1)),
            "ALFF": float(amplitude[band].mean()),
            "fALFF": float(amplitude[band].sum() / amplitude[1:].sum()),
        })
    return regions


def ica(x):
    """FastICA of the z-scored scan: over time (samples are volumes) and over space (samples are regions).

    As many components as lead to the same ones whatever the last bits: FastICA has many ends, and with other numbers rounding
    decides which.
    """
    z = stats.zscore(x)
    told = {}
    for name, samples, count in (("time", z, 5), ("space", z.T, 4)):
        fit = lambda samples: FastICA(
            count, whiten="unit-variance", w_init=np.eye(count), tol=1e-10, max_iter=20000
        ).fit(samples)
        shaken = fit(samples + 1e-9 * np.random.default_rng(0).standard_normal(samples.shape)).transform(samples)
        fit = fit(samples)
        sources = fit.transform(samples)
        assert np.abs(np.corrcoef(sources.T, shaken.T)[:count, count:]).max(1).min() > 0.9999
        told[name] = {
            "iterations": fit.n_iter_,
            # Components x regions: the unmixing of regions over time, the sources over space.
            "rows": np.round(sources.T if name == "space" else fit.components_, 9).tolist(),
            "kurtosis": np.sort(stats.kurtosis(sources)).tolist(),
        }
    return told


def main():
    packages = ["numpy", "scipy", "scikit-learn", "nilearn", "networkx", "bctpy", "brainspace"]
    golden = {"versions": {name: importlib.metadata.version(name) for name in packages}}
    for name, x, tr, networks in scans():
        x = x.astype(float)
        r, of_connectivity = connectivity(x, networks)
        golden[name] = {
            "shape": list(x.shape),
            "tr": tr,
            "sum of |x|": float(np.abs(x).sum()),
            "connectivity": of_connectivity,
            "graph": {f"{density}": graph(r, networks, density) for density in (0.1, 0.2)},
            "gradient": gradients(r, networks),
            "temporal": temporal(x, tr),
        }
        if name != "lemon":
            golden[name]["nulls"] = nulls(r, 0.2)
            golden[name]["ica"] = ica(x)
        print(name, file=sys.stderr)
    golden = json.loads(json.dumps(golden), parse_float=lambda number: float(f"{float(number):.12g}"))
    # One line a list: a matrix is to be seen as one.
    text = json.dumps(golden, indent=1)
    print(re.sub(r"\[[^\[\]{}]*\]", lambda found: " ".join(found[0].split()), text))


main()
