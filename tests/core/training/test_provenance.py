"""What a run was made by."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_memory_of_a_run_is_not_that_of_the_process_that_began_it():
    """Linux counts the parent's peak as a child's own in getrusage."""
    child = "from detente.training.provenance import peak_memory; print(peak_memory())"
    program = f"import subprocess, sys; held = b'x' * 10**9; subprocess.run([sys.executable, '-c', {child!r}])"
    found = int(subprocess.check_output([sys.executable, "-c", program], text=True))
    assert 10**7 < found < 10**9
