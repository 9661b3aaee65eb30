package web

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Files go out in pieces, each of which is counted and has its own deadline.
func TestFilesInPieces(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 3<<16) // 3 MB
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	stack := Stack{Log: slog.New(slog.NewTextHandler(&log, nil))}
	done := make(chan struct{})
	wrapped := stack.Wrap(Handler(func(w http.ResponseWriter, r *http.Request) error {
		return ServeTenant(w, r, Blob{Name: "file", Size: int64(len(content)), Open: func(offset, length int64) (io.ReadCloser, error) {
			f, err := os.Open(name)
			if err == nil {
				_, err = f.Seek(offset, io.SeekStart)
			}
			return f, err
		}})
	}))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		wrapped.ServeHTTP(w, r)
	}))
	defer srv.Close()
	req, err := http.NewRequest(http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Range", "bytes=7-2999999")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || !bytes.Equal(got, content[7:3_000_000]) {
		t.Errorf("%d bytes came, %v", len(got), err)
	}
	<-done
	if !strings.Contains(log.String(), "bytes=2999993") {
		t.Errorf("the log has %s", &log)
	}
}
