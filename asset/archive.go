package asset

import (
	"archive/zip"
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/tepin/tepin"
)

// An archive is a zip with document.json, the document's media below assets/, its fonts
// below fonts/, and manifest.json, which says what is which. docs/templates.md describes
// it to people.

// Limits of an archive's content.
const (
	MaxArchiveMedia = 500
	MaxArchiveFonts = MaxFontFiles
	maxManifest     = 4 << 20 // bytes
)

// The names of an archive's parts.
const (
	archiveDocument = "document.json"
	archiveManifest = "manifest.json"
	archiveMedia    = "assets/"
	archiveFonts    = "fonts/"
	archiveFormat   = "tepin-template"
	archiveVersion  = 1
)

// Manifest is what an archive says of its files.
type Manifest struct {
	Format  string         `json:"format"`
	Version int            `json:"version"`
	Name    string         `json:"name,omitempty"`
	Media   []ManifestFile `json:"media"`
	Fonts   []ManifestFile `json:"fonts"`
}

// ManifestFile is one file of an archive, and how the document calls it.
type ManifestFile struct {
	ID     string `json:"id"`   // as the document refers to it
	File   string `json:"file"` // its path in the archive
	Name   string `json:"name,omitempty"`
	Folder string `json:"folder,omitempty"`
}

// Archived is a media file or a font of an archive: one that was received and has no
// record yet, or one that the environment has already.
type Archived[T any] struct {
	Refs []string // what the document may call it
	Item T
	Have bool // the environment has it
}

// Archive is what [Service.ReadArchive] has received.
type Archive struct {
	Name     string        // empty = it says none
	Document tepin.BlobRef // received, without a record; not looked at
	Media    []Archived[tepin.Media]
	Fonts    []Archived[tepin.FontUpload]
}

// New returns the media and fonts that have no records yet.
func (a *Archive) New() (media []tepin.Media, fonts []tepin.FontUpload) {
	for _, m := range a.Media {
		if !m.Have {
			media = append(media, m.Item)
		}
	}
	for _, f := range a.Fonts {
		if !f.Have {
			fonts = append(fonts, f.Item)
		}
	}
	return media, fonts
}

// DiscardArchive removes what was received: no record names it.
func (s *Service) DiscardArchive(ctx context.Context, a *Archive) {
	media, fonts := a.New()
	s.Discard(ctx, a.Document)
	for _, m := range media {
		s.Discard(ctx, m.Blob)
	}
	for _, f := range fonts {
		s.Discard(ctx, f.Blob)
	}
}

// SettleArchive is [Service.Settle] for all that was received.
func (s *Service) SettleArchive(ctx context.Context, a *Archive, err error) error {
	media, fonts := a.New()
	for _, m := range media {
		_ = s.Settle(ctx, m.Blob, err) // the same error for each
	}
	for _, f := range fonts {
		_ = s.Settle(ctx, f.Blob, err)
	}
	return s.Settle(ctx, a.Document, err)
}

