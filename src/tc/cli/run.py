"""`tc run` and `tc demo`: run a RunSpec into a run directory."""


def run() -> None:
    """Run a RunSpec into a run directory."""


def demo() -> None:
    """Prepare the packaged dataset, run the packaged scenario on it, and say where to look."""
