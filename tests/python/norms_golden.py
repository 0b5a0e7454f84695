"""Golden numbers of `framework/features/src/norms/tests.rs`: weighted least squares by numpy, every person counts once."""

import numpy as np

ages = [20, 20, 31, 45, 45, 52, 38, 27, 61, 33, 29, 48]
sites = list("aabbbcacbcab")
person = [0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9]
effect = {"a": 0, "b": 0.5, "c": -1}
values = np.array([(i * 7 % 13) / 10 + 0.03 * ages[i] + effect[sites[i]] for i in range(12)])
weights = np.array([1 / person.count(one) for one in person])
people = len(set(person))

design = np.array([[1, age, site == "b", site == "c"] for age, site in zip(ages, sites)], float)
root = np.sqrt(weights)
slopes = np.linalg.lstsq(root[:, None] * design, root * values, rcond=None)[0]
left = values - design @ slopes
sd = np.sqrt((weights * left**2).sum() / (people - 4))
print("adjusted: SD", sd, "z of scans 0, 5, 9", (left / sd)[[0, 5, 9]])
print("z of 2.0 at 40 years and site b", (2.0 - np.array([1, 40, 1, 0]) @ slopes) / sd)
mean = (weights * values).sum() / people
print("not adjusted: mean", mean, "SD", np.sqrt((weights * (values - mean) ** 2).sum() / (people - 1)))
