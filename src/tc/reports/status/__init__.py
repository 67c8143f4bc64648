"""The status pages: every run at a glance, and one run in full. Pure: values in, HTML out."""
