package connector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/tepin/tepin"
)

// MaxText bounds what a script gets as text of one answer, in bytes; MaxCallText that of
// all answers of a call. MaxCallSpool bounds the answers of a call, in bytes, whose length
// upstreams do not say: those are kept on disk.
const (
	MaxText      = 8 << 20
	MaxCallText  = 32 << 20
	MaxCallSpool = 512 << 20
)

// File is bytes of an upstream, or of the environment, on their way. The caller closes it.
type File struct {
	io.ReadCloser
	Size        int64
	ContentType string // as the upstream has it
	Name        string // with its extension; empty = none is known

	status int // of the answer that it came with
}

// session is the requests of one call. The bytes of their answers stay here: the script
// gets a pointer, and gives back the one that it means.
type session struct {
	scripted
	ctx context.Context // of the whole call, and of reading its file

	mu    sync.Mutex
	last  int
	text  int
	spool int64 // bytes of answers on disk so far
	files map[string]*File
	over  bool
}

// request is what runtime.js hands up of a fetch.
type request struct {
	URL      string      `json:"url"`
	Method   string      `json:"method"`
	Headers  [][2]string `json:"headers"`
	Redirect string      `json:"redirect"`
	Text     *string     `json:"text"`
	File     *string     `json:"file"`
	Form     []formPart  `json:"form"`
}

type formPart struct {
	Name     string  `json:"name"`
	Value    string  `json:"value"`
	File     *string `json:"file"`
	FileName string  `json:"fileName"`
}

// response is what runtime.fetch resolves to.
type response struct {
	OK          bool              `json:"ok"`
	Status      int               `json:"status"`
	StatusText  string            `json:"statusText"`
	URL         string            `json:"url"`
	Type        string            `json:"type"`
	Redirected  bool              `json:"redirected"`
	Headers     map[string]string `json:"headers"`
	Text        string            `json:"text"`
	ArrayBuffer pointer           `json:"arrayBuffer"`
}

// pointer stands for bytes that are not in the script's memory.
type pointer struct {
	ID    string `json:"id"`
	Bytes int64  `json:"bytes"`
}

// fetch makes a request of the script. Its errors are for the script.
func (s *session) fetch(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
	var r request
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, errors.New("this is no request")
	}
	answer, err := s.do(ctx, r)
	if err != nil {
		return nil, s.said(err)
	}
	out, err := json.Marshal(answer)
	return out, s.said(err)
}

// said is an error as the script sees it: what we say to anybody, and nothing of our insides.
func (s *session) said(err error) error {
	refused, ok := errors.AsType[*tepin.Error](err)
	switch {
	case err == nil:
		return nil
	case ok && refused.Kind != tepin.Internal:
		return errors.New(refused.Message)
	case s.ctx.Err() == nil && !errors.Is(err, context.Canceled):
		s.Log.Error("a request of a connector", "environment", s.Connector.EnvironmentID, "connector", s.Connector.ID, "error", err)
	}
	return errors.New("the request failed")
}

func (s *session) do(ctx context.Context, r request) (response, error) {
	c := Call{Connector: s.Connector, Usage: s.Usage, By: s.By, From: s.From, PublicURL: s.PublicURL, Method: r.Method, URL: r.URL, Header: http.Header{}, Manual: r.Redirect == "manual" || r.Redirect == "error"}
	for _, h := range r.Headers {
		c.Header.Add(h[0], h[1])
	}
	done, err := s.body(&c, r)
	if err != nil {
		return response{}, err
	}
	defer done()
	// The body may be read after the call: only what comes before its head ends with ctx.
	own, cancel := context.WithCancel(s.ctx)
	stop := context.AfterFunc(ctx, cancel)
	a, err := s.Proxy.Do(own, c)
	if stop(); err != nil {
		cancel()
		return response{}, err
	}
	f := &File{ReadCloser: closing{a.Body, cancel}, Size: a.Size, ContentType: a.Header.Get("Content-Type"), status: a.Status}
	if r.Redirect == "error" && a.Status >= 300 && a.Status < 400 {
		f.Close()
		return response{}, tepin.Errorf(tepin.Unprocessable, "the upstream answered with a redirect, and none is wanted")
	}
	out := response{OK: a.Status >= 200 && a.Status < 300, Status: a.Status, StatusText: http.StatusText(a.Status), URL: a.URL, Type: "basic", Redirected: a.Redirected, Headers: map[string]string{}}
	for name, values := range a.Header {
		out.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if isText(f.ContentType) {
		out.Text, err = s.readText(f)
	} else {
		err = s.spooled(f)
	}
	if err != nil {
		f.Close()
		return response{}, err
	}
	out.ArrayBuffer, err = s.keep(f)
	return out, err
}

// closing ends a request with its body.
type closing struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (c closing) Close() error {
	defer c.cancel()
	return c.ReadCloser.Close()
}

// isText reports whether a script gets an answer's body as text.
func isText(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return contentType == ""
	}
	switch {
	case strings.HasPrefix(t, "text/"), strings.HasSuffix(t, "+json"), strings.HasSuffix(t, "+xml") && !strings.HasPrefix(t, "image/"):
		return true
	}
	switch t {
	case "application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded", "application/graphql-response+json", "application/x-ndjson", "application/yaml":
		return true
	}
	return false
}

