{{- define "execution.args" -}}
{{- if eq .Values.client "geth" }}
- '--{{ .Values.network }}'
- --datadir=/data
- --syncmode=snap
- "--port={{ .Values.p2p.port }}"
- "--discovery.port={{ .Values.p2p.port }}"
- --http
- --http.addr=0.0.0.0
- "--http.port={{ .Values.ports.rpc }}"
- '--http.vhosts=*'
- --http.api=eth,net,web3
- --authrpc.addr=0.0.0.0
- "--authrpc.port={{ .Values.ports.engine }}"
- '--authrpc.vhosts=*'
- --authrpc.jwtsecret=/secrets/jwt/jwt.hex
- --metrics
- --metrics.addr=0.0.0.0
- "--metrics.port={{ .Values.ports.metrics }}"
- --ipcdisable
{{- else if eq .Values.client "nethermind" }}
- "--config={{ .Values.network }}"
- --data-dir=/data
- "--Network.P2PPort={{ .Values.p2p.port }}"
- "--Network.DiscoveryPort={{ .Values.p2p.port }}"
- --JsonRpc.Enabled=true
- --JsonRpc.Host=0.0.0.0
- "--JsonRpc.Port={{ .Values.ports.rpc }}"
- --JsonRpc.EngineHost=0.0.0.0
- "--JsonRpc.EnginePort={{ .Values.ports.engine }}"
- --JsonRpc.JwtSecretFile=/secrets/jwt/jwt.hex
- --Metrics.Enabled=true
- "--Metrics.ExposePort={{ .Values.ports.metrics }}"
{{- else if eq .Values.client "reth" }}
- node
- "--chain={{ .Values.network }}"
- --datadir=/data
- --full
- "--port={{ .Values.p2p.port }}"
- "--discovery.port={{ .Values.p2p.port }}"
- --http
- --http.addr=0.0.0.0
- "--http.port={{ .Values.ports.rpc }}"
- --http.api=eth,net,web3
- --authrpc.addr=0.0.0.0
- "--authrpc.port={{ .Values.ports.engine }}"
- --authrpc.jwtsecret=/secrets/jwt/jwt.hex
- "--metrics=0.0.0.0:{{ .Values.ports.metrics }}"
{{- else if eq .Values.client "besu" }}
- "--network={{ .Values.network }}"
- --data-path=/data
- --sync-mode=SNAP
- "--p2p-port={{ .Values.p2p.port }}"
- --rpc-http-enabled=true
- --rpc-http-host=0.0.0.0
- "--rpc-http-port={{ .Values.ports.rpc }}"
- '--host-allowlist=*'
- --engine-rpc-enabled=true
- "--engine-rpc-port={{ .Values.ports.engine }}"
- '--engine-host-allowlist=*'
- --engine-jwt-secret=/secrets/jwt/jwt.hex
- --metrics-enabled=true
- --metrics-host=0.0.0.0
- "--metrics-port={{ .Values.ports.metrics }}"
{{- else if eq .Values.client "erigon" }}
- "--chain={{ .Values.network }}"
- --datadir=/data
- "--port={{ .Values.p2p.port }}"
- --http.addr=0.0.0.0
- "--http.port={{ .Values.ports.rpc }}"
- '--http.vhosts=*'
- --authrpc.addr=0.0.0.0
- "--authrpc.port={{ .Values.ports.engine }}"
- '--authrpc.vhosts=*'
- --authrpc.jwtsecret=/secrets/jwt/jwt.hex
- --metrics
- --metrics.addr=0.0.0.0
- "--metrics.port={{ .Values.ports.metrics }}"
- --externalcl
{{- else }}
{{- fail (printf "no arguments for client %s" .Values.client) }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
