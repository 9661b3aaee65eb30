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
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/store"
)

// line prints one figure.
func line(what, figure, note string) {
	fmt.Printf("%-36s %9s  %s\n", what, figure, note)
}

func perCPU(m measured) string { return fmt.Sprintf("%.0f/CPU-s", m.perCPU()) }

// benchToken measures the token endpoint. Peers come last: who has no network to get
// them from has all the rest.
func benchToken() error {
	err := withDemo(func(in installation) error {
		if err := benchReuse(in); err != nil {
			return err
		}
		id, err := benchFresh(in)
		if err != nil {
			return err
		}
		return benchTLS(in, id)
	})
	return errors.Join(err, benchInside(), benchPeers())
}

// benchReuse measures repeats of one request, beside constants, and tokens whose rows
// are stored.
func benchReuse(in installation) (err error) {
	t, err := in.demo()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	l, err := loadOf(tokenRequest(t.url+"/oauth/token", t.id, ""))
	if err != nil {
		return err
	}
	pace, err := benchRepeats(in, t, l)
	if err != nil {
		return err
	}
	half, err := t.measure(l, measureTime, pace/2)
	if err != nil {
		return err
	}
	line("  p99 at half load", half.quantile(0.99).Round(time.Microsecond).String(),
		fmt.Sprintf("p50 %s; %.0f requests a second over %d connections, clients on the same machine", half.quantile(0.5).Round(time.Microsecond), half.perSecond(), connections))

	if l, err = everyScopes(t); err != nil {
		return err
	}
	stored, err := t.rate(l)
	if err != nil {
		return err
	}
	line("token, made anew, its row stored", perCPU(stored), fmt.Sprintf("ES256, SQLite, each row synced: %.0f a second of the clock", stored.perSecond()))
	return nil
}

// benchRepeats measures repeats and constants, and returns how many repeats the server
// answers in a second of the clock.
func benchRepeats(in installation, t *target, l load) (pace float64, err error) {
	body, err := t.token()
	if err != nil {
		return 0, err
	}
	before, err := in.databaseSize()
	if err != nil {
		return 0, err
	}
	rates, err := inTurn(t, body, l)
	if err != nil {
		return 0, err
	}
	after, err := in.databaseSize()
	cached, constant, simple := rates[0], rates[1], rates[2]
	line("token, asked for again", perCPU(cached), fmt.Sprintf("%.2f of the constant in the same stack", cached.perCPU()/constant.perCPU()))
	line("  a constant, in the same stack", perCPU(constant), "the same request and the same bytes")
	line("  a constant, bare", perCPU(simple), "net/http that reads the form, nothing else")
	line("  the database grew by", fmt.Sprintf("%d bytes", after-before), fmt.Sprintf("over %d repeats", cached.count))
	return cached.perSecond(), err
}

func (in installation) databaseSize() (int64, error) {
	info, err := os.Stat(filepath.Join(in.data, "tepin.db"))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// turns is how often the servers that are compared take turns, so that a machine that
// gets faster or slower meanwhile does so for all.
const turns = 4

// inTurn measures t, and servers that answer body to all requests: in the same stack,
// and bare.
func inTurn(t *target, body string, l load) (all [3]measured, err error) {
	servers := [3]*target{0: t}
	for i, kind := range []string{inStack, bare} {
		s, err := startConstant(kind, body)
		if err != nil {
			return all, err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		servers[i+1] = s
	}
	for turn := range turns + 1 {
		for i, s := range servers {
			l := l
			l.address = strings.TrimPrefix(s.url, "http://")
			m, err := s.measure(l, measureTime/turns, 0)
			if err != nil {
				return all, err
			}
			if turn > 0 { // the first warms up
				all[i] = all[i].plus(m)
			}
		}
	}
	return all, nil
}

// everyScopes asks for more sets of scopes than a server remembers tokens of a client.
func everyScopes(t *target) (load, error) {
	var requests []*http.Request
	for set := tepin.Scopes(1); set < 2000; set++ {
		requests = append(requests, tokenRequest(t.url+"/oauth/token", t.id, set.String()))
	}
	return loadOf(requests...)
}

// benchFresh measures an environment whose tokens live an hour: each is made anew, and
// no row is stored. It returns the credentials that hold from then on.
func benchFresh(in installation) (id credentials, err error) {
	if err := shortenTokens(in.data); err != nil {
		return id, err
	}
	t, err := in.demo()
	if err != nil {
		return id, err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	l, err := loadOf(tokenRequest(t.url+"/oauth/token", t.id, ""))
	if err != nil {
		return id, err
	}
	m, err := t.rate(l)
	if err == nil {
		line("token, made anew, without a row", perCPU(m), "ES256, lifetime of an hour: never reused")
	}
	return t.id, err
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
	i := slices.IndexFunc(envs.Items, func(e tepin.Environment) bool { return e.TechnicalName == "demo" })
	if i < 0 {
		return errors.New("the demo has made no environment")
	}
	hour := time.Hour
	_, err = db.UpdateEnvironment(ctx, tepin.System, envs.Items[i].ID, tepin.EnvironmentUpdate{TokenLifetime: &hour})
	return err
}

// tokenRequest asks for a token; scope "" asks for all scopes.
func tokenRequest(endpoint string, id credentials, scope string) *http.Request {
	form := url.Values{
		"grant_type": {"client_credentials"}, "audience": {"https://chiligrafx.com"},
		"client_id": {id.Integrations.All.ClientID}, "client_secret": {id.Integrations.All.ClientSecret},
	}
	if scope != "" {
		form.Set("scope", scope)
	}
	return formRequest(endpoint, form)
}

func formRequest(endpoint string, form url.Values) *http.Request {
	req, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		panic(err) // a server of ours has another address than it says
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req
}

// tokenAnswer is the token endpoint's.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
}

// token returns the whole answer to a token request.
func (t *target) token() (string, error) {
	res, err := http.DefaultClient.Do(tokenRequest(t.url+"/oauth/token", t.id, ""))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var a tokenAnswer
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		return "", err
	}
	answer, err := json.Marshal(a)
	return string(answer), err
}
