"""What the processor of this machine computes in by itself."""

from pathlib import Path

FLAGS = Path("/proc/cpuinfo")
_UNITS = {"amx_bf16": "AMX", "avx512_bf16": "AVX-512"}


def bfloat16_unit() -> str | None:
    """What computes in bfloat16 here: empty where nothing does, None where that cannot be known (not Linux on x86)."""
    try:
        flags = set(FLAGS.read_text(encoding="utf-8").split())
    except OSError:
        return None
    if "fpu" not in flags:  # another kind of processor, whose flags have other names
        return None
    return next((unit for flag, unit in _UNITS.items() if flag in flags), "")
