{{/* The chart's name, or what stands for it. */}}
{{- define "adx.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of most objects. Room is left for what is put behind it. */}}
{{- define "adx.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 47 | trimSuffix "-" }}
{{- else }}
{{- $name := include "adx.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 47 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 47 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the Pods are selected by, component aside. */}}
{{- define "adx.instanceLabels" -}}
app.kubernetes.io/name: {{ include "adx.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "adx.selectorLabels" -}}
{{ include "adx.instanceLabels" . }}
app.kubernetes.io/component: operator
{{- end }}

{{/* Labels of every object, without the component. */}}
{{- define "adx.commonLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: adx-follower-operator
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* The labels of an object. Takes the root, the component and further labels, which go before all but the selected ones. */}}
{{- define "adx.labelsOf" -}}
{{- $root := index . 0 }}
{{- $labels := include "adx.commonLabels" $root | fromYaml }}
{{- $labels = mergeOverwrite $labels (deepCopy $root.Values.commonLabels) (deepCopy (index . 2)) }}
{{- $labels = mergeOverwrite $labels (include "adx.instanceLabels" $root | fromYaml) }}
{{- set $labels "app.kubernetes.io/component" (index . 1) | toYaml }}
{{- end }}

{{- define "adx.labels" -}}
{{ include "adx.labelsOf" (list . "operator" dict) }}
{{- end }}

{{- define "adx.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "adx.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "adx.image" -}}
{{- $image := .Values.image }}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default .Chart.AppVersion $image.tag }}{{ end }}
{{- end }}

{{/* The kind of credential: what `auto` comes to, as far as the values say. */}}
{{- define "adx.credential" -}}
{{- $azure := .Values.azure }}
{{- if ne $azure.credential "auto" }}{{ $azure.credential }}
{{- else if $azure.clientSecret.secretName }}client-secret
{{- else if or $azure.clientId (hasKey .Values.serviceAccount.annotations "azure.workload.identity/client-id") }}workload-identity
{{- else }}auto
{{- end }}
{{- end }}

{{/* "true" if the webhook of workload identity does the rest. */}}
{{- define "adx.isWebhook" -}}
{{- and (eq (include "adx.credential" .) "workload-identity") .Values.azure.workloadIdentity.webhook }}
{{- end }}

{{/* "true" if the chart mounts the federated token itself. */}}
{{- define "adx.mountsToken" -}}
{{- and (eq (include "adx.credential" .) "workload-identity") (not .Values.azure.workloadIdentity.webhook) }}
{{- end }}

{{/* "true" if the operator reads policies, and the labels of namespaces for them. */}}
{{- define "adx.heedsPolicies" -}}
{{- not (or .Values.tenancy.allowAll .Values.tenancy.defaultServiceAccount) }}
{{- end }}

{{/* "true" if the release's own namespace is all that is watched. */}}
{{- define "adx.watchesItself" -}}
{{- and (eq (len .Values.watchNamespaces) 1) (has .Release.Namespace .Values.watchNamespaces) }}
{{- end }}

{{/* The flags of leader election, which `run` and `doctor` share too. */}}
{{- define "adx.electionArgs" -}}
- --leader-elect={{ .Values.leaderElection.enabled }}
{{- if .Values.leaderElection.enabled }}
- --leader-election-id={{ default (include "adx.fullname" .) .Values.leaderElection.id }}
{{- with .Values.leaderElection.namespace }}
- --leader-election-namespace={{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* The flags that `run` and `doctor` share. */}}
{{- define "adx.sharedArgs" -}}
{{- $azure := .Values.azure }}
{{- $tenancy := .Values.tenancy }}
{{- if $tenancy.allowAll }}
- --allow-all
{{- end }}
{{- with $tenancy.defaultServiceAccount }}
- --default-service-account={{ . }}
{{- end }}
{{- if not $tenancy.objectIdentities }}
- --object-identities=false
{{- end }}
- --cloud={{ $azure.cloud }}
- --credential={{ include "adx.credential" . }}
{{- with $azure.clientSecret.secretName }}
- --client-secret-file=/var/run/secrets/adx-follower/client-secret/secret
{{- end }}
{{- with $azure.armEndpoint }}
- --arm-endpoint={{ . }}
{{- end }}
{{- with $azure.armAudience }}
- --arm-audience={{ . }}
{{- end }}
{{- with $azure.armApiVersion }}
- --arm-api-version={{ . }}
{{- end }}
{{- with $azure.authorityHost }}
- --authority-host={{ . }}
{{- end }}
{{- if or $azure.caBundle.configMapName $azure.caBundle.secretName }}
- --azure-ca-file=/etc/adx-follower/ca/ca.crt
{{- end }}
{{- end }}

{{/* The variables of Azure's SDKs, as far as no webhook sets them. */}}
{{- define "adx.azureEnv" -}}
{{- $azure := .Values.azure }}
{{- if ne (include "adx.isWebhook" .) "true" }}
{{- with $azure.clientId }}
- name: AZURE_CLIENT_ID
  value: {{ . | quote }}
{{- end }}
{{- with $azure.tenantId }}
- name: AZURE_TENANT_ID
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- if eq (include "adx.mountsToken" .) "true" }}
- name: AZURE_FEDERATED_TOKEN_FILE
  value: /var/run/secrets/azure/tokens/azure-identity-token
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "adx.volumes" -}}
{{- $azure := .Values.azure }}
{{- if eq (include "adx.mountsToken" .) "true" }}
- name: azure-identity-token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: azure-identity-token
          audience: api://AzureADTokenExchange
          expirationSeconds: {{ int $azure.workloadIdentity.tokenExpirationSeconds }}
{{- end }}
{{- with $azure.clientSecret.secretName }}
- name: azure-client-secret
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - key: {{ $azure.clientSecret.key }}
        path: secret
{{- end }}
{{- with $azure.caBundle.configMapName }}
- name: azure-ca
  configMap:
    name: {{ . }}
    items:
      - key: {{ $azure.caBundle.key }}
        path: ca.crt
{{- end }}
{{- with $azure.caBundle.secretName }}
- name: azure-ca
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - key: {{ $azure.caBundle.key }}
        path: ca.crt
{{- end }}
{{- with .Values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "adx.volumeMounts" -}}
{{- $azure := .Values.azure }}
{{- if eq (include "adx.mountsToken" .) "true" }}
- name: azure-identity-token
  mountPath: /var/run/secrets/azure/tokens
  readOnly: true
{{- end }}
{{- if $azure.clientSecret.secretName }}
- name: azure-client-secret
  mountPath: /var/run/secrets/adx-follower/client-secret
  readOnly: true
{{- end }}
{{- if or $azure.caBundle.configMapName $azure.caBundle.secretName }}
- name: azure-ca
  mountPath: /etc/adx-follower/ca
  readOnly: true
{{- end }}
{{- with .Values.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of a Pod, with what the webhook of workload identity looks at. Takes the root, the component and further labels. */}}
{{- define "adx.podLabels" -}}
{{- $root := index . 0 }}
{{- $labels := deepCopy (index . 2) }}
{{- if eq (include "adx.isWebhook" $root) "true" }}
{{- $_ := set $labels "azure.workload.identity/use" "true" }}
{{- end }}
{{- include "adx.labelsOf" (list $root (index . 1) $labels) }}
{{- end }}

{{/* Annotations of a Pod, likewise. Takes the root and the annotations. */}}
{{- define "adx.podAnnotations" -}}
{{- $root := index . 0 }}
{{- $annotations := dict }}
{{- if eq (include "adx.isWebhook" $root) "true" }}
{{- $_ := set $annotations "azure.workload.identity/service-account-token-expiration" (int $root.Values.azure.workloadIdentity.tokenExpirationSeconds | toString) }}
{{- end }}
{{- mergeOverwrite $annotations (deepCopy (index . 1)) | toYaml }}
{{- end }}

{{/* The rules in the namespaces that are watched. Status and finalizers are written by the operator alone. */}}
{{- define "adx.namespacedRules" -}}
- apiGroups: [adx-follower.dev]
  resources: [attacheddatabases]
  verbs: [get, list, watch, patch]
- apiGroups: [adx-follower.dev]
  resources: [attacheddatabases/status]
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- if .Values.tenancy.objectIdentities }}
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [serviceaccounts/token]
  verbs: [create]
{{- end }}
{{- end }}

