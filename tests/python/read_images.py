"""Reads images with nibabel and prints a JSON object a line: shape, affine, repetition time, sums of the values.

Arguments: a folder for the values as float32 (volume after volume, x fastest), or `-`; then the files. A file that
nibabel cannot read has `error` instead. CIFTI files have their axes too.
"""

import json
import sys

import nibabel
import numpy
from nibabel import cifti2

SECONDS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6, "unknown": 1.0}


def axis(of):
    if isinstance(of, cifti2.SeriesAxis):
        return {"kind": "series", "points": len(of), "step": of.step, "unit": of.unit}
    if isinstance(of, cifti2.BrainModelAxis):
        models = [
            {
                "structure": str(name),
                "first": part.start or 0,
                "vertices": model.nvertices.get(name),
                "indices": (model.vertex if name in model.nvertices else model.voxel).tolist(),
            }
            for name, part, model in of.iter_structures()
        ]
        affine = None if of.affine is None else of.affine.tolist()
        return {"kind": "models", "models": models, "affine": affine, "volume": of.volume_shape}
    if isinstance(of, cifti2.LabelAxis):
        tables = [{str(key): [name, list(rgba)] for key, (name, rgba) in table.items()} for table in of.label]
        return {"kind": "labels", "names": of.name.tolist(), "tables": tables}
    return {"kind": "parcels" if isinstance(of, cifti2.ParcelsAxis) else "scalars", "names": of.name.tolist()}


def describe(path, number, out):
    image = nibabel.load(path)
    values = numpy.asarray(image.get_fdata(dtype=numpy.float64))
    told = {"shape": list(values.shape)}
    if isinstance(image, cifti2.Cifti2Image):
        told["axes"] = [axis(image.header.get_axis(at)) for at in range(values.ndim)]
        values = values.ravel(order="C")
    else:
        told["affine"] = image.affine[:3].tolist()
        units = image.header.get_xyzt_units()[1]
        if values.ndim > 3 and units in SECONDS:
            told["tr"] = float(image.header.get_zooms()[3]) * SECONDS[units]
        values = values.ravel(order="F")
    with numpy.errstate(over="ignore"):
        values = values.astype("<f4")
    if out != "-":
        values.tofile(f"{out}/{number}.f32")
    finite = numpy.where(numpy.isfinite(values), values, 0).astype(float)
    told["bad"] = int((~numpy.isfinite(values)).sum())
    told["sum"] = float(finite.sum())
    # The place counts too, so that an order of voxels cannot be wrong unseen.
    told["weighted"] = float((finite * (numpy.arange(len(finite)) % 97)).sum())
    return told


for number, path in enumerate(sys.argv[2:]):
    try:
        told = describe(path, number, sys.argv[1])
    except Exception as error:  # whatever nibabel raises is what we want to know
        told = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(told))
