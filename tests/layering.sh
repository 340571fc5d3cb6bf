#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Which folder of userspace/ may include which, and where each third-party header is fenced in.
# Both lists are the rule; README's picture shows the first.
# nezuban/ and opentelemetry/ are what protoc makes of proto/.
set -u
cd "$(dirname "$0")/../userspace" || exit 1
bad=0

while IFS=: read -r folder allowed; do
	[ -d "$folder" ] || continue
	case $allowed in *all*) continue ;; esac
	for included in $(grep -rhoE '^#include "[a-z]+/' "$folder" | sed 's/.*"//; s,/,,' | sort -u); do
		case " $folder $allowed bpf " in *" $included "*) ;; *)
			echo "layering: $folder/ includes $included/: $(grep -rlE "^#include \"$included/" "$folder" | head -3 | tr '\n' ' ')"
			bad=1
			;;
		esac
	done
done <<'RULES'
base:
event: base
probe: base event
state: base event
cri: base event state
kube: base event state
recording: base event state nezuban
fields: base event state
filter: base event state fields
alert: base nezuban
ruleset: base event state fields filter alert
store: base alert nezuban
sinks: base alert store opentelemetry
rpc: base event state fields filter alert store nezuban
metrics: base rpc
daemon: all
cli: all
RULES

# fence REGEX WHERE...: only files whose path begins with one of WHERE may include it.
fence() {
	regex=$1
	shift
	for file in $(grep -rlE "^#include [<\"]($regex)" .); do
		ok=0
		for where in "$@"; do
			case $file in "./$where"*) ok=1 ;; esac
		done
		[ $ok = 1 ] || {
			echo "layering: $file includes $regex, which belongs in: $*"
			bad=1
		}
	done
}
fence 'bpf/(libbpf|bpf|btf)\.h' probe/
fence 'bpf/events\.h' event/ probe/ state/ fields/
fence 'yaml-cpp/' ruleset/ daemon/config
fence 're2/' filter/ base/redact
fence '(grpc|grpcpp|google/protobuf)/' rpc/ cri/ kube/answers cli/ alert/proto sinks/otlp
fence 'opentelemetry/' sinks/ocsf sinks/otlp
fence 'openssl/' sinks/tls rpc/tls
fence 'curl/' kube/http sinks/webhook
fence '(prometheus/|civetweb)' metrics/
fence 'sqlite3\.h' store/
fence 'spdlog/' daemon/ cli/
exit $bad
