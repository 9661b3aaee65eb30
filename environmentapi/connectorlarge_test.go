package environmentapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/connector"
)

// peak is the most memory that this process has had since it was last asked, in bytes.
func peak(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	check(t, err)
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	check(t, err)
	check(t, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)) // proc(5): the peak is what there is now
	return kb << 10
}

// A gigabyte of a connector passes through, or breaks off at its limit, in little memory:
// what its length is told of is streamed, the rest waits on disk. The upstream, the server
// and the client are in this process.
func TestGigabyteOfConnector(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the most memory of a process is told by Linux")
	}
	const size = 1 << 30
	s := newServer(t)
	block := bytes.Repeat([]byte("0123456789abcdef"), 1<<14)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int64(size)
		if strings.HasSuffix(r.URL.Path, "/most") {
			n = connector.MaxAnswer
		}
		w.Header().Set("Content-Type", "image/png")
		if !strings.HasSuffix(r.URL.Path, "/unsaid") {
			w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
		}
		for ; n > 0; n -= int64(len(block)) {
			if _, err := w.Write(block); err != nil {
				return // the server has had enough
			}
		}
	}))
	defer up.Close()
	c := s.publish(tepin.MediaConnector, mediaScript, up.URL)
	ask := func(method, path, body string, header ...string) (int, int64, error) {
		r, err := http.NewRequestWithContext(t.Context(), method, s.http.URL+"/grafx/api/v1/environment/demo"+c+path, strings.NewReader(body))
		check(t, err)
		r.Header.Set("Authorization", "Bearer "+s.all)
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		res, err := s.http.Client().Do(r)
		check(t, err)
		defer res.Body.Close()
		n, err := io.Copy(io.Discard, res.Body)
		return res.StatusCode, n, err
	}
	proxied := func(id string) (int, int64, error) {
		return ask("GET", "/proxy", "", "x-grafx-proxy-external-url", up.URL+"/file/"+id)
	}
	scripted := func(id string) (int, int64, error) {
		return ask("POST", "/media/download", fmt.Sprintf(`{"id":%q}`, id))
	}
	runtime.GC()
	peak(t)
	before := peak(t)
	for name, by := range map[string]func(string) (int, int64, error){"proxy": proxied, "script": scripted} {
		if status, n, err := by("most"); status != 200 || n != connector.MaxAnswer || err != nil {
			t.Errorf("by the %s, the most that may be: %d, %d bytes, %v", name, status, n, err)
		}
		for _, id := range []string{"said", "unsaid"} {
			if status, n, err := by(id); status == 200 && err == nil || n > connector.MaxAnswer {
				t.Errorf("by the %s, a gigabyte (%s): %d, %d bytes, %v", name, id, status, n, err)
			}
		}
	}
	if grown := peak(t) - before; grown > 96<<20 {
		t.Errorf("it took %d MB of memory", grown>>20)
	} else {
		t.Logf("it took %d MB of memory", grown>>20)
	}
}
