"""What each command really gets; the only room that imports inside functions, so that a command loads only what it uses."""

from tc.wiring.connectivity import check_readiness, connectivity_keeper, probe_venue
from tc.wiring.data import check_data, import_any, prepare_data, survey_data, verified_data
from tc.wiring.demo import PaperDemo, run_paper_demo
from tc.wiring.documents import check_documents, document_schema, require_valid, write_example_run_spec
from tc.wiring.drills.report import DrillReport, report_drills
from tc.wiring.drills.run import DrillPlan, FinishedDrill, run_demo_drill, run_drill
from tc.wiring.drills.shipped import shipped_drills
from tc.wiring.drills.suite import run_suite
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
from tc.wiring.kill import activate_kill, clear_kill, kill_scope, kill_status
from tc.wiring.looking import (
    compare_evidence,
    diff_runs,
    explain_run,
    find_run,
    follow_run,
    list_runs,
    metrics_of,
    render_report,
    replay_run,
    require_intact,
    show_run,
    verify_run,
)
from tc.wiring.machine import examine_machine
from tc.wiring.metrics import export_metrics
from tc.wiring.paper import PaperResult, run_node, run_paper_spec
from tc.wiring.paper_parts import PaperPlace, keys_to_make
from tc.wiring.reconcile import heal_run, reconcile_run
from tc.wiring.resume import resume_node, resume_paper_run
from tc.wiring.runs import check_run, load_run, reproduce_run, rerun, run_demo, run_spec
from tc.wiring.serving import ServeOptions, serve_metrics
from tc.wiring.venue import VenueOptions, serve_venue

__all__ = [
    "DrillPlan",
    "DrillReport",
    "FinishedDrill",
    "PaperDemo",
    "PaperPlace",
    "PaperResult",
    "ServeOptions",
    "VenueOptions",
    "activate_kill",
    "check_data",
    "check_documents",
    "check_readiness",
    "check_run",
    "clear_kill",
    "compare_evidence",
    "connectivity_keeper",
    "diff_runs",
    "document_schema",
    "examine_machine",
    "explain_run",
    "export_metrics",
    "export_run",
    "find_run",
    "follow_run",
    "heal_run",
    "import_any",
    "keys_to_make",
    "kill_scope",
    "kill_status",
    "list_runs",
    "load_run",
    "metrics_of",
    "plan_pruning",
    "prepare_data",
    "probe_venue",
    "prune_runs",
    "reconcile_run",
    "record_report",
    "recover_run",
    "render_report",
    "replay_run",
    "report_drills",
    "reproduce_run",
    "require_intact",
    "require_valid",
    "rerun",
    "resume_node",
    "resume_paper_run",
    "retention_policy",
    "run_demo",
    "run_demo_drill",
    "run_drill",
    "run_node",
    "run_paper_demo",
    "run_paper_spec",
    "run_spec",
    "run_suite",
    "serve_metrics",
    "serve_venue",
    "shipped_drills",
    "show_run",
    "stop_run",
    "survey_data",
    "verified_data",
    "verify_run",
    "write_example_run_spec",
    "write_file",
]
