// Package preview makes and keeps the pictures by which media, fonts, templates and
// projects are shown. They are a cache: each is kept by all that decides what it looks
// like, and can be lost and made again. What makes them runs in children: our own
// decoders and renderer, and programs of the system for the formats that we do not read.
package preview

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/store"
)

// How long previews are kept, and how much of them. docs/limits.md has them.
const (
	Unused     = 30 * 24 * time.Hour // without anybody looking
	Failed     = 15 * time.Minute    // a failure is remembered for
	Superseded = time.Hour           // one that a newer one took the place of
	Asked      = 10 * time.Minute    // what connectors gave is taken for what they would give
	Lacking    = 2 * time.Minute     // the same of what they did not give
	MaxKept    = 4 << 30             // bytes of one environment
)

// patience is how long a request waits for a preview to be made before it is told to
// ask again.
const patience = 2 * time.Second

// touched is how old the note that somebody looked at a preview may be.
const touched = 12 * time.Hour

// Service makes previews. One for each process.
type Service struct {
	store    *store.Store
	asset    *asset.Service
	output   *output.Service
	programs programs
	wake     func()
	now      func() time.Time
	log      *slog.Logger
	line     line

	mu   sync.Mutex
	used map[tepin.PreviewID]bool // looked at since the last sweep
}

// Options of a service.
type Options struct {
	Store  *store.Store
	Asset  *asset.Service
	Output *output.Service
	Wake   func()           // tells the job runner that there is work; may be nil
	Now    func() time.Time // nil = time.Now
	Log    *slog.Logger
}

// New looks for the programs of the system, and logs which are missing.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Service{store: o.Store, asset: o.Asset, output: o.Output, wake: o.Wake, now: o.Now, log: o.Log, programs: findPrograms(o.Log), used: map[tepin.PreviewID]bool{}}
	s.line.failed = func(err error) {
		if tepin.KindOf(err) == tepin.Internal {
			s.log.Error("a preview could not be made", "error", err)
		}
	}
	return s
}

// File is a preview, or an original that serves as one.
type File struct {
	Ref         tepin.BlobRef
	ContentType string
	Extension   string
	Version     int64 // for its ETag
	Ours        bool  // a raster that we encoded, which may be shown in place
}

// Pending is the error of a preview that is being made: ask again, or, where there is a
// task, ask for that.
type Pending struct{ Task tepin.PreviewID }

func (p *Pending) Error() string { return "the preview is being made" }

// key hashes all that decides what a preview looks like.
func key(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_ = binary.Write(h, binary.BigEndian, uint64(len(p))) // a hash takes everything
		_, _ = h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// made returns the preview that wanted describes: the one that is kept, or a new one,
// if it is there soon.
func (s *Service) made(ctx context.Context, wanted tepin.Preview, make func(context.Context) (picture, error)) (File, error) {
	p, err := s.store.PreviewByKey(ctx, wanted.EnvironmentID, wanted.Key)
	switch {
	case err == nil && p.State == tepin.TaskFinished:
		return s.use(p), nil
	case err == nil && s.now().Sub(p.CreatedAt) < Failed:
		return File{}, refusal(p)
	case err != nil && tepin.KindOf(err) != tepin.NotFound:
		return File{}, err
	}
	c, err := s.line.join(wanted.EnvironmentID, wanted.Key, func(ctx context.Context) (tepin.Preview, error) {
		return s.keep(ctx, wanted, make)
	})
	if err != nil {
		return File{}, err
	}
	select {
	case <-c.done:
	case <-time.After(patience):
		return File{}, &Pending{}
	case <-ctx.Done():
		return File{}, ctx.Err()
	}
	switch {
	case c.err != nil:
		return File{}, c.err
	case c.preview.State == tepin.TaskFailed:
		return File{}, refusal(c.preview)
	}
	return fileOf(c.preview), nil
}

// keep makes a preview and stores it, or why there is none.
func (s *Service) keep(ctx context.Context, p tepin.Preview, make func(context.Context) (picture, error)) (tepin.Preview, error) {
	pic, err := make(ctx)
	refused, said := errors.AsType[*tepin.Error](err)
	switch {
	case said && (refused.Kind == tepin.Unprocessable || refused.Kind == tepin.TooLarge || refused.Kind == tepin.Unsupported):
		s.log.Info("no preview", "environment", p.EnvironmentID, "kind", p.Kind, "id", p.SubjectID, "error", err)
		p.State, p.ErrorType, p.ErrorDetail = tepin.TaskFailed, "PreviewFailed", refused.Message
	case err != nil:
		return p, err
	default:
		p.State, p.Blob, p.ContentType = tepin.TaskFinished, pic.ref, pic.contentType
	}
	kept, err := s.store.KeepPreview(ctx, p)
	if err = s.asset.Settle(ctx, p.Blob, err); tepin.KindOf(err) == tepin.Conflict { // another node was faster
		return s.store.PreviewByKey(ctx, p.EnvironmentID, p.Key)
	}
	return kept, err
}

// picture is a preview that was made and not recorded yet.
type picture struct {
	ref         tepin.BlobRef
	contentType string
}

// refusal is the answer for a preview that could not be made.
func refusal(p tepin.Preview) error {
	return tepin.Errorf(tepin.Unprocessable, "%s", p.ErrorDetail)
}

// use notes that somebody looks at a preview.
func (s *Service) use(p tepin.Preview) File {
	if s.now().Sub(p.UsedAt) > touched {
		s.mu.Lock()
		s.used[p.ID] = true
		s.mu.Unlock()
	}
	return fileOf(p)
}

func fileOf(p tepin.Preview) File {
	return File{Ref: p.Blob, ContentType: p.ContentType, Extension: extensions[p.ContentType], Version: p.CreatedAt.UnixMicro(), Ours: strings.HasPrefix(p.ContentType, "image/")}
}

var extensions = map[string]string{"image/png": "png", "image/jpeg": "jpg", "application/pdf": "pdf"}

// Sweep notes what was looked at, and removes what is over.
func (s *Service) Sweep(ctx context.Context) error {
	s.mu.Lock()
	ids := make([]tepin.PreviewID, 0, len(s.used))
	for id := range s.used {
		ids = append(ids, id)
	}
	clear(s.used)
	s.mu.Unlock()
	if err := s.store.TouchPreviews(ctx, ids); err != nil {
		return err
	}
	now := s.now()
	_, err := s.store.SweepPreviews(ctx, store.PreviewLife{Unused: now.Add(-Unused), Failed: now.Add(-Failed), Superseded: now.Add(-Superseded), Most: MaxKept})
	return err
}
