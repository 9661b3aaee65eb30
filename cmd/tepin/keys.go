package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
)

const keysUsage = `usage: tepin keys list [FLAGS]             show the signing keys
       tepin keys rotate [FLAGS]           publish new signing keys, which sign an hour later
       tepin keys rotate -master [FLAGS]   seal everything under a new master key
       tepin keys compromised KID [FLAGS]  withdraw a signing key, and all that it has signed, at once`

func runKeys(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch verb, rest := args[0], args[1:]; verb {
		case "list":
			return runKeysList(ctx, rest, env, stdout, stderr)
		case "rotate":
			return runKeysRotate(ctx, rest, env, stdout, stderr)
		case "compromised":
			if len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
				return runKeysCompromised(ctx, rest[0], rest[1:], env, stdout, stderr)
			}
		}
	}
	fmt.Fprintln(stderr, keysUsage)
	return errUsage
}

// withKeys opens an installation for f, which is about its signing keys. While a server
// has a SQLite database, nothing else can: it does the same by its API.
func withKeys(ctx context.Context, c config, f func(*data) error) error {
	opened := false
	err := withData(ctx, c, func(d *data) error { opened = true; return f(d) })
	if !opened && tepin.KindOf(err) == tepin.Conflict && c.DatabaseURL == "" {
		return fmt.Errorf("%w; while a server runs on SQLite, its Platform API does this, at /api/v1/signing-keys", err)
	}
	return err
}

// withData opens an installation for f.
func withData(ctx context.Context, c config, f func(*data) error) error {
	d, err := openData(ctx, c)
	if err != nil {
		return err
	}
	return firstOf(f(d), d.db.Close())
}

func runKeysList(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	c, err := loadConfig("keys list", args, env, stderr, dataSettings, nil)
	if err != nil {
		return err
	}
	return withKeys(ctx, c, func(d *data) error {
		list, err := d.keyring().List(ctx)
		if err != nil {
			return err
		}
		return printKeys(stdout, list)
	})
}

func printKeys(w io.Writer, list []access.KeyInfo) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KID\tFOR\tALG\tSTATE\tSIGNS FROM\tRETIRED AT")
	for _, k := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Purpose, k.Alg, k.State, shortTime(k.UsableAt, k.CreatedAt), shortTime(k.RetireAt, time.Time{}))
	}
	return t.Flush()
}

// shortTime is t, or otherwise where t is none, to the second.
func shortTime(t, otherwise time.Time) string {
	if t.Unix() <= 0 {
		t = otherwise
	}
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

func runKeysRotate(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	var purpose string
	var master, prepare bool
	c, err := loadConfig("keys rotate", args, env, stderr, dataSettings, func(f *flag.FlagSet) {
		f.StringVar(&purpose, "purpose", "", "`purpose` of the keys: access, id or audit; empty: all")
		f.BoolVar(&master, "master", false, "replace the master key, and leave the signing keys as they are")
		f.BoolVar(&prepare, "prepare", false, "with -master: only put the new key into the file, for servers that have their own copy of it")
	})
	if err != nil {
		return err
	}
	if prepare && !master || master && purpose != "" {
		return errors.New("keys rotate: -prepare goes with -master, and -master without -purpose")
	}
	if master {
		return withData(ctx, c, func(d *data) error { return rotateMaster(ctx, d, prepare, stdout) })
	}
	return withKeys(ctx, c, func(d *data) error {
		made, err := d.keyring().Rotate(ctx, tepin.System, tepin.KeyPurpose(purpose))
		if err != nil {
			return err
		}
		return printKeys(stdout, made)
	})
}

func rotateMaster(ctx context.Context, d *data, prepare bool, stdout io.Writer) error {
	if err := d.keys.PrepareMaster(); err != nil {
		return err
	}
	if prepare {
		fmt.Fprintln(stdout, "The key file has a new master key in its first line, beside the present one, which still counts.\n"+
			"Give the file to all servers, start them again, and then run tepin keys rotate -master.")
		return nil
	}
	from, to, err := d.keys.ReplaceMaster(ctx, tepin.System, d.db)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The master key is %s now, and everything is sealed under it. Back the keys up again.\n"+
		"The old one, %s, is only needed for backups of the database from before: when those are gone, delete its line.\n", to, from)
	return nil
}

func runKeysCompromised(ctx context.Context, kid string, args []string, env func(string) string, stdout, stderr io.Writer) error {
	c, err := loadConfig("keys compromised", args, env, stderr, dataSettings, nil)
	if err != nil {
		return err
	}
	return withKeys(ctx, c, func(d *data) error {
		keyring := d.keyring()
		if err := keyring.Compromised(ctx, tepin.System, kid); err != nil {
			return err
		}
		list, err := keyring.List(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "The key %s is withdrawn: servers that run refuse what it has signed within five seconds.\n", kid)
		return printKeys(stdout, list)
	})
}
