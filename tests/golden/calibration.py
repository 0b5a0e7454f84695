"""Reads {"correct": [...], "probabilities": [[...]]} and prints scikit-learn's calibration numbers.

sys.stdin and sys.stdout are JSON; the test `calibration.rs` compares them with `boldface::scores`.
"""

import json
import sys

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

given = json.load(sys.stdin)
correct = np.array(given["correct"])
probabilities = np.array(given["probabilities"])
confidence = probabilities.max(axis=1)
hit = probabilities.argmax(axis=1) == correct
accuracy, mean_confidence = calibration_curve(hit, confidence, n_bins=10, strategy="uniform")
# calibration_curve leaves empty bins out and does not tell how many answers a bin has.
place = np.searchsorted(np.linspace(0.0, 1.0, 11)[1:-1], confidence)
counts = [int(count) for count in np.bincount(place, minlength=10) if count > 0]
error = float(np.sum(np.array(counts) * np.abs(accuracy - mean_confidence)) / len(correct))
classes = list(range(probabilities.shape[1]))
if len(classes) == 2:
    brier = brier_score_loss(correct, probabilities[:, 1])
else:
    brier = brier_score_loss(correct, probabilities, labels=classes)
json.dump(
    {
        "accuracy": accuracy.tolist(),
        "confidence": mean_confidence.tolist(),
        "n": counts,
        "ece": error,
        "brier": float(brier),
    },
    sys.stdout,
)
