package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"stockade.example/test/nodes/agent-stand-in/contract"
)

// What the image carries: whom to believe that it is the secret manager.
const authorityFile = "/etc/stockade/secret-manager-ca.crt"

// serve writes every secret, then says that it started, and answers for the client's health until it is told to end.
func (a agent) serve() error {
	client := health(a.config.Health)
	var started atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc(contract.PathStarted, answer(started.Load))
	mux.HandleFunc(contract.PathLive, answer(client.alive))
	mux.HandleFunc(contract.PathReady, answer(func() bool { return started.Load() && client.ready() }))
	server := &http.Server{Addr: fmt.Sprintf(":%d", contract.HealthPort), Handler: mux}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	for _, secret := range a.config.Secrets {
		for {
			err := a.deliver(secret)
			if err == nil {
				break
			}
			// Names and reasons, never content.
			fmt.Fprintf(os.Stderr, "%s: %v; trying again\n", secret.Source, err)
			select {
			case <-stop.Done():
				return nil
			case err := <-ended:
				return err
			case <-time.After(time.Second):
			}
		}
	}
	started.Store(true)
	select {
	case <-stop.Done():
		return server.Close()
	case err := <-ended:
		return err
	}
}

func answer(holds func() bool) http.HandlerFunc {
	return func(response http.ResponseWriter, _ *http.Request) {
		if !holds() {
			response.WriteHeader(http.StatusServiceUnavailable)
		}
	}
}

func (a agent) deliver(secret contract.Secret) error {
	mode, err := strconv.ParseUint(a.config.SecretMode, 8, 32)
	if err != nil {
		return err
	}
	token, err := os.ReadFile(a.config.SecretManager.TokenFile)
	if err != nil {
		return err
	}
	raw, err := a.ask(contract.RequestSecret, contract.SecretRequest{Source: secret.Source}, strings.TrimSpace(string(token)))
	if err != nil {
		return err
	}
	content, err := written(secret.Format, raw)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(secret.File), 0o700); err != nil {
		return err
	}
	return replace(secret.File, content, os.FileMode(mode))
}

// written is a raw secret as its client reads it. Formats of clients that are not run on nodes are left out.
func written(format string, raw []byte) ([]byte, error) {
	switch format {
	case "jwt-hex":
		return []byte(hex.EncodeToString(raw) + "\n"), nil
	case "cometbft-validator-key":
		key := ed25519.NewKeyFromSeed(raw)
		public := key.Public().(ed25519.PublicKey)
		digest := sha256.Sum256(public)
		return json.Marshal(map[string]any{
			"address":  strings.ToUpper(hex.EncodeToString(digest[:20])),
			"pub_key":  amino("tendermint/PubKeyEd25519", public),
			"priv_key": amino("tendermint/PrivKeyEd25519", key),
		})
	case "cometbft-node-key":
		return json.Marshal(map[string]any{"priv_key": amino("tendermint/PrivKeyEd25519", ed25519.NewKeyFromSeed(raw))})
	}
	return nil, fmt.Errorf("the stand-in does not write secrets of format %q", format)
}

func amino(kind string, value []byte) map[string]string {
	return map[string]string{"type": kind, "value": base64.StdEncoding.EncodeToString(value)}
}

// ask gets something of the secret manager, with the pod's token or without.
func (a agent) ask(path string, message any, token string) ([]byte, error) {
	authority, err := os.ReadFile(authorityFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	body, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest("POST", a.config.SecretManager.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, 1<<24))
	if err != nil {
		return nil, err
	}
	return a.contract.Outcome(path, response.StatusCode, content)
}
