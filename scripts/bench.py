"""Run every benchmark beside this file, one after the other, print what they measured and store it under bench-results/.

Each `bench_*.py` prints one JSON object. Speed is measured, never tested: the figures say nothing on a busy machine.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent
RESULTS = SCRIPTS.parent / "bench-results"


def main() -> int:
    """Run the benchmarks that are named, or all; 1 when one of them failed."""
    known = {path.stem.removeprefix("bench_"): path for path in sorted(SCRIPTS.glob("bench_*.py"))}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ({', '.join(known)}); left out, all")
    names = parser.parse_args().names or list(known)
    if unknown := set(names) - set(known):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    at = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
    machine = {"python": platform.python_version(), "platform": platform.platform(), "processors": os.cpu_count()}
    results: dict[str, object] = {}
    for name in names:
        print(f"\n{name}", flush=True)
        done = subprocess.run([sys.executable, known[name]], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            print(f"  failed with exit code {done.returncode}")
            continue
        results[name] = json.loads(done.stdout)
        for path, value in flat(results[name]):
            print(f"  {path:<56} {value}")
    RESULTS.mkdir(exist_ok=True)
    stored = RESULTS / f"{at}.json"
    stored.write_text(json.dumps({"at": at, **machine, "load": os.getloadavg(), "results": results}, indent=2) + "\n")
    print(f"\nstored in {stored.relative_to(SCRIPTS.parent)}")
    return 0 if len(results) == len(names) else 1


def flat(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield the leaves of a JSON value, each with its dotted path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}" if path else key)
    else:
        yield path, value


if __name__ == "__main__":
    sys.exit(main())
