"""Golden numbers of the components family, `../golden/components.json`, by scikit-learn's FastICA, numpy and scipy.

`input`: FastICA of the golden input (regions are observations, or volumes) from a start that is a formula, to compare number
by number.
`pain`: spatial ICA of all scans of experiments/data/pain one after the other; of ten starts the components with the most
negentropy; dual regression of the first scan and the measures of its courses.
"""

import json
import warnings
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy import signal
from sklearn.decomposition import FastICA

root = Path(__file__).resolve().parents[2]


def golden():
    """The input of golden/parity.json, volumes x regions."""
    state, values = 1234567, np.zeros((120, 60))
    for t in range(120):
        for i in range(60):
            state = (1103515245 * state + 12345) % 2**31
            wave = np.sin(0.11 * (1 + i % 7) * t + 0.3 * (i % 7)) + 0.6 * np.cos(0.05 * (1 + i % 5) * t)
            values[t, i] = wave + 1.5 * (state / 2**31 - 0.5) + 100
    return values


def start(n):
    return np.sin(1.0 + np.arange(n * n) ** 2).reshape(n, n)


def of_input(n, spatial):
    ica = FastICA(n, w_init=start(n), tol=1e-6, max_iter=1000)
    sources = ica.fit_transform(golden().T if spatial else golden())
    return {
        "components": n,
        "spatial": spatial,
        "iterations": ica.n_iter_,
        "sources": sources[:4].tolist(),
        "unmixing": ica.components_[:, :4].tolist(),
    }


def negentropy(sources):
    gauss = 0.3745672074914383
    return (((np.logaddexp(sources, -sources) - np.log(2)).mean(0) - gauss) ** 2).sum()


def standard(x):
    """A region without a signal counts as 0."""
    spread = x.std(0)
    return (x - x.mean(0)) / np.where(spread > 0, spread, np.inf)


def of_pain(n):
    files = sorted((root / "experiments/data/pain").glob("sub-*/func/*_timeseries.npy"))
    people = [file.name.split("_")[0] for file in files]
    scans = [standard(np.load(file).astype(float)) for file in files]
    rows = [scan / np.sqrt(len(scan) * people.count(one)) for scan, one in zip(scans, people)]
    data = np.vstack(rows).T
    best = None
    for seed in range(10):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            sources = FastICA(n, tol=1e-7, max_iter=1000, random_state=seed).fit_transform(data)
        if not caught and (best is None or negentropy(sources) > negentropy(best) * (1 + 1e-6)):
            best = sources
    maps = best / best.std(0)
    maps *= np.sign((maps**3).sum(0))
    centred = data - data.mean(0)
    shares = ((centred.T @ maps) ** 2).sum(0) / len(maps) / (centred**2).sum()
    maps, shares = maps[:, np.argsort(-shares)], np.sort(shares)[::-1]
    design = np.column_stack([maps, np.ones(len(maps))])
    courses = np.linalg.lstsq(design, scans[0].T, rcond=None)[0][:-1].T
    own = np.linalg.lstsq(courses, scans[0], rcond=None)[0]
    return {
        "people": len(set(people)),
        "scans": len(scans),
        "shares": shares.tolist(),
        "maps": np.round(maps.T, 5).tolist(),
        "first": str(files[0].relative_to(root)),
        "courses": np.round(courses[:3], 5).tolist(),
        "own_maps": np.round(own[:, :3], 5).tolist(),
        "measures": measures(courses),
    }


def measures(courses):
    straight = signal.detrend(courses, axis=0)
    z, t = straight / straight.std(0), len(courses)
    hz, power = signal.welch(z, 0.5, nperseg=min(256, t), axis=0)
    low, high = (hz >= 0.01) & (hz <= 0.1), (hz > 0.1 + 1e-9) & (hz <= 0.25)
    padded = 2 ** int(np.ceil(np.log2(t)))
    amplitude, of = np.abs(np.fft.rfft(straight, padded, axis=0)), np.fft.rfftfreq(padded, 2.0)
    slow = (of >= 0.01) & (of <= 0.08)
    r = np.corrcoef(straight.T)
    return {
        "component-amplitude": np.abs(straight).mean(0).tolist(),
        "component-variability": straight.std(0).tolist(),
        "component-spectral-ratio": (power[low].sum(0) / power[high].sum(0)).tolist(),
        "component-falff": (amplitude[slow].sum(0) / amplitude[1:].sum(0)).tolist(),
        "component-persistence": ((z[:-1] * z[1:]).sum(0) / (t - 1)).tolist(),
        "component-coupling": [r[i, j] for i, j in combinations(range(r.shape[0]), 2)],
    }


numbers = {"input": [of_input(4, True), of_input(5, True), of_input(7, False), of_input(8, False)], "pain": of_pain(20)}
file = root / "tests/golden/components.json"
file.write_text(json.dumps(numbers) + "\n")
print(file, [one["iterations"] for one in numbers["input"]], numbers["pain"]["shares"])
