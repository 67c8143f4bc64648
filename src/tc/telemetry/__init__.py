"""Facts as metrics and pages: what the run directories say, followed and shown; nothing here changes anything."""
