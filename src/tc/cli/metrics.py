"""`tc metrics`: every run, live or finished, as metrics and as pages."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from tc import wiring
from tc.cli.options import ARTIFACTS_ROOT, DATA_ROOT, RUNTIME_ROOT, ArtifactsRoot, DataRoot, RuntimeRoot

app = typer.Typer(help="Every run as metrics for Prometheus, and as pages for people.", no_args_is_help=True)

Host = Annotated[
    str, typer.Option("--host", metavar="ADDRESS", help="Where to listen; beyond this machine it needs --web.config.")
]
Port = Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 takes a free one.")]
MaxRuns = Annotated[
    int,
    typer.Option("--max-runs", metavar="N", min=0, help="Show so many runs, the newest; others are counted only. 0 shows all."),
]
WebConfig = Annotated[
    Path | None,
    typer.Option("--web.config", metavar="FILE", help="TLS, users and headers, in the format of Prometheus's web.config.file."),
]
RunbooksUrl = Annotated[
    str,
    typer.Option("--runbooks-url", metavar="URL", help="Where runbooks are read: pages link to URL/NAME.md. Left out, here."),
]

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, the start of one, or latest.")]
Format = Annotated[
    Literal["text", "openmetrics"],
    typer.Option("--format", help="The text format 0.0.4, or OpenMetrics 1.0; they differ in their headers."),
]


@app.command()
def export(run: Run, written: Format = "text", artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT) -> None:
    """Print one run's metrics, as a scrape would say them: of a run that goes on, as of now."""
    typer.echo(wiring.export_metrics(run, artifacts_root=artifacts_root, written=written), nl=False)


@app.command()
def serve(
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    runtime_root: RuntimeRoot = RUNTIME_ROOT,
    data_root: DataRoot = DATA_ROOT,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    max_runs: MaxRuns = 500,
    web_config: WebConfig = None,
    runbooks_url: RunbooksUrl = "/runbooks",
) -> None:
    """Serve /metrics and the status page until SIGTERM or Ctrl-C; it reads run directories, and changes nothing."""
    options = wiring.ServeOptions(
        artifacts_root=artifacts_root,
        runtime_root=runtime_root,
        data_root=data_root,
        host=host,
        port=port,
        max_runs=max_runs or None,
        web_config=web_config,
        runbooks_url=runbooks_url,
    )
    wiring.serve_metrics(options, lambda url: print(f"serving {url}/ (metrics: {url}/metrics)", flush=True))
