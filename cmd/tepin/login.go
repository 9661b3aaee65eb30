package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/oauth2"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/client"
)

// runLogin signs the person at this terminal in, by a code that is typed into the
// console (RFC 8628).
func runLogin(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	flags, rest, err := parseFlags("login", "SERVER", args, stderr, nil)
	if err != nil {
		return err
	}
	server := env("TEPIN_SERVER")
	if len(rest) == 1 {
		server = rest[0]
	}
	if server == "" || len(rest) > 1 {
		flags.Usage()
		return errUsage
	}
	if server, err = serverURL(server); err != nil {
		return err
	}
	config := oauthOf(server)
	wait, err := config.DeviceAuth(directly(ctx))
	if err != nil {
		return fmt.Errorf("the sign-in could not begin: %w", serversWords(err))
	}
	fmt.Fprintf(stdout, "Open %s\nand type the code %s\n", wait.VerificationURI, wait.UserCode)
	t, err := config.DeviceAccessToken(directly(ctx), wait)
	if err != nil {
		return fmt.Errorf("nobody was signed in: %w", serversWords(err))
	}
	name, err := whois(ctx, server, t)
	if err != nil {
		return err
	}
	err = withSessions(env, func(s *sessions) error {
		s.Last, s.Servers[server] = server, t
		return nil
	})
	if err == nil {
		fmt.Fprintf(stdout, "Signed in to %s as %s.\n", server, name)
	}
	return err
}

// whois asks the server whose token it is.
func whois(ctx context.Context, server string, t *oauth2.Token) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/oauth/userinfo", nil)
	if err != nil {
		return "", err
	}
	res, err := bearing(ctx, t).Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var who struct {
		Subject string `json:"sub"`
		Name    string `json:"name"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&who); err != nil || who.Subject == "" {
		return "", fmt.Errorf("the server does not say who has signed in: %s", res.Status)
	}
	return who.Name, nil
}

// runLogout ends a session, here and at the server.
func runLogout(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	_, rest, err := parseFlags("logout", "[SERVER]", args, stderr, nil)
	if err != nil {
		return err
	}
	var server string
	if len(rest) == 1 {
		if server, err = serverURL(rest[0]); err != nil {
			return err
		}
	}
	return withSessions(env, func(s *sessions) error {
		if server == "" {
			server = s.Last
		}
		t := s.Servers[server]
		if t == nil {
			return errors.New("nobody is signed in there")
		}
		delete(s.Servers, server)
		if s.Last == server {
			s.Last = ""
		}
		ended := endSession(ctx, server, t)
		if ended != nil {
			fmt.Fprintf(stderr, "tepin: the server did not hear of it (%v); an administrator can end the session there\n", ended)
		}
		fmt.Fprintf(stdout, "Signed out of %s.\n", server)
		return nil
	})
}

// endSession revokes the refresh token, and with it what was got with it (RFC 7009 §2.1).
func endSession(ctx context.Context, server string, t *oauth2.Token) error {
	token := t.RefreshToken
	if token == "" {
		token = t.AccessToken
	}
	form := url.Values{"client_id": {commandLine}, "token": {token}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server+"/oauth/revoke", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := direct.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

// runToken prints an access token: of an integration, whose secret comes from a file, from
// standard input or from TEPIN_CLIENT_SECRET and never from the command line, where
// everybody on the machine would see it, or else of the person who has signed in.
func runToken(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	var id, file, scopes, server string
	_, rest, err := parseFlags("token", "", args, stderr, func(f *flag.FlagSet) {
		f.StringVar(&server, "server", env("TEPIN_SERVER"), "the server's URL; empty: the one of the last tepin login")
		f.StringVar(&id, "client_id", env("TEPIN_CLIENT_ID"), "client id of an integration, as the variable TEPIN_CLIENT_ID has it too; empty: the token of who has signed in")
		f.StringVar(&file, "secret_file", "", "file with the client secret, - for standard input; empty: the variable TEPIN_CLIENT_SECRET")
		f.StringVar(&scopes, "scopes", "", "permissions that the token is to have, of those that the integration has; empty: all of them")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("token takes no argument %q; a secret goes into a file or into TEPIN_CLIENT_SECRET", tepin.Shorten(rest[0], 8))
	}
	if id == "" {
		_, t, err := personToken(ctx, env, server)
		if err == nil {
			fmt.Fprintln(stdout, t.AccessToken)
		}
		return err
	}
	if server == "" {
		server, err = lastServer(env)
	} else {
		server, err = serverURL(server)
	}
	if err != nil {
		return err
	}
	secret, err := readSecret(file, env)
	if err != nil {
		return err
	}
	c, err := client.New(client.Config{BaseURL: server, ClientID: id, ClientSecret: secret, Scopes: strings.Fields(scopes)})
	if err != nil {
		return err
	}
	t, err := c.Token(ctx)
	if err == nil {
		fmt.Fprintln(stdout, t.AccessToken)
	}
	return err
}

// maxSecretFile bounds what is read for a secret, in bytes.
const maxSecretFile = 4096

func readSecret(file string, env func(string) string) (string, error) {
	if file == "" {
		if secret := env("TEPIN_CLIENT_SECRET"); secret != "" {
			return secret, nil
		}
		return "", errors.New("there is no secret: set TEPIN_CLIENT_SECRET, or name a file with -secret_file")
	}
	in := io.Reader(os.Stdin)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxSecretFile))
	return strings.TrimSpace(string(text)), err
}

// parseFlags reads the flags of a command that has no settings of a server.
func parseFlags(name, rest string, args []string, stderr io.Writer, declare func(*flag.FlagSet)) (*flag.FlagSet, []string, error) {
	flags := flag.NewFlagSet("tepin "+name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: tepin %s\n", strings.TrimSpace(name+" [FLAGS] "+rest))
		flags.PrintDefaults()
	}
	if declare != nil {
		declare(flags)
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return flags, nil, err
	case err != nil:
		return flags, nil, errUsage
	}
	return flags, flags.Args(), nil
}

// serversWords is what the server said, without the rest of its answer.
func serversWords(err error) error {
	if e := new(oauth2.RetrieveError); errors.As(err, &e) && e.ErrorDescription != "" {
		return errors.New(e.ErrorDescription)
	}
	return err
}
