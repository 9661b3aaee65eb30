package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/access"
	"github.com/tepin/tepin/credential"
	"github.com/tepin/tepin/store"
)

// data is what commands work on that do not serve: an installation that exists.
type data struct {
	keys     *credential.Keys
	db       *store.Store
	auditKey []byte
}

// openData opens keys and database of an installation.
func openData(ctx context.Context, c config) (*data, error) {
	if c.DatabaseURL == "" {
		if _, err := os.Stat(c.Data); err != nil {
			return nil, fmt.Errorf("there is no installation in %s: %w", c.Data, err)
		}
	}
	keys, err := credential.ReadKeys(c.KeyDir, os.Getenv)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Options{URL: databaseURL(c)})
	if err != nil {
		return nil, err
	}
	auditKey, err := keys.Open(ctx, db)
	if tepin.KindOf(err) == tepin.NotFound {
		err = fmt.Errorf("there is no installation in this database: %w", err)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &data{keys, db, auditKey}, nil
}

// keyring works on the installation's signing keys.
func (d *data) keyring() *access.Keyring {
	return &access.Keyring{Store: d.db, Seal: d.keys.SealSigningKey, SealedBy: d.keys.Seal.ID()}
}

func runRekey(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	c, err := loadConfig("rekey", args, env, stderr, nil, nil)
	if err != nil {
		return err
	}
	if c.PublicURL == "" {
		return errors.New("rekey: say which URL the installation is to have: -public_url https://…")
	}
	d, err := openData(ctx, c)
	if err != nil {
		return err
	}
	if err := firstOf(d.db.Rekey(ctx, tepin.System, c.PublicURL+"/"), d.db.Close()); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The installation is %s now. All tokens and sessions have ended; client secrets and passwords stay.\n", c.PublicURL)
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
