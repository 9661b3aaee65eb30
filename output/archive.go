package output

import (
	"context"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
)

// Adopt checks the document of an archive that was received, by check and as
// [CheckDocument] does, and replaces it by one that refers to the media and fonts as the
// environment has them. It holds the document in memory up to three times, and returns its
// size.
func (s *Service) Adopt(ctx context.Context, env tepin.EnvironmentID, a *asset.Archive, check func(raw []byte) error) (size tepin.Dimensions, err error) {
	raw, err := s.Asset.Document(ctx, env, a.Document)
	if err == nil {
		err = check(raw)
	}
	if err == nil {
		err = CheckDocument(raw)
	}
	if err == nil {
		size, err = ComponentSize(raw)
	}
	if err != nil {
		return size, err
	}
	changed, err := Relink(raw, idsOf(a.Media, func(m tepin.Media) string { return string(m.ID) }),
		idsOf(a.Fonts, func(f tepin.FontUpload) string { return string(f.ID) }))
	if err != nil || string(changed) == string(raw) {
		return size, err
	}
	ref, err := s.Asset.PutDocument(ctx, env, changed)
	if err != nil {
		return size, err
	}
	s.Asset.Discard(ctx, a.Document)
	a.Document = ref
	return size, nil
}

// idsOf says which id stands for what a document calls a file; of two files that it calls
// alike, the first counts.
func idsOf[T any](list []asset.Archived[T], id func(T) string) map[string]string {
	ids := map[string]string{}
	for _, x := range list {
		for _, ref := range x.Refs {
			if ids[ref] == "" {
				ids[ref] = id(x.Item)
			}
		}
	}
	return ids
}

// maxReferences is how many media and fonts of a document are looked for.
const maxReferences = 2 * (asset.MaxArchiveMedia + asset.MaxArchiveFonts)

// Pack stores an archive of a template, with the media and fonts that it uses: the caller
// discards it. What the document refers to and the environment does not have stays out.
// TooLarge if it is more than an archive holds.
func (s *Service) Pack(ctx context.Context, t tepin.Template) (tepin.BlobRef, error) {
	raw, err := s.Asset.Document(ctx, t.EnvironmentID, t.Document)
	if err != nil {
		return tepin.BlobRef{}, err
	}
	media, fonts, err := References(raw)
	if err != nil {
		return tepin.BlobRef{}, err
	}
	if len(media)+len(fonts) > maxReferences {
		return tepin.BlobRef{}, tepin.Errorf(tepin.TooLarge, "the document refers to more than %d media and fonts, which is more than an archive holds", maxReferences)
	}
	e := asset.Export{Name: t.Name, Document: raw}
	for _, ref := range media {
		if err := s.packMedia(ctx, t.EnvironmentID, ref, &e); err != nil {
			return tepin.BlobRef{}, err
		}
	}
	for _, ref := range fonts {
		f, err := s.Store.FontStyle(ctx, t.EnvironmentID, tepin.FontStyleID(ref))
		if err == nil {
			e.Fonts = append(e.Fonts, asset.Exported{Ref: ref, Name: f.FamilyName + " " + f.Name + "." + f.Extension, Blob: f.Blob})
		} else if tepin.KindOf(err) != tepin.NotFound {
			return tepin.BlobRef{}, err
		}
	}
	return s.Asset.WriteArchive(ctx, t.EnvironmentID, e)
}

func (s *Service) packMedia(ctx context.Context, env tepin.EnvironmentID, ref string, e *asset.Export) error {
	var m tepin.Media
	var err error
	if tepin.IsID(ref) {
		m, err = s.Store.MediaItem(ctx, env, tepin.MediaID(ref))
	} else {
		m, err = s.Store.MediaByName(ctx, env, ref)
	}
	if tepin.KindOf(err) == tepin.NotFound {
		return nil
	}
	if err == nil {
		e.Media = append(e.Media, asset.Exported{Ref: ref, Name: m.Name + "." + m.Extension, Folder: m.Folder, Blob: m.Blob})
	}
	return err
}
