package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/oauth2"
)

// commandLine is the client id of this program, which every server knows.
const commandLine = "tepin"

// sessions is what `tepin login` keeps, in a file that only its owner may read: for each
// server the person's tokens.
type sessions struct {
	Last    string                   `json:"last"` // the server of the last login
	Servers map[string]*oauth2.Token `json:"servers"`
}

// sessionFile is where they are kept: tepin/sessions.json below the user's directory for
// settings, or where TEPIN_SESSIONS says.
func sessionFile(env func(string) string) (string, error) {
	if name := env("TEPIN_SESSIONS"); name != "" {
		return name, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("there is no place to keep the session: %w; set TEPIN_SESSIONS to a file's name", err)
	}
	return filepath.Join(dir, "tepin", "sessions.json"), nil
}

// withSessions reads the file, lets f change what it holds, and writes it, while no
// other command does.
func withSessions(env func(string) string, f func(*sessions) error) error {
	name, err := sessionFile(env)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	lock, err := os.OpenFile(name+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // and with it the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	s := sessions{}
	before, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		if err := json.Unmarshal(before, &s); err != nil {
			return fmt.Errorf("%s cannot be read: %w; remove it and sign in again", name, err)
		}
	}
	if s.Servers == nil {
		s.Servers = map[string]*oauth2.Token{}
	}
	if err := f(&s); err != nil {
		return err
	}
	after, err := json.MarshalIndent(s, "", "  ")
	if err != nil || string(after) == string(before) {
		return err
	}
	return replaceFile(name, after)
}

// replaceFile writes a file that only its owner may read, as a whole or not at all.
func replaceFile(name string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// serverURL brings a server's address into the form in which it is kept.
func serverURL(text string) (string, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return "", fmt.Errorf("%q is no server's URL, such as https://tepin.example", text)
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return "", fmt.Errorf("%s is not https; a token would cross the network in the clear", text)
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

// oauthOf says where a server signs the command line in.
func oauthOf(server string) *oauth2.Config {
	return &oauth2.Config{ClientID: commandLine, Scopes: []string{"openid", "profile", "offline_access"}, Endpoint: oauth2.Endpoint{
		TokenURL: server + "/oauth/token", DeviceAuthURL: server + "/oauth/device/code", AuthStyle: oauth2.AuthStyleInParams,
	}}
}

// direct follows no redirect: what a person's session is made of goes to its server, and
// nowhere else.
var direct = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// directly has package oauth2 make its requests by [direct].
func directly(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, direct)
}

// lastServer is the server of the last login.
func lastServer(env func(string) string) (at string, err error) {
	err = withSessions(env, func(s *sessions) error {
		if at = s.Last; at == "" {
			return errors.New("say which server: -server URL, or TEPIN_SERVER")
		}
		return nil
	})
	return at, err
}

// personToken returns the token of who has signed in to the server, or to the one of the
// last login where server is empty, renewed if it is over.
func personToken(ctx context.Context, env func(string) string, server string) (at string, t *oauth2.Token, err error) {
	err = withSessions(env, func(s *sessions) error {
		if at = s.Last; server != "" {
			if at, err = serverURL(server); err != nil {
				return err
			}
		}
		if t = s.Servers[at]; t == nil {
			if at == "" {
				return errors.New("nobody has signed in; run tepin login URL")
			}
			return fmt.Errorf("nobody has signed in to %s; run tepin login %s", at, at)
		}
		if t, err = oauthOf(at).TokenSource(directly(ctx), t).Token(); err != nil {
			if over := new(oauth2.RetrieveError); errors.As(err, &over) && over.ErrorCode == "invalid_grant" || t == nil && strings.Contains(err.Error(), "expired") {
				return fmt.Errorf("the session at %s is over; run tepin login %s", at, at)
			}
			return err
		}
		s.Servers[at] = t
		return nil
	})
	return at, t, err
}

// signedIn returns how to call the Platform API of a server: with the token in
// TEPIN_TOKEN, or as the person who has signed in.
func signedIn(ctx context.Context, env func(string) string, server string) (platform, error) {
	if raw := env("TEPIN_TOKEN"); raw != "" {
		if server == "" {
			return platform{}, errors.New("TEPIN_TOKEN is set; say for which server: -server URL, or TEPIN_SERVER")
		}
		at, err := serverURL(server)
		return platform{server: at, http: bearing(ctx, &oauth2.Token{AccessToken: raw})}, err
	}
	at, t, err := personToken(ctx, env, server)
	if err != nil {
		return platform{}, err
	}
	return platform{server: at, http: bearing(ctx, t), session: true}, nil
}

func bearing(ctx context.Context, t *oauth2.Token) *http.Client {
	c := *oauth2.NewClient(directly(ctx), oauth2.StaticTokenSource(t))
	c.CheckRedirect = direct.CheckRedirect // or the token would go along
	return &c
}
