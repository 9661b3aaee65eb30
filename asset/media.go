package asset

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"path/filepath"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset/inspect"
)

// DefaultMediaFolder is where media goes that names no folder.
const DefaultMediaFolder = "/Upload"

// Upload is a file that somebody sends.
type Upload struct {
	Folder   string // empty = DefaultMediaFolder
	Name     string // empty = of the file
	FileName string // as the sender's computer calls it
	Bytes    io.Reader
}

// CreateMedia stores a picture, a drawing or a PDF. Its kind is told from its bytes, and
// what it says of itself is read in a child process. A refused upload leaves nothing.
func (s *Service) CreateMedia(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, u Upload) (tepin.Media, error) {
	m := tepin.Media{ID: tepin.NewID[tepin.MediaID](), EnvironmentID: env}
	var err error
	if u.Folder == "" {
		u.Folder = DefaultMediaFolder
	}
	if m.Folder, err = CheckFolder(u.Folder); err != nil {
		return tepin.Media{}, err
	}
	u.Name = cmp.Or(u.Name, baseName(u.FileName))
	if m.Blob, err = s.receiveMedia(ctx, env, u, &m); err != nil {
		return tepin.Media{}, err
	}
	m.CreatedAt = s.now()
	m.UpdatedAt = m.CreatedAt
	created, err := s.Store.CreateMedia(ctx, by, m)
	return created, s.Settle(ctx, m.Blob, err)
}

// ReplaceMedia gives a media file other bytes, of whatever kind; its name, its folder and
// what people added to it stay.
func (s *Service) ReplaceMedia(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, id tepin.MediaID, u Upload, ifVersion *int64) (tepin.Media, error) {
	var fresh tepin.Media
	var err error
	u.Name = cmp.Or(baseName(u.FileName), "file")
	if fresh.Blob, err = s.receiveMedia(ctx, env, u, &fresh); err != nil {
		return tepin.Media{}, err
	}
	changed, err := s.Store.UpdateMedia(ctx, by, env, id, tepin.MediaUpdate{Bytes: &fresh, IfVersion: ifVersion})
	return changed, s.Settle(ctx, fresh.Blob, err)
}

// MaxExternal is the size of the largest picture of another system, in bytes.
const MaxExternal = 10 << 20

// MeasureExternal reads the size of a PNG or JPEG of another system. Nothing of it is kept.
func (s *Service) MeasureExternal(ctx context.Context, env tepin.EnvironmentID, r io.Reader) (e tepin.ExternalMedia, err error) {
	body := bufio.NewReaderSize(r, inspect.SniffLen)
	head, err := body.Peek(inspect.SniffLen)
	if err != nil && !errors.Is(err, io.EOF) {
		return e, brokenOff(err)
	}
	format, err := inspect.Sniff(head)
	if err != nil {
		return e, err
	}
	if format.ContentType != "image/png" && format.ContentType != "image/jpeg" {
		return e, tepin.Errorf(tepin.Unsupported, "the picture is a %s file; send it as PNG or JPG", format.Name)
	}
	ref, err := s.Receive(ctx, env, body, MaxExternal)
	if err != nil {
		return e, err
	}
	defer s.Discard(ctx, ref)
	var m tepin.Media
	if err := s.describeStored(ctx, env, ref, "picture", &m); err != nil {
		return e, err
	}
	return tepin.ExternalMedia{EnvironmentID: env, ContentType: m.ContentType, Width: m.Width, Height: m.Height}, nil
}

// receiveMedia stores the bytes of an upload and sets in m what they say of themselves,
// and its name. If it fails, nothing is kept.
func (s *Service) receiveMedia(ctx context.Context, env tepin.EnvironmentID, u Upload, m *tepin.Media) (tepin.BlobRef, error) {
	body := bufio.NewReaderSize(u.Bytes, inspect.SniffLen)
	head, err := body.Peek(inspect.SniffLen)
	if err != nil && !errors.Is(err, io.EOF) {
		return tepin.BlobRef{}, brokenOff(err)
	}
	format, err := inspect.Sniff(head)
	if err != nil {
		return tepin.BlobRef{}, err
	}
	if _, err = CheckName("the media file", withoutExtension(u.Name, format.Extension)); err != nil {
		return tepin.BlobRef{}, err
	}
	ref, err := s.Receive(ctx, env, body, MaxMedia)
	if err != nil {
		return tepin.BlobRef{}, err
	}
	if err := s.describeStored(ctx, env, ref, u.Name, m); err != nil {
		s.Discard(ctx, ref)
		return tepin.BlobRef{}, err
	}
	return ref, nil
}

// describeStored has a child look into stored bytes, and sets in m what they say.
func (s *Service) describeStored(ctx context.Context, env tepin.EnvironmentID, ref tepin.BlobRef, name string, m *tepin.Media) error {
	info, err := look[inspect.Info](ctx, childMedia, ref.Size, func(offset, length int64) (io.ReadCloser, error) {
		return s.Open(ctx, env, ref, offset, length)
	})
	if err != nil {
		return err
	}
	return describe(m, info, name)
}

// maxFacts bounds what is kept of what a child says that was taken over.
const maxFacts = 32

// describe sets in m what its bytes say, and its name without the extension. A PDF that
// Illustrator can edit is an AI file where it is called so: the bytes are the same.
func describe(m *tepin.Media, info inspect.Info, name string) (err error) {
	if info.Illustrator && strings.EqualFold(filepath.Ext(name), ".ai") {
		info.Extension = "ai"
	}
	if m.Name, err = CheckName("the media file", withoutExtension(name, info.Extension)); err != nil {
		return err
	}
	if info.Extension == "" || info.Width < 0 || info.Height < 0 || info.Pages < 0 || max(info.Width, info.Height, info.Pages) > math.MaxInt32 || len(info.Facts) > maxFacts {
		return tepin.Errorf(tepin.Unprocessable, "what the file says of itself cannot be")
	}
	m.Extension, m.ContentType, m.Width, m.Height, m.Pages, m.Facts = info.Extension, info.ContentType, info.Width, info.Height, info.Pages, nil
	if len(info.Facts) > 0 {
		m.Facts = info.Facts
	}
	return nil
}

// OpenMedia returns a media file's record and its bytes from offset.
func (s *Service) OpenMedia(ctx context.Context, env tepin.EnvironmentID, id tepin.MediaID) (tepin.Media, io.ReadCloser, error) {
	m, err := s.Store.MediaItem(ctx, env, id)
	if err != nil {
		return tepin.Media{}, nil, err
	}
	r, err := s.Open(ctx, env, m.Blob, 0, -1)
	return m, r, err
}

// brokenOff says that the sender stopped, unless err already says what is wrong.
func brokenOff(err error) error {
	if tepin.KindOf(err) != tepin.Internal {
		return err
	}
	return &tepin.Error{Kind: tepin.Invalid, Message: "the upload broke off before its end; send it again", Cause: err}
}
