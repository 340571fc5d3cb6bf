{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{- define "nezuban.name" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride }}{{ else if contains "nezuban" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-nezuban{{ end -}}
{{- end }}

{{- define "nezuban.selector" -}}
app.kubernetes.io/name: nezuban
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "nezuban.meta" -}}
name: {{ include "nezuban.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "nezuban.selector" . | nindent 2 }}
{{- end }}

{{- define "nezuban.serviceAccount" -}}
{{- if .Values.serviceAccount.name }}{{ .Values.serviceAccount.name }}{{ else if .Values.serviceAccount.create }}{{ include "nezuban.name" . }}{{ else }}default{{ end }}
{{- end }}

{{/* The metrics' port where other pods reach it, else 0. */}}
{{- define "nezuban.metricsPort" -}}
{{- $address := .Values.metrics.address }}
{{- if regexMatch "^(127\\.|localhost:|\\[::1\\]|none$)" $address }}0{{ else }}{{ regexFind "[0-9]+$" $address }}{{ end }}
{{- end }}

{{/* The gRPC service's port where other pods reach it, else 0. */}}
{{- define "nezuban.grpcPort" -}}
{{- if regexMatch "^(127\\.|localhost:|\\[::1\\]|$)" .Values.grpc.address }}0{{ else }}{{ regexFind "[0-9]+$" .Values.grpc.address }}{{ end }}
{{- end }}

{{- define "nezuban.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "nezuban.rules" -}}
{{ .Values.rules.existingConfigMap | default (printf "%s-rules" (include "nezuban.name" .)) }}
{{- end }}

{{/* nezuban.yaml: what the chart decides, then `config`, which may say otherwise. */}}
{{- define "nezuban.config" -}}
{{- $rules := list }}
{{- if .Values.rules.default }}{{ $rules = append $rules "/usr/share/nezuban/rules/default" }}{{ end }}
{{- if .Values.rules.strict }}{{ $rules = append $rules "/usr/share/nezuban/rules/strict" }}{{ end }}
{{- $rules = append $rules "/etc/nezuban/rules.d" }}
{{- $config := dict "rules" $rules "watch_rules" true "output" .Values.output "cri_socket" .Values.cri.socket "metrics" .Values.metrics.address }}
{{- $_ := set $config "store" (ternary "/var/lib/nezuban" "memory" (ne .Values.node.storeDirectory "")) }}
{{- with .Values.cluster }}{{ $_ := set $config "cluster" . }}{{ end }}
{{- with .Values.grpc }}
{{- if .address }}
{{- if not $.Values.tls.secretName }}{{ fail "grpc.address: the network is served with TLS only, which needs tls.secretName" }}{{ end }}
{{- $_ := set $config "listen" .address }}
{{- $_ := set $config "tls_certificate" .certificate }}
{{- $_ := set $config "tls_key" .key }}
{{- $_ := set $config "tls_client_ca" .clientCA }}
{{- $_ := set $config "tls_readers" .readers }}
{{- if .administrators }}{{ $_ := set $config "tls_administrators" .administrators }}{{ end }}
{{- end }}
{{- end }}
{{- if .Values.apiServer.enabled }}{{ $_ := set $config "api_server" "in-cluster" }}{{ end }}
{{- if .Values.sinks }}{{ $_ := set $config "sinks" .Values.sinks }}{{ end }}
{{- toYaml (mergeOverwrite $config (deepCopy .Values.config)) }}
{{- end }}
