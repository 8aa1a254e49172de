"""What the models require of the data's shape."""

from detente import Space, UsageError


def shape_of(space: Space, model: str, dimensions: int) -> tuple[int, ...]:
    """The shape of the one leaf of a space.

    Raises:
        UsageError: there are more leaves, or it has another number of dimensions.
    """
    shapes = [leaf.shape for leaf in space.leaves]
    if len(shapes) != 1 or len(shapes[0]) != dimensions:
        what = {2: "waveforms (1, L)", 3: "log-mels (1, M, T)"}[dimensions]
        raise UsageError(f"model {model!r} is for {what}, but the data are {', '.join(map(str, shapes))}.")
    return shapes[0]
