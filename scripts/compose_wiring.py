"""Looks at what `make compose-test` has brought up, from outside: is each service well, and are they wired as compose/ says."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE_S = 90.0
PROMETHEUS, ALERTMANAGER = (f"http://127.0.0.1:{os.environ[f'TC_{name}_PORT']}" for name in ("PROMETHEUS", "ALERTMANAGER"))
SERVICES = ("alertmanager", "grafana", "prometheus")
_LISTENING = "0A"


def main() -> None:
    """Check one thing after the other; 1 for the first that does not come about in time."""
    began = time.monotonic()
    for what, is_so in CHECKS.items():
        ends = time.monotonic() + PATIENCE_S
        while not _holds(is_so):
            if time.monotonic() > ends:
                sys.exit(f"compose-test: FAILED: {what}")
            time.sleep(0.2)
        print(f"ok  {what}")
    print(f"compose-test: all of it after {time.monotonic() - began:.0f} s")


def are_healthy() -> bool:
    """Whether Docker calls each service healthy, by the check in the compose file."""
    return {name: each["State"]["Health"]["Status"] for name, each in containers().items()} == dict.fromkeys(SERVICES, "healthy")


def can_do_little() -> bool:
    """Whether each runs without root, capabilities and new privileges, on a root that it cannot write."""
    return all(
        each["Config"]["User"].split(":")[0] in {"65534", "472"}
        and each["HostConfig"]["ReadonlyRootfs"]
        and each["HostConfig"]["CapDrop"] == ["ALL"]
        and each["HostConfig"]["SecurityOpt"] == ["no-new-privileges:true"]
        and all(not mount["RW"] for mount in each["Mounts"] if mount["Type"] == "bind")
        for each in containers().values()
    )


def is_target_up() -> bool:
    """Whether Prometheus scrapes the server of metrics on the host."""
    (target,) = ask(f"{PROMETHEUS}/api/v1/targets")["data"]["activeTargets"]
    return (target["health"], target["scrapeUrl"]) == ("up", f"http://{os.environ['TC_METRICS_TARGET']}/metrics")


def are_rules_loaded() -> bool:
    """Whether every rule is there and can be evaluated."""
    groups = ask(f"{PROMETHEUS}/api/v1/rules")["data"]["groups"]
    return len(groups) >= 6 and all(rule["health"] == "ok" for group in groups for rule in group["rules"])  # noqa: PLR2004


def is_alertmanager_told() -> bool:
    """Whether the alert that always fires has arrived, with its runbook."""
    alerts = {each["labels"]["alertname"]: each["annotations"]["runbook_url"] for each in ask(f"{ALERTMANAGER}/api/v2/alerts")}
    return alerts == {"TcDeadMansSwitch": "http://127.0.0.1:8000/runbooks/dead-mans-switch"}


def is_grafana_given_all() -> bool:
    """Whether Grafana's stand-in found what it needs."""
    logs = subprocess.run(["docker", "logs", identity("grafana")], capture_output=True, text=True, check=True).stdout
    return "MISSING" not in logs and logs.count("ok ") > len(SERVICES)


def listen_on_loopback_only() -> bool:
    """Whether no process of a container listens on another address than 127.0.0.1."""
    inodes = {inode for each in containers().values() for inode in _sockets(each["State"]["Pid"])}
    found = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    listening = [fields[1] for fields in found if fields[3] == _LISTENING and fields[9] in inodes]
    return len(listening) >= len(SERVICES) - 1 and all(address.startswith("0100007F:") for address in listening)


CHECKS: dict[str, Callable[[], bool]] = {
    "Prometheus scrapes the server of metrics": is_target_up,
    "every rule is loaded and evaluated": are_rules_loaded,
    "Alertmanager is told, with the runbook": is_alertmanager_told,
    "Grafana's stand-in has its password, data source and dashboards, and can write its data only": is_grafana_given_all,
    "every service is healthy": are_healthy,
    "no service has root, capabilities, or a root that it can write": can_do_little,
    "no service listens beyond 127.0.0.1": listen_on_loopback_only,
}


def ask(url: str) -> Any:  # noqa: ANN401 - whatever JSON the service speaks
    """Return the document at an address."""
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - addresses of this machine
        return json.load(answer)


def containers() -> dict[str, Any]:
    """Return what Docker knows of the container of each service."""
    return {
        name: json.loads(subprocess.run(["docker", "inspect", identity(name)], capture_output=True, check=True).stdout)[0]
        for name in SERVICES
    }


def identity(service: str) -> str:
    """Return the id of a service's container."""
    labels = [f"--filter=label=com.docker.compose.service={service}"]
    return subprocess.run(["docker", "ps", "-aq", *labels], capture_output=True, text=True, check=True).stdout.strip()


def _sockets(pid: int) -> set[str]:
    links = (str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir())
    return {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:")}


def _holds(is_so: Callable[[], bool]) -> bool:
    """Whether something is so; what cannot be asked yet is not."""
    try:
        return is_so()
    except (OSError, ValueError, LookupError, subprocess.CalledProcessError):
        return False


if __name__ == "__main__":
    main()
