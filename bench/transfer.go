package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// transferSize is how large the file is that goes up and down, in bytes.
const transferSize = 1<<30 - 1<<20

// transfers is how often.
const transfers = 3

// benchTransfer sends a large file to the server and back, in turn with a plain Go program
// that does no more than to write it to a synced file and to send that.
func benchTransfer() error {
	return withDemo(func(in installation) (err error) {
		t, err := in.demo()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, t.stop()) }()
		plain, err := startPlain(filepath.Dir(in.data))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, plain.stop()) }()
		body, err := t.token()
		if err != nil {
			return err
		}
		var token tokenAnswer
		if err := json.Unmarshal([]byte(body), &token); err != nil {
			return err
		}
		c := carrier{token: token.AccessToken, content: largePicture()}
		server, other := transferred{target: t}, transferred{target: plain}
		for range transfers {
			if err := c.there(&other, plain.url+"/file", ""); err != nil {
				return err
			}
			if err := c.there(&server, t.url+"/grafx/api/v1/environment/demo/media", "large.jpg"); err != nil {
				return err
			}
		}
		compareTransfers("upload", server.up, other.up)
		hashing, err := hashRate(c.content)
		if err != nil {
			return err
		}
		line("  SHA-256 alone", fmt.Sprintf("%.0f MB", hashing/1e6), "a CPU-second; each upload needs it")
		compareTransfers("download", server.down, other.down)
		line("  resident growth", fmt.Sprintf("%.1f MB", float64(server.grown)/1e6), "of the server, at most, by one of these")
		return c.manyDownloads(&server)
	})
}

// transferred is what a server did.
type transferred struct {
	*target
	up, down []measured // count: bytes
	grown    int64      // of its resident memory at its height, in bytes
	file     string     // URL of what was sent last
}

// compareTransfers prints the best of each: what other load adds is not theirs.
func compareTransfers(what string, ours, theirs []measured) {
	best := func(list []measured, of func(measured) float64) (most float64) {
		for _, m := range list {
			most = max(most, of(m)/1e6)
		}
		return most
	}
	second, theirSecond := best(ours, measured.perSecond), best(theirs, measured.perSecond)
	cpu, theirCPU := best(ours, measured.perCPU), best(theirs, measured.perCPU)
	line(what+" of 1 GB", fmt.Sprintf("%.0f MB/s", second), fmt.Sprintf("%.2f of a plain Go program's %.0f", second/theirSecond, theirSecond))
	line("  by processor time", fmt.Sprintf("%.0f MB", cpu), fmt.Sprintf("a CPU-second; plain %.0f", theirCPU))
}

// carrier sends the file and gets it back.
type carrier struct {
	token   string
	content []byte // the file is that, again and again
}

// largePicture begins as a JPEG does; what follows its header nobody looks at.
func largePicture() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		panic(err) // an image of ours
	}
	content := make([]byte, 1<<20)
	_, _ = rand.Read(content) // never fails
	copy(content, b.Bytes())
	return content
}

// hashRate is how many bytes are hashed in a second of processor time.
func hashRate(content []byte) (float64, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began, err := processorTime(nil)
	if err != nil {
		return 0, err
	}
	for range 256 {
		sha256.Sum256(content)
	}
	ended, err := processorTime(nil)
	return float64(256*len(content)) / (ended - began).Seconds(), err
}

// repeated yields so many bytes of the content, again and again.
type repeated struct {
	content []byte
	at, end int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.at == r.end {
		return 0, io.EOF
	}
	from := r.at % len(r.content)
	n := copy(p[:min(len(p), r.end-r.at)], r.content[from:])
	r.at += n
	return n, nil
}

// there sends the file to a URL, in a multipart body if it has a name there, and gets it
// back.
func (c carrier) there(s *transferred, url, name string) error {
	var head, tail string
	kind := "application/octet-stream"
	if name != "" {
		var b bytes.Buffer
		form := multipart.NewWriter(&b)
		if _, err := form.CreateFormFile("file", name); err != nil {
			return err
		}
		head = b.String()
		if err := form.Close(); err != nil {
			return err
		}
		kind, tail = form.FormDataContentType(), b.String()[len(head):]
	}
	body := io.MultiReader(strings.NewReader(head), &repeated{c.content, 0, transferSize}, strings.NewReader(tail))
	req, err := http.NewRequest(http.MethodPost, url, body)
	if err != nil {
		return err
	}
	req.ContentLength = int64(len(head) + transferSize + len(tail))
	req.Header.Set("Content-Type", kind)
	up, err := c.timed(s, req, http.StatusCreated)
	if err != nil {
		return err
	}
	s.up = append(s.up, up)
	if req, err = http.NewRequest(http.MethodGet, s.file, nil); err != nil {
		return err
	}
	down, err := c.timed(s, req, http.StatusOK)
	s.down = append(s.down, down)
	return err
}