// ReadArchive receives an archive, or a document alone, which begins with a brace. The
// parts are kept, for records to be written: media whose bytes the environment has
// already, and fonts whose family and style it has, are replaced by those. may is asked
// before anything is unpacked. If it fails, nothing is kept.
func (s *Service) ReadArchive(ctx context.Context, env tepin.EnvironmentID, body io.Reader, may func(media, fonts bool) error) (*Archive, error) {
	in := bufio.NewReader(body)
	head, err := in.Peek(len(zipMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, brokenOff(err)
	}
	if begin := strings.TrimLeft(string(head), "\xef\xbb\xbf \t\r\n"); strings.HasPrefix(begin, "{") {
		document, err := s.Receive(ctx, env, in, tepin.MaxDocument)
		if err != nil {
			return nil, err
		}
		return &Archive{Document: document}, nil
	}
	if string(head) != zipMagic {
		return nil, tepin.Errorf(tepin.Unsupported, "the file is neither a zip archive nor a document in JSON")
	}
	packed, err := s.Receive(ctx, env, in, MaxArchive)
	if err != nil {
		return nil, err
	}
	defer s.Discard(ctx, packed)
	files, err := openZip(&blocks{size: packed.Size, open: func(offset, length int64) (io.ReadCloser, error) {
		return s.Open(ctx, env, packed, offset, length)
	}}, packed.Size)
	if err != nil {
		return nil, err
	}
	c, err := contentsOf(files)
	if err != nil {
		return nil, err
	}
	if err := may(len(c.media) > 0, len(c.fonts) > 0); err != nil {
		return nil, err
	}
	return s.unpack(ctx, env, c)
}

// contents are the parts of an archive.
type contents struct {
	document, manifest *zip.File
	media, fonts       []*zip.File
	base               string // of their names: "" or "folder/"
}

// contentsOf sorts an archive's files. They may all lie in one folder, as they do where a
// folder was packed; files that mean nothing are passed over.
func contentsOf(files []*zip.File) (c contents, err error) {
	for _, f := range files {
		if path.Base(f.Name) == archiveDocument && strings.Count(f.Name, "/") <= 1 && !strings.HasPrefix(f.Name, "__MACOSX/") {
			if c.document != nil {
				return c, brokenZip("it has %s more than once", archiveDocument)
			}
			c.document, c.base = f, strings.TrimSuffix(f.Name, archiveDocument)
		}
	}
	if c.document == nil {
		return c, tepin.Errorf(tepin.Unprocessable, "the zip archive has no %s, neither at its root nor in a folder there", archiveDocument)
	}
	for _, f := range files {
		name, inside := strings.CutPrefix(f.Name, c.base)
		switch {
		case !inside, strings.HasPrefix(path.Base(name), "."):
		case name == archiveManifest:
			c.manifest = f
		case strings.HasPrefix(name, archiveMedia):
			c.media = append(c.media, f)
		case strings.HasPrefix(name, archiveFonts):
			c.fonts = append(c.fonts, f)
		}
	}
	if len(c.media) > MaxArchiveMedia || len(c.fonts) > MaxArchiveFonts {
		return c, tepin.Errorf(tepin.TooLarge, "a zip archive holds at most %d media and %d fonts", MaxArchiveMedia, MaxArchiveFonts)
	}
	return c, nil
}

// unpack receives what the archive holds.
func (s *Service) unpack(ctx context.Context, env tepin.EnvironmentID, c contents) (a *Archive, err error) {
	a = &Archive{}
	defer func() {
		if err != nil {
			s.DiscardArchive(ctx, a)
			a = nil
		}
	}()
	b := &budget{left: MaxArchiveContent}
	if a.Document, err = s.unpackDocument(ctx, env, b, c.document); err != nil {
		return a, err
	}
	var m Manifest
	if c.manifest != nil {
		if m, err = b.manifest(c.manifest); err != nil {
			return a, err
		}
	}
	a.Name = m.Name
	for _, f := range c.media {
		name := strings.TrimPrefix(f.Name, c.base)
		entry, refs := called(m.Media, name)
		item, have, err := s.unpackMedia(ctx, env, b, f, entry, a)
		if err != nil {
			return a, err
		}
		a.Media = append(a.Media, Archived[tepin.Media]{refs, item, have})
	}
	for _, f := range c.fonts {
		name := strings.TrimPrefix(f.Name, c.base)
		_, refs := called(m.Fonts, name)
		item, have, err := s.unpackFont(ctx, env, b, f, a)
		if err != nil {
			return a, err
		}
		a.Fonts = append(a.Fonts, Archived[tepin.FontUpload]{refs, item, have})
	}
	return a, nil
}

func (s *Service) unpackDocument(ctx context.Context, env tepin.EnvironmentID, b *budget, f *zip.File) (tepin.BlobRef, error) {
	r, err := b.open(f)
	if err != nil {
		return tepin.BlobRef{}, err
	}
	defer r.Close()
	ref, err := s.Receive(ctx, env, r, tepin.MaxDocument)
	return ref, inArchive(f, err)
}

// read unpacks a small entry into memory.
func (b *budget) read(f *zip.File, limit int64) ([]byte, error) {
	r, err := b.open(f)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = tepin.Errorf(tepin.TooLarge, "%s is larger than %s", path.Base(f.Name), sizeText(limit))
	}
	return raw, err
}

