package environmentapi

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/web"
)

// imported is what an import has received, ready to be recorded.
type imported struct {
	archive *asset.Archive
	name    string
	size    tepin.Dimensions
}

// receiveImport reads the part "file" of a multipart body as an archive or a document, and
// gives the document the ids of the media and fonts that came with it. If it fails, nothing
// is kept.
func (a *API) receiveImport(r *http.Request, what string) (*imported, error) {
	c := web.CallerOf(r.Context())
	parts, err := multipartOf(r, asset.MaxArchive+multipartRoom)
	if err != nil {
		return nil, err
	}
	part, err := nextFile(parts)
	if errors.Is(err, io.EOF) {
		return nil, tepin.Errorf(tepin.Invalid, "the multipart body has no part called file; send the zip archive in it")
	} else if err != nil {
		return nil, err
	}
	v := &imported{name: r.URL.Query().Get("name")}
	fileName := strings.TrimSuffix(path.Base(strings.ReplaceAll(part.FileName(), `\`, `/`)), path.Ext(part.FileName()))
	if v.archive, err = a.Asset.ReadArchive(r.Context(), c.Environment.ID, part, mayImport(c)); err != nil {
		return nil, err
	}
	if v.name, err = asset.CheckName(what, cmp.Or(v.name, v.archive.Name, fileName)); err == nil {
		err = a.relink(r.Context(), c.Environment.ID, v)
	}
	if err != nil {
		a.Asset.DiscardArchive(r.Context(), v.archive)
		return nil, err
	}
	return v, nil
}

// mayImport refuses archives with what the caller could not bring by itself.
func mayImport(c web.Caller) func(media, fonts bool) error {
	return func(media, fonts bool) error {
		switch {
		case media && !c.Actor.Scopes.Has(tepin.MediaWrite):
			return web.MissingScope(c.Actor, tepin.MediaWrite)
		case fonts && !c.Actor.Scopes.Has(tepin.FontWrite):
			return web.MissingScope(c.Actor, tepin.FontWrite)
		}
		return nil
	}
}

// relink checks an archive's document, and replaces it by one that refers to the media and
// fonts as the environment has them.
func (a *API) relink(ctx context.Context, env tepin.EnvironmentID, v *imported) error {
	weight := 3 * v.archive.Document.Size // as it came, changed, and read
	if err := a.large.Acquire(ctx, weight); err != nil {
		return err
	}
	defer a.large.Release(weight)
	raw, err := a.Asset.Document(ctx, env, v.archive.Document)
	if err != nil {
		return err
	}
	if err := web.CheckJSON(raw); err != nil {
		return err
	}
	if err := output.CheckDocument(raw); err != nil {
		return err
	}
	if v.size, err = output.ComponentSize(raw); err != nil {
		return err
	}
	changed, err := output.Relink(raw, idsOf(v.archive.Media, func(m tepin.Media) string { return string(m.ID) }),
		idsOf(v.archive.Fonts, func(f tepin.FontUpload) string { return string(f.ID) }))
	if err != nil || string(changed) == string(raw) {
		return err
	}
	ref, err := a.Asset.PutDocument(ctx, env, changed)
	if err != nil {
		return err
	}
	a.Asset.Discard(ctx, v.archive.Document)
	v.archive.Document = ref
	return nil
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

// record makes the records of an import.
func (a *API) record(ctx context.Context, c web.Caller, v *imported, of tepin.Import) error {
	of.EnvironmentID = c.Environment.ID
	of.Media, of.Fonts = v.archive.New()
	return a.Asset.SettleArchive(ctx, v.archive, a.Store.CreateImport(ctx, c.Actor, of))
}

// importTemplate makes a template of an archive.
func (a *API) importTemplate(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	folder, err := asset.CheckFolder(r.URL.Query().Get("folderPath"))
	if err != nil {
		return err
	}
	v, err := a.receiveImport(r, "the template")
	if err != nil {
		return err
	}
	t := tepin.Template{EnvironmentID: c.Environment.ID, Name: v.name, Folder: folder, Document: v.archive.Document}
	if err := a.record(r.Context(), c, v, tepin.Import{Template: &t}); err != nil {
		return err
	}
	w.Header().Set("Location", href(c, "/templates/"+string(t.ID)))
	return writeVersion(w, http.StatusCreated, t.Version, templateOf(t))
}

// maxReferences is how many media and fonts of a document an export looks for.
const maxReferences = 2 * (asset.MaxArchiveMedia + asset.MaxArchiveFonts)

// exportTemplate makes an archive of a template, with the media and fonts that it uses.
func (a *API) exportTemplate(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	t, err := a.template(r.Context(), c, r.PathValue("id"))
	if err != nil {
		return err
	}
	for _, s := range []tepin.Scope{tepin.MediaRead, tepin.FontRead} {
		if !c.Actor.Scopes.Has(s) {
			return web.MissingScope(c.Actor, s)
		}
	}
	ref, err := a.packTemplate(r.Context(), t)
	if err != nil {
		return err
	}
	defer a.Asset.Discard(r.Context(), ref)
	return a.serveBlob(w, r, ref, web.Blob{Name: t.Name + ".zip", ContentType: "application/zip"})
}

// packTemplate stores the archive of a template. What the document refers to and the
// environment does not have stays out of it.
func (a *API) packTemplate(ctx context.Context, t tepin.Template) (tepin.BlobRef, error) {
	if err := a.large.Acquire(ctx, 2*t.Document.Size); err != nil {
		return tepin.BlobRef{}, err
	}
	defer a.large.Release(2 * t.Document.Size)
	raw, err := a.Asset.Document(ctx, t.EnvironmentID, t.Document)
	if err != nil {
		return tepin.BlobRef{}, err
	}
	media, fonts, err := output.References(raw)
	if err != nil {
		return tepin.BlobRef{}, err
	}
	if len(media)+len(fonts) > maxReferences {
		return tepin.BlobRef{}, tepin.Errorf(tepin.TooLarge, "the document refers to more than %d media and fonts, which is more than an archive holds", maxReferences)
	}
	e := asset.Export{Name: t.Name, Document: raw}
	for _, ref := range media {
		if err := a.exportMedia(ctx, t.EnvironmentID, ref, &e); err != nil {
			return tepin.BlobRef{}, err
		}
	}
	for _, ref := range fonts {
		f, err := a.Store.FontStyle(ctx, t.EnvironmentID, tepin.FontStyleID(ref))
		if err == nil {
			e.Fonts = append(e.Fonts, asset.Exported{Ref: ref, Name: f.FamilyName + " " + f.Name + "." + f.Extension, Blob: f.Blob})
		} else if tepin.KindOf(err) != tepin.NotFound {
			return tepin.BlobRef{}, err
		}
	}
	return a.Asset.WriteArchive(ctx, t.EnvironmentID, e)
}

func (a *API) exportMedia(ctx context.Context, env tepin.EnvironmentID, ref string, e *asset.Export) error {
	var m tepin.Media
	var err error
	if tepin.IsID(ref) {
		m, err = a.Store.MediaItem(ctx, env, tepin.MediaID(ref))
	} else {
		m, err = a.Store.MediaByName(ctx, env, ref)
	}
	if tepin.KindOf(err) == tepin.NotFound {
		return nil
	}
	if err == nil {
		e.Media = append(e.Media, asset.Exported{Ref: ref, Name: m.Name + "." + m.Extension, Folder: m.Folder, Blob: m.Blob})
	}
	return err
}
