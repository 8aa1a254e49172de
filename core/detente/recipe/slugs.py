"""The folder of an arm, named after what was typed for it."""

import re
from hashlib import blake2b

_LONGEST = 60


def slug(text: str) -> str:
    """A name for a folder that any file system takes: what is legible of the text, and a hash of all of it."""
    digest = blake2b(text.strip().encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    legible = re.sub(r"[^a-z0-9.=]+", "-", text.lower()).strip("-.=")[: _LONGEST - 1 - len(digest)].rstrip("-.=")
    return f"{legible or 'arm'}-{digest}"
