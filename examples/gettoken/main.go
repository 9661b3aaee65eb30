// Gettoken asks for an access token. It needs nothing but the standard library.
package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(stdout io.Writer) error {
	for _, name := range []string{"TEPIN_URL", "TEPIN_CLIENT_ID", "TEPIN_CLIENT_SECRET"} {
		if os.Getenv(name) == "" {
			return errors.New("TEPIN_URL, TEPIN_CLIENT_ID and TEPIN_CLIENT_SECRET must be set")
		}
	}
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.PostForm(os.Getenv("TEPIN_URL")+"/oauth/token", url.Values{
		"grant_type":    {"client_credentials"},
		"audience":      {"https://chiligrafx.com"},
		"client_id":     {os.Getenv("TEPIN_CLIENT_ID")},
		"client_secret": {os.Getenv("TEPIN_CLIENT_SECRET")},
	})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", answer.Status, body)
	}
	fmt.Fprintln(stdout, string(body))
	return nil
}
