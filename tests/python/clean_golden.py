"""What nilearn's signal.clean makes of small inputs, for `tests/tests/clean.rs`.

    clean_golden.py          writes tests/golden/clean.json: every combination of settings, on inputs made by formulas
    clean_golden.py live     prints inputs drawn with a fresh seed and what nilearn makes of them

Two things of nilearn 0.14.1 are put right before it is asked:

- `_interpolate_volumes` complements an index array as if it were a mask. What it does for masks in which no censored
  volume is the mirror image of another is unchanged by the correction (checked below).
- Regressors that depend on others leave residues of 1e-15 to 1e-11, of which those above its rank cut of 100 eps become
  regressors of random direction. So in the kinds "duplicate", "dependent" and "constant" those that can explain nothing
  more are left out of its input; in how many cases that changes its result is printed.
"""

import itertools
import json
import math
import sys
import warnings
from pathlib import Path

import numpy as np
import nilearn.signal
from nilearn.signal import clean
from scipy.interpolate import CubicSpline
from scipy.signal import butter, resample_poly

warnings.filterwarnings("ignore")
TR = 2.0
TRS = 100
FILTERS = [
    ("none", None, None, "butterworth"),
    ("low", 0.1, None, "butterworth"),
    ("high", None, 0.01, "butterworth"),
    ("band", 0.1, 0.01, "butterworth"),
    ("cosine", None, 0.01, "cosine"),
]
CONFOUNDS = ["none", "some", "duplicate", "dependent", "constant", "cosine"]
MASKS = {
    "none": [],
    "middle": [10, 11, 12, 40, 60, 61],
    "head": [0, 1, 2, 50],
    "tail": [30, 96, 97, 98, 99],
    "both": [0, 1, 2, 20, 21, 79, 97, 98, 99],
}
STANDARDIZE = ["none", "zscore-sample", "zscore", "psc"]
BANDS = [
    (0.01, 0.1, 2.0),
    (None, 0.1, 2.0),
    (0.01, None, 2.0),
    (0.008, 0.08, 0.735),
    (None, 0.15, 0.72),
    (0.005, None, 0.8),
    (0.001, 0.24, 2.0),
    (0.05, 0.06, 3.0),
    (0.0001, 0.6, 0.8),
    (None, 0.2499, 2.0),
    (0.2, None, 2.0),
    (0.02, 0.22, 2.0),
]


def inputs():
    """The formulas of `input()` in clean.rs."""
    s, u = 1234567, np.zeros((TRS, 8))
    for t, i in itertools.product(range(TRS), range(8)):
        s = (1103515245 * s + 12345) % (1 << 31)
        u[t, i] = s / float(1 << 31) - 0.5
    t = np.arange(TRS, dtype=float)
    levels, gains = [100.0, 1000.0, 10.0, -50.0, 0.5], [1.0, 20.0, 0.3, 5.0, 2.0]
    signal = np.stack(
        [
            levels[i] + gains[i] * (np.sin(0.11 * (1 + i) * t) + 0.6 * np.cos(0.37 * (1 + i) * t) + 0.02 * t + 1.5 * u[:, i])
            for i in range(5)
        ],
        1,
    )
    a, b, c = np.sin(0.2 * t) + u[:, 5], 3.0 + 0.01 * t + u[:, 6], 40.0 * u[:, 7]
    cosine = 2.0 + 3.0 * np.cos(np.pi / TRS * (t + 0.5) * 2)
    confounds = {
        "none": [],
        "some": [a, b, c],
        "duplicate": [a, b, 2.0 * a, -b, a],
        "dependent": [a, b, c, 1000.0 + 0.7 * a - b, a + 0.3 * b],
        "constant": [a, np.full(TRS, 7.3), b],
        "cosine": [a, cosine],
    }
    return signal, {name: np.stack(columns, 1) if columns else None for name, columns in confounds.items()}


def interpolate(volumes, sample_mask, t_r, extrapolate):
    """nilearn's `_interpolate_volumes`, all censored volumes and no others."""
    censored = np.ones(len(volumes), dtype=bool)
    censored[sample_mask] = False
    times = np.arange(len(volumes)) * t_r
    spline = CubicSpline(times[sample_mask], volumes[sample_mask], extrapolate=extrapolate)
    volumes[censored] = spline(times)[censored]
    return volumes


def nilearns(signal, confounds, kept, tr, detrend, low, high, filter, standardize, standardize_confounds):
    if all(kept):
        mask = None
    else:
        mask = np.flatnonzero(kept)
    # nilearn has dropped ddof 0; it is the sample's z-score in another unit.
    name = {"none": None, "zscore-sample": "zscore_sample", "zscore": "zscore_sample", "psc": "psc"}[standardize]
    cleaned = clean(
        signal, detrend=detrend, standardize=name, sample_mask=mask, confounds=confounds, filter=filter,
        standardize_confounds=standardize_confounds, low_pass=low, high_pass=high, t_r=tr,
    )  # fmt: skip
    return cleaned * math.sqrt(len(cleaned) / (len(cleaned) - 1)) if standardize == "zscore" else cleaned


