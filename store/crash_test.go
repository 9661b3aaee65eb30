package store_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/audit"
	"github.com/tepin/tepin/blob"
	"github.com/tepin/tepin/blob/disk"
	"github.com/tepin/tepin/store"
	"github.com/tepin/tepin/store/storetest"
)

const crashDir = "TEPIN_TEST_CRASH_DIR"

// TestKill kills a process that writes, again and again: what it acknowledged is
// there, whole, and nothing is broken (P4).
func TestKill(t *testing.T) {
	if dir := os.Getenv(crashDir); dir != "" {
		writeUntilKilled(dir)
	}
	t.Parallel()
	dir := t.TempDir()
	var acknowledged []string
	for round := range 4 {
		// A lost page cache is not tested, but everything before it is.
		acknowledged = append(acknowledged, killAfter(t, dir, 20+7*round)...)
		survived(t, dir, acknowledged)
	}
}

// killAfter starts a writer, kills it when it has acknowledged n writes, and returns
// what it acknowledged up to its death.
func killAfter(t *testing.T, dir string, n int) []string {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKill$")
	child.Env = append(os.Environ(), crashDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for scan := bufio.NewScanner(out); scan.Scan(); {
		if id, ok := strings.CutPrefix(scan.Text(), "wrote "); ok {
			lines = append(lines, id)
		} else {
			t.Log(scan.Text())
		}
		if len(lines) == n {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	child.Wait() // it was killed
	if len(lines) < n {
		t.Fatalf("the writer acknowledged %d writes and ended by itself", len(lines))
	}
	return lines
}

func openAll(dir string) (*store.Store, *disk.Store, error) {
	s, err := store.Open(context.Background(), store.Options{URL: "sqlite:" + filepath.Join(dir, "tepin.db"), AuditKey: storetest.AuditKey})
	if err != nil {
		return nil, nil, err
	}
	b, err := disk.Open(filepath.Join(dir, "blobs"))
	return s, b, err
}

func writeUntilKilled(dir string) {
	ctx := context.Background()
	err := func() error {
		s, b, err := openAll(dir)
		if err != nil {
			return err
		}
		page, err := s.Environments(ctx, tepin.List{})
		if err != nil {
			return err
		}
		if len(page.Items) == 0 {
			sub, err := s.CreateSubscription(ctx, tepin.System, tepin.Subscription{Name: "s"})
			if err != nil {
				return err
			}
			e, err := s.CreateEnvironment(ctx, tepin.System, tepin.Environment{SubscriptionID: sub.ID, Name: "e", TechnicalName: "e"})
			if err != nil {
				return err
			}
			page.Items = append(page.Items, e)
		}
		env := page.Items[0].ID
		for i := 0; ; i++ {
			key := blob.NewKey(env)
			if err := s.ReserveBlob(ctx, env, key); err != nil {
				return err
			}
			ref := tepin.BlobRef{Key: key}
			if ref.Size, ref.SHA256, err = b.Put(ctx, key, strings.NewReader(strings.Repeat(key, 1+i%500))); err != nil {
				return err
			}
			v, err := s.CreateTemplate(ctx, tepin.System, tepin.Template{EnvironmentID: env, Name: fmt.Sprint("template ", i), Document: ref})
			if err != nil {
				return err
			}
			fmt.Printf("wrote %s\n", v.ID)
		}
	}()
	fmt.Println(err)
	os.Exit(1)
}

// survived checks the directory that a killed process left.
func survived(t *testing.T, dir string, acknowledged []string) {
	t.Helper()
	s, b, err := openAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var sound string
	if err := s.Writer().QueryRow(`PRAGMA integrity_check`).Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("integrity: %s, %v", sound, err)
	}
	findings, err := audit.Verify(t.Context(), s, storetest.AuditKey)
	if err != nil || len(findings) > 0 {
		t.Errorf("audit: %v, %v", findings, err)
	}
	envs, err := s.Environments(t.Context(), tepin.List{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range acknowledged {
		v, err := s.Template(t.Context(), envs.Items[0].ID, tepin.TemplateID(id))
		if err != nil {
			t.Errorf("an acknowledged write is lost: %v", err)
			continue
		}
		r, err := b.Open(t.Context(), v.Document.Key, 0, -1)
		if err != nil {
			t.Errorf("the bytes of an acknowledged write are lost: %v", err)
			continue
		}
		h := sha256.New()
		_, err = io.Copy(h, r)
		r.Close()
		if err != nil || hex.EncodeToString(h.Sum(nil)) != v.Document.SHA256 {
			t.Errorf("the bytes of an acknowledged write are damaged: %v", err)
		}
	}
	left, err := os.ReadDir(filepath.Join(dir, "blobs", "incoming"))
	if err != nil || len(left) > 0 {
		t.Errorf("half-written files are left: %v, %v", left, err)
	}
}

// TestFullDisk fills a small disk: a clear refusal, nothing half done, and all is
// well again when there is room.
func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(dir, "tepin.db"), AuditKey: storetest.AuditKey})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	filler := filepath.Join(dir, "filler")
	fill(t, filler)
	written := 0
	for ; err == nil && written < 20000; written++ {
		_, err = s.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: strings.Repeat("x", 500)})
	}
	written-- // the last one failed
	if tepin.KindOf(err) != tepin.Full {
		t.Fatalf("a full disk after %d writes: %v", written, err)
	}
	count := func() int {
		list, err := s.Subscriptions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if n := count(); n != written {
		t.Errorf("%d writes were acknowledged, %d are there", written, n)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateSubscription(t.Context(), tepin.System, tepin.Subscription{Name: "room"}); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if n := count(); n != written+1 {
		t.Errorf("with room again there are %d, want %d", n, written+1)
	}
	findings, err := audit.Verify(t.Context(), s, storetest.AuditKey)
	if err != nil || len(findings) > 0 {
		t.Errorf("audit: %v, %v", findings, err)
	}
}

// fill leaves a little room on the disk of the file.
func fill(t *testing.T, path string) {
	t.Helper()
	var fs syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &fs); err != nil {
		t.Fatal(err)
	}
	const room = 200 << 10
	if err := os.WriteFile(path, make([]byte, int64(fs.Bavail)*fs.Bsize-room), 0o600); err != nil {
		t.Fatal(err)
	}
}
