package environmentapi

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/web"
)

// payload is the JSON body of a request, of up to 20 MB. A small one is read at once.
// A large one goes to the disk first, however slowly it comes, and is taken into memory
// only when it is complete and there is room: what many senders together can make the
// server hold is bounded.
type payload struct {
	api    *API
	env    tepin.EnvironmentID
	raw    []byte
	ref    tepin.BlobRef // of the bytes on disk; empty if they are only in memory
	weight int64         // of [API.large] that it holds
}

// receive reads the body, which has to be JSON. The caller ends with
// [payload.release].
func (a *API) receive(r *http.Request, env tepin.EnvironmentID) (*payload, error) {
	p := &payload{api: a, env: env}
	if r.ContentLength >= 0 && r.ContentLength <= maxInMemory {
		var err error
		p.raw, err = web.ReadJSON(r, maxInMemory)
		return p, err
	}
	if err := web.CheckJSONType(r); err != nil {
		return nil, err
	}
	if r.ContentLength > tepin.MaxDocument {
		return nil, tepin.Errorf(tepin.TooLarge, "the request body is larger than %d MB", tepin.MaxDocument>>20)
	}
	ctx := r.Context()
	var err error
	if p.ref, err = a.Asset.Receive(ctx, env, r.Body, tepin.MaxDocument); err != nil {
		return nil, err
	}
	if err := p.load(ctx); err != nil {
		p.release()
		a.Asset.Discard(ctx, p.ref)
		return nil, err
	}
	return p, nil
}

// load takes the bytes on disk into memory, when there is room.
func (p *payload) load(ctx context.Context) error {
	if err := p.api.large.Acquire(ctx, p.ref.Size); err != nil {
		return err
	}
	p.weight = p.ref.Size
	var err error
	if p.raw, err = p.api.Asset.Document(ctx, p.env, p.ref); err != nil {
		return err
	}
	return web.CheckJSON(p.raw)
}

// release gives back the memory.
func (p *payload) release() {
	p.api.large.Release(p.weight)
	p.raw, p.weight = nil, 0
}

// drop gives back the memory and removes the bytes: no record names them.
func (p *payload) drop(ctx context.Context) {
	p.release()
	p.api.Asset.Discard(ctx, p.ref)
}

// saveDocument reads a document from the request's body, stores it as it came, and
// has write make the record that names it. A document that cannot be read is refused
// with the place that is at fault; nothing is kept of it.
func (a *API) saveDocument(r *http.Request, env tepin.EnvironmentID, write func(tepin.BlobRef) error) error {
	p, err := a.receive(r, env)
	if err != nil {
		return err
	}
	defer p.release()
	ctx := r.Context()
	if err := output.CheckDocument(p.raw); err != nil {
		a.Asset.Discard(ctx, p.ref)
		return err
	}
	if p.ref.Key == "" {
		if p.ref, err = a.Asset.PutDocument(ctx, env, p.raw); err != nil {
			return err
		}
	}
	return a.Asset.Settle(ctx, p.ref, write(p.ref))
}

// hasBody reports whether a request brings a body that is not empty.
func hasBody(r *http.Request) bool {
	if r.ContentLength >= 0 || r.Body == nil {
		return r.ContentLength > 0
	}
	body := bufio.NewReader(r.Body)
	_, err := body.Peek(1)
	r.Body = struct {
		io.Reader
		io.Closer
	}{body, r.Body}
	return err != io.EOF
}

// serveBlob sends stored bytes.
func (a *API) serveBlob(w http.ResponseWriter, r *http.Request, ref tepin.BlobRef, b web.Blob) error {
	env := web.CallerOf(r.Context()).Environment.ID
	b.Size = ref.Size
	b.Open = func(offset, length int64) (io.ReadCloser, error) {
		rc, err := a.Asset.Open(r.Context(), env, ref, offset, length)
		if tepin.KindOf(err) == tepin.NotFound {
			return nil, fmt.Errorf("the bytes of a record are gone: %s", ref.Key) // ours, not the caller's mistake
		}
		return rc, err
	}
	return web.ServeTenant(w, r, b)
}
