#!/bin/sh
# Stands in for Grafana in `make compose-test`: says what it was given and may do, and is healthy when that is enough.
given=yes
expect() { # what, command…
  what=$1
  shift
  if "$@"; then echo "ok $what"; else echo "MISSING $what" && given=no; fi
}
may_not_write() { ! (: >"$1/tc-test") 2>/dev/null; }
may_write() { (: >"$1/tc-test"); }

expect "a data source" [ -r /etc/grafana/provisioning/datasources/tc.yaml ]
expect "a provider of dashboards" [ -r /etc/grafana/provisioning/dashboards/tc.yaml ]
for name in tc-fleet tc-run tc-venue tc-data; do
  expect "the dashboard $name" [ -r "/etc/grafana/dashboards/$name.json" ]
done
expect "a home that is there" [ -r "$GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH" ]
expect "the password" [ "$GF_SECURITY_ADMIN_PASSWORD" = of-this-test ]
expect "the port of Prometheus" [ -n "$TC_PROMETHEUS_PORT" ]
expect "loopback" [ "$GF_SERVER_HTTP_ADDR" = 127.0.0.1 ]
expect "a port" [ -n "$GF_SERVER_HTTP_PORT" ]
expect "readers who change nothing" [ "$GF_AUTH_ANONYMOUS_ORG_ROLE" = Viewer ]
expect "its data writable" may_write /var/lib/grafana
expect "a place for what passes" may_write /tmp
expect "provisioning read-only" may_not_write /etc/grafana/provisioning
expect "dashboards read-only" may_not_write /etc/grafana/dashboards
expect "the rest read-only" may_not_write /etc/grafana
[ $given = no ] || : >/tmp/given
while :; do sleep 1; done
