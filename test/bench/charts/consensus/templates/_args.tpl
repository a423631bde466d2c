{{- define "consensus.args" -}}
{{- if eq .Values.client "lighthouse" }}
- lighthouse
- bn
- "--network={{ .Values.network }}"
- --datadir=/data
- "--port={{ .Values.p2p.port }}"
- "--quic-port={{ .Values.p2p.quicPort }}"
- --http
- --http-address=0.0.0.0
- "--http-port={{ .Values.ports.http }}"
- "--execution-endpoint={{ required `executionEndpoint is required` .Values.executionEndpoint }}"
- --execution-jwt=/secrets/jwt/jwt.hex
- "--checkpoint-sync-url={{ .Values.checkpointUrl }}"
- --metrics
- --metrics-address=0.0.0.0
- "--metrics-port={{ .Values.ports.metrics }}"
{{- else if eq .Values.client "prysm" }}
- '--{{ .Values.network }}'
- --accept-terms-of-use
- --datadir=/data
- "--p2p-tcp-port={{ .Values.p2p.port }}"
- "--p2p-udp-port={{ .Values.p2p.port }}"
- "--p2p-quic-port={{ .Values.p2p.quicPort }}"
- --http-host=0.0.0.0
- "--http-port={{ .Values.ports.http }}"
- "--execution-endpoint={{ required `executionEndpoint is required` .Values.executionEndpoint }}"
- --jwt-secret=/secrets/jwt/jwt.hex
- "--checkpoint-sync-url={{ .Values.checkpointUrl }}"
- --monitoring-host=0.0.0.0
- "--monitoring-port={{ .Values.ports.metrics }}"
{{- else if eq .Values.client "teku" }}
- "--network={{ .Values.network }}"
- --data-base-path=/data
- "--p2p-port={{ .Values.p2p.port }}"
- --rest-api-enabled=true
- --rest-api-interface=0.0.0.0
- "--rest-api-port={{ .Values.ports.http }}"
- '--rest-api-host-allowlist=*'
- "--ee-endpoint={{ required `executionEndpoint is required` .Values.executionEndpoint }}"
- --ee-jwt-secret-file=/secrets/jwt/jwt.hex
- "--checkpoint-sync-url={{ .Values.checkpointUrl }}"
- --metrics-enabled=true
- --metrics-interface=0.0.0.0
- "--metrics-port={{ .Values.ports.metrics }}"
{{- else if eq .Values.client "nimbus" }}
- "--network={{ .Values.network }}"
- --data-dir=/data
- --non-interactive
- "--tcp-port={{ .Values.p2p.port }}"
- "--udp-port={{ .Values.p2p.port }}"
- --rest
- --rest-address=0.0.0.0
- "--rest-port={{ .Values.ports.http }}"
- "--el={{ required `executionEndpoint is required` .Values.executionEndpoint }}"
- --jwt-secret=/secrets/jwt/jwt.hex
- "--external-beacon-api-url={{ .Values.checkpointUrl }}"
- --metrics
- --metrics-address=0.0.0.0
- "--metrics-port={{ .Values.ports.metrics }}"
{{- else if eq .Values.client "lodestar" }}
- beacon
- "--network={{ .Values.network }}"
- --dataDir=/data
- "--port={{ .Values.p2p.port }}"
- --rest
- --rest.address=0.0.0.0
- "--rest.port={{ .Values.ports.http }}"
- "--execution.urls={{ required `executionEndpoint is required` .Values.executionEndpoint }}"
- --jwtSecret=/secrets/jwt/jwt.hex
- "--checkpointSyncUrl={{ .Values.checkpointUrl }}"
- --metrics
- --metrics.address=0.0.0.0
- "--metrics.port={{ .Values.ports.metrics }}"
{{- else }}
{{- fail (printf "no arguments for client %s" .Values.client) }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
