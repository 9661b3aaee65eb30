package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/audit"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/store"
)

// openData opens keys and database of an installation that exists, without serving.
func openData(ctx context.Context, c config) (*credential.Keys, *store.Store, error) {
	if c.DatabaseURL == "" {
		if _, err := os.Stat(c.Data); err != nil {
			return nil, nil, fmt.Errorf("there is no installation in %s: %w", c.Data, err)
		}
	}
	keys, err := credential.ReadKeys(c.KeyDir, os.Getenv)
	if err != nil {
		return nil, nil, err
	}
	db, err := store.Open(ctx, store.Options{URL: databaseURL(c), AuditKey: keys.Seal.Derive("audit chain", 32)})
	if err != nil {
		return nil, nil, err
	}
	if _, err := db.Instance(ctx); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("there is no installation in this database: %w", err), db.Close())
	}
	return keys, db, nil
}

func runRekey(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	c, err := loadConfig("rekey", args, env, stderr, nil, nil)
	if err != nil {
		return err
	}
	if c.PublicURL == "" {
		return errors.New("rekey: say which URL the installation is to have: -public_url https://…")
	}
	_, db, err := openData(ctx, c)
	if err != nil {
		return err
	}
	if err := firstOf(db.Rekey(ctx, tepin.System, c.PublicURL+"/"), db.Close()); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The installation is %s now. All tokens and sessions have ended; client secrets and passwords stay.\n", c.PublicURL)
	return nil
}

func runAudit(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	if len(args) == 0 || args[0] != "verify" {
		fmt.Fprintln(stderr, "usage: tepin audit verify [FLAGS]")
		return errUsage
	}
	var kept []audit.Head
	c, err := loadConfig("audit verify", args[1:], env, stderr, []string{"data", "key_dir", "database_url"}, func(f *flag.FlagSet) {
		f.Func("head", "a head that the log had once, `chain:number:mac`: its entry must be there still; may repeat", func(text string) error {
			head, err := audit.ParseHead(text)
			kept = append(kept, head)
			return err
		})
	})
	if err != nil {
		return err
	}
	keys, db, err := openData(ctx, c)
	if err != nil {
		return err
	}
	findings, err := audit.Verify(ctx, db, keys.Seal.Derive("audit chain", 32), kept...)
	if err = firstOf(err, db.Close()); err != nil {
		return err
	}
	for _, f := range findings {
		fmt.Fprintln(stdout, f)
	}
	if len(findings) > 0 {
		return fmt.Errorf("the audit log was tampered with in %d places", len(findings))
	}
	fmt.Fprintln(stdout, "The audit log is whole.")
	return nil
}

func runVersion(_ context.Context, _ []string, _ func(string) string, stdout, _ io.Writer) error {
	fmt.Fprintln(stdout, "tepin", version())
	return nil
}

// version is the one that the module was built as.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "devel"
}
