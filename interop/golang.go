package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const goOAuth2 = "golang.org/x/oauth2"

// inGo runs golang.org/x/oauth2/clientcredentials in this process.
func inGo(style oauth2.AuthStyle) runner {
	return func(ctx context.Context, in *installation, c client, _ []string) (report, error) {
		version, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", goOAuth2).Output()
		if err != nil {
			return report{}, err
		}
		ctx = in.trusting(ctx)
		config := in.config(c, style)
		first, err := config.Token(ctx)
		if err != nil {
			return report{}, err
		}
		again, err := config.Token(ctx)
		if err != nil {
			return report{}, err
		}
		names, err := listNames(ctx, config.Client(ctx), in.templates())
		if err != nil {
			return report{}, err
		}
		refused, err := refusalInGo(ctx, in.config(client{id: c.id, secret: in.wrongSecret}, style))
		return report{
			Version: strings.TrimSpace(string(version)),
			Token:   first.AccessToken, Again: again.AccessToken, ExpiresIn: int(time.Until(first.Expiry).Seconds()),
			Names: names, Refused: map[string]string{"wrong secret": refused},
		}, err
	}
}

// token is a token of the client, for verifiers.
func (in *installation) token(ctx context.Context, c client) (string, error) {
	t, err := in.config(c, oauth2.AuthStyleInHeader).Token(in.trusting(ctx))
	if err != nil {
		return "", err
	}
	return t.AccessToken, nil
}

func (in *installation) config(c client, style oauth2.AuthStyle) *clientcredentials.Config {
	return &clientcredentials.Config{
		ClientID: string(c.id), ClientSecret: c.secret, TokenURL: in.URL + "/oauth/token", AuthStyle: style,
		EndpointParams: url.Values{"audience": {audience}},
	}
}

// trusting makes the library use a client that trusts the server's certificate, and
// keeps no cookies.
func (in *installation) trusting(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: in.http.Transport})
}

// listNames reads a list of the Environment API.
func listNames(ctx context.Context, c *http.Client, address string) ([]string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the API answers %s", res.Status)
	}
	var page struct {
		Data []struct {
			Name string `json:"name"`
		} `json:"data"`
	}
	err = json.NewDecoder(res.Body).Decode(&page)
	var names []string
	for _, t := range page.Data {
		names = append(names, t.Name)
	}
	return names, err
}

// refusalInGo is how the library tells that it got no token.
func refusalInGo(ctx context.Context, config *clientcredentials.Config) (string, error) {
	_, err := config.Token(ctx)
	e, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return "", fmt.Errorf("a wrong secret gives %w", err)
	}
	return fmt.Sprintf("%d %s", e.Response.StatusCode, e.ErrorCode), nil
}
