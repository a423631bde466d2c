// Agent stands in for the secret agent where manifests are run on real nodes: it does what contract/agent.ts says of
// `guard`, `prepare` and `serve`, but for the claim on keys, which needs the secret manager that is not there yet.
package main

import (
	"flag"
	"fmt"
	"os"

	"stockade.example/test/nodes/agent-stand-in/contract"
)

// The image carries the schemas that messages are judged by.
const contractFolder = "/etc/stockade/contract"

// agent is what the program knows at start.
type agent struct {
	contract contract.Contract
	config   contract.AgentConfig
}

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
		os.Exit(contract.ExitUnusable)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fail(contract.ExitUnusable, "usage: agent guard|prepare|serve --config=<file>")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	file := flags.String("config", "", "the agent's configuration")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	var own agent
	var err error
	if own.contract, err = contract.Load(contractFolder); err != nil {
		return err
	}
	text, err := os.ReadFile(*file)
	if err != nil {
		return err
	}
	if err := own.contract.Read("agent-config", text, &own.config); err != nil {
		return err
	}
	switch args[0] {
	case "guard":
		return own.guard()
	case "prepare":
		return own.prepare()
	case "serve":
		return own.serve()
	}
	return fail(contract.ExitUnusable, "%q is none of guard, prepare, serve", args[0])
}
