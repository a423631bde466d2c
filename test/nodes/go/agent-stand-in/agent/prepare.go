package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"

	"stockade.example/test/nodes/agent-stand-in/contract"
)

// prepare carries out the steps in their order. Each may have been done before.
func (a agent) prepare() error {
	for _, step := range a.config.Prepare {
		if err := a.carryOut(step); err != nil {
			return fail(contract.ExitPrepareFailed, "%s: %v", step.Kind, err)
		}
	}
	return nil
}

func (a agent) carryOut(step contract.Step) error {
	switch step.Kind {
	case "directory":
		if err := os.MkdirAll(step.Path, 0o700); err != nil {
			return err
		}
		return os.Chmod(step.Path, 0o700)
	case "copy":
		content, err := os.ReadFile(step.From)
		if err != nil {
			return err
		}
		return replace(step.To, content, 0o600)
	case "seed":
		if _, err := os.Lstat(step.To); err == nil {
			return nil
		}
		content, err := os.ReadFile(step.From)
		if err != nil {
			return err
		}
		return replace(step.To, content, 0o600)
	case "link":
		found, err := os.Lstat(step.Path)
		if err == nil && found.Mode()&fs.ModeSymlink == 0 {
			return nil
		}
		if err == nil {
			if err := os.Remove(step.Path); err != nil {
				return err
			}
		}
		return os.Symlink(step.Target, step.Path)
	case "fetch":
		if content, err := os.ReadFile(step.To); err == nil && sum(content) == step.Sha256 {
			return nil
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		content, err := a.ask(contract.RequestPublic, contract.PublicRequest{URL: step.URL, Sha256: step.Sha256}, "")
		if err != nil {
			return err
		}
		if sum(content) != step.Sha256 {
			return errors.New("what came is not what was declared: its sha256 is " + sum(content))
		}
		return replace(step.To, content, 0o600)
	}
	return errors.New("is no step that this agent knows")
}

func sum(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}

// replace puts a file in place whole, or not at all.
func replace(path string, content []byte, mode os.FileMode) error {
	part := path + ".part"
	os.Remove(part)
	if err := os.WriteFile(part, content, mode); err != nil {
		return err
	}
	return os.Rename(part, path)
}
