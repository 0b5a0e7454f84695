"""How long ours and nilearn take for one scan, side by side: python tests/python/bench_nilearn.py [BOLDFACE]

Writes a 64 x 64 x 36 x 200 int16 .nii.gz with 450 regions and 24 confounds to a temporary folder, then cleans it
(detrend, 0.01 to 0.1 Hz, confounds) with nilearn 0.14 and with `boldface parcellate`, one thread each, and compares
the numbers. Prints seconds of the clock and of the processor (best of five), their ratio and peak memory. A
benchmark, not a test: its numbers are of this machine. On a busy machine only the processor's seconds mean
something. `cargo bench -p boldface-imaging` says what of ours is inflating the file.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")}
SHAPE, TRS, TR = (64, 64, 36), 200, 2.0
NAMES = [f"c{k:02}" for k in range(24)]

NILEARN = """
import sys, time
import numpy as np, pandas as pd
from nilearn.maskers import NiftiLabelsMasker
clock, processor = time.perf_counter(), time.process_time()
bold, atlas, confounds, out = sys.argv[1:]
masker = NiftiLabelsMasker(atlas, detrend=True, standardize=None, low_pass=0.1, high_pass=0.01, t_r=2.0)
table = pd.read_csv(confounds, sep="\\t")
np.save(out, masker.fit_transform(bold, confounds=table))
print(time.perf_counter() - clock, time.process_time() - processor)
"""


def write(folder):
    import nibabel as nib
    import numpy as np

    random = np.random.default_rng(1)
    affine = np.array([[-3.0, 0, 0, 94.5], [0, 3.0, 0, -126], [0, 0, 3.5, -60], [0, 0, 0, 1]])
    x, y, z = np.meshgrid(*[np.linspace(-1, 1, n) for n in SHAPE], indexing="ij")
    brain = x**2 / 0.65 + y**2 / 0.85 + z**2 / 0.9 < 1
    # 450 regions: each voxel of the brain goes to the nearest of 450 points in it.
    inside = np.argwhere(brain)
    seeds = inside[random.choice(len(inside), 450, replace=False)]
    nearest = np.empty(len(inside), dtype=np.int16)
    for start in range(0, len(inside), 4096):
        part = inside[start : start + 4096]
        nearest[start : start + 4096] = 1 + ((part[:, None] - seeds[None]) ** 2).sum(-1).argmin(1)
    labels = np.zeros(SHAPE, dtype=np.int16)
    labels[brain] = nearest
    nib.save(nib.Nifti1Image(labels, affine), folder / "atlas.nii.gz")
    # As an EPI: a smooth anatomy, 1% noise, slow drifts; 0 outside the head as after brain extraction.
    anatomy = 8000 + 1500 * np.cos(3 * x) * np.sin(4 * y + z) + 400 * random.standard_normal(SHAPE)
    drifts = np.cumsum(random.standard_normal((TRS, 450)), axis=0) * 15
    data = np.zeros((*SHAPE, TRS), dtype=np.int16)
    for t in range(TRS):
        volume = anatomy[brain] + drifts[t][nearest - 1] + 80 * random.standard_normal(brain.sum())
        data[..., t][brain] = volume.astype(np.int16)
    image = nib.Nifti1Image(data, affine)
    image.header.set_zooms((3, 3, 3.5, TR))
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, folder / "bold.nii.gz")
    confounds = random.standard_normal((TRS, 24)).cumsum(axis=0)
    rows = ["\t".join(f"{value:.6f}" for value in row) for row in confounds]
    (folder / "confounds.tsv").write_text("\n".join(["\t".join(NAMES), *rows]) + "\n")


def timed(command):
    """Seconds of the clock, of the processor, peak resident MB, and what it printed."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=os.environ | ONE_THREAD, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        sys.exit(f"{command[0]} failed")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output


def main():
    boldface = sys.argv[1] if len(sys.argv) > 1 else "target/release/boldface"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In another process: the peak of a child is never below what its parent holds.
        subprocess.run([sys.executable, __file__, "write", name], check=True)
        bold, atlas, confounds = (str(folder / file) for file in ("bold.nii.gz", "atlas.nii.gz", "confounds.tsv"))
        size = Path(bold).stat().st_size / 1e6
        raw = SHAPE[0] * SHAPE[1] * SHAPE[2] * TRS * 2 / 1e6
        print(f"scan: {' x '.join(map(str, SHAPE))} x {TRS} int16, {raw:.0f} MB, {size:.0f} MB compressed; 450 regions")
        ours = [boldface, "parcellate", "--bold", bold, "--parcellation", atlas, "--confounds", confounds]
        ours += ["--columns", ",".join(NAMES), "--detrend", "--standardize", "none", "--workers", "1"]
        ours += ["--low-pass", "0.1", "--high-pass", "0.01", "--tr", str(TR)]
        theirs = [sys.executable, "-W", "ignore", "-c", NILEARN, bold, atlas, confounds, str(folder / "theirs.npy")]
        nilearn, own = [], []
        for run in range(5):
            nilearn.append(timed(theirs))
            own.append(timed([*ours, "--out", str(folder / f"ours{run}.npy")]))
        best = lambda runs, at: min(run[at] for run in runs)
        work = [min(float(run[3].split()[at]) for run in nilearn) for at in (0, 1)]
        print("                         clock  processor       peak")
        for who, clock, processor, peak in [
            ("nilearn, imports apart", *work, best(nilearn, 2)),
            ("nilearn, whole script", best(nilearn, 0), best(nilearn, 1), best(nilearn, 2)),
            ("boldface parcellate", best(own, 0), best(own, 1), best(own, 2)),
        ]:
            print(f"{who:22} {clock:5.2f} s    {processor:5.2f} s  {peak:6.0f} MB")
        for who, clock, processor in [("imports apart", *work), ("whole script", best(nilearn, 0), best(nilearn, 1))]:
            ratios = clock / best(own, 0), processor / best(own, 1)
            print(f"times faster, {who}: {ratios[0]:.1f} by the clock, {ratios[1]:.1f} by the processor")
        import numpy as np

        a, b = np.load(folder / "ours0.npy"), np.load(folder / "theirs.npy")
        print(f"largest difference: {abs(a - b).max() / abs(b).max():.0e} of the largest value")


if __name__ == "__main__":
    write(Path(sys.argv[2])) if sys.argv[1:2] == ["write"] else main()
