{{/* Labels of one part: (list . "relay") */}}
{{- define "tp.labels" -}}
{{ include "tp.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/part-of: kubectl-tp
{{- end }}

{{/* What selects the pods of one part; it must never change, as Deployments can't change it. */}}
{{- define "tp.selector" -}}
app.kubernetes.io/name: kubectl-tp
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Labels of what belongs to the install as a whole. */}}
{{- define "tp.commonLabels" -}}
app.kubernetes.io/name: kubectl-tp
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: kubectl-tp
{{- end }}

{{/* The parts of a pod spec that do not differ between the parts: (list . "relay") */}}
{{- define "tp.podSpec" -}}
{{- $root := index . 0 -}}
serviceAccountName: tp-{{ index . 1 }}
# Kubernetes would set TP_WEBHOOK_PORT and the like, after our own Services.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  seccompProfile: {type: RuntimeDefault}
# Two replicas on one node would end together with it.
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "tp.selector" . | nindent 8 }}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* The parts of a container that do not differ between the parts. */}}
{{- define "tp.container" -}}
image: {{ .Values.image }}
imagePullPolicy: {{ .Values.imagePullPolicy }}
workingDir: /app
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
# Node reads and compiles the program first, which takes long on a busy machine.
startupProbe:
  httpGet: {path: /healthz, port: admin}
  periodSeconds: 1
  failureThreshold: 120
livenessProbe:
  httpGet: {path: /healthz, port: admin}
  periodSeconds: 10
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: admin}
  periodSeconds: 2
{{- end }}

{{/* Who the process is. */}}
{{- define "tp.identity" -}}
- {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
- {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
- {name: POD_UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}
{{- end }}
