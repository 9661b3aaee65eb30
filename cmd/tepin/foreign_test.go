package main

import (
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/outbound"
)

// The settings open a host and its authority, and never the server's own port.
func TestOutboundSettings(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "{}") }))
	t.Cleanup(s.Close)
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	authority := write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	elsewhere := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	for name, c := range map[string]struct {
		args []string
		own  net.Addr
		kind tepin.Kind
		says string
	}{
		"nothing set":        {nil, elsewhere, tepin.Forbidden, "outbound_allow"},
		"authority unknown":  {[]string{"-outbound_allow", "10.0.0.0/8, 127.0.0.1"}, elsewhere, tepin.Unavailable, "outbound_ca"},
		"listed and trusted": {[]string{"-outbound_allow", "127.0.0.1", "-outbound_ca", authority}, elsewhere, 0, ""},
		"our own port":       {[]string{"-outbound_allow", "127.0.0.1", "-outbound_ca", authority}, s.Listener.Addr(), tepin.Forbidden, "this server itself"},
	} {
		t.Run(name, func(t *testing.T) {
			settings, err := loadConfig("serve", c.args, func(string) string { return "" }, io.Discard, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			client, err := newOutbound(settings, c.own)
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Get(t.Context(), outbound.Request{URL: s.URL})
			switch {
			case c.says == "" && err != nil:
				t.Error(err)
			case c.says != "" && (tepin.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says)):
				t.Errorf("%v", err)
			}
		})
	}
	for file, says := range map[string]string{filepath.Join(dir, "absent"): "no such file", write("empty", []byte("hello")): "no certificate in PEM form"} {
		if _, err := newOutbound(config{OutboundCA: file}, elsewhere); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
