"""The real alerting over a lab: the metrics of its run, Prometheus and Alertmanager with the shipped rules, at a drill's pace."""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from tc.errors import InconclusiveError
from tc.lab.process import LabProcess, free_ports
from tc.lab.scaling import TIME_SCALE, alert_names, scaled, without_alerts
from tc.spec.drills.words import DEAD_MANS_SWITCH

_PROGRAMS = ("prometheus", "prometheus-alertmanager")
_RULES = "prometheus/rules"
_MS = 1_000
_REPEATED = re.compile(rf'alertname="{DEAD_MANS_SWITCH}"\][^[]*?repeat_interval: (?P<ms>[0-9]+)ms', re.DOTALL)
_WEBHOOK = "    webhook_configs:\n      - url: '{url}'\n        send_resolved: {is_told}\n"


@dataclass(frozen=True, slots=True)
class Alerting:
    """The three processes, none of them started yet, and where the runbooks and pages are."""

    metrics: LabProcess
    prometheus: LabProcess
    alertmanager: LabProcess
    metrics_url: str
    prometheus_url: str

    @property
    def processes(self) -> tuple[LabProcess, ...]:
        """All three."""
        return self.metrics, self.prometheus, self.alertmanager


def has_programs() -> bool:
    """Say whether Prometheus and Alertmanager are installed."""
    return not _missing()


def require_programs() -> None:
    """Raise InconclusiveError where Prometheus or Alertmanager is not installed."""
    if missing := _missing():
        raise InconclusiveError(
            f"{' and '.join(missing)} cannot be found, and no alert can fire without",
            hint="scripts/system-packages.sh installs them on Debian; or leave the alerts out with --no-prometheus.",
        )


def _missing() -> list[str]:
    return [each for each in _PROGRAMS if shutil.which(each) is None]


def shipped(part: str) -> Path:
    """Return a folder of the shipped alerting: a wheel has it inside the package, a clone beside it."""
    inside = Path(str(files("tc"))) / "compose"
    return (inside if inside.is_dir() else Path(__file__).resolve().parents[3] / "compose") / part


def shipped_alerts() -> tuple[str, ...]:
    """Return the names of the shipped alerts."""
    return alert_names((shipped(_RULES) / "tc-alerts.yaml").read_text(encoding="utf-8"))


def dead_mans_switch_every_s() -> float:
    """Return how often Alertmanager repeats, at a drill's pace, the alert that always fires."""
    found = _REPEATED.search(_alertmanager_text())
    assert found is not None  # noqa: S101 - a shipped file, which a test reads
    return int(found["ms"]) / _MS


def prepare_alerting(
    folder: Path, webhook: str, *, environment: Mapping[str, str], without: frozenset[str] = frozenset()
) -> Alerting:
    """Write the shipped configuration at a drill's pace, and return the processes that read it."""
    metrics, prometheus, alertmanager = free_ports(3)
    _write_prometheus(folder / "prometheus", metrics=metrics, alertmanager=alertmanager, without=without)
    _write_alertmanager(folder / "alertmanager", webhook)

    def process(name: str, *command: str) -> LabProcess:
        return LabProcess(name, command, environment=environment, folder=folder, log=folder / f"{name}.log")

    served = (sys.executable, "-m", "tc", "metrics", "serve", "--port", str(metrics))
    return Alerting(
        process("metrics", *served),
        process("prometheus", *_prometheus(folder / "prometheus", prometheus)),
        process("alertmanager", *_alertmanager(folder / "alertmanager", alertmanager)),
        f"http://127.0.0.1:{metrics}",
        f"http://127.0.0.1:{prometheus}",
    )


def _prometheus(folder: Path, port: int) -> tuple[str, ...]:
    return (
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'series'}",
        "--storage.tsdb.retention.time=1d",
        f"--rules.alert.resend-delay={5_000 // TIME_SCALE}ms",
        f"--scrape.discovery-reload-interval={5_000 // TIME_SCALE}ms",
        f"--web.listen-address=127.0.0.1:{port}",
    )


def _alertmanager(folder: Path, port: int) -> tuple[str, ...]:
    return (
        "prometheus-alertmanager",
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        "--cluster.listen-address=",
        f"--web.listen-address=127.0.0.1:{port}",
    )


def _write_prometheus(folder: Path, *, metrics: int, alertmanager: int, without: frozenset[str]) -> None:
    (folder / "targets").mkdir(parents=True)
    (folder / "rules").mkdir()
    (folder / "targets" / "tc.yml").write_text(f'- targets: ["127.0.0.1:{metrics}"]\n')
    (folder / "targets" / "alertmanager.yml").write_text(f'- targets: ["127.0.0.1:{alertmanager}"]\n')
    (folder / "prometheus.yml").write_text(scaled((shipped("prometheus") / "prometheus.yml").read_text(encoding="utf-8")))
    for rules in sorted(shipped(_RULES).glob("*.yaml")):
        (folder / "rules" / rules.name).write_text(without_alerts(scaled(rules.read_text(encoding="utf-8")), without))


def _write_alertmanager(folder: Path, webhook: str) -> None:
    folder.mkdir(parents=True)
    text = _alertmanager_text()
    for receiver, is_told in (("people", "true"), ("dead-mans-switch", "false")):
        name = f"  - name: {receiver}\n"
        text = text.replace(name, name + _WEBHOOK.format(url=webhook, is_told=is_told))
    descriptor = os.open(folder / "alertmanager.yml", os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _alertmanager_text() -> str:
    return scaled((shipped("alertmanager") / "alertmanager.yml").read_text(encoding="utf-8"))
