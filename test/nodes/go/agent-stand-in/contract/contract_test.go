package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const root = "../../../../../contract"

var typeOf = map[string]func() any{
	"agent-config":   func() any { return &AgentConfig{} },
	"secret-request": func() any { return &SecretRequest{} },
	"secret-answer":  func() any { return &SecretAnswer{} },
	"public-request": func() any { return &PublicRequest{} },
	"refusal":        func() any { return &Refusal{} },
}

type fixtures struct {
	Valid, Invalid []struct{ Says, Text, Path string }
}

func load(t *testing.T) Contract {
	t.Helper()
	contract, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	return contract
}

func fixture(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "fixtures", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func canonical(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestEveryMessageHasAType(t *testing.T) {
	committed, _ := filepath.Glob(filepath.Join(root, "*.schema.json"))
	contract := load(t)
	if len(committed) != len(contract) || len(contract) != len(typeOf) {
		t.Fatalf("%d schemas are committed, %d are loaded, %d have a type", len(committed), len(contract), len(typeOf))
	}
}

func TestValidMessagesAreReadAndWrittenAgain(t *testing.T) {
	contract := load(t)
	for message, empty := range typeOf {
		var all fixtures
		fixture(t, message, &all)
		if len(all.Valid) == 0 {
			t.Errorf("%s has no fixture that is read", message)
		}
		for _, one := range all.Valid {
			into := empty()
			if err := contract.Read(message, []byte(one.Text), into); err != nil {
				t.Errorf("%s, %s: %v", message, one.Says, err)
				continue
			}
			written, _ := json.Marshal(into)
			if !reflect.DeepEqual(canonical(t, written), canonical(t, []byte(one.Text))) {
				t.Errorf("%s, %s: its type loses or adds something:\n%s\n%s", message, one.Says, written, one.Text)
			}
		}
	}
}

func TestInvalidMessagesAreRefusedWhereTheyAreWrong(t *testing.T) {
	contract := load(t)
	for message, empty := range typeOf {
		var all fixtures
		fixture(t, message, &all)
		if len(all.Invalid) < 3 {
			t.Errorf("%s has too few fixtures that are refused", message)
		}
		for _, one := range all.Invalid {
			var refused *Unreadable
			if err := contract.Read(message, []byte(one.Text), empty()); !errors.As(err, &refused) {
				t.Errorf("%s, %s: %v instead of a refusal", message, one.Says, err)
			} else if refused.Path != one.Path {
				t.Errorf("%s, %s: refused at %q instead of %q", message, one.Says, refused.Path, one.Path)
			}
		}
	}
}

// What the strict reader is for: Go's own, told to take no unknown field, reads another claim than the one that was judged.
func TestControlGoAloneReadsAnotherClaim(t *testing.T) {
	text := []byte(`{"source":"networks/hoodi/keys/0xaa","claim":"0xaa","Claim":"0xbb"}`)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var secret Secret
	if err := decoder.Decode(&secret); err != nil || secret.Claim != "0xbb" {
		t.Fatalf("Go reads it otherwise now: %v, %q", err, secret.Claim)
	}
}

func TestControlATypeThatLacksAMemberIsSeen(t *testing.T) {
	var thin struct {
		Source string `json:"source"`
	}
	contract := load(t)
	if err := contract.Read("secret-request", []byte(`{"source":"networks/hoodi/keys/0xaa"}`), &thin); err != nil {
		t.Errorf("a type that has every member is refused: %v", err)
	}
	if err := contract.Read("secret-answer", []byte(`{"secret":"AAAA"}`), &thin); err == nil {
		t.Error("a member that the type lacks is lost, and nobody hears of it")
	}
}

func TestControlASchemaThatIsNotUnderstoodIsRefused(t *testing.T) {
	for _, text := range []string{`{"type":"string","format":"uri"}`, `{"type":"object","properties":{"a":{"not":{}}}}`, `{}`, `{"type":"string","pattern":"^(?!a)"}`} {
		if _, err := parseSchema([]byte(text)); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func TestWhatAnAgentIsStartedWithFindsAndAnswers(t *testing.T) {
	var found any
	fixture(t, "agent", &found)
	own := map[string]any{
		"marker": Marker, "healthPort": HealthPort,
		"paths":     map[string]any{"started": PathStarted, "live": PathLive, "ready": PathReady},
		"exitCodes": map[string]any{"unusable": ExitUnusable, "signingStateMissing": ExitSigningStateMissing, "otherNode": ExitOtherNode, "prepareFailed": ExitPrepareFailed},
		"requests":  map[string]any{"secret": RequestSecret, "public": RequestPublic},
	}
	text, _ := json.Marshal(own)
	if !reflect.DeepEqual(found, canonical(t, text)) {
		t.Errorf("fixtures/agent.json says %v, this program %s", found, text)
	}
}

func TestExchanges(t *testing.T) {
	contract := load(t)
	var all struct {
		Exchanges []struct {
			Says, Exchange  string
			Request, Answer json.RawMessage
			Status          int
			Content         *string
		}
	}
	fixture(t, "exchanges", &all)
	if len(all.Exchanges) < 8 {
		t.Fatal("there are too few exchanges")
	}
	requests := map[string]struct{ path, message string }{"secret": {RequestSecret, "secret-request"}, "public": {RequestPublic, "public-request"}}
	for _, one := range all.Exchanges {
		request := requests[one.Exchange]
		asked := typeOf[request.message]()
		if err := contract.Read(request.message, one.Request, asked); err != nil {
			t.Errorf("%s: %v", one.Says, err)
		}
		body := []byte(one.Answer)
		if one.Content != nil {
			body = []byte(*one.Content)
		}
		got, err := contract.Outcome(request.path, one.Status, body)
		var refusal *Refusal
		switch {
		case one.Status != 200:
			if !errors.As(err, &refusal) || refusal.Status != one.Status || !strings.Contains(string(one.Answer), `"`+refusal.Reason.Code+`"`) {
				t.Errorf("%s: %v instead of the refusal", one.Says, err)
			}
		case err != nil:
			t.Errorf("%s: %v", one.Says, err)
		case one.Content != nil && string(got) != *one.Content, one.Content == nil && string(got) != "secret":
			t.Errorf("%s: other bytes came", one.Says)
		}
	}
	if _, err := contract.Outcome(RequestSecret, 502, []byte("<html>")); err == nil || errors.As(err, new(*Refusal)) {
		t.Errorf("a proxy's page is taken for a refusal: %v", err)
	}
}
