"""What each command really gets; the only room that imports inside functions, so that a command loads only what it uses."""

from tc.wiring.data import check_data, import_data, prepare_data, survey_data, verified_data
from tc.wiring.documents import check_documents, document_schema, require_valid, write_example_run_spec
from tc.wiring.keeping import (
    export_run,
    plan_pruning,
    prune_runs,
    record_report,
    recover_run,
    retention_policy,
    stop_run,
    write_file,
)
from tc.wiring.looking import (
    compare_evidence,
    diff_runs,
    explain_run,
    find_run,
    list_runs,
    metrics_of,
    render_report,
    replay_run,
    require_intact,
    show_run,
    verify_run,
)
from tc.wiring.machine import examine_machine
from tc.wiring.runs import check_run, reproduce_run, rerun, run_demo, run_spec

__all__ = [
    "check_data",
    "check_documents",
    "check_run",
    "compare_evidence",
    "diff_runs",
    "document_schema",
    "examine_machine",
    "explain_run",
    "export_run",
    "find_run",
    "import_data",
    "list_runs",
    "metrics_of",
    "plan_pruning",
    "prepare_data",
    "prune_runs",
    "record_report",
    "recover_run",
    "render_report",
    "replay_run",
    "reproduce_run",
    "require_intact",
    "require_valid",
    "rerun",
    "retention_policy",
    "run_demo",
    "run_spec",
    "show_run",
    "stop_run",
    "survey_data",
    "verified_data",
    "verify_run",
    "write_example_run_spec",
    "write_file",
]
