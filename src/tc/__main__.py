"""`python -m tc`."""

from tc.cli.main import main

main()
