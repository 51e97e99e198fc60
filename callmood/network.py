"""No library that callmood uses may open a connection."""

import logging
import os
import sys
from contextlib import suppress
from typing import Final

_TELEMETRY: Final = {
    "ORT_DISABLE_TELEMETRY": "1",
    "PYANNOTE_METRICS_ENABLED": "0",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}

_LOGGER: Final = logging.getLogger("callmood.network")


def switch_off_telemetry() -> None:
    """Keep the libraries of this process, and of those that it starts, from reporting home.

    They read the environment when they are imported or used; whatever it says of telemetry is overridden.
    """
    os.environ.update(_TELEMETRY)
    hub = sys.modules.get("huggingface_hub.constants")
    if hub is not None:
        hub.HF_HUB_DISABLE_TELEMETRY = True  # type: ignore[attr-defined]
    runtime = sys.modules.get("onnxruntime")
    if runtime is not None:
        with suppress(Exception):
            runtime.disable_telemetry_events()
        _LOGGER.warning(
            "onnxruntime was imported before callmood, and reports its start to its makers. "
            "Import callmood first, or set ORT_DISABLE_TELEMETRY=1."
        )


def stay_offline() -> None:
    """Let no library of this process look for anything on a hub. For processes of callmood's own only."""
    import socket

    os.environ["HF_HUB_OFFLINE"] = "1"
    socket.has_ipv6 = False  # urllib3 opens a socket of its own machine to try it, wherever it is imported
