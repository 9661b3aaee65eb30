package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/limit"
)

// demoOptions are the flags of the demo beside the server's own.
type demoOptions struct {
	once        bool
	credentials string
}

// demo is what the demo knows at its end, and what -credentials writes.
type demo struct {
	URL         string `json:"url"`
	Environment struct {
		ID            tepin.EnvironmentID `json:"id"`
		TechnicalName string              `json:"technicalName"`
	} `json:"environment"`
	Administrator struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	} `json:"administrator"`
	Integrations struct {
		All      clientCredentials `json:"all"`
		ReadOnly clientCredentials `json:"readOnly"`
	} `json:"integrations"`
	Template struct {
		ID tepin.TemplateID `json:"id"`
	} `json:"template"`
	Project struct {
		ID tepin.ProjectID `json:"id"`
	} `json:"project"`
	Outputs struct {
		PDF string `json:"pdf"`
		PNG string `json:"png"`
	} `json:"outputs"`
	PID int `json:"pid"`

	found bool // the data directory held a demo already
}

type clientCredentials struct {
	ClientID     tepin.ClientID `json:"clientId"`
	ClientSecret string         `json:"clientSecret"`
}

// demoRate takes the place of rates that nobody has set: a demo is what people measure.
// Nobody reaches it, and it is looked at all the same.
var demoRate = limit.Rate{Burst: 1_000_000, Interval: time.Microsecond}

// jobTime is how long the demo's own work may take.
const jobTime = 2 * time.Minute

func runDemo(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	var o demoOptions
	c, err := loadConfig("demo", args, env, stderr, []string{"listen", "data", "database_url", "log_level", "log_format", "workers", "client_rate", "address_rate", "outbound_allow", "outbound_ca"}, func(f *flag.FlagSet) {
		f.BoolVar(&o.once, "once", false, "do the main job, print, and exit")
		f.StringVar(&o.credentials, "credentials", "", "write addresses, secrets and results as JSON to this `file`, mode 0600")
	})
	if err != nil {
		return err
	}
	if !c.given["log_level"] {
		c.LogLevel = "warn" // the demo's own output is what is to be read
	}
	for key, rate := range map[string]*limit.Rate{"client_rate": &c.ClientRate, "address_rate": &c.AddressRate} {
		if !c.given[key] {
			*rate = demoRate
		}
	}
	c.KeyDir = demoKeyDir(c.Data)
	srv, err := start(ctx, c, startOptions{demo: true}, stderr)
	if err != nil {
		return err
	}
	serving := make(chan error, 1)
	go func() { serving <- srv.serve() }()

	work, cancel := context.WithTimeout(ctx, jobTime)
	d, err := prepareDemo(work, srv)
	if err == nil {
		err = d.mainJob(work, c.Data)
	}
	cancel()
	if err == nil && o.credentials != "" {
		err = d.writeCredentials(o.credentials)
	}
	if err != nil {
		return firstOf(fmt.Errorf("demo: %w", err), srv.stop())
	}
	d.print(stdout, o.once)
	if o.once {
		return srv.stop()
	}
	select {
	case <-ctx.Done():
		return srv.stop()
	case err := <-serving:
		return err
	}
}

// firstOf returns the first error of several; the others follow from it.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// prepareDemo makes, or finds, what an administrator would: the environment, the
// integrations, and an administrator. Secrets and the password are new each time.
func prepareDemo(ctx context.Context, srv *server) (*demo, error) {
	d := &demo{URL: srv.url, PID: os.Getpid()}
	envs, err := srv.store.Environments(ctx, tepin.List{Limit: tepin.MaxLimit})
	if err != nil {
		return nil, err
	}
	var env tepin.Environment
	for _, e := range envs.Items {
		if e.TechnicalName == "demo" {
			env, d.found = e, true
		}
	}
	if !d.found {
		env, err = srv.credential.CreateEnvironment(ctx, tepin.System, tepin.Environment{
			SubscriptionID: srv.subscription, Name: "Demo", TechnicalName: "demo", Type: tepin.Sandbox,
		})
		if err != nil {
			return nil, err
		}
	}
	d.Environment.ID, d.Environment.TechnicalName = env.ID, env.TechnicalName
	if d.Integrations.All, err = demoIntegration(ctx, srv, env.ID, "All permissions", "For a back end. Never in a front end.", tepin.AllScopes); err != nil {
		return nil, err
	}
	if d.Integrations.ReadOnly, err = demoIntegration(ctx, srv, env.ID, "Read-only", "For a front end: it can change nothing.", tepin.ReadOnlyScopes); err != nil {
		return nil, err
	}
	d.Administrator.Email = "admin@demo.localhost"
	d.Administrator.Password = credential.GeneratePassword()
	user, err := srv.store.UserByEmail(ctx, d.Administrator.Email)
	if tepin.KindOf(err) == tepin.NotFound {
		_, err = srv.credential.CreateAdministrator(ctx, tepin.System, d.Administrator.Email, "Demo administrator", d.Administrator.Password)
	} else if err == nil {
		err = srv.credential.SetPassword(ctx, tepin.System, user.ID, d.Administrator.Password)
	}
	return d, err
}

