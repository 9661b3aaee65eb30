package storetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// postmaster is the first process of this process's PostgreSQL server; 0 = there is none yet.
var postmaster int

// PostgresProcesses are the processes of this process's PostgreSQL server that work for a
// connection.
func PostgresProcesses() (pids []int, err error) {
	if postmaster == 0 {
		return nil, nil
	}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		var pid, parent int
		var state string
		text := string(raw)
		if _, err := fmt.Sscan(text[:strings.Index(text, " ")]+text[strings.LastIndex(text, ")")+1:], &pid, &state, &parent); err != nil {
			return nil, err
		}
		command, err := os.ReadFile(strings.TrimSuffix(file, "stat") + "cmdline")
		if parent == postmaster && err == nil && strings.Contains(string(command), "127.0.0.1") { // what works for all may end
			pids = append(pids, pid)
		}
	}
	return pids, err
}
