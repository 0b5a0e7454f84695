"""Tables as fMRIPrep writes them, and what nilearn's `load_confounds` takes out of them.

    python tests/python/confounds.py SEED SCANS PATTERNS

prints {"files": {name: text}, "cases": [...], "scrubs": [...]}: the test `confounds.rs` reads the same files.
`tests/golden/confounds.json` is the output of `0 10 4`, with nilearn 0.14.1.
"""

import json
import os
import sys
import tempfile
import warnings

import numpy as np
from nilearn.interfaces.fmriprep import load_confounds, load_confounds_strategy

warnings.simplefilter("ignore")
seed, scans, patterns = (int(word) for word in sys.argv[1:4])
rng = np.random.default_rng(seed)
MOTION = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"]
IMAGE = "_space-MNI152NLin2009cAsym_desc-preproc_bold.nii.gz"
AROMA = "_space-MNI152NLin2009cAsym_desc-smoothAROMAnonaggr_bold.nii.gz"


def walk(scale, start=0.0):
    return start + np.cumsum(rng.normal(0, scale, scans)).round(3)


def text(columns):
    cell = lambda value: "n/a" if np.isnan(value) else repr(float(value))
    rows = ["\t".join(columns)] + ["\t".join(map(cell, row)) for row in zip(*columns.values())]
    return "\n".join(rows) + "\n"


def base():
    columns = {name: walk(0.02 if name < "t" else 0.1) for name in MOTION}
    for name, start in (("csf", 900), ("white_matter", 600), ("global_signal", 700)):
        columns[name] = walk(3, start)
    return columns


def expanded(columns):
    full = dict(columns)
    for name, values in columns.items():
        derivative = np.concatenate([[np.nan], np.diff(values)])
        full[f"{name}_derivative1"] = derivative
        full[f"{name}_power2"] = values**2
        full[f"{name}_derivative1_power2"] = derivative**2
    return full


def measures(fd=None, dvars=None):
    fd = rng.gamma(2, 0.12, scans).round(4) if fd is None else fd
    dvars = rng.gamma(20, 0.05, scans).round(4) if dvars is None else dvars
    return {
        "framewise_displacement": np.concatenate([[np.nan], fd[1:]]),
        "std_dvars": np.concatenate([[np.nan], dvars[1:]]),
    }


def noise(names):
    return {name: rng.normal(0, 0.1, scans).round(4) for name in names}


def dummies(count):
    return {f"non_steady_state_outlier{i:02d}": np.eye(scans)[i] for i in range(count)}


def component(method, mask=None, retained=True):
    entry = {"Method": method, "Retained": retained, "CumulativeVarianceExplained": 0.1}
    return entry | ({"Mask": mask} if mask else {})


cosines = ["cosine00", "cosine01"]
files, sidecars = {}, {}

plain = base()
# 20.2 and later: the masks have names of their own.
names = [f"{mask}_comp_cor_{i:02d}" for mask in "cwa" for i in range(4)]
new = expanded(plain) | measures() | noise([*names, "t_comp_cor_00", "t_comp_cor_01", *cosines]) | dummies(2)
files["sub-new"] = new
masks = {"c": "CSF", "w": "WM", "a": "combined"}
sidecars["sub-new"] = {name: component("aCompCor", masks[name[0]]) for name in names} | {
    "t_comp_cor_00": component("tCompCor"),
    "t_comp_cor_01": component("tCompCor"),
    "dropped_0": component("aCompCor", "combined", False),
    "tcompcor": {"Method": "Mean"},
}
# 1.4 to 20.1: three masks under one name, 100 components and more.
mixed = [f"a_comp_cor_{i:02d}" for i in range(104)]
files["sub-mixed"] = expanded(base()) | measures() | noise([*mixed, "t_comp_cor_00", *cosines])
mask = lambda i: "combined" if i in (0, 1, 2, 99, 100, 101) else "CSF" if i < 50 else "WM"
sidecars["sub-mixed"] = {name: component("aCompCor", mask(i)) for i, name in enumerate(mixed)} | {
    "t_comp_cor_00": component("tCompCor")
}

