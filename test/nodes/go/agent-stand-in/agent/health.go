package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"stockade.example/test/nodes/agent-stand-in/contract"
)

// health asks the client.
type health contract.Health

var client = &http.Client{Timeout: 2 * time.Second}

// alive while it answers at all.
func (h health) alive() bool {
	switch h.Kind {
	case "ethSyncing":
		_, err := h.rpc("eth_syncing")
		return err == nil
	case "cometbftStatus":
		_, _, err := h.get("/status")
		return err == nil
	case "http":
		_, _, err := h.get(h.Path)
		return err == nil
	}
	return false
}

func (h health) ready() bool {
	switch h.Kind {
	case "ethSyncing":
		syncing, err := h.rpc("eth_syncing")
		if err != nil || string(syncing) != "false" {
			return false
		}
		block, err := h.rpc("eth_blockNumber")
		if err != nil {
			return false
		}
		number, err := strconv.ParseUint(strings.TrimPrefix(strings.Trim(string(block), `"`), "0x"), 16, 64)
		return err == nil && number > 0
	case "cometbftStatus":
		_, body, err := h.get("/status")
		if err != nil {
			return false
		}
		var status struct {
			Result struct {
				SyncInfo struct {
					CatchingUp *bool `json:"catching_up"`
				} `json:"sync_info"`
			} `json:"result"`
		}
		return json.Unmarshal(body, &status) == nil && status.Result.SyncInfo.CatchingUp != nil && !*status.Result.SyncInfo.CatchingUp
	case "http":
		code, _, err := h.get(h.Path)
		return err == nil && slices.Contains(h.ReadyStatus, code)
	}
	return false
}

func (h health) get(path string) (int, []byte, error) {
	request, err := http.NewRequest("GET", fmt.Sprintf("http://127.0.0.1:%d%s", h.PortNumber, path), nil)
	if err != nil {
		return 0, nil, err
	}
	for name, value := range h.Headers {
		request.Header.Set(name, value)
	}
	return send(request)
}

func (h health) rpc(method string) (json.RawMessage, error) {
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":[]}`, method)
	request, err := http.NewRequest("POST", fmt.Sprintf("http://127.0.0.1:%d", h.PortNumber), bytes.NewBufferString(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	_, content, err := send(request)
	if err != nil {
		return nil, err
	}
	var reply struct {
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	if err := json.Unmarshal(content, &reply); err != nil {
		return nil, err
	}
	if reply.Error != nil {
		return nil, fmt.Errorf("%s", reply.Error.Message)
	}
	return reply.Result, nil
}

func send(request *http.Request) (int, []byte, error) {
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, 1<<22))
	return response.StatusCode, content, err
}
