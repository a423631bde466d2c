{{- define "validator.args" -}}
{{- if eq .Values.client "lighthouse" }}
- lighthouse
- vc
- "--network={{ .Values.network }}"
- --datadir=/data
- --init-slashing-protection=false
- "--beacon-nodes={{ required `beaconEndpoint is required` .Values.beaconEndpoint }}"
- "--suggested-fee-recipient={{ required `feeRecipient is required` .Values.feeRecipient }}"
- --metrics
- --metrics-address=0.0.0.0
- "--metrics-port={{ .Values.ports.metrics }}"
{{- if .Values.doppelgangerProtection }}
- --enable-doppelganger-protection
{{- end }}
{{- with .Values.graffiti }}
- {{ printf "--graffiti=%s" . | quote }}
{{- end }}
{{- else if eq .Values.client "prysm" }}
- '--{{ .Values.network }}'
- --accept-terms-of-use
- --datadir=/data
- --wallet-dir=/secrets/wallet
- --wallet-password-file=/secrets/wallet-password
- --enable-beacon-rest-api
- "--beacon-rest-api-provider={{ required `beaconEndpoint is required` .Values.beaconEndpoint }}"
- "--suggested-fee-recipient={{ required `feeRecipient is required` .Values.feeRecipient }}"
- --monitoring-host=0.0.0.0
- "--monitoring-port={{ .Values.ports.metrics }}"
{{- if .Values.doppelgangerProtection }}
- --enable-doppelganger
{{- end }}
{{- with .Values.graffiti }}
- {{ printf "--graffiti=%s" . | quote }}
{{- end }}
{{- else if eq .Values.client "teku" }}
- validator-client
- "--network={{ .Values.network }}"
- --data-base-path=/data
- --validator-keys=/secrets/keystores:/secrets/passwords
- "--beacon-node-api-endpoint={{ required `beaconEndpoint is required` .Values.beaconEndpoint }}"
- "--validators-proposer-default-fee-recipient={{ required `feeRecipient is required` .Values.feeRecipient }}"
- --metrics-enabled=true
- --metrics-interface=0.0.0.0
- "--metrics-port={{ .Values.ports.metrics }}"
{{- if .Values.doppelgangerProtection }}
- --doppelganger-detection-enabled=true
{{- end }}
{{- with .Values.graffiti }}
- {{ printf "--graffiti=%s" . | quote }}
{{- end }}
{{- else if eq .Values.client "nimbus" }}
- --data-dir=/data
- --validators-dir=/secrets/keystores
- --secrets-dir=/secrets/passwords
- --non-interactive
- "--beacon-node={{ required `beaconEndpoint is required` .Values.beaconEndpoint }}"
- "--suggested-fee-recipient={{ required `feeRecipient is required` .Values.feeRecipient }}"
- --metrics
- --metrics-address=0.0.0.0
- "--metrics-port={{ .Values.ports.metrics }}"
{{- if .Values.doppelgangerProtection }}
- --doppelganger-detection=on
{{- end }}
{{- with .Values.graffiti }}
- {{ printf "--graffiti=%s" . | quote }}
{{- end }}
{{- else if eq .Values.client "lodestar" }}
- validator
- "--network={{ .Values.network }}"
- --dataDir=/data
- --keystoresDir=/secrets/keystores
- --secretsDir=/secrets/passwords
- "--beaconNodes={{ required `beaconEndpoint is required` .Values.beaconEndpoint }}"
- "--suggestedFeeRecipient={{ required `feeRecipient is required` .Values.feeRecipient }}"
- --metrics
- --metrics.address=0.0.0.0
- "--metrics.port={{ .Values.ports.metrics }}"
{{- if .Values.doppelgangerProtection }}
- --doppelgangerProtection
{{- end }}
{{- with .Values.graffiti }}
- {{ printf "--graffiti=%s" . | quote }}
{{- end }}
{{- else }}
{{- fail (printf "no arguments for client %s" .Values.client) }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
