// Command interop proves that clients which nobody here wrote get tokens from Tepin and
// use them, and that verifiers which nobody here wrote accept the tokens:
//
//	go run ./interop
//
// It builds the server, starts it on a free loopback port over TLS, runs each client
// unmodified against it, and prints a table. Each row has an integration of its own. A
// client is driven by a short script below this directory, which reports what the
// library saw; what is judged is judged here, in one place for all languages.
//
// The npm packages are pinned in package.json, and installed if they are not; the Debian
// packages are those that .ci/install names.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stdout io.Writer) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	results, err := prove(ctx, root)
	if err != nil {
		return err
	}
	return printTable(stdout, results)
}

// printTable writes a line for each row, and the reasons of those that failed.
func printTable(w io.Writer, results []result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "client\tversion\tauthenticates by\tproved\tresult")
	var failed []error
	for _, r := range results {
		verdict := "ok"
		if r.err != nil {
			verdict = "FAILED"
			failed = append(failed, fmt.Errorf("%s: %w", r.row.name(), r.err))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.row.client, r.version, r.row.how, r.row.proof.name, verdict)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, p := range proofs() {
		fmt.Fprintf(w, "%s: %s\n", p.name, p.words)
	}
	if len(failed) > 0 {
		return errors.Join(append([]error{fmt.Errorf("%d of %d rows failed", len(failed), len(results))}, failed...)...)
	}
	_, err := fmt.Fprintf(w, "\n%d rows, all ok\n", len(results))
	return err
}