def golden():
    signal, confounds = inputs()
    theirs = nilearn.signal._interpolate_volumes
    cases, alike, unstable = [], 0, dict.fromkeys(["duplicate", "dependent", "constant"], 0)
    for detrend, (_, low, high, filter), regressors, mask, standardize, standardize_confounds in itertools.product(
        [True, False], FILTERS, CONFOUNDS, MASKS, STANDARDIZE, [True, False]
    ):
        if regressors == "none" and not standardize_confounds:
            continue
        kept = [t not in MASKS[mask] for t in range(TRS)]
        columns = confounds[regressors]
        settings = (kept, TR, detrend, low, high, filter, standardize, standardize_confounds)
        nilearn.signal._interpolate_volumes = theirs
        plain = nilearns(signal, columns, *settings)
        nilearn.signal._interpolate_volumes = interpolate
        # A constant explains nothing where means are removed; else it is the intercept.
        means_go = detrend or standardize_confounds or (high is not None and filter == "butterworth")
        if regressors == "duplicate":
            columns = columns[:, :2]
        if regressors == "dependent":
            columns = columns[:, : 3 if means_go else 4]
        if regressors == "constant" and means_go:
            columns = columns[:, [0, 2]]
        # The input is left as it was: nilearn writes into the confounds.
        cleaned = nilearns(signal.copy(), None if columns is None else columns.copy(), *settings)
        mirrored = any(not kept[t] and not kept[TRS - 1 - t] for t in range(TRS))
        if not mirrored or filter == "cosine" or (low is None and high is None):
            same = plain.shape == cleaned.shape and np.allclose(plain, cleaned, rtol=1e-7, atol=1e-7)
            if regressors in unstable:
                unstable[regressors] += not same
            else:
                assert same, (detrend, low, high, filter, regressors, mask, standardize, standardize_confounds)
            alike += same
        places = [(0, 0), (len(cleaned) // 2, 1), (len(cleaned) - 1, 2), (7, 3), (20, 4)]
        values = [cleaned[place] for place in places] + [cleaned.sum(), (cleaned**2).sum()]
        cases.append([float(f"{value:.11g}") for value in values])
    print(f"{len(cases)} cases: nilearn as it is agrees in {alike}, and its rank cut lets rounding through in {unstable}")
    sections = []
    for high, low, tr in BANDS:
        kind = "band" if high and low else "low" if low else "high"
        cuts = [high, low] if high and low else low or high
        sections.append(butter(5, cuts, kind, output="sos", fs=1 / tr).tolist())
    resampled = {}
    line = np.polynomial.Polynomial.fit(np.arange(TRS), signal[:, 0], 1)
    for name, up, down in [("0.8 to 2", 2, 5), ("3 to 2", 3, 2), ("0.75 to 1", 3, 4)]:
        y = resample_poly(signal[:, 0] - line(np.arange(TRS)), up, down)
        y += line(np.arange(len(y)) * down / up)
        first = len(y) // 2 - 4
        resampled[name] = {"first": first, "values": [float(f"{value:.8g}") for value in y[first : first + 8]]}
    text = json.dumps(
        {"bands": BANDS, "sections": sections, "resampled": resampled, "cases": cases}
    )
    text = text.replace("], [", "],\n[")
    Path(__file__).parent.parent.joinpath("golden", "clean.json").write_text(text + "\n")


def live():
    seed = np.random.SeedSequence().entropy % (1 << 32)
    rng = np.random.default_rng(seed)
    nilearn.signal._interpolate_volumes = interpolate
    cases = []
    for _ in range(40):
        trs, rois, tr = int(rng.integers(60, 300)), int(rng.integers(1, 20)), float(rng.choice([0.72, 0.8, 2.0, 2.5]))
        signal = rng.normal(500, 300, rois) + 10 * rng.standard_normal((trs, rois)).cumsum(0)
        confounds = rng.standard_normal((trs, int(rng.integers(1, 12)))) * 10 ** rng.uniform(-3, 3)
        kept = rng.random(trs) > rng.choice([0.0, 0.05, 0.3])
        _, low, high, filter = FILTERS[rng.integers(len(FILTERS))]
        standardize, detrend, zscored = STANDARDIZE[rng.integers(4)], bool(rng.random() < 0.5), bool(rng.random() < 0.5)
        columns = None if rng.random() < 0.2 else confounds
        settings = dict(detrend=detrend, low=low, high=high, filter=filter, standardize=standardize, standardize_confounds=zscored)
        cleaned = nilearns(signal.copy(), None if columns is None else columns.copy(), kept, tr, **settings)
        listed = dict(signal=signal.tolist(), confounds=None if columns is None else columns.tolist(), kept=kept.tolist(), tr=tr)
        cases.append(settings | listed | {"cleaned": cleaned.tolist()})
    json.dump({"seed": int(seed), "cases": cases}, sys.stdout)


live() if sys.argv[1:] == ["live"] else golden()
