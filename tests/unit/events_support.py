"""Events for tests, and what streams must make of them, written as plain loops."""

import numpy as np

PIXEL = np.dtype([("t", "<i8"), ("x", "<u2"), ("y", "<u2"), ("p", "u1")])
CHANNEL = np.dtype([("t", "<i8"), ("channel", "<u4")])


def pixels(rows):
    """Return a structured array of (t, x, y, p)."""
    return np.array([tuple(row) for row in rows], PIXEL)


def channels(rows):
    """Return a structured array of (t, channel)."""
    return np.array([tuple(row) for row in rows], CHANNEL)


def random_pixels(count, *, width=640, height=480, until_us=1_000_000, seed=0):
    """Return events in order of time, anywhere on a sensor."""
    rng = np.random.default_rng(seed)
    array = np.empty(count, PIXEL)
    array["t"] = np.sort(rng.integers(0, until_us, count))
    for name, limit in (("x", width), ("y", height), ("p", 2)):
        array[name] = rng.integers(0, limit, count)
    return array


def rows(stream):
    """Return a stream's events as a list of tuples of integers."""
    return [tuple(map(int, row)) for row in stream.array().tolist()]


def oracle(events, size, *, x, y, t_us, k, which, step_us, steps):
    """Crop, pool, choose and bin events one by one.

    Returns
    -------
    steps : list of sorted lists
        Channels of each step.
    counts : dict
        What was left out.
    """
    counts = {"outside_region": 0, "outside_time": 0, "other_polarity": 0, "merged": 0}
    wide, high = x[1] - x[0], y[1] - y[0]
    wide, high = (wide + k - 1) // k, (high + k - 1) // k
    made = {}
    for t, col, row, p in events:
        if not (x[0] <= col < x[1] and y[0] <= row < y[1]):
            counts["outside_region"] += 1
            continue
        if not t_us[0] <= t < t_us[1]:
            counts["outside_time"] += 1
            continue
        if which in ("on", "off") and p != (which == "on"):
            counts["other_polarity"] += 1
            continue
        step = (t - t_us[0]) // step_us
        if steps is not None and step >= steps:
            counts["outside_time"] += 1
            continue
        plane = p if which == "split" else 0
        channel = (plane * high + (row - y[0]) // k) * wide + (col - x[0]) // k
        if channel in made.setdefault(step, set()):
            counts["merged"] += 1
        made[step].add(channel)
    length = steps if steps is not None else max(made, default=-1) + 1
    return [sorted(made.get(step, ())) for step in range(length)], counts
