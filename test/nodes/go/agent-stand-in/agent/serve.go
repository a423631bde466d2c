package main

import (
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
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// What the image carries: whom to believe that it is the secret manager.
const authorityFile = "/etc/stockade/secret-manager-ca.crt"

// serve writes every secret, then says that it started, and answers for the client's health until it is told to end.
func serve(config Config) error {
	var started atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("/started", answer(started.Load))
	mux.HandleFunc("/live", answer(func() bool { return config.Health.alive() }))
	mux.HandleFunc("/ready", answer(func() bool { return started.Load() && config.Health.ready() }))
	server := &http.Server{Addr: ":9440", Handler: mux}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	for _, secret := range config.Secrets {
		for {
			err := deliver(config, secret)
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

func deliver(config Config, secret Secret) error {
	mode, err := strconv.ParseUint(config.SecretMode, 8, 32)
	if err != nil {
		return err
	}
	token, err := os.ReadFile(config.SecretManager.TokenFile)
	if err != nil {
		return err
	}
	raw, err := ask(config, "/secret?"+url.Values{"source": {secret.Source}}.Encode(), strings.TrimSpace(string(token)))
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
func ask(config Config, path string, token string) ([]byte, error) {
	if config.SecretManager == nil {
		return nil, fmt.Errorf("no secret manager is named in this configuration")
	}
	authority, err := os.ReadFile(authorityFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	request, err := http.NewRequest("GET", config.SecretManager.URL+path, nil)
	if err != nil {
		return nil, err
	}
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
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the secret manager answers %s", response.Status)
	}
	return content, nil
}
