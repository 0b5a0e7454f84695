"""Reads an event file as TensorBoard does and prints its finite scalars as JSON: tag -> [[step, value], ...]."""

import json
import math
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
events.Reload()
tags = events.Tags()["scalars"]
print(json.dumps({tag: [[point.step, point.value] for point in events.Scalars(tag) if math.isfinite(point.value)] for tag in tags}))
