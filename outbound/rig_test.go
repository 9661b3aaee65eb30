package outbound_test

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/outbound"
)

// A proxy of the environment would get every request of these tests to a name, and there
// is none: whoever asks it fails.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		if err := os.Setenv(name, "http://127.0.0.1:1"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// names is a DNS server: to each question for a name it answers with the next of its
// addresses, and with the last from then on.
type names struct {
	net.PacketConn
	mu   sync.Mutex
	list map[string][]string
}

func newNames(t *testing.T, list map[string][]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{PacketConn: conn, list: list}
	var served sync.WaitGroup
	served.Go(n.serve)
	t.Cleanup(func() { conn.Close(); served.Wait() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (n *names) serve() {
	b := make([]byte, 512)
	for {
		size, from, err := n.ReadFrom(b)
		if err != nil {
			return
		}
		if _, err := n.WriteTo(n.answer(b[:size]), from); err != nil {
			return
		}
	}
}

// answer answers a question of one name (RFC 1035 §4.1).
func (n *names) answer(question []byte) []byte {
	const header = 12
	var labels []string
	i := header
	for question[i] != 0 {
		labels = append(labels, string(question[i+1:i+1+int(question[i])]))
		i += 1 + int(question[i])
	}
	kind := binary.BigEndian.Uint16(question[i+1:])
	end := i + 5 // type and class
	out := append([]byte(nil), question[:end]...)
	copy(out[2:], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}) // an answer, one question
	addr := n.next(strings.ToLower(strings.Join(labels, ".")), kind)
	if addr.IsValid() {
		out[7] = 1
		out = append(out, 0xc0, header)
		out = binary.BigEndian.AppendUint16(out, kind)
		out = append(out, 0, 1, 0, 0, 0, 0) // class, no life
		out = binary.BigEndian.AppendUint16(out, uint16(addr.BitLen()/8))
		out = append(out, addr.AsSlice()...)
	}
	return out
}

func (n *names) next(name string, kind uint16) netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.list[name]
	if len(list) == 0 {
		return netip.Addr{}
	}
	addr := netip.MustParseAddr(list[0])
	if addr.Is4() != (kind == 1) {
		return netip.Addr{}
	}
	if len(list) > 1 {
		n.list[name] = list[1:]
	}
	return addr
}

// serve starts a foreign host on loopback and returns its URL and its port.
func serve(t *testing.T, h http.HandlerFunc) (url, port string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL, s.URL[strings.LastIndex(s.URL, ":")+1:]
}

// serveTLS does the same with TLS, for the name example.com.
func serveTLS(t *testing.T, h http.HandlerFunc) (port string, roots *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	roots = x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s.URL[strings.LastIndex(s.URL, ":")+1:], roots
}

func rules(t testing.TB, list ...string) []outbound.Rule {
	t.Helper()
	var out []outbound.Rule
	for _, each := range list {
		r, err := outbound.ParseRule(each)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func get(t *testing.T, o outbound.Options, r outbound.Request) (outbound.Answer, error) {
	t.Helper()
	return outbound.New(o).Get(t.Context(), r)
}

// want checks an error's kind and words, and that it says nothing of the inner network.
func want(t *testing.T, err error, kind tepin.Kind, words string) {
	t.Helper()
	e, ok := err.(*tepin.Error)
	if !ok || e.Kind != kind || !strings.Contains(e.Message, words) {
		t.Errorf("got %v, want kind %d with %q", err, kind, words)
	}
}
