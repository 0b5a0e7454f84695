"""What nilearn 0.14 makes of small images: NiftiLabelsMasker and NiftiMapsMasker over many combinations of options.

    python tests/python/parcels_golden.py > tests/golden/parcels.json     images written by formula, every combination
    python tests/python/parcels_golden.py real SHARED FOLDER              real images; label images go to FOLDER

Prints JSON: cases with their settings, the labels nilearn found and its signals (volumes x regions).
"""

import itertools
import json
import sys
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
from nilearn.image import resample_img
from nilearn.maskers import NiftiLabelsMasker, NiftiMapsMasker

warnings.simplefilter("ignore")

COS, SIN = 0.9689124217106447, 0.24740395925452294  # a quarter of a radian

# Grids: shape and affine. Their offsets leave no voxel half way between two others or on the edge of a grid.
GRIDS = {
    "plain": ([7, 8, 6], [[2, 0, 0, -6.0], [0, 2, 0, -7.0], [0, 0, 2, -5.0]]),
    "flipped": ([7, 8, 6], [[-2, 0, 0, 6.1], [0, 2, 0, -7.0], [0, 0, -2.5, 6.2]]),
    "oblique": ([7, 8, 6], [[2 * COS, -2 * SIN, 0, -4.3], [2 * SIN, 2 * COS, 0.1, -8.2], [0, -0.2, 2.5, -5.1]]),
    "swapped": ([8, 6, 7], [[0, 0, -2, 5.7], [2.2, 0, 0, -7.3], [0, 2, 0, -5.2]]),
    "fine": ([11, 12, 9], [[-1.3, 0, 0, 6.3], [0, 1.3, 0, -7.1], [0, 0, 1.4, -5.63]]),
    "coarse": ([5, 5, 4], [[3.1, 0, 0, -6.2], [0, 3.3, 0, -6.9], [0, 0, 3.7, -5.41]]),
    "tilted": ([10, 9, 8], [[1.7 * COS, 0, 1.5 * SIN, -7.4], [0, -1.8, 0, 7.83], [-1.7 * SIN, 0, 1.5 * COS, -3.3]]),
}
TRS = 4


def places(shape):
    return np.meshgrid(*[np.arange(n, dtype=np.int64) for n in shape], indexing="ij")


def bold(shape):
    x, y, z = (axis[..., None] for axis in places(shape))
    t = np.arange(TRS, dtype=np.int64)
    return 500 + (x * 31 + y * 17 + z * 7 + t * 13 + x * y * 3 + z * t * 5) % 101


