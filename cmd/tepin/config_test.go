package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the pages of docs anew that are made from the program")

// The reference of all settings is generated, and committed.
func TestConfigurationReference(t *testing.T) {
	var got bytes.Buffer
	describe(&got)
	const name = "../../docs/configuration.md"
	if *update {
		if err := os.WriteFile(name, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s is not what the settings say; run go test ./cmd/tepin -run ConfigurationReference -update", name)
	}
}

func TestSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tepin.conf")
	if err := os.WriteFile(file, []byte("# ours\ndata = from-file\nworkers = 3\nlog_format = \"json\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"TEPIN_CONFIG": file, "TEPIN_WORKERS": "5"}
	c, err := loadConfig("serve", []string{"-public_url", "https://Tepin.Example/"}, func(k string) string { return env[k] }, io.Discard, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Data != "from-file" || c.Workers != 5 || c.LogFormat != "json" || c.PublicURL != "https://tepin.example" || c.KeyDir != "from-file-keys" || c.Listen != "127.0.0.1:8080" {
		t.Errorf("%+v", c)
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"proxy that is no network":   {[]string{"-trusted_proxies", "proxy.example"}, "proxy.example"},
		"outbound rule that is none": {[]string{"-outbound_allow", "10.0.0.0/8, https://keys.internal"}, "outbound_allow (from -outbound_allow): \"https://keys.internal\" is no address"},
		"path in the public URL":     {[]string{"-public_url", "https://a.example/tepin"}, "no URL of the form"},
		"key without certificate":    {[]string{"-tls_key", "k.pem"}, "belong together"},
		"address without a port":     {[]string{"-listen", "127.0.0.1"}, "no address with a port"},
		"foreign address":            {[]string{"-listen", "0.0.0.0:80"}, "not loopback"},
		"no public URL":              {[]string{"-listen", "0.0.0.0:80", "-insecure_http", "true"}, "public_url is needed"},
		"too many workers":           {[]string{"-workers", "1000"}, `"1000" is no number between 0 and 256`},
		"no number":                  {[]string{"-workers", "many"}, "workers (from -workers)"},
		"argument":                   {[]string{"now"}, `no argument "now"`},
	} {
		_, err := loadConfig("serve", c.args, func(string) string { return "" }, io.Discard, nil, nil)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConfigFile(t *testing.T) {
	for text, says := range map[string]string{
		"listen\n":                              ":1: \"listen\" is not of the form",
		"lisen = x\n":                           "there is no setting \"lisen\"",
		"\ndata = a\n\ndata = b\n":              ":4: data is set twice",
		"data = " + strings.Repeat("x", 70<<10): "token too long",
	} {
		file := filepath.Join(t.TempDir(), "c")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readConfigFile(file); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if _, err := readConfigFile(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("a file that is not there is no mistake")
	}
}
