{{/* The server's settings, as variables; see docs/settings.md. */}}
{{- define "macropod.serverEnv" -}}
- name: MACROPOD_SECRET_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .Values.secretKey.existingSecret }}
      key: {{ .Values.secretKey.key }}
{{- $url := .Values.runs.url | default (printf "http://%s.%s.svc:%d" (include "macropod.name" .) .Release.Namespace (int .Values.service.port)) }}
{{- $told := dict
      "MACROPOD_HOST" "0.0.0.0"
      "MACROPOD_PORT" "8085"
      "MACROPOD_ROLE" "both"
      "MACROPOD_DRAIN_SECONDS" (toString .Values.drainSeconds)
      "MACROPOD_DATABASE_CONNECTIONS" (toString .Values.database.connections)
      "MACROPOD_STORAGE_URL" .Values.storage.url
      "MACROPOD_STORAGE_ENDPOINT" .Values.storage.endpoint
      "MACROPOD_STORAGE_REGION" .Values.storage.region
      "MACROPOD_STORAGE_ADDRESSING" .Values.storage.addressing
      "MACROPOD_STORAGE_DIRECT_ENDPOINT" .Values.storage.directEndpoint
      "MACROPOD_SPAWNER" "kubernetes"
      "MACROPOD_RUNNER_URL" $url
      "MACROPOD_RUNNER_IMAGE" .Values.runs.image
      "MACROPOD_KUBERNETES_NAMESPACE" (include "macropod.runsNamespace" .)
      "MACROPOD_KUBERNETES_IMAGE_PULL_POLICY" .Values.runs.imagePullPolicy
      "MACROPOD_KUBERNETES_TTL_SECONDS" (toString (int64 .Values.runs.ttlSeconds))
      "MACROPOD_KUBERNETES_CPU_REQUEST_PERCENT" (toString .Values.runs.cpuRequestPercent)
      "MACROPOD_KUBERNETES_PLACEMENT" (ternary (toJson .Values.runs.placement) "" (not (empty .Values.runs.placement)))
      "MACROPOD_PROFILES" (ternary (toJson .Values.runs.profiles) "" (not (empty .Values.runs.profiles)))
      "MACROPOD_MAX_RUNS" (toString (int64 .Values.runs.max))
}}
{{- range $name, $value := merge (dict) .Values.settings $told }}
{{- if ne (toString $value) "" }}
- name: {{ $name }}
  value: {{ toString $value | quote }}
{{- end }}
{{- end }}
{{- with .Values.storage.existingSecret }}
- name: AWS_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef: {name: {{ . }}, key: {{ $.Values.storage.accessKeyIdKey }}}
- name: AWS_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef: {name: {{ . }}, key: {{ $.Values.storage.secretAccessKeyKey }}}
{{- end }}
{{- range .Values.settingsFrom }}
- name: {{ .name }}
  valueFrom:
    secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}
{{- end }}
{{- end -}}
