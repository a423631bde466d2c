package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"stockade.example/test/nodes/agent-stand-in/contract"
)

// guard judges the signing volume by the marker at its root.
func (a agent) guard() error {
	config := a.config
	if config.Guard == nil {
		return fail(contract.ExitUnusable, "there is no signing state to guard in this configuration")
	}
	own := fmt.Sprintf("%s/%s/%s\n", config.Identity.Network, config.Identity.Node, config.Identity.Component)
	marker := filepath.Join(config.Guard.Folder, contract.Marker)
	found, err := os.ReadFile(marker)
	if err == nil {
		if string(found) != own {
			return fail(contract.ExitOtherNode, "%s is the signing volume of %s; this is %s", config.Guard.Folder, strings.TrimSpace(string(found)), strings.TrimSpace(own))
		}
		return nil
	}
	if !os.IsNotExist(err) {
		return err
	}
	entries, err := os.ReadDir(config.Guard.Folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() != "lost+found" {
			return fail(contract.ExitSigningStateMissing, "%s holds %s and no marker: nothing says whose signing state this is", config.Guard.Folder, entry.Name())
		}
	}
	if !config.Guard.FirstStart {
		return fail(contract.ExitSigningStateMissing, "%s is empty and this is no approved first start: the signing state is missing", config.Guard.Folder)
	}
	return os.WriteFile(marker, []byte(own), 0o600)
}
