// Package contract reads the messages of the project's contract/ as every implementation has to: by the committed JSON Schemas, strictly. Its types are held to
// them by the golden fixtures.
package contract

// AgentConfig is agent-config.schema.json.
type AgentConfig struct {
	Version            int            `json:"version"`
	Identity           Identity       `json:"identity"`
	Health             Health         `json:"health"`
	Guard              *Guard         `json:"guard,omitempty"`
	Prepare            []Step         `json:"prepare"`
	Secrets            []Secret       `json:"secrets"`
	SecretMode         string         `json:"secretMode"`
	SecretManager      *SecretManager `json:"secretManager,omitempty"`
	ClientGraceSeconds int            `json:"clientGraceSeconds"`
}

type Identity struct {
	Cluster   string `json:"cluster"`
	Network   string `json:"network"`
	Node      string `json:"node"`
	Component string `json:"component"`
}

type Health struct {
	Kind        string            `json:"kind"`
	Port        string            `json:"port"`
	PortNumber  int               `json:"portNumber"`
	Path        string            `json:"path,omitempty"`
	ReadyStatus []int             `json:"readyStatus,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
}

type Guard struct {
	Folder     string `json:"folder"`
	FirstStart bool   `json:"firstStart"`
}

type Step struct {
	Kind   string `json:"kind"`
	Path   string `json:"path,omitempty"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	Target string `json:"target,omitempty"`
	URL    string `json:"url,omitempty"`
	Sha256 string `json:"sha256,omitempty"`
}

type Secret struct {
	Source       string `json:"source"`
	Format       string `json:"format"`
	File         string `json:"file"`
	PasswordFile string `json:"passwordFile,omitempty"`
	Claim        string `json:"claim,omitempty"`
}

type SecretManager struct {
	URL       string `json:"url"`
	TokenFile string `json:"tokenFile"`
}

// SecretRequest is secret-request.schema.json.
type SecretRequest struct {
	Source string `json:"source"`
}

// SecretAnswer is secret-answer.schema.json.
type SecretAnswer struct {
	Secret []byte `json:"secret"`
}

// PublicRequest is public-request.schema.json.
type PublicRequest struct {
	URL    string `json:"url"`
	Sha256 string `json:"sha256"`
}

// Refusal is refusal.schema.json.
type Refusal struct {
	Status int `json:"-"`
	Reason struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func (r *Refusal) Error() string { return r.Reason.Code + ": " + r.Reason.Message }

// What contract/fixtures/agent.json says, and a test holds these to.
const (
	Marker     = ".stockade-node"
	HealthPort = 9440

	PathStarted = "/started"
	PathLive    = "/live"
	PathReady   = "/ready"

	ExitUnusable            = 1
	ExitSigningStateMissing = 3
	ExitOtherNode           = 4
	ExitPrepareFailed       = 5

	RequestSecret = "/v1/secret"
	RequestPublic = "/v1/public"
)
