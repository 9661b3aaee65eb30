package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// rowTime is how long one row may take, on a machine that has much else to do.
const rowTime = 3 * time.Minute

// result is what became of a row.
type result struct {
	row     row
	version string // as the library itself says
	err     error
}

// moduleRoot is the directory of this module, wherever in it the command is run.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// prove installs what is missing, starts a server and runs all rows against it. An error
// means that nothing could be tried.
func prove(ctx context.Context, root string) (results []result, err error) {
	dir := filepath.Join(root, "interop")
	if err := installPackages(ctx, dir); err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp("", "tepin-interop")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	srv, err := startServer(ctx, temp)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, srv.Stop()) }()
	in, err := prepare(ctx, srv, dir)
	if err != nil {
		return nil, err
	}

	results = make([]result, len(rows))
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for i, r := range rows {
		group.Go(func() error {
			version, err := r.try(ctx, in, fmt.Sprintf("row %d", i+1))
			results[i] = result{r, version, err}
			return nil
		})
	}
	return results, group.Wait()
}

// try runs one row with an integration of its own, and returns the client's version.
func (r row) try(ctx context.Context, in *installation, integration string) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, rowTime)
	defer cancel()
	c, err := in.integration(ctx, r.environment(), integration)
	if err != nil {
		return "", err
	}
	found, err := r.run(ctx, in, c, in.settings(c))
	if err != nil {
		return "", err
	}
	return found.Version, r.proof.judge(r, c, found)
}
