package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/store"
)

// withDemo builds Tepin, starts its demo in a temporary directory, and ends it.
func withDemo(f func(bin, data string) error) error {
	dir, err := os.MkdirTemp("", "tepin-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bin, err := buildTepin(dir)
	if err != nil {
		return err
	}
	return f(bin, filepath.Join(dir, "data"))
}

func benchToken() error {
	return withDemo(func(bin, data string) error {
		cached, healthz, body, err := cachedTokens(bin, data)
		if err != nil {
			return err
		}
		constant, err := startConstant(body)
		if err != nil {
			return err
		}
		bare, err := constant.rate(tokenRequest(constant.url, credentials{}))
		if err = errors.Join(err, constant.stop()); err != nil {
			return err
		}
		fresh, err := freshTokens(bin, data)
		if err != nil {
			return err
		}
		fmt.Printf("token, cached        %8.0f /CPU-s  (%.2f of a bare net/http server answering the same bytes)\n", cached, cached/bare)
		fmt.Printf("token, fresh ES256   %8.0f /CPU-s  (lifetime of an hour: never reused)\n", fresh)
		fmt.Printf("constant, bare       %8.0f /CPU-s  (net/http, form read, nothing else)\n", bare)
		fmt.Printf("constant, in Tepin   %8.0f /CPU-s  (GET /healthz)\n", healthz)
		return nil
	})
}

// cachedTokens measures repeats of one request, and a constant of the same server.
func cachedTokens(bin, data string) (cached, healthz float64, body string, err error) {
	t, err := startDemo(bin, data)
	if err != nil {
		return 0, 0, "", err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	if cached, err = t.rate(tokenRequest(t.url, t.id)); err != nil {
		return 0, 0, "", err
	}
	if healthz, err = t.rate(func() (*http.Request, error) { return http.NewRequest(http.MethodGet, t.url+"/healthz", nil) }); err != nil {
		return 0, 0, "", err
	}
	token, err := t.token()
	answer, err2 := json.Marshal(token)
	return cached, healthz, string(answer), errors.Join(err, err2)
}

// freshTokens measures an environment whose tokens live an hour: each is made anew.
func freshTokens(bin, data string) (rate float64, err error) {
	if err := shortenTokens(data); err != nil {
		return 0, err
	}
	t, err := startDemo(bin, data)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	return t.rate(tokenRequest(t.url, t.id))
}

// shortenTokens sets the demo environment's token lifetime while no server runs.
func shortenTokens(data string) (err error) {
	ctx := context.Background()
	keys, err := credential.ReadKeys(filepath.Join(data, "keys"), func(string) string { return "" })
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Options{URL: "sqlite:" + filepath.Join(data, "tepin.db"), AuditKey: keys.Seal.Derive("audit chain", 32)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	envs, err := db.Environments(ctx, tepin.List{})
	if err != nil {
		return err
	}
	hour := time.Hour
	_, err = db.UpdateEnvironment(ctx, tepin.System, envs.Items[0].ID, tepin.EnvironmentUpdate{TokenLifetime: &hour})
	return err
}

func tokenRequest(server string, id credentials) func() (*http.Request, error) {
	form := url.Values{
		"grant_type": {"client_credentials"}, "audience": {"https://chiligrafx.com"},
		"client_id": {id.Integrations.All.ClientID}, "client_secret": {id.Integrations.All.ClientSecret},
	}.Encode()
	return func() (*http.Request, error) {
		req, err := http.NewRequest(http.MethodPost, server+"/oauth/token", strings.NewReader(form))
		if err == nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return req, err
	}
}

// tokenAnswer is the token endpoint's.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
}

func (t *target) token() (a tokenAnswer, err error) {
	req, err := tokenRequest(t.url, t.id)()
	if err != nil {
		return a, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	return a, json.NewDecoder(res.Body).Decode(&a)
}

func benchAPI() error {
	return withDemo(func(bin, data string) (err error) {
		t, err := startDemo(bin, data)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, t.stop()) }()
		token, err := t.token()
		if err != nil {
			return err
		}
		for _, path := range []string{"/settings", "/templates"} {
			rate, err := t.rate(func() (*http.Request, error) {
				req, err := http.NewRequest(http.MethodGet, t.url+"/grafx/api/v1/environment/demo"+path, nil)
				if err == nil {
					req.Header.Set("Authorization", "Bearer "+token.AccessToken)
				}
				return req, err
			})
			if err != nil {
				return err
			}
			fmt.Printf("api, GET %-11s %8.0f /CPU-s  (authorized)\n", path, rate)
		}
		return nil
	})
}
