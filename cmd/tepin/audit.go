package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/audit"
	"github.com/tepin/tepin/store"
)

// dataSettings are those of commands that work on an installation and serve nobody.
var dataSettings = []string{"data", "key_dir", "database_url"}

func runAudit(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "verify":
			return runAuditVerify(ctx, args[1:], env, stdout, stderr)
		case "export":
			return runAuditExport(ctx, args[1:], env, stdout, stderr)
		}
	}
	fmt.Fprintln(stderr, "usage: tepin audit verify [FLAGS]   check that nothing was altered\n       tepin audit export [FLAGS]   write it to standard output, one JSON object a line")
	return errUsage
}

func runAuditVerify(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	var kept []string
	c, err := loadConfig("audit verify", args, env, stderr, dataSettings, func(f *flag.FlagSet) {
		f.Func("head", "a `head` that was kept: chain:number:mac from the log, or signed heads; its entries must be there still; may repeat", func(text string) error {
			kept = append(kept, text)
			return nil
		})
	})
	if err != nil {
		return err
	}
	d, err := openData(ctx, c)
	if err != nil {
		return err
	}
	findings, err := verify(ctx, d, kept)
	if err = firstOf(err, d.db.Close()); err != nil {
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

func verify(ctx context.Context, d *data, kept []string) ([]audit.Finding, error) {
	keys, err := d.db.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	var heads []audit.Head
	for _, text := range kept {
		list, err := audit.ParseHeads(text, keys)
		if err != nil {
			return nil, err
		}
		heads = append(heads, list...)
	}
	return audit.Verify(ctx, d.db, d.auditKey, heads...)
}

func runAuditExport(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	var f audit.Filter
	environment := ""
	c, err := loadConfig("audit export", args, env, stderr, dataSettings, func(flags *flag.FlagSet) {
		flags.StringVar(&environment, "environment", "", "`id` or technical name of one environment, or instance for what belongs to none; empty: all")
		flags.Func("since", "`time` (2006-01-02, or RFC 3339) from which on", func(v string) (err error) { f.Since, err = parseTime(v); return err })
		flags.Func("until", "`time` before which", func(v string) (err error) { f.Until, err = parseTime(v); return err })
		flags.StringVar(&f.Action, "action", "", "what actions begin with, such as secret. or token.revoke")
	})
	if err != nil {
		return err
	}
	d, err := openData(ctx, c)
	if err != nil {
		return err
	}
	if f.Chain, err = chainNamed(ctx, d.db, environment); err == nil {
		out := bufio.NewWriterSize(stdout, 64<<10)
		err = firstOf(audit.Export(ctx, d.db, f, out), out.Flush())
	}
	return firstOf(err, d.db.Close())
}

// chainNamed finds the chain of an environment, also of one that was deleted, by its id.
func chainNamed(ctx context.Context, db *store.Store, name string) (string, error) {
	if name == "" || name == store.InstanceChain {
		return name, nil
	}
	name = strings.ToLower(name)
	dir, err := db.Directory(ctx)
	if err != nil {
		return "", err
	}
	for _, e := range dir.Environments {
		if e.TechnicalName == name {
			return string(e.ID), nil
		}
	}
	_, err = db.AuditHead(ctx, name)
	if tepin.KindOf(err) == tepin.NotFound {
		return "", fmt.Errorf("there is no environment %q; give its technical name, or its id if it was deleted", tepin.Shorten(name, 80))
	}
	return name, err
}

// parseTime reads a day, which begins at midnight UTC, or a time of RFC 3339.
func parseTime(text string) (time.Time, error) {
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(form, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time such as 2026-01-31 or 2026-01-31T23:59:59Z", tepin.Shorten(text, 40))
}
