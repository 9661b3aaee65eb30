// Package asset keeps the bytes that tenants bring: documents, media and fonts. It
// puts bytes and records in the safe order, so that a refused or broken upload leaves
// nothing behind and an acknowledged one is never lost.
//
// The order is: reserve the key (a row that the sweep knows), write the bytes, write
// the record (which makes the row live in the same transaction).
package asset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/blob"
	"github.com/tepin/tepin/store"
)

// Limits, as in docs/limits.md.
const (
	MaxMedia     = 1 << 30 // bytes of a media file
	MaxFontFiles = 64      // files of one upload of fonts
	MaxUpload    = 6 * time.Hour

	FontBatchKept = 24 * time.Hour // how long an upload of fonts waits to be confirmed
)

// sweepGrace is how old a reserved key without a record must be before its bytes are
// removed: longer than the longest upload.
const sweepGrace = 2 * MaxUpload

// sweepBatch is how many keys one transaction of a sweep looks at.
const sweepBatch = 100

// cleanup bounds the removal of bytes after a refusal, which happens although the
// request's own context may have ended.
const cleanup = 10 * time.Second

// Service stores and opens the bytes of all environments.
type Service struct {
	Store *store.Store
	Blob  blob.Store
	Now   func() time.Time // nil = time.Now
}

func (s *Service) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// PutDocument stores raw byte for byte. What may be stored is the caller's to check.
// The key stays reserved until a record that names it is written; if that write is
// refused, [Service.Discard] removes the bytes.
func (s *Service) PutDocument(ctx context.Context, env tepin.EnvironmentID, raw []byte) (tepin.BlobRef, error) {
	return s.Receive(ctx, env, bytes.NewReader(raw), int64(len(raw)))
}

// Receive stores what r yields without holding it in memory, at most limit bytes.
// If r fails, nothing is kept.
func (s *Service) Receive(ctx context.Context, env tepin.EnvironmentID, r io.Reader, limit int64) (tepin.BlobRef, error) {
	ctx, cancel := context.WithTimeout(ctx, MaxUpload)
	defer cancel()
	key := blob.NewKey(env)
	if err := s.Store.ReserveBlob(ctx, env, key); err != nil {
		return tepin.BlobRef{}, err
	}
	in := &incoming{r: r, limit: limit, ended: ctx.Err}
	size, sum, err := s.Blob.Put(ctx, key, in)
	if err != nil {
		s.remove(ctx, key)
		if in.err != nil {
			err = in.err // what the reader said tells more than how Put wrapped it
		}
		return tepin.BlobRef{}, err
	}
	return tepin.BlobRef{Key: key, Size: size, SHA256: sum}, nil
}

// Copy stores the bytes of ref once more, for another record of the same environment.
func (s *Service) Copy(ctx context.Context, env tepin.EnvironmentID, ref tepin.BlobRef) (tepin.BlobRef, error) {
	from, err := s.Open(ctx, env, ref, 0, -1)
	if err != nil {
		return tepin.BlobRef{}, err
	}
	defer from.Close()
	return s.Receive(ctx, env, from, ref.Size)
}

// incoming is a body on its way in: it counts, and it turns failures of the sender
// into refusals.
type incoming struct {
	r     io.Reader
	limit int64
	ended func() error // not nil: nobody waits any more
	n     int64
	err   error
}

func (in *incoming) Read(p []byte) (int, error) {
	if in.err != nil {
		return 0, in.err
	}
	n, err := in.r.Read(p)
	if err == nil {
		err = in.ended()
	}
	in.n += int64(n)
	switch {
	case in.n > in.limit:
		in.err = tepin.Errorf(tepin.TooLarge, "the upload is larger than %s", sizeText(in.limit))
		return 0, in.err
	case err == nil || err == io.EOF:
		return n, err
	case tepin.KindOf(err) != tepin.Internal:
		in.err = err
	default:
		in.err = &tepin.Error{Kind: tepin.Invalid, Message: "the upload broke off before its end; send it again", Cause: err}
	}
	return n, in.err
}

func sizeText(n int64) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return fmt.Sprintf("%d GB", n>>30)
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// Settle is called with the outcome of writing the record that names ref, and returns
// it. After a refusal the bytes go at once. After an unknown error, when the record
// may stand nevertheless, they stay for the sweep to judge.
func (s *Service) Settle(ctx context.Context, ref tepin.BlobRef, err error) error {
	switch tepin.KindOf(err) {
	case tepin.Internal, tepin.Unavailable:
		return err // nil, or unknown: the record may have been written
	}
	s.Discard(ctx, ref)
	return err
}

// Discard removes bytes that no record names.
func (s *Service) Discard(ctx context.Context, ref tepin.BlobRef) {
	if ref.Key != "" {
		s.remove(ctx, ref.Key)
	}
}

// remove deletes bytes whose row is only reserved. A failure is not reported: the
// sweep finds the row again.
func (s *Service) remove(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	_ = s.Blob.Delete(ctx, key) // the sweep's second chance
}

// Open yields length bytes of ref from offset, or all that follow if length < 0.
// Bytes of another environment are as absent.
func (s *Service) Open(ctx context.Context, env tepin.EnvironmentID, ref tepin.BlobRef, offset, length int64) (io.ReadCloser, error) {
	if owner, _, _ := strings.Cut(ref.Key, "/"); env == "" || owner != string(env) {
		return nil, tepin.Errorf(tepin.NotFound, "there is no such file")
	}
	return s.Blob.Open(ctx, ref.Key, offset, length)
}

// Document returns the bytes that [Service.PutDocument] stored, or [Service.Receive]
// if they fit into memory.
func (s *Service) Document(ctx context.Context, env tepin.EnvironmentID, ref tepin.BlobRef) ([]byte, error) {
	r, err := s.Open(ctx, env, ref, 0, -1)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	raw := make([]byte, ref.Size)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, fmt.Errorf("asset: read %s: %w", ref.Key, err)
	}
	return raw, nil
}

// Sweep forgets uploads of fonts that nobody confirmed, removes the bytes that no
// record names any more or ever came to name, and returns how many.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	if _, err := s.Store.ExpireFontBatches(ctx, s.now().Add(-FontBatchKept)); err != nil {
		return 0, err
	}
	total := 0
	for {
		n, err := s.Store.SweepBlobs(ctx, s.now().Add(-sweepGrace), sweepBatch, s.Blob.Delete)
		total += n
		if err != nil || n < sweepBatch {
			return total, err
		}
	}
}

// feed writes r to w. That w takes no more is not an error: whoever reads it has seen
// enough.
func feed(w io.Writer, r io.Reader) error {
	var failed error
	_, err := io.Copy(w, readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if err != nil && !errors.Is(err, io.EOF) {
			failed = err
		}
		return n, err
	}))
	if err != nil && failed == nil {
		return nil
	}
	return failed
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
