"""Cleaning beside nilearn.signal.clean: the same shapes and settings, one thread each.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python framework/imaging/benches/compare_clean.py

Runs `cargo bench -p boldface-imaging --bench clean`, then nilearn, and prints a Markdown table of medians.
"""

import re
import statistics
import subprocess
import time
import warnings

import numpy as np
from nilearn.signal import clean

warnings.filterwarnings("ignore")
UNITS = {"ns": 1e-6, "µs": 1e-3, "ms": 1.0, "s": 1e3}


def ours():
    command = ["cargo", "bench", "-p", "boldface-imaging", "--bench", "clean", "--", "--noplot"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.findall(r"^(\S+)\s+time:\s+\[\S+ \S+ (\S+) (\S+) ", text, re.MULTILINE)
    return {name: float(value) * UNITS[unit] for name, value, unit in found}


def theirs(name, trs, tr):
    rng = np.random.default_rng(1)
    signal, confounds = 1000 + rng.random((trs, 450)), 1000 + rng.random((trs, 24))
    kept = np.arange(trs) % 10 != 3 if name == "band-scrubbed" else None
    settings = dict(filter="cosine", high_pass=0.01) if name == "cosine" else dict(low_pass=0.1, high_pass=0.01)
    times = []
    for _ in range(9):
        start = time.perf_counter()
        clean(signal, confounds=confounds.copy(), sample_mask=kept, t_r=tr, **settings)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


medians = ours()
print("| settings | volumes | nilearn, ms | boldface, ms | ratio |\n|---|---|---|---|---|")
for name in ["band", "band-scrubbed", "cosine"]:
    for trs, tr in [(200, 2.0), (1200, 0.72)]:
        own, nilearn = medians[f"{name}/{trs}"], theirs(name, trs, tr)
        print(f"| {name} | {trs} | {nilearn:.1f} | {own:.2f} | {nilearn / own:.1f} |")
