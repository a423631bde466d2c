package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Contract holds the schemas of messages, by name.
type Contract map[string]*schema

// Load reads the committed schemas from a folder, as an image carries them.
func Load(folder string) (Contract, error) {
	contract := Contract{}
	for _, message := range []string{"agent-config", "secret-request", "secret-answer", "public-request", "refusal"} {
		text, err := os.ReadFile(filepath.Join(folder, message+".schema.json"))
		if err != nil {
			return nil, err
		}
		if contract[message], err = parseSchema(text); err != nil {
			return nil, fmt.Errorf("%s.schema.json: %w", message, err)
		}
	}
	return contract, nil
}

// Unreadable says where a message is not to the contract, never what was there: it may be a secret.
type Unreadable struct{ Message, Path, Problem string }

func (u *Unreadable) Error() string {
	return fmt.Sprintf("%q of the %s %s; contract/%s.schema.json says what is allowed", u.Path, u.Message, u.Problem, u.Message)
}

// Read judges a message by its schema, then puts it into a value of its type.
func (c Contract) Read(message string, text []byte, into any) error {
	if fault := checkJSON(text); fault != nil {
		return &Unreadable{message, fault.path, fault.problem}
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return &Unreadable{message, "", "is not JSON"}
	}
	fault := c[message].check("", value)
	if config, ok := value.(map[string]any); ok && fault == nil && message == "agent-config" {
		fault = checkSecretManager(config)
	}
	if fault != nil {
		return &Unreadable{message, fault.path, fault.problem}
	}
	// A member that the schema knows and the type does not is a mistake of this program.
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// Outcome judges an answer to a request of a secret or of content: its bytes, or the refusal as an error.
func (c Contract) Outcome(request string, status int, body []byte) ([]byte, error) {
	if status != 200 {
		refusal := &Refusal{Status: status}
		if err := c.Read("refusal", body, refusal); err != nil {
			return nil, fmt.Errorf("the secret manager answers with status %d and no refusal that is to the contract", status)
		}
		return nil, refusal
	}
	if request == RequestPublic {
		return body, nil
	}
	var answer SecretAnswer
	if err := c.Read("secret-answer", body, &answer); err != nil {
		return nil, err
	}
	return answer.Secret, nil
}

// checkSecretManager is the one rule that the schema does not hold (contract/agent-config.ts).
func checkSecretManager(config map[string]any) *fault {
	wanted := len(config["secrets"].([]any)) > 0
	for _, step := range config["prepare"].([]any) {
		wanted = wanted || step.(map[string]any)["kind"] == "fetch"
	}
	if _, named := config["secretManager"]; named != wanted {
		return &fault{"secretManager", "must be there exactly where there are secrets or files to fetch"}
	}
	return nil
}
