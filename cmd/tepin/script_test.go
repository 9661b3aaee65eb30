package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tepin/tepin/store/storetest"
)

func TestMain(m *testing.M) {
	runChild() // the scripts' servers start this binary again for renders
	testscript.Main(tests{m}, map[string]func(){"tepin": main})
}

// What an operator and a client do, on the real binary.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("no_proxy", "*")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"await": cmdAwait, "signal": cmdSignal, "pick": cmdPick, "mode": cmdMode, "postgres": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Setenv("TEPIN_DATABASE_URL", storetest.Postgres(t))
			},
			"nosecret": cmdNoSecret, "status": cmdStatus,
		},
	})
}

// await FILE: waits until the credentials file is there and sets URL, PID,
// CLIENT_ID, CLIENT_SECRET, READ_ID, READ_SECRET, TEMPLATE, PROJECT, PDF, PNG, EMAIL, PASSWORD.
func cmdAwait(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	var data []byte
	deadline := time.Now().Add(2 * time.Minute)
	for {
		var err error
		if data, err = os.ReadFile(ts.MkAbs(args[0])); err == nil {
			break
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s did not appear", args[0])
		}
		time.Sleep(50 * time.Millisecond)
	}
	var d demo
	ts.Check(json.Unmarshal(data, &d))
	for name, value := range map[string]string{
		"URL": d.URL, "PID": fmt.Sprint(d.PID), "API": d.URL + "/grafx/api/v1/environment/" + d.Environment.TechnicalName,
		"ENVIRONMENT": string(d.Environment.ID),
		"CLIENT_ID":   string(d.Integrations.All.ClientID), "CLIENT_SECRET": d.Integrations.All.ClientSecret,
		"READ_ID": string(d.Integrations.ReadOnly.ClientID), "READ_SECRET": d.Integrations.ReadOnly.ClientSecret,
		"TEMPLATE": string(d.Template.ID), "PROJECT": string(d.Project.ID),
		"PDF": d.Outputs.PDF, "PNG": d.Outputs.PNG, "EMAIL": d.Administrator.Email, "PASSWORD": d.Administrator.Password,
	} {
		if value == "" {
			ts.Fatalf("the credentials file has no %s", name)
		}
		ts.Setenv(name, value)
	}
}

// signal NAME PID: sends TERM or KILL.
func cmdSignal(ts *testscript.TestScript, _ bool, args []string) {
	var pid int
	if _, err := fmt.Sscan(args[1], &pid); err != nil {
		ts.Fatalf("signal: %v", err)
	}
	sig := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}[args[0]]
	ts.Check(syscall.Kill(pid, sig))
}

// pick NAME PATH: sets NAME to a field of the JSON in the last standard output.
func cmdPick(ts *testscript.TestScript, _ bool, args []string) {
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &value))
	for key := range strings.SplitSeq(args[1], ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(v) {
				ts.Fatalf("pick: there is no %s in %v", key, v)
			}
			value = v[i]
		}
	}
	if value == nil {
		ts.Fatalf("pick: there is no %s in %s", args[1], ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], fmt.Sprint(value))
}

// mode MODE FILE: checks a file's permissions.
func cmdMode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, not %s", args[1], got, args[0])
	}
}

// nosecret DIR SECRET…: no file below DIR holds one of the secrets.
func cmdNoSecret(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(name string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(name)
		for _, secret := range args[1:] {
			if strings.Contains(string(data), secret) {
				ts.Fatalf("%s holds a secret in plain text", name)
			}
		}
		return err
	}))
}

// status URL CODE: asks until the URL answers with the code, for at most 30 s.
func cmdStatus(ts *testscript.TestScript, _ bool, args []string) {
	deadline := time.Now().Add(30 * time.Second)
	for last := ""; ; {
		res, err := http.Get(args[0])
		if err == nil {
			res.Body.Close()
			if last = fmt.Sprint(res.StatusCode); last == args[1] {
				return
			}
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s answers %s, not %s: %v", args[0], last, args[1], err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
