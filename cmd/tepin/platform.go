package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// platform calls the Platform API of a server, as whoever its client signs in.
type platform struct {
	server  string // its URL, without a slash at the end
	http    *http.Client
	session bool // by tepin login, which can be done again
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 16 << 20

// call makes a request with in as its JSON body, unless that is nil, and reads the
// answer into out, unless that is nil. A refusal is an error in the server's words.
func (p platform) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.server+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := p.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return err
	}
	if res.StatusCode == http.StatusUnauthorized && p.session {
		return fmt.Errorf("the session at %s is over: %w; run tepin login %s", p.server, refusal(res.Status, answer), p.server)
	}
	if res.StatusCode >= 300 {
		return refusal(res.Status, answer)
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	if raw, ok := out.(*json.RawMessage); ok {
		*raw = answer
		return nil
	}
	return json.Unmarshal(answer, out)
}

// refusal is what the server said was wrong.
func refusal(status string, answer []byte) error {
	var problem struct {
		Detail string `json:"detail"`
		Errors []struct {
			Location string `json:"location"`
			Message  string `json:"message"`
		} `json:"errors"`
	}
	if json.Unmarshal(answer, &problem) != nil || problem.Detail == "" {
		return fmt.Errorf("the server answered %s; is this the address of a Tepin server?", status)
	}
	text := problem.Detail
	for _, e := range problem.Errors {
		if !strings.Contains(text, e.Message) {
			text += "; " + strings.TrimPrefix(e.Location+": "+e.Message, ": ")
		}
	}
	return errors.New(text)
}

// verb is one verb of a command that has several: `tepin integration list`.
type verb struct {
	name    string
	args    string // what follows the flags, in words
	summary string
	flags   func(*flag.FlagSet) // beside those that all verbs of the command have
	run     func(context.Context, *invocation) error
}

// invocation is one call of a verb.
type invocation struct {
	platform
	args   []string
	flags  *flag.FlagSet
	json   bool // print what the server answered
	stdout io.Writer
}

// given reports whether a flag stands on the command line.
func (v *invocation) given(name string) (is bool) {
	v.flags.Visit(func(f *flag.Flag) { is = is || f.Name == name })
	return is
}

// text is the value of a flag.
func (v *invocation) text(name string) string { return v.flags.Lookup(name).Value.String() }

// print shows what the server answered: as it is with -json, else by show.
func (v *invocation) print(answer json.RawMessage, show func(io.Writer) error) error {
	if v.json {
		var b bytes.Buffer
		if err := json.Indent(&b, answer, "", "  "); err != nil {
			return err
		}
		_, err := fmt.Fprintln(v.stdout, b.String())
		return err
	}
	return show(v.stdout)
}

// table writes rows in columns.
func table(w io.Writer, rows ...[]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

// runVerb runs the verb that args begin with. Flags may stand before and behind what
// the verb is about.
func runVerb(ctx context.Context, command string, verbs []verb, args []string, env func(string) string, stdout, stderr io.Writer) error {
	list := func() {
		fmt.Fprintf(stderr, "usage: tepin %s VERB [FLAGS]\n", command)
		for _, v := range verbs {
			fmt.Fprintf(stderr, "  %-40s %s\n", strings.TrimSpace(v.name+" "+v.args), v.summary)
		}
	}
	if len(args) == 0 {
		list()
		return errUsage
	}
	for _, v := range verbs {
		if v.name != args[0] {
			continue
		}
		in := &invocation{flags: flag.NewFlagSet("tepin "+command+" "+v.name, flag.ContinueOnError), stdout: stdout}
		in.flags.SetOutput(stderr)
		use := fmt.Sprintf("usage: tepin %s %s", command, strings.TrimSpace(v.name+" [FLAGS] "+v.args))
		in.flags.Usage = func() {
			fmt.Fprintln(stderr, use)
			in.flags.PrintDefaults()
		}
		in.flags.BoolVar(&in.json, "json", false, "print what the server answers, as JSON")
		server := in.flags.String("server", env("TEPIN_SERVER"), "the server's URL; empty: the one of the last tepin login")
		if v.flags != nil {
			v.flags(in.flags)
		}
		rest := args[1:]
		for len(rest) > 0 {
			if err := in.flags.Parse(rest); err != nil {
				if errors.Is(err, flag.ErrHelp) {
					return err
				}
				return errUsage
			}
			if rest = in.flags.Args(); len(rest) > 0 {
				in.args, rest = append(in.args, rest[0]), rest[1:]
			}
		}
		if want := len(strings.Fields(v.args)); len(in.args) != want {
			fmt.Fprintln(stderr, use)
			return errUsage
		}
		var err error
		if in.platform, err = signedIn(ctx, env, *server); err != nil {
			return err
		}
		return v.run(ctx, in)
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		list()
		return nil
	}
	fmt.Fprintf(stderr, "tepin %s: there is no verb %q\n\n", command, args[0])
	list()
	return errUsage
}

// maxDays bounds a lifetime that is given in days.
const maxDays = 36_500

// lifetime reads a duration that may also be in days: "90d".
func lifetime(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 32); err == nil && n <= maxDays {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is no time such as 90d, 24h or 30m", text)
	}
	return d, nil
}
