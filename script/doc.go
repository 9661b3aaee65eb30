// Package script runs foreign JavaScript: the scripts of connectors. They run in QuickJS,
// in child processes that can reach nothing (package sandbox): no file, no host, no
// secret. What a script asks of the world, its fetches, goes up to this process over the
// child's pipes, and this process decides.
//
// A worker is a child that serves one program of one environment, and is replaced when
// that program misbehaves. Within it every call has an engine of its own, so that nothing
// is carried from one call to the next. [Pool] keeps workers, and bounds them.
package script

import (
	"encoding/json"
	"time"

	"github.com/tepin/tepin/sandbox"
)

// Limits of a call, as in docs/limits.md.
const (
	MaxMemory  = 64 << 20         // bytes of the script's values
	MaxTime    = 10 * time.Second // of computing; waiting for fetches is not counted
	MaxCall    = 60 * time.Second // from the call to its answer, with all that it waits for
	MaxFetches = 100              // of one call
	MaxAtOnce  = 8                // fetches of one call at once; others wait
	MaxResult  = 10 << 20         // bytes of JSON
	maxFrame   = 48 << 20         // bytes of a message between server and worker
	maxLines   = 100              // lines of a call's log
	maxLine    = 1000             // bytes of one
)

// Child is the name of the child process in which scripts run.
const Child = "script"

// Children are the kinds of child process that this package starts.
func Children() map[string]sandbox.Child { return map[string]sandbox.Child{Child: work} }

// Program is what a worker runs: an ES module whose default export is a class, and what
// its instances find in runtime.options.
type Program struct {
	Source  string          `json:"source"`
	Options json.RawMessage `json:"options"` // an object of strings, booleans and numbers
	Version string          `json:"version"` // runtime.sdkVersion
}

// Messages between server and worker: each is JSON, behind its length.
type (
	// down is what a worker is told: one of its fields.
	down struct {
		Load   *Program `json:"load,omitempty"` // first, once
		Call   *order   `json:"call,omitempty"`
		Answer *reply   `json:"answer,omitempty"`
	}
	// order calls a method.
	order struct {
		Computing time.Duration `json:"computing"` // at most
		Waiting   time.Duration `json:"waiting"`   // at most, in all

		Method string            `json:"method"`
		Args   []json.RawMessage `json:"args"`
	}
	// reply answers a fetch.
	reply struct {
		ID    int             `json:"id"`
		Value json.RawMessage `json:"value,omitempty"`
		Error string          `json:"error,omitempty"` // why there is no value
	}
	// up is what a worker says: one of its fields.
	up struct {
		Fetch *fetch   `json:"fetch,omitempty"`
		Log   string   `json:"log,omitempty"`
		Done  *outcome `json:"done,omitempty"` // ends the call
	}
	fetch struct {
		ID    int             `json:"id"`
		Value json.RawMessage `json:"value"`
	}
	outcome struct {
		Value   json.RawMessage `json:"value,omitempty"`
		Failure *Failure        `json:"failure,omitempty"`
	}
)