{{/* What the program would refuse when it starts is refused here. */}}
{{- define "adx.check" -}}
{{- $azure := .Values.azure }}
{{- $tenancy := .Values.tenancy }}
{{- $credential := include "adx.credential" . }}
{{- if and $tenancy.allowAll $tenancy.defaultServiceAccount }}
{{- fail "`tenancy.allowAll` and `tenancy.defaultServiceAccount` must not both be given: the first serves every object with the operator's identity, the second none" }}
{{- end }}
{{- if and $tenancy.defaultServiceAccount (not $tenancy.objectIdentities) }}
{{- fail "`tenancy.objectIdentities` must be true with `tenancy.defaultServiceAccount`: nobody could be served" }}
{{- end }}
{{- if and (gt (int .Values.replicaCount) 1) (not .Values.leaderElection.enabled) }}
{{- fail "`leaderElection.enabled` must be true with more than one replica: all of them would act" }}
{{- end }}
{{- if and (eq $azure.cloud "custom") (not $azure.armEndpoint) }}
{{- fail "`azure.armEndpoint` must be given with `azure.cloud: custom`" }}
{{- end }}
{{- if and (eq $credential "client-secret") (not $azure.clientSecret.secretName) }}
{{- fail "`azure.clientSecret.secretName` must name a Secret with `azure.credential: client-secret`" }}
{{- end }}
{{- if and $azure.clientSecret.secretName (ne $credential "client-secret") }}
{{- fail (printf "`azure.clientSecret.secretName` must be empty with `azure.credential: %s`" $credential) }}
{{- end }}
{{- if and (eq $credential "client-secret") (not (and $azure.clientId $azure.tenantId)) }}
{{- fail "`azure.clientId` and `azure.tenantId` must be given with a client secret" }}
{{- end }}
{{- if and (eq (include "adx.mountsToken" .) "true") (not (and $azure.clientId $azure.tenantId)) }}
{{- fail "`azure.clientId` and `azure.tenantId` must be given with `azure.workloadIdentity.webhook: false`" }}
{{- end }}
{{- if and $azure.caBundle.configMapName $azure.caBundle.secretName }}
{{- fail "`azure.caBundle.configMapName` and `azure.caBundle.secretName` must not both be given" }}
{{- end }}
{{- if and .Values.metrics.serviceMonitor.enabled .Values.metrics.podMonitor.enabled }}
{{- fail "`metrics.serviceMonitor.enabled` and `metrics.podMonitor.enabled` must not both be true: everything would be scraped twice" }}
{{- end }}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.service.enabled) }}
{{- fail "`metrics.service.enabled` must be true with `metrics.serviceMonitor.enabled`" }}
{{- end }}
{{- range $name, $asked := dict "serviceMonitor" .Values.metrics.serviceMonitor.enabled "podMonitor" .Values.metrics.podMonitor.enabled "prometheusRule" .Values.metrics.prometheusRule.enabled "dashboard" .Values.metrics.dashboard.enabled }}
{{- if and $asked (not $.Values.metrics.enabled) }}
{{- fail (printf "`metrics.enabled` must be true with `metrics.%s.enabled`" $name) }}
{{- end }}
{{- end }}
{{- if and (ne (toString .Values.podDisruptionBudget.minAvailable) "") (ne (toString .Values.podDisruptionBudget.maxUnavailable) "") (ne (toString .Values.podDisruptionBudget.maxUnavailable) "1") }}
{{- fail "`podDisruptionBudget.minAvailable` and `podDisruptionBudget.maxUnavailable` must not both be given" }}
{{- end }}
{{- if eq (int .Values.healthPort) (int .Values.metrics.port) }}
{{- fail "`healthPort` and `metrics.port` must differ" }}
{{- end }}
{{- range $key := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" }}
{{- if or (hasKey $.Values.commonLabels $key) (hasKey $.Values.podLabels $key) }}
{{- fail (printf "`commonLabels` and `podLabels` must not have %s, which selects the Pods" $key) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Labels of the resource definitions. */}}
{{- define "adx.crdLabels" -}}
{{ include "adx.labelsOf" (list . "crds" dict) }}
{{- end }}
