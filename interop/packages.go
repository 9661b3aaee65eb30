package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// lockFile is what package-lock.json and node_modules/.package-lock.json have in common.
type lockFile struct {
	Packages map[string]struct {
		Version string `json:"version"`
	} `json:"packages"`
}

// installPackages installs the npm packages of the lock file, unless they are there.
func installPackages(ctx context.Context, dir string) error {
	want, err := readLock(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return err
	}
	have, err := readLock(filepath.Join(dir, "node_modules", ".package-lock.json"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if maps.Equal(want, have) {
		return nil
	}
	cmd := exec.CommandContext(ctx, "npm", "ci")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return nil
}

// readLock returns the version of each package below node_modules.
func readLock(name string) (map[string]string, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var lock lockFile
	if err := json.Unmarshal(raw, &lock); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	versions := map[string]string{}
	for path, p := range lock.Packages {
		if path != "" { // our own
			versions[path] = p.Version
		}
	}
	return versions, nil
}

// oldestNode is the oldest Node that all the packages take.
const oldestNode = 20

// nodeProgram finds Node: the one of the PATH, or where that is too old, as Debian 12's
// is, the one that .ci/install fetched.
func nodeProgram(ctx context.Context, dir string) (string, error) {
	fetched := filepath.Join(dir, ".node", "bin", "node")
	for _, program := range []string{"node", fetched} {
		out, err := exec.CommandContext(ctx, program, "--version").Output()
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("%s --version: %w", program, err)
		}
		var major int
		if _, err := fmt.Sscanf(strings.TrimSpace(string(out)), "v%d.", &major); err == nil && major >= oldestNode {
			return program, nil
		}
	}
	return "", fmt.Errorf("there is no Node %d or later; .ci/install installs one", oldestNode)
}
