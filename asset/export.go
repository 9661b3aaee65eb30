package asset

import (
	"archive/zip"
	"context"
	"encoding/json"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
)

// Export is what goes into an archive.
type Export struct {
	Name     string
	Document []byte
	Media    []Exported
	Fonts    []Exported
}

// Exported is a media file or a font of an archive that is made.
type Exported struct {
	Ref    string // how the document calls it
	Name   string // with its extension
	Folder string
	Blob   tepin.BlobRef
}

// WriteArchive makes an archive that [Service.ReadArchive] reads, and stores it. It has no
// record: the caller removes it by [Service.Discard]. TooLarge: it would be beyond what
// can be read again.
func (s *Service) WriteArchive(ctx context.Context, env tepin.EnvironmentID, e Export) (tepin.BlobRef, error) {
	total := int64(len(e.Document))
	for _, list := range [][]Exported{e.Media, e.Fonts} {
		for _, x := range list {
			total += x.Blob.Size
		}
	}
	if total > MaxArchive-maxManifest || len(e.Media) > MaxArchiveMedia || len(e.Fonts) > MaxArchiveFonts {
		return tepin.BlobRef{}, tepin.Errorf(tepin.TooLarge, "the template with its media and fonts is too large for an archive: that holds at most %s, %d media and %d fonts",
			sizeText(MaxArchive), MaxArchiveMedia, MaxArchiveFonts)
	}
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.CloseWithError(s.pack(ctx, w, env, e))
	}()
	ref, err := s.Receive(ctx, env, r, MaxArchive)
	r.CloseWithError(err) // whoever still writes has nobody to read it
	<-done
	return ref, err
}

// pack writes an archive.
func (s *Service) pack(ctx context.Context, w io.Writer, env tepin.EnvironmentID, e Export) error {
	z := zip.NewWriter(w)
	m := Manifest{Format: archiveFormat, Version: archiveVersion, Name: e.Name, Media: []ManifestFile{}, Fonts: []ManifestFile{}}
	taken := map[string]bool{}
	for _, kind := range []struct {
		list []Exported
		base string
		into *[]ManifestFile
	}{{e.Media, archiveMedia, &m.Media}, {e.Fonts, archiveFonts, &m.Fonts}} {
		paths := map[string]string{} // of the bytes that are in already
		for _, x := range kind.list {
			at := paths[x.Blob.Key]
			if at == "" {
				at = freeName(taken, kind.base, x.Name)
				paths[x.Blob.Key] = at
				if err := s.packBlob(ctx, z, env, at, x.Blob); err != nil {
					return err
				}
			}
			*kind.into = append(*kind.into, ManifestFile{ID: x.Ref, File: at, Name: strings.TrimSuffix(x.Name, path.Ext(x.Name)), Folder: x.Folder})
		}
	}
	manifest, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{archiveDocument, e.Document}, {archiveManifest, manifest}} {
		out, err := z.Create(f.name)
		if err != nil {
			return err
		}
		if _, err := out.Write(f.data); err != nil {
			return err
		}
	}
	return z.Close()
}

// freeName is a path below base that no other file has.
func freeName(taken map[string]bool, base, name string) string {
	extension := path.Ext(name)
	stem := strings.TrimSuffix(name, extension)
	for i := 1; ; i++ {
		at := base + stem + extension
		if i > 1 {
			at = base + stem + "-" + strconv.Itoa(i) + extension
		}
		if key := foldName(at); !taken[key] {
			taken[key] = true
			return at
		}
	}
}

// packBlob puts stored bytes into an archive as they are: pictures and fonts are packed in
// themselves.
func (s *Service) packBlob(ctx context.Context, z *zip.Writer, env tepin.EnvironmentID, at string, ref tepin.BlobRef) error {
	out, err := z.CreateHeader(&zip.FileHeader{Name: at, Method: zip.Store})
	if err != nil {
		return err
	}
	r, err := s.Open(ctx, env, ref, 0, -1)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(out, r)
	return err
}
