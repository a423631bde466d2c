// Agent stands in for the secret agent where manifests are run on real nodes: it does what constructs/secret-agent.ts says of
// `guard`, `prepare` and `serve`, but for the claim on keys, which needs the secret manager that is not there yet. What it asks
// its stand-in of the secret manager by is its own, and ends with both.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

// Config is AgentConfig of constructs/secret-agent.ts.
type Config struct {
	Version  int `json:"version"`
	Identity struct {
		Cluster, Network, Node, Component string
	} `json:"identity"`
	Health Health `json:"health"`
	Guard  *struct {
		Folder     string `json:"folder"`
		FirstStart bool   `json:"firstStart"`
	} `json:"guard"`
	Prepare       []Step   `json:"prepare"`
	Secrets       []Secret `json:"secrets"`
	SecretMode    string   `json:"secretMode"`
	SecretManager *struct {
		URL       string `json:"url"`
		TokenFile string `json:"tokenFile"`
	} `json:"secretManager"`
}

type Secret struct {
	Source, Format, File string
	PasswordFile         string `json:"passwordFile"`
	Claim                string
}

// Exit codes of the contract.
const (
	exitUsage       = 1
	exitEmptyVolume = 3
	exitOtherNode   = 4
	exitPrepare     = 5
)

type failure struct {
	code int
	text string
}

func (f failure) Error() string { return f.text }

func fail(code int, format string, args ...any) error {
	return failure{code, fmt.Sprintf(format, args...)}
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if f, ok := err.(failure); ok {
			os.Exit(f.code)
		}
		os.Exit(exitUsage)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fail(exitUsage, "usage: agent guard|prepare|serve --config=<file>")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	file := flags.String("config", "", "the agent's configuration")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	text, err := os.ReadFile(*file)
	if err != nil {
		return err
	}
	var config Config
	if err := json.Unmarshal(text, &config); err != nil {
		return err
	}
	if config.Version != 1 {
		return fail(exitUsage, "version %d of the configuration is not known; this agent reads version 1", config.Version)
	}
	switch args[0] {
	case "guard":
		return guard(config)
	case "prepare":
		return prepare(config)
	case "serve":
		return serve(config)
	}
	return fail(exitUsage, "%q is none of guard, prepare, serve", args[0])
}