// timed has a request answered with the status, and watches the server's memory meanwhile.
func (c carrier) timed(s *transferred, req *http.Request, status int) (_ measured, err error) {
	stop, err := s.watch(&s.grown)
	if err != nil {
		return measured{}, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	before, err := s.cpu()
	if err != nil {
		return measured{}, err
	}
	began := time.Now()
	location, n, err := c.do(req, status)
	if err != nil {
		return measured{}, err
	}
	took := time.Since(began)
	if location != "" {
		s.file = location + "/download"
	}
	after, err := s.cpu()
	return measured{answered{count: int(max(n, transferSize)), took: took}, after - before}, err
}

// do sends a request and counts the bytes of the answer's body.
func (c carrier) do(req *http.Request, status int) (location string, n int64, err error) {
	req.Header.Set("Authorization", "Bearer "+c.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != status {
		text, err := io.ReadAll(io.LimitReader(res.Body, 1000))
		return "", 0, errors.Join(fmt.Errorf("%s: %s", res.Status, text), err)
	}
	n, err = io.CopyBuffer(writeOnly{io.Discard}, res.Body, make([]byte, 256<<10))
	return res.Header.Get("Location"), n, err
}

// writeOnly hides that a writer reads by itself, 8 KB at a time.
type writeOnly struct{ io.Writer }

// atOnce is how many downloads run side by side, each of tail bytes.
const (
	atOnce = 50
	tail   = 64 << 20
)

// manyDownloads has the end of the last file downloaded by many at once.
func (c carrier) manyDownloads(s *transferred) error {
	var grown int64
	stop, err := s.watch(&grown)
	if err != nil {
		return err
	}
	var all errgroup.Group
	began := time.Now()
	for range atOnce {
		all.Go(func() error {
			req, err := http.NewRequest(http.MethodGet, s.file, nil)
			if err != nil {
				return err
			}
			req.Header.Set("Range", fmt.Sprintf("bytes=-%d", tail))
			_, n, err := c.do(req, http.StatusPartialContent)
			if err == nil && n != tail {
				err = fmt.Errorf("a download of %d bytes has %d", tail, n)
			}
			return err
		})
	}
	if err := errors.Join(all.Wait(), stop()); err != nil {
		return err
	}
	line(fmt.Sprintf("%d downloads at once", atOnce), fmt.Sprintf("%.0f MB/s", atOnce*tail/1e6/time.Since(began).Seconds()), fmt.Sprintf("resident growth %d MB", grown>>20))
	return nil
}

// watch keeps in most by how much the server's resident memory has grown at its height,
// until stop is called.
func (t *target) watch(most *int64) (stop func() error, err error) {
	before, err := t.resident()
	if err != nil {
		return nil, err
	}
	end, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			now, err := t.resident()
			if err != nil {
				ended <- err
				return
			}
			*most = max(*most, now-before)
			select {
			case <-end:
				ended <- nil
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return sync.OnceValue(func() error { close(end); return <-ended }), nil
}

// resident is the server's memory, in bytes.
func (t *target) resident() (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", t.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var size, pages int64
	_, err = fmt.Sscan(string(raw), &size, &pages)
	return pages * int64(os.Getpagesize()), err
}

// plainFiles is the name of the program beside which transfers are measured: it writes what
// comes to a file, which it syncs, and sends that.
const plainFiles = "files"

func startPlain(dir string) (*target, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startProgram(self, "constant", plainFiles, dir)
}

func servePlain(dir string) http.Handler {
	name := filepath.Join(dir, "plain")
	receive := func(r *http.Request) error {
		f, err := os.Create(name)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r.Body)
		return errors.Join(err, f.Sync(), f.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /file", func(w http.ResponseWriter, r *http.Request) {
		if err := receive(r); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Location", "http://"+r.Host+"/file")
		w.WriteHeader(http.StatusCreated)
	})
	mux.HandleFunc("GET /file/download", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) })
	return mux
}
