"""How long ours and the Python tools take to measure one scan, family by family:
python tests/python/bench_corpus.py [ONE_SCAN [REGIONS ...]]

ONE_SCAN is the built program (`cargo bench -p boldface-features --bench one_scan --no-run` says where); without it only Python is
timed. Scans: 100 regions from ../shared/data/brainfc_rest01 (150 volumes), 400 from lemon_schaefer400 (652), others made.
One thread, a process for each family and side, the two sides taking turns. Prints milliseconds of the processor a scan (mean of several,
after a first one that is not counted; start-up, imports and reading not counted) and peak memory (MiB) with what the process had
before it measured anything. A benchmark, not a test: its numbers are of this machine.

What is the same on both sides: the measures that are listed for a family here. `graph` is what the reference of fMRI-LM computes (hop
efficiency, one Louvain, weighted clustering, strengths at a density of 0.1) with networkx, `graph-bct` the same with bctpy;
`graph-all` is every measure of our family, with networkx and bctpy, the best of 10 Louvain searches and 5 rewired graphs.
`gradient` is the reference's double kernel with BrainSpace, turned onto a template. `components` is dual regression and what is measured
of its courses; `components-fit` FastICA with 20 components and at most 200 iterations on both
sides, which a corpus needs once for all scans and not for each.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
FAMILIES = ("connectivity", "partial", "graph", "graph-bct", "graph-all", "gradient", "components", "components-fit", "temporal")
# The reference's four families, for one scan: the last line of the table.
CORPUS = ("connectivity", "graph", "gradient", "components")
shared = Path(__file__).parents[3] / "shared/data"


def scan(regions):
    """Series (T x N) and TR in seconds, network of each region."""
    import numpy as np

    if regions == 100:
        rest = shared / "brainfc_rest01"
        networks = [line.split("\t")[3] for line in (rest / "rois.tsv").read_text().splitlines()[1:]]
        return np.loadtxt(rest / "timeseries.tsv", skiprows=1), 2.0, networks
    if regions == 400:
        lemon = shared / "lemon_schaefer400"
        names = (lemon / "schaefer400_7net_names.csv").read_text().strip().split(",")
        return np.load(lemon / "lemon_sub-010188_schaefer400_652.npy").T, 1.4, [name.split("_")[2] for name in names]
    # Autoregressive noise of each region, of its network and of all.
    random = np.random.default_rng(regions)
    of = np.arange(regions) * 7 // regions
    noise = random.standard_normal((300, regions + 8))
    for t in range(1, 300):
        noise[t] += 0.6 * noise[t - 1]
    series = noise[:, :regions] + 0.6 * noise[:, regions + of] + 0.3 * noise[:, [-1]]
    return series, 2.0, [f"N{network}" for network in of]


def python(series, networks, tr, family, times):
    """Runs in a process of its own: times one family."""
    import resource
    import time
    from itertools import combinations_with_replacement

    import numpy as np
    from scipy import signal, stats

    series, tr = np.load(series).astype(float), float(tr)
    networks = np.array(Path(networks).read_text().split())
    names = sorted(set(networks))
    members = [np.where(networks == name)[0] for name in names]
    labels = np.unique(networks, return_inverse=True)[1] + 1

    def fc():
        r = np.corrcoef(series.T)
        return (r + r.T) / 2

    def blocks(matrix):
        means = []
        for a, b in combinations_with_replacement(range(len(names)), 2):
            block = matrix[np.ix_(members[a], members[b])]
            means.append((block[np.triu_indices_from(block, 1)] if a == b else block).mean())
        return means

    def fisher(matrix):
        return np.arctanh(np.where(np.eye(len(matrix)) > 0, 0, matrix))

    def weights():
        w = np.abs(fc())
        np.fill_diagonal(w, 0)
        upper = w[np.triu_indices(len(w), 1)]
        return np.where(w >= np.sort(upper)[-int(0.1 * len(upper))], w, 0)

    def of_networks(values):
        return [values[rois].mean() for rois in members]

    if family == "connectivity":
        run = lambda: blocks(fisher(fc()))
    elif family == "partial":
        from nilearn.connectome import ConnectivityMeasure

        run = lambda: blocks(ConnectivityMeasure(kind="partial correlation").fit_transform([series])[0])
    elif family == "graph":
        import networkx as nx

        def run():
            w = weights()
            g = nx.from_numpy_array(w)
            modules = nx.community.louvain_communities(g, weight="weight", seed=0)
            return [
                nx.global_efficiency(g),
                nx.community.modularity(g, modules, weight="weight"),
                nx.average_clustering(g, weight="weight"),
                *of_networks(w.sum(0)),
            ]

    elif family == "graph-bct":
        import bct

        def run():
            w = weights()
            return [
                bct.efficiency_bin((w > 0).astype(float)),
                bct.modularity_louvain_und(w, seed=0)[1],
                bct.clustering_coef_wu(w / w.max()).mean(),
                *of_networks(w.sum(0)),
            ]

    elif family == "graph-all":
        import bct
        import networkx as nx

        def run():
            w = weights()
            g, binary = nx.from_numpy_array(w), (w > 0).astype(float)
            found = [nx.community.louvain_communities(g, weight="weight", seed=seed) for seed in range(10)]
            scores = [nx.community.modularity(g, modules, weight="weight") for modules in found]
            best = np.zeros(len(w), int)
            for label, module in enumerate(found[int(np.argmax(scores))]):
                best[list(module)] = label + 1
            mean_hops = lambda hops: hops[np.isfinite(hops) & (hops > 0)].mean()
            hops = bct.distance_bin(binary)
            nulls = [bct.randmio_und(binary, 5, seed=seed)[0] for seed in range(5)]
            sigma = bct.transitivity_bu(binary) / np.mean([bct.transitivity_bu(null) for null in nulls])
            sigma /= mean_hops(hops) / np.mean([mean_hops(bct.distance_bin(null)) for null in nulls])
            return [
                nx.global_efficiency(g),
                bct.efficiency_bin(binary, local=True).mean(),
                nx.average_clustering(g, weight="weight"),
                mean_hops(hops),
                max(scores),
                sigma,
                *of_networks(w.sum(0)),
                *of_networks(bct.participation_coef(w, labels)),
                *of_networks(bct.module_degree_zscore(w, best)),
            ]

    elif family == "gradient":
        from brainspace.gradient import GradientMaps
        from brainspace.gradient.alignment import procrustes
        from brainspace.gradient.kernels import compute_affinity

        def gradients():
            affinity = compute_affinity(fc(), kernel="cosine", sparsity=0.9)
            return GradientMaps(n_components=3, approach="dm", random_state=0).fit(affinity).gradients_

        template = gradients()

        def run():
            maps = procrustes(gradients(), template)
            return [*np.ptp(maps, axis=0), *maps.var(0), *(maps[rois].mean(0) for rois in members)]

    elif family in ("components", "components-fit"):
        from sklearn.decomposition import FastICA

        def fit():
            return FastICA(20, whiten="unit-variance", w_init=np.eye(20)).fit_transform(stats.zscore(series).T)

        sources = fit()

        def courses():
            design = np.column_stack([sources, np.ones(len(sources))])
            courses = np.linalg.lstsq(design, stats.zscore(series).T, rcond=None)[0][:20]
            values = [*fisher(np.corrcoef(courses))[np.triu_indices(20, 1)]]
            padded = 1 << (len(series) - 1).bit_length()
            hertz = np.fft.rfftfreq(padded, tr)
            for course in courses:
                flat = signal.detrend(course)
                z = stats.zscore(flat)
                f, power = signal.welch(z, 1 / tr, nperseg=min(256, len(z)))
                amplitude = np.abs(np.fft.rfft(flat, padded))
                values += [
                    np.abs(flat).mean(),
                    flat.std(),
                    power[(f >= 0.01) & (f <= 0.1)].sum() / power[(f > 0.1) & (f <= 0.25)].sum(),
                    amplitude[(hertz >= 0.01) & (hertz <= 0.08)].sum() / amplitude[1:].sum(),
                    z[:-1] @ z[1:] / (len(z) - 1),
                ]
            return values

        run = fit if family == "components-fit" else courses
    elif family == "temporal":
        padded = 1 << (len(series) - 1).bit_length()
        hertz = np.fft.rfftfreq(padded, tr)
        band = (hertz >= 0.01) & (hertz <= 0.08)
        length, step = round(44 / tr), round(10 / tr)
        apart = np.arange(length)[:, None] - np.arange(length)
        taper = np.exp(-((apart / 3) ** 2) / 2).sum(1)
        taper /= taper.sum()

        def windows():
            points = []
            for start in range(0, len(series) - length + 1, step):
                cov = np.cov(series[start : start + length].T, aweights=taper)
                sd = np.sqrt(np.diag(cov))
                points.append(blocks(cov / np.outer(sd, sd)))
            return np.array(points)

        from scipy.spatial.distance import cdist
        from sklearn.cluster import KMeans

        centroids = KMeans(4, n_init=1, random_state=0).fit(windows()).cluster_centers_

        def run():
            flat = signal.detrend(series, axis=0)
            amplitude = 2 * np.abs(np.fft.rfft(flat, padded, axis=0)) / len(flat)
            z = stats.zscore(flat)
            regions = [
                series.std(0, ddof=1),
                amplitude[band].mean(0),
                amplitude[band].sum(0) / amplitude[1:].sum(0),
                (z[:-1] * z[1:]).sum(0) / (len(z) - 1),
            ]
            states = cdist(windows(), centroids).argmin(1)
            return [value for values in regions for value in of_networks(values)] + [np.mean(np.diff(states) != 0)]

    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before = peak()
    run()
    start = time.process_time()
    for _ in range(int(times)):
        run()
    milliseconds = 1e3 * (time.process_time() - start) / int(times)
    print(json.dumps({"ms": milliseconds, "before": before, "peak": peak()}))


def main(program=None, *regions):
    import numpy as np

    environment = os.environ | dict.fromkeys(THREADS, "1")
    told = lambda command: json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
    print("| regions | family | Python ms | ours ms | ratio | Python MiB (before) | ours MiB (before) |")
    print("|---|---|---|---|---|---|---|")
    for count in map(int, regions or ("100", "200", "400")):
        series, tr, networks = scan(count)
        with tempfile.TemporaryDirectory() as folder:
            np.save(f"{folder}/series.npy", np.ascontiguousarray(series, dtype=np.float32))
            Path(folder, "networks.txt").write_text("\n".join(networks) + "\n")
            arguments = [f"{folder}/series.npy", f"{folder}/networks.txt", str(tr)]
            times = {}
            for family in FAMILIES:
                theirs = told([sys.executable, __file__, "--one", *arguments, family, "1" if family == "graph-all" else "5"])
                ours = program and told([program, *arguments, family.replace("-bct", ""), "3" if "fit" in family else "40"])
                row(count, family, theirs, ours, times)
        if program:
            sums = [sum(times[family][side] for family in CORPUS) for side in (0, 1)]
            print(f"| {count} | the reference's four | {sums[0]:.1f} | {sums[1]:.2f} | {sums[0] / sums[1]:.0f} | | |")


def row(count, family, theirs, ours, times):
    memory = lambda told: f"{told['peak'] / 1024:.0f} ({told['before'] / 1024:.0f})"
    python = theirs["ms"]
    if ours:
        times[family] = (python, ours["ms"])
        cells = f"{ours['ms']:.2f} | {python / ours['ms']:.1f} | {memory(theirs)} | {memory(ours)}"
    else:
        cells = f"| | {memory(theirs)} |"
    print(f"| {count} | {family} | {python:.1f} | {cells} |", flush=True)


if sys.argv[1:2] == ["--one"]:
    python(*sys.argv[2:])
else:
    main(*sys.argv[1:])
