// Command tepin is the whole product: the server, the demo, and an operator's tools.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// command is one verb of the program.
type command struct {
	name    string
	summary string
	run     func(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error
}

var commands = []command{
	{"serve", "run the server", runServe},
	{"demo", "run the server with a sample environment, and do the main job once", runDemo},
	{"login", "sign in to a server, for the commands below", runLogin},
	{"logout", "end that session", runLogout},
	{"token", "print an access token, of an integration or of who has signed in", runToken},
	{"user", "list, invite, role, deactivate …: the people of a subscription", runUser},
	{"group", "list, create, access, join …: the groups of a subscription", runGroup},
	{"integration", "list, create, rotate, revoke …: the integrations of an environment", runIntegration},
	{"environment", "list, create, delete, restore …: the environments of a server", runEnvironment},
	{"application", "list, create, delete: what people sign in to, to work in an environment", runApplication},
	{"config", "describe: print the reference of all settings", runConfig},
	{"rekey", "give the installation another public URL and new signing keys", runRekey},
	{"keys", "list, rotate, compromised: the signing keys, and the master key", runKeys},
	{"recover", "after a restored backup or a fail-over: end all that was issued before", runRecover},
	{"audit", "verify, export: check the audit log's chains, or write them out", runAudit},
	{"version", "print the version", runVersion},
}

func main() {
	runChild() // does not return in a sandbox child
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "tepin:", err)
		os.Exit(1)
	}
}

// errUsage is a wrong command line that has been told already.
var errUsage = errors.New("wrong usage")

func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		usage(stderr)
		return errUsage
	}
	for _, c := range commands {
		if c.name == args[0] {
			return c.run(ctx, args[1:], env, stdout, stderr)
		}
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(stdout)
		return nil
	case "-version", "--version", "-v":
		return runVersion(ctx, nil, env, stdout, stderr)
	}
	fmt.Fprintf(stderr, "tepin: there is no command %q\n\n", args[0])
	usage(stderr)
	return errUsage
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "Tepin: smart templates on your own server.\n\nusage: tepin COMMAND [FLAGS]")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-12s %s\n", c.name, c.summary)
	}
	fmt.Fprintln(w, "\ntepin COMMAND -h lists a command's flags.")
}
