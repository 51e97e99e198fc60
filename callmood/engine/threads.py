"""What keeps the libraries of a worker from dividing a single operation among threads."""

from typing import Final

ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""Threads that share the operations of small networks spin while they wait for each other. On a busy machine that
costs up to forty times the work. NumPy reads it when it is imported."""
