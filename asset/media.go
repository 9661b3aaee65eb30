package asset

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/tepin/tepin"
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

// CreateMedia stores a picture. Its kind is told from its bytes, never from its name,
// and its size from its header, in a child process. A refused upload leaves nothing.
func (s *Service) CreateMedia(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, u Upload) (tepin.Media, error) {
	m := tepin.Media{ID: tepin.NewID[tepin.MediaID](), EnvironmentID: env}
	var err error
	if u.Folder == "" {
		u.Folder = DefaultMediaFolder
	}
	if m.Folder, err = CheckFolder(u.Folder); err != nil {
		return tepin.Media{}, err
	}
	body := bufio.NewReaderSize(u.Bytes, sniffLen)
	head, err := body.Peek(sniffLen)
	if err != nil && !errors.Is(err, io.EOF) {
		return tepin.Media{}, brokenOff(err)
	}
	kind, err := imageKindOf(head)
	if err != nil {
		return tepin.Media{}, err
	}
	m.Extension, m.ContentType = kind.extension, kind.contentType
	name := u.Name
	if name == "" {
		name = baseName(u.FileName)
	}
	if m.Name, err = CheckName("the media file", withoutExtension(name, kind.extension)); err != nil {
		return tepin.Media{}, err
	}
	if m.Blob, err = s.Receive(ctx, env, body, MaxMedia); err != nil {
		return tepin.Media{}, err
	}
	info, err := s.probeImage(ctx, env, m.Blob)
	if err != nil {
		s.Discard(ctx, m.Blob)
		return tepin.Media{}, err
	}
	m.Width, m.Height, m.Pages = info.Width, info.Height, 1
	m.CreatedAt = s.now()
	m.UpdatedAt = m.CreatedAt
	created, err := s.Store.CreateMedia(ctx, by, m)
	return created, s.Settle(ctx, m.Blob, err)
}

// probeImage reads the size of a stored picture in a child.
func (s *Service) probeImage(ctx context.Context, env tepin.EnvironmentID, ref tepin.BlobRef) (ImageInfo, error) {
	body, err := s.Open(ctx, env, ref, 0, -1)
	if err != nil {
		return ImageInfo{}, err
	}
	defer body.Close()
	info, err := probe[ImageInfo](ctx, childImage, body)
	if err != nil {
		return ImageInfo{}, err
	}
	return info, info.check() // a child that was taken over may say anything
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