root = tempfile.mkdtemp()


def write(name, columns, sidecar):
    for image in (IMAGE, AROMA):
        open(os.path.join(root, f"{name}{image}"), "w").close()
    stem = os.path.join(root, f"{name}_desc-confounds_timeseries")
    with open(stem + ".tsv", "w") as file:
        file.write(text(columns))
    with open(stem + ".json", "w") as file:
        json.dump(sidecar, file)


for name in files:
    write(name, files[name], sidecars[name])

compcor = {"strategy": ("motion", "high_pass", "compcor"), "motion": "full"}
STRATEGIES = {
    "6p": {"strategy": ("motion",), "motion": "basic"},
    "12p": {"strategy": ("motion",), "motion": "derivatives"},
    "24p": {"strategy": ("motion",), "motion": "full"},
    "24p-gsr": {"strategy": ("motion", "global_signal"), "motion": "full"},
    "8p": {"strategy": ("motion", "wm_csf"), "motion": "basic"},
    "9p": {"strategy": ("motion", "wm_csf", "global_signal"), "motion": "basic"},
    "36p": {
        "strategy": ("motion", "wm_csf", "global_signal"),
        "motion": "full",
        "wm_csf": "full",
        "global_signal": "full",
    },
    "acompcor-2": compcor | {"compcor": "anat_combined", "n_compcor": 2},
    "acompcor": compcor | {"compcor": "anat_combined", "n_compcor": "all"},
    "tcompcor": compcor | {"compcor": "temporal", "n_compcor": "all"},
}
PRESETS = {"acompcor": ("compcor", IMAGE), "ica-aroma": ("ica_aroma", AROMA)}

cases = []


def case(file, strategy, found):
    confounds, kept = found
    cases.append({
        "file": file,
        "strategy": strategy,
        "columns": {name: values.tolist() for name, values in confounds.items()},
        "kept": None if kept is None else kept.tolist(),
    })


for name in files:
    image = os.path.join(root, name + IMAGE)
    for strategy, arguments in STRATEGIES.items():
        case(name, strategy, load_confounds(image, demean=False, **arguments))
    for strategy, (preset, ending) in PRESETS.items():
        found = load_confounds_strategy(os.path.join(root, name + ending), preset, demean=False)
        case(name, strategy, found)

scrubs = []
for place in range(patterns):
    name = f"sub-scrub{place}"
    dense = rng.choice([0.05, 0.2, 0.5])
    spikes = lambda low, high: np.where(rng.random(scans) < dense, high, low) + (rng.random(scans) * 0.01).round(4)
    columns = plain | measures(spikes(0.1, 0.8), spikes(1.0, 2.0)) | dummies(place % 3)
    write(name, columns, {})
    files[name] = columns
    for fd, dvars, shortest in [(0.5, 1.5, 5), (0.5, None, 5), (0.5, 1.5, 0), (None, 1.5, 3), (5.0, 5.0, 5)]:
        _, kept = load_confounds(
            os.path.join(root, name + IMAGE),
            strategy=("motion", "scrub"),
            motion="basic",
            scrub=shortest,
            fd_threshold=fd or 1e9,
            std_dvars_threshold=dvars or 1e9,
            demean=False,
        )
        rule = {"file": name, "fd": fd, "dvars": dvars, "shortest": shortest}
        scrubs.append(rule | {"kept": None if kept is None else kept.tolist()})

written = {f"{name}_desc-confounds_timeseries.tsv": text(columns) for name, columns in files.items()}
written |= {f"{name}_desc-confounds_timeseries.json": json.dumps(entry) for name, entry in sidecars.items()}
# The same without what can be computed.
written["sub-bare_desc-confounds_timeseries.tsv"] = text(plain)
json.dump({"files": written, "cases": cases, "scrubs": scrubs}, sys.stdout)
print()