// readText reads a body for the script, in the encoding that its type names, and leaves the
// bytes to be read again.
func (s *session) readText(f *File) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(f, MaxText+1))
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	s.text += len(raw)
	all := s.text
	s.mu.Unlock()
	if len(raw) > MaxText || all > MaxCallText {
		return "", tepin.Errorf(tepin.Unprocessable, "the upstream's answers have more text than the %d MB of one, or %d MB of all, that a script can get; ask for less at once", MaxText>>20, MaxCallText>>20)
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	f.ReadCloser, f.Size = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	_, params, _ := mime.ParseMediaType(f.ContentType) // without parameters it is UTF-8
	if charset := params["charset"]; charset != "" {
		if e, err := htmlindex.Get(charset); err == nil {
			if decoded, err := e.NewDecoder().Bytes(raw); err == nil {
				raw = decoded
			}
		}
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if !utf8.Valid(raw) {
		raw = bytes.ToValidUTF8(raw, []byte("\ufffd"))
	}
	return string(raw), nil
}

// spooled reads a body of unknown length into a file that has no name, so that it has one.
func (s *session) spooled(f *File) error {
	if f.Size >= 0 {
		return nil
	}
	tmp, err := os.CreateTemp("", "tepin-connector-*")
	if err != nil {
		return err
	}
	err = os.Remove(tmp.Name())
	if err == nil {
		f.Size, err = io.Copy(tmp, counted{f, s})
	}
	if err == nil {
		_, err = tmp.Seek(0, io.SeekStart)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		tmp.Close()
		return err
	}
	f.ReadCloser = tmp
	return nil
}

// counted reads what is spooled as long as the call may have more of it.
type counted struct {
	io.Reader
	s *session
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.s.spool += int64(n); c.s.spool > MaxCallSpool {
		return 0, tepin.Errorf(tepin.Unprocessable, "the upstream's answers in this call are more than %d MB, and do not say how long they are; ask for less at once", MaxCallSpool>>20)
	}
	return n, err
}

// keep remembers a file under a pointer.
func (s *session) keep(f *File) (pointer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		f.Close()
		return pointer{}, errors.New("the call is over")
	}
	s.last++
	p := pointer{strconv.Itoa(s.last), f.Size}
	s.files[p.ID] = f
	return p, nil
}

// take takes the file of a pointer out of the session: only what this call has fetched.
func (s *session) take(id string) (*File, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.files[id]
	delete(s.files, id)
	return f, ok
}

// close gives up what nobody took.
func (s *session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		f.Close()
	}
	clear(s.files)
	s.over = true
}

// body gives the call what the request sends. done is called when the call is over.
func (s *session) body(c *Call, r request) (done func(), err error) {
	done = func() {}
	switch {
	case r.Text != nil:
		c.Body, c.Size = strings.NewReader(*r.Text), int64(len(*r.Text))
		setDefault(c.Header, "Content-Type", "text/plain;charset=UTF-8") // as fetch has it
	case r.File != nil:
		f, err := s.open(*r.File)
		if err != nil {
			return done, err
		}
		c.Body, c.Size = f, f.Size
		setDefault(c.Header, "Content-Type", f.ContentType)
		return func() { f.Close() }, nil
	case r.Form != nil:
		return s.form(c, r.Form)
	}
	return done, nil
}

func setDefault(h http.Header, name, value string) {
	if h.Get(name) == "" && value != "" {
		h.Set(name, value)
	}
}

// open returns the bytes that a FilePointer of the script names: of a file that the caller
// staged for this connector, or of an answer in this call.
func (s *session) open(id string) (*File, error) {
	if f, ok := s.take(id); ok {
		return f, nil
	}
	v, err := s.staged(s.ctx, id)
	if err != nil {
		return nil, err
	}
	body, err := s.Own.Open(s.ctx, v.EnvironmentID, v.Blob)
	if err != nil {
		return nil, err
	}
	return &File{ReadCloser: body, Size: v.Blob.Size, ContentType: v.ContentType, Name: v.Name}, nil
}

// form streams a multipart/form-data body.
func (s *session) form(c *Call, parts []formPart) (done func(), err error) {
	r, w := io.Pipe()
	m := multipart.NewWriter(w)
	c.Body, c.Size = r, -1
	c.Header.Set("Content-Type", m.FormDataContentType())
	go func() {
		for _, p := range parts {
			if err := s.part(m, p); err != nil {
				w.CloseWithError(err)
				return
			}
		}
		w.CloseWithError(m.Close())
	}()
	return func() { r.CloseWithError(errors.New("the request is over")) }, nil
}

func (s *session) part(m *multipart.Writer, p formPart) error {
	if p.File == nil {
		return m.WriteField(p.Name, p.Value)
	}
	f, err := s.open(*p.File)
	if err != nil {
		return err
	}
	defer f.Close()
	name := p.FileName
	if name == "" {
		name = f.Name
	}
	h := multipart.FileContentDisposition(p.Name, name)
	header := map[string][]string{"Content-Disposition": {h}, "Content-Type": {f.ContentType}}
	if f.ContentType == "" {
		header["Content-Type"] = []string{"application/octet-stream"}
	}
	out, err := m.CreatePart(header)
	if err == nil {
		_, err = io.Copy(out, f)
	}
	if err != nil {
		return fmt.Errorf("send the part %q: %w", p.Name, err)
	}
	return nil
}