// demoIntegration makes the integration of this name, or gives it a new secret that
// ends the old ones.
func demoIntegration(ctx context.Context, srv *server, env tepin.EnvironmentID, name, description string, scopes []tepin.Scope) (clientCredentials, error) {
	found, err := srv.store.Integrations(ctx, env, tepin.List{Limit: tepin.MaxLimit})
	if err != nil {
		return clientCredentials{}, err
	}
	for _, in := range found.Items {
		if in.Name == name {
			_, secret, err := srv.credential.Rotate(ctx, tepin.System, env, in.ID, 0, credential.SecretOptions{})
			return clientCredentials{in.ClientID, secret}, err
		}
	}
	in, secret, err := srv.credential.CreateIntegration(ctx, tepin.System, tepin.Integration{
		EnvironmentID: env, Name: name, Description: description, Scopes: tepin.MustScopes(scopes...), Enabled: true,
	})
	return clientCredentials{in.ClientID, secret}, err
}

// writeCredentials writes the file whole or not at all: readers wait for its name.
func (d *demo) writeCredentials(name string) error {
	data, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(name), ".credentials-*") // exclusive, 0600
	if err != nil {
		return fmt.Errorf("write the credentials: %w", err)
	}
	_, err = temp.Write(append(data, '\n'))
	err = firstOf(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		return firstOf(fmt.Errorf("write the credentials: %w", err), os.Remove(temp.Name()))
	}
	return nil
}

// print writes what a newcomer needs next.
func (d *demo) print(w io.Writer, once bool) {
	api := d.URL + "/grafx/api/v1/environment/" + d.Environment.TechnicalName
	if d.found {
		fmt.Fprint(w, "Found the demo's data: its project was used again; the password and the secrets are new.\n\n")
	}
	state := "Tepin is ready."
	if once {
		state = "The demo did its job, and its server ends now. Without -once it keeps running."
	}
	fmt.Fprintf(w, `%s

  Console        %s
  Administrator  %s
  Password       %s

  Environment    Demo (technical name %s, sandbox: output is watermarked)
  API reference  %s/grafx/swagger/index.html
                 %s/swagger/index.html

  Integration    all permissions (for a back end; never in a front end)
    client id      %s
    client secret  %s
  Integration    read-only
    client id      %s
    client secret  %s

The demo has used its own API: took a token, made a project of the sample template, set its
variables, saved it, and rendered it:

  %s
  %s

Get a token. The same request gives the same token again until an hour before it ends:

`, state, d.URL, d.Administrator.Email, d.Administrator.Password, d.Environment.TechnicalName, d.URL, d.URL,
		d.Integrations.All.ClientID, d.Integrations.All.ClientSecret,
		d.Integrations.ReadOnly.ClientID, d.Integrations.ReadOnly.ClientSecret,
		d.Outputs.PDF, d.Outputs.PNG)
	d.printCommands(w, api)
	if !once {
		fmt.Fprintln(w, "\nThe server keeps running. Ctrl-C stops it.")
	}
}

// printCommands writes the token requests, form and JSON, and a first call, ready to paste.
func (d *demo) printCommands(w io.Writer, api string) {
	c := d.Integrations.All
	fmt.Fprintf(w, `curl -s %s/oauth/token \
  -d grant_type=client_credentials \
  -d audience=https://chiligrafx.com \
  -d client_id=%s \
  -d client_secret=%s

curl -s %s/oauth/token \
  -H 'Content-Type: application/json' \
  -d '{"grant_type":"client_credentials","audience":"https://chiligrafx.com","client_id":"%s","client_secret":"%s"}'

Use it (TOKEN is the answer's access_token):

curl -s %s/templates -H "Authorization: Bearer $TOKEN"
`, d.URL, c.ClientID, c.ClientSecret, d.URL, c.ClientID, c.ClientSecret, api)
}
