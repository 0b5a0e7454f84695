"""Spectra and windows of real scans as scipy and numpy have them: what the program's are compared with.

`temporal.py SERIES.npy TR ROWS`: ROWS is `trs` or `rois`, which the rows of the array are. Prints one JSON object: of
every region Welch's density (sums of all, of 0.01-0.10 Hz and of 0.10-0.25 Hz), ALFF and fALFF by the formula of DPABI's
y_alff_falff, the lag-1 autocorrelation; and mean correlations of the even with the odd regions in square windows.
"""

import json
import sys

import numpy as np
from scipy import signal, stats


def alff(x, tr, low=0.01, high=0.08):
    """y_alff_falff.m: detrend, zeros up to a power of two, 2 |FFT| / n."""
    n = len(x)
    padded = 1 << (n - 1).bit_length()
    amplitude = 2 * np.abs(np.fft.fft(signal.detrend(x), padded)) / n
    first, last = int(np.ceil(low * padded * tr)), int(np.fix(high * padded * tr))
    band = amplitude[first : last + 1]
    return band.mean(), band.sum() / amplitude[1 : padded // 2 + 1].sum()


path, tr, rows = sys.argv[1], float(sys.argv[2]), sys.argv[3]
values = np.load(path).astype(np.float64)
values = values if rows == "trs" else values.T
trs = len(values)
regions = []
for x in values.T:
    if np.ptp(x) == 0:
        regions.append(None)
        continue
    z = stats.zscore(signal.detrend(x))
    at, power = signal.welch(z, fs=1 / tr, nperseg=min(256, trs))
    low, high = power[(at >= 0.01) & (at <= 0.10)].sum(), power[(at > 0.10) & (at <= 0.25)].sum()
    lag1 = (np.correlate(z, z, "full")[trs - 1 :] / np.arange(trs, 0, -1))[1]
    regions.append([*alff(x, tr), lag1, power.sum(), low, high])

windows = []
alive = [x for x in values.T if np.ptp(x) > 0]
for start in range(0, trs - 40 + 1, 10):
    r = np.corrcoef(np.array([x[start : start + 40] for x in alive]))
    windows.append(float(r[::2, 1::2].mean()))
print(json.dumps({"regions": regions, "windows": windows}))
