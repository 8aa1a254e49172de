"""What the models require of the images' shape."""

from detente import Space, UsageError

BASE = 4
"""Side of the smallest feature maps."""


def stages_of(space: Space, model: str) -> int:
    """How often a 4 × 4 map is doubled until it has the size of the images.

    Raises:
        UsageError: the images are not square, or their side is no power of two from 16 on.
    """
    _, height, width = image_shape(space, model)
    if height != width or height < 16 or height & (height - 1):
        raise UsageError(
            f"model {model!r} generates square images whose size is a power of two of at least 16, but the data are"
            f" {height} × {width}. Set the data's size to 16, 32, 64, …, or take model 'mlp'."
        )
    return (height // BASE).bit_length() - 1


def image_shape(space: Space, model: str) -> tuple[int, int, int]:
    """Channels, height and width of the images in a space.

    Raises:
        UsageError: its samples are not images.
    """
    if len(space.leaves) != 1 or len(space.leaves[0].shape) != 3:
        shapes = ", ".join(str(leaf.shape) for leaf in space.leaves)
        raise UsageError(f"model {model!r} is for images (channels, height, width), but the data are {shapes}.")
    channels, height, width = space.leaves[0].shape
    return channels, height, width