func (b *budget) manifest(f *zip.File) (m Manifest, err error) {
	raw, err := b.read(f, maxManifest)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, &tepin.Error{Kind: tepin.Unprocessable, Message: archiveManifest + " is not what a manifest is; leave it out, or see what an export has there", Cause: err}
	}
	if m.Format != archiveFormat || m.Version != archiveVersion {
		return m, tepin.Errorf(tepin.Unprocessable, "%s is of another format or version; this server reads %s %d", archiveManifest, archiveFormat, archiveVersion)
	}
	return m, nil
}

// called finds what a manifest says of a file, and what documents may call it: by the ids
// of the manifest, or, where that has none, by its path, its name, and its name without
// the extension.
func called(list []ManifestFile, name string) (entry ManifestFile, refs []string) {
	for _, e := range list {
		if e.File == name && e.ID != "" {
			entry, refs = e, append(refs, e.ID)
		}
	}
	if len(refs) == 0 {
		base := path.Base(name)
		refs = []string{name, base, strings.TrimSuffix(base, path.Ext(base))}
	}
	return entry, refs
}

// unpackMedia receives a media file, unless the environment or the archive has the same.
func (s *Service) unpackMedia(ctx context.Context, env tepin.EnvironmentID, b *budget, f *zip.File, entry ManifestFile, a *Archive) (m tepin.Media, have bool, err error) {
	folder := entry.Folder
	if folder == "" {
		folder = DefaultMediaFolder
	}
	m = tepin.Media{ID: tepin.NewID[tepin.MediaID](), EnvironmentID: env}
	if m.Folder, err = CheckFolder(folder); err != nil {
		return m, false, err
	}
	r, err := b.open(f)
	if err != nil {
		return m, false, err
	}
	defer r.Close()
	name := path.Base(f.Name)
	if entry.Name != "" {
		name = entry.Name + path.Ext(name)
	}
	if m.Blob, err = s.receiveMedia(ctx, env, Upload{Name: name, Bytes: r}, &m); err != nil {
		return m, false, inArchive(f, err)
	}
	same := func(x Archived[tepin.Media]) bool { return x.Item.Blob.SHA256 == m.Blob.SHA256 }
	if i := slices.IndexFunc(a.Media, same); i >= 0 {
		s.Discard(ctx, m.Blob)
		return a.Media[i].Item, true, nil
	}
	there, err := s.Store.MediaByContent(ctx, env, m.Blob.SHA256)
	if tepin.KindOf(err) == tepin.NotFound {
		return m, false, nil
	}
	s.Discard(ctx, m.Blob)
	return there, true, err
}

// unpackFont receives a font, unless the environment or the archive has a style of that
// family and name.
func (s *Service) unpackFont(ctx context.Context, env tepin.EnvironmentID, b *budget, f *zip.File, a *Archive) (u tepin.FontUpload, have bool, err error) {
	r, err := b.open(f)
	if err != nil {
		return u, false, err
	}
	defer r.Close()
	u, err = s.receiveFont(ctx, env, FontFile{Name: path.Base(f.Name), Bytes: r})
	if err == nil && len(u.Problems) > 0 {
		err = tepin.Errorf(tepin.Unprocessable, "%s", strings.Join(u.Problems, "; "))
	}
	if err != nil {
		return u, false, inArchive(f, err)
	}
	u.EnvironmentID = env
	for _, x := range a.Fonts {
		if strings.EqualFold(x.Item.FamilyName, u.FamilyName) && strings.EqualFold(x.Item.Name, u.Name) {
			s.Discard(ctx, u.Blob)
			return x.Item, true, nil
		}
	}
	there, err := s.Store.FontStyleByName(ctx, env, u.FamilyName, u.Name)
	if tepin.KindOf(err) == tepin.NotFound {
		return u, false, nil
	}
	s.Discard(ctx, u.Blob)
	u.ID = there.ID
	return u, true, err
}

// inArchive says which file of an archive was refused.
func inArchive(f *zip.File, err error) error {
	said, ok := errors.AsType[*tepin.Error](err)
	if err == nil || !ok || said.Kind == tepin.Internal {
		return err
	}
	told := *said
	told.Message = "of the zip archive, " + shownName(f.Name) + ": " + said.Message
	return &told
}
