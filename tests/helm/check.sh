#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The chart by helm itself, and what it gives by the schemas of Kubernetes:
#   tests/helm/check.sh TOOLS SCHEMAS
# TOOLS: a directory with helm and kubeconform (scripts/helm-tools); SCHEMAS: the directory of schemas that
# tests/helm/schemas.sh prints.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$1 schemas=$2
chart=deploy/helm/nezuban
everything=tests/helm/everything.yaml
versions=(1.25 1.30 1.33 1.37)

# They name and refer to each other by addresses; here they are files beside each other.
local=$(mktemp -d)
trap 'rm -rf "$local"' EXIT
for version in "${versions[@]}"; do
	cp -r "$schemas/v$version.0-local-strict" "$local/v$version.0"
	# shellcheck disable=SC2016
	sed -i 's#"/api/_definitions.json#"_definitions.json#; s#"$id"#"x-id"#' "$local/v$version.0"/*.json
done

diff <("$tools/helm" template nezuban $chart --namespace nezuban --kube-version 1.31.0 | grep -v '^# Source: ') \
	<(sed -e '1,/pod-security/d' -e '/^# stamp: /d' deploy/kubernetes/nezuban.yaml)

for values in $chart/values.yaml $everything; do
	"$tools/helm" lint --quiet --strict $chart --values "$values"
	for version in "${versions[@]}"; do
		"$tools/helm" template nezuban $chart --namespace nezuban --kube-version "$version.0" --values "$values" |
			"$tools/kubeconform" -strict -summary -kubernetes-version "$version.0" -schema-location \
				"$local/{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json"
	done
done

# The API server is asked only where somebody says so, and then by an account with rights.
without=$("$tools/helm" template nezuban $chart --kube-version 1.31.0)
with=$("$tools/helm" template nezuban $chart --kube-version 1.31.0 --set apiServer.enabled=true)
for said in 'kind: ClusterRole' 'api_server: in-cluster' 'automountServiceAccountToken: true'; do
	if grep -q "$said" <<<"$without" || ! grep -q "$said" <<<"$with"; then
		echo "$said: is there without apiServer.enabled, or not with it"
		exit 1
	fi
done

refused() { # refused WHY VALUE...: helm must not render it, and say WHY
	local why=$1 said
	shift
	said=$("$tools/helm" template nezuban $chart --kube-version 1.31.0 "$@" 2>&1) && {
		echo "was not refused: $*"
		return 1
	}
	grep -q -- "$why" <<<"$said" || {
		echo "$*: $said"
		return 1
	}
}
refused 'imagee' --set imagee.tag=1
refused 'pullPolicy' --set image.pullPolicy=Sometimes
refused 'metrics.from: nobody reaches' --set 'metrics.from[0].podSelector.matchLabels.a=b'
refused 'sinks' --set 'sinks[0].name=x,sinks[0].type=carrier-pigeon'
refused 'which needs tls.secretName' --set grpc.address=0.0.0.0:9766
refused 'grpc.from: nobody reaches' --set 'grpc.from[0].podSelector.matchLabels.a=b'
echo "the chart holds"
