{{- define "macropod.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "macropod.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end -}}

{{- define "macropod.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "macropod.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "macropod.runsNamespace" -}}
{{ .Values.runs.namespace | default .Release.Namespace }}
{{- end -}}

{{- define "macropod.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "macropod.name" .) }}
{{- end -}}

{{- define "macropod.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10002
runAsGroup: 10002
fsGroup: 10002
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "macropod.securityContext" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* What server and migration both need to reach the database. */}}
{{- define "macropod.databaseEnv" -}}
- name: MACROPOD_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.existingSecret }}
      key: {{ .Values.database.key }}
- {name: MACROPOD_DATA_DIR, value: /var/lib/macropod}
{{- end -}}

{{- define "macropod.volumes" -}}
- name: data
  emptyDir: {sizeLimit: {{ .Values.dataSizeLimit }}}
- name: tmp
  emptyDir: {sizeLimit: 1Gi}
{{- end -}}

{{- define "macropod.volumeMounts" -}}
- {name: data, mountPath: /var/lib/macropod}
- {name: tmp, mountPath: /tmp}
{{- end -}}