def labels(shape):
    x, y, z = places(shape)
    label = 3 * (1 + (2 * x) // shape[0] + 2 * ((2 * y) // shape[1]) + 4 * ((2 * z) // shape[2]))
    return np.where((x + y + z) % 5 == 0, 0, label)


def mask(shape):
    x, y, z = places(shape)
    return ((x + 2 * y + 3 * z) % 4 != 0).astype(np.int64)


def maps(shape):
    x, y, z = places(shape)
    centres = [(k * shape[0] // 3, (k + 1) * shape[1] // 4, k * shape[2] // 3) for k in range(3)]
    return np.stack(
        [np.maximum(0, 64 - (x - a) ** 2 - (y - b) ** 2 - (z - c) ** 2) / 64 for a, b, c in centres], axis=-1
    )


def image(values, grid, dtype):
    return nib.Nifti1Image(values.astype(dtype), np.array([*GRIDS[grid][1], [0, 0, 0, 1]], dtype=np.float32))


def stored(grid, dtype):
    """The scan as int16, as int16 with slope and intercept, or as float32 with fractions."""
    values = bold(GRIDS[grid][0])
    if dtype == "float32":
        return image(values + values % 8 / 8, grid, np.float32)
    scan = image(values, grid, np.int16)
    if dtype == "scaled":
        # As nibabel gives the voxels of a file with this slope and intercept.
        scan = nib.Nifti1Image(values * 0.25 + 3.0, scan.affine)
    return scan


def extract(scan, atlas, mask_image, fwhm, kind):
    if kind == "maps":
        # In 64 bits: nilearn fits maps to other images in 32 bits, which costs it the fifth digit.
        scan = nib.Nifti1Image(scan.get_fdata(), scan.affine)
    if kind == "labels":
        masker = NiftiLabelsMasker(atlas, mask_img=mask_image, smoothing_fwhm=fwhm, standardize=False)
    else:
        masker = NiftiMapsMasker(atlas, mask_img=mask_image, smoothing_fwhm=fwhm, standardize=False)
    signals = masker.fit_transform(scan)
    found = masker.region_ids_.values() if kind == "labels" else range(1, signals.shape[1] + 1)
    found = [int(label) for label in found if label not in ("background", 0)]
    return {"labels": found, "signals": [[float(f"{x:.9g}") for x in row] for row in signals]}


def synthetic():
    dtypes = itertools.cycle(["int16", "float32", "scaled"])
    scans = ["plain", "flipped", "oblique", "swapped"]
    masks, atlases = [None, "same", "coarse"], ["same", "fine", "tilted"]
    combinations = itertools.product(["labels", "maps"], scans, atlases, masks, [None, 5.0])
    for kind, scan, atlas, masked, fwhm in combinations:
        dtype = next(dtypes)
        own = lambda grid: scan if grid == "same" else grid
        make = labels if kind == "labels" else maps
        atlas_image = image(make(GRIDS[own(atlas)][0]), own(atlas), np.int16 if kind == "labels" else np.float32)
        mask_image = masked and image(mask(GRIDS[own(masked)][0]), own(masked), np.int16)
        case = {"kind": kind, "scan": scan, "dtype": dtype, "atlas": own(atlas)}
        case |= {"mask": masked and own(masked), "fwhm": fwhm}
        yield case | extract(stored(scan, dtype), atlas_image, mask_image, fwhm, kind)


def real(shared, folder):
    """Real scans with a label image of blocks on another grid, and where there is one with their own mask."""
    data = shared / "data" / "nifti"
    scans = [
        ("nitime/fmri1.nii.gz", None),
        ("nibabel/functional.nii", None),
        ("nibabel/example4d.nii.gz", None),
        ("nibabel/example_nifti2.nii.gz", None),
        ("brainiak/subject1_bet.nii.gz", None),
        ("tedana/echo1.nii.gz", "tedana/mask.nii.gz"),
        ("haxby25mm/run001_bold_25mm.nii.gz", "haxby25mm/brain.nii.gz"),
        ("haxby25mm/run002_bold_25mm.nii.gz", "haxby25mm/vt.nii.gz"),
    ]
    for number, (name, masked) in enumerate(scans):
        scan = nib.load(data / name)
        x, y, z = places(scan.shape[:3])
        side = max(2, max(scan.shape[:3]) // 4)
        blocks = 1 + x // side + 10 * (y // side) + 100 * (z // side)
        own = nib.Nifti1Image(blocks.astype(np.int16), scan.affine)
        # The same blocks, turned a little and on other voxels.
        turn = np.array([[0.99, -0.1, 0.03, 0.17], [0.1, 0.99, -0.05, -0.23], [-0.03, 0.05, 1.0, 0.31], [0, 0, 0, 1]])
        turned = scan.affine @ turn @ np.diag([0.9, 0.8, 1.1, 1])
        moved = resample_img(own, turned, scan.shape[:3], interpolation="nearest")
        moved = nib.Nifti1Image(moved.get_fdata().astype(np.int16), moved.affine)
        for atlas, fwhm, use_mask in [(own, None, True), (moved, None, True), (moved, 2.5 * side, False)]:
            path = folder / f"atlas{number}-{atlas is moved:d}.nii"
            nib.save(atlas, path)
            mask_path = data / masked if use_mask and masked else None
            # As far as the scan holds a signal: nilearn counts empty voxels as zeros.
            values = scan.get_fdata()
            held = (np.isfinite(values).all(-1) & (values != 0).any(-1)).astype(np.int16)
            if mask_path:
                there = resample_img(nib.load(mask_path), scan.affine, scan.shape[:3], interpolation="nearest")
                held *= there.get_fdata() != 0
            case = {"scan": str(data / name), "atlas": str(path), "mask": mask_path and str(mask_path), "fwhm": fwhm}
            yield case | extract(scan, nib.load(path), nib.Nifti1Image(held, scan.affine), fwhm, "labels")


def grayordinates(shared, folder):
    """The 450 regions of a real dlabel, on simulated series of all its grayordinates, and of the cortex alone."""
    from nibabel.cifti2 import Cifti2Image, SeriesAxis

    path = shared / "data" / "atlas450" / "Schaefer2018_400Parcels_7Networks_order_Tian_Subcortex_S3.dlabel.nii"
    atlas = nib.load(path)
    brain = atlas.header.get_axis(1)
    keys = np.asarray(atlas.get_fdata())[0].astype(int)
    for name, chosen in [("all", np.arange(len(keys))), ("cortex", np.flatnonzero(brain.surface_mask))]:
        series = np.random.default_rng(len(chosen)).normal(100, 3, (TRS, len(chosen))).astype(np.float32)
        header = nib.cifti2.Cifti2Header.from_axes((SeriesAxis(0, 2, TRS), brain[chosen]))
        scan = folder / f"{name}.dtseries.nii"
        nib.save(Cifti2Image(series, header), scan)
        found = [int(key) for key in np.unique(keys[chosen]) if key > 0]
        means = [[float(row[keys[chosen] == key].mean(dtype=np.float64)) for key in found] for row in series]
        yield {"scan": str(scan), "atlas": str(path), "mask": None, "fwhm": None, "labels": found, "signals": means}


if __name__ == "__main__":
    if sys.argv[1:2] == ["real"]:
        cases = itertools.chain(*(make(Path(sys.argv[2]), Path(sys.argv[3])) for make in (real, grayordinates)))
    else:
        cases = synthetic()
    print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")
