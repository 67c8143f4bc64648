#!/bin/sh
# Stands in for wget in Grafana's stand-in: its health check asks this.
[ -e /tmp/given ]
