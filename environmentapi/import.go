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

// relink has an archive's document refer to what the environment has.
func (a *API) relink(ctx context.Context, env tepin.EnvironmentID, v *imported) (err error) {
	weight := 3 * v.archive.Document.Size // as it came, changed, and read
	if err := a.large.Acquire(ctx, weight); err != nil {
		return err
	}
	defer a.large.Release(weight)
	v.size, err = a.Output.Adopt(ctx, env, v.archive, web.CheckJSON)
	return err
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

// packTemplate stores the archive of a template.
func (a *API) packTemplate(ctx context.Context, t tepin.Template) (tepin.BlobRef, error) {
	if err := a.large.Acquire(ctx, 2*t.Document.Size); err != nil {
		return tepin.BlobRef{}, err
	}
	defer a.large.Release(2 * t.Document.Size)
	return a.Output.Pack(ctx, t)
}
