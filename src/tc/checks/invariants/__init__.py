"""What must hold in a run whatever is broken: of its journal, of its venue's own log, and of the two beside each other."""
