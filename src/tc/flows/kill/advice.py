"""What a person should do next about one node that was to be stopped."""

from tc.flows.kill.killed import PathTaken
from tc.flows.kill.words import AND_OTHERS, ONLY_WATCHED
from tc.store.processes import ProcessState


def advice(pid: int, process: ProcessState, by_socket: PathTaken, at_venue: PathTaken, *, is_confirmed: bool) -> str:
    """Return it in words; empty when there is nothing. What is confirmed is never to be ended by force."""
    if is_confirmed:
        return _when_confirmed(pid, process, by_socket, at_venue)
    if ONLY_WATCHED in by_socket.words:
        return "stop the node where it runs: from here it is only watched"
    if process != "gone" and by_socket.outcome != "done":
        doing = "is stopped by a signal" if process == "stopped" else "runs and did not do it"
        return f"process {pid} {doing}: when it is still there, end it (kill -9 {pid}), then look at `tc kill status`"
    if AND_OTHERS in at_venue.words:
        return "kill those, too, or everything with --all; --flatten-at-venue takes all of the account, also what is theirs"
    if at_venue.outcome == "unavailable":
        return f"nothing could be flattened from here: {at_venue.words}"
    return "orders or positions may be left: look at the venue, and activate again"


def _when_confirmed(pid: int, process: ProcessState, by_socket: PathTaken, at_venue: PathTaken) -> str:
    if process == "gone" or by_socket.outcome == "done" or at_venue.outcome == "not needed":
        return ""
    doing = "is stopped by a signal" if process == "stopped" else "has not answered"
    return f"process {pid} {doing}: it does as the switch says at its next look; `tc kill status` shows whether it is there"
