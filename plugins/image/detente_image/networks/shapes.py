"""What the models require of the images' shape."""

from detente import Space, UsageError

BASE = 4
"""Side of the smallest feature maps."""


def stages_of(space: Space, model: str, least: int = 16) -> int:
    """How often a 4 × 4 map is doubled until it has the size of the images.

    Raises:
        UsageError: the images are not square, or their side is no power of two from `least` on.
    """
    _, height, width = image_shape(space, model)
    if height != width or height < least or height & (height - 1):
        raise UsageError(
            f"model {model!r} generates square images whose size is a power of two of at least {least}, but the data "
            f"are {height} × {width}. Set the data's size to {least}, {2 * least}, {4 * least}, …, or take model 'mlp'."
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
