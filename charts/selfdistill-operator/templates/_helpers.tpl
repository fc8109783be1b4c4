{{- /* A Service's name begins with a letter, and none may be a word that YAML takes for something else. */ -}}
{{- define "ssd.name" -}}
{{- $name := default .Release.Name .Values.fullnameOverride | replace "." "-" | trunc 50 | trimSuffix "-" -}}
{{- if regexMatch "^([0-9].*|true|false|null|yes|no|on|off|y|n)$" $name }}ssd-{{ end }}{{ $name -}}
{{- end -}}

{{- define "ssd.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: selfdistill
{{ include "ssd.selector" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "ssd.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "ssd.serviceAccount" -}}
{{- default (include "ssd.name" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "ssd.image" -}}
{{- $whole := get .root.Values.image .component -}}
{{- if $whole -}}{{ $whole }}
{{- else -}}
{{- printf "%sssd-%s:%s" .root.Values.image.prefix .component (default .root.Chart.AppVersion .root.Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "ssd.trackingUri" -}}
{{- if .Values.tracking.uri -}}{{ .Values.tracking.uri }}
{{- else if .Values.mlflow.enabled -}}
{{- printf "http://%s-mlflow.%s.svc:5000" (include "ssd.name" .) .Release.Namespace -}}
{{- end -}}
{{- end -}}

{{- define "ssd.workerNamespaces" -}}
{{- if .Values.networkPolicies.workerNamespaces -}}{{ toJson .Values.networkPolicies.workerNamespaces }}
{{- else if .Values.watchNamespaces -}}{{ toJson .Values.watchNamespaces }}
{{- else -}}{{ toJson (list .Release.Namespace) }}
{{- end -}}
{{- end -}}

{{- define "ssd.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "ssd.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "ssd.rules" -}}
- apiGroups: [selfdistill.dev]
  resources: [selfdistillations]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [selfdistill.dev]
  resources: [selfdistillationsweeps]
  verbs: [get, list, watch]
- apiGroups: [selfdistill.dev]
  resources: [selfdistillations/status, selfdistillationsweeps/status]
  verbs: [update]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch, create] # create: only in a dry run, for `mode: Plan`; Jobs make the pods
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, create]
- apiGroups: [""]
  resources: [services]
  verbs: [create]
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, create]
- apiGroups: [""]
  resources: [resourcequotas]
  verbs: [list]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [create]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch, list] # list: only a Job's events say who refuses its pods
{{- if .Values.kueue.enabled }}
- apiGroups: [kueue.x-k8s.io]
  resources: [workloads]
  verbs: [list]
- apiGroups: [visibility.kueue.x-k8s.io]
  resources: [localqueues/pendingworkloads]
  verbs: [get]
{{- end }}
{{- range .Values.gangSchedulers }}
- apiGroups: [{{ get (dict "Coscheduling" "scheduling.x-k8s.io" "Volcano" "scheduling.volcano.sh" "KAI" "scheduling.run.ai") . }}]
  resources: [podgroups]
  verbs: [create]
{{- end }}
{{- end -}}
