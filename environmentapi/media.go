package environmentapi

import (
	"bufio"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

// bodyBuffer is how much of a large body is read at once.
const bodyBuffer = 128 << 10

// multipartRoom is what a multipart body may be larger than its files.
const multipartRoom = 1 << 20

// OneMediaIn names a media file.
type OneMediaIn struct {
	InEnvironment
	ID string `path:"id" doc:"Id of the media file."`
}

// MediaIn asks for a page of media.
type MediaIn struct {
	FolderIn
	IncludeFolders bool `query:"includeFolders" doc:"The folders of that place, too, before its files; of the root, if no folder is named and nothing is searched for."`
}

func (a *API) listMedia(ctx context.Context, c web.Caller, in *MediaIn) (*answer[Page[Asset]], error) {
	first := in.NextPageToken == ""
	if first && in.IncludeFolders && in.Folder == "" && in.Search == "" && !in.Recursive {
		in.Folder = "/"
	}
	l, err := a.list(c, "/media", in.FolderIn)
	if err != nil {
		return nil, err
	}
	if first {
		l.Folders = in.IncludeFolders
	}
	if l.Folders {
		return a.mediaEntries(ctx, c, "/media", l)
	}
	p, err := a.Store.MediaList(ctx, c.Environment.ID, l)
	if err != nil {
		return nil, err
	}
	return pageOf(a, c, "/media", l, p, mediaOf), nil
}

func (a *API) mediaDirectory(ctx context.Context, c web.Caller, in *FolderIn) (*answer[Page[Asset]], error) {
	l, err := a.directory(c, "/media/directory", *in)
	if err != nil {
		return nil, err
	}
	return a.mediaEntries(ctx, c, "/media/directory", l)
}

// mediaEntries answers folders, then files.
func (a *API) mediaEntries(ctx context.Context, c web.Caller, rt route, l tepin.List) (*answer[Page[Asset]], error) {
	p, err := a.Store.MediaDirectory(ctx, c.Environment.ID, l)
	if err != nil {
		return nil, err
	}
	return directoryOf(a, c, rt, l, p, mediaFolder, mediaOf), nil
}

func (a *API) media(ctx context.Context, c web.Caller, given string) (tepin.Media, error) {
	id, err := id[tepin.MediaID]("media file", given)
	if err != nil {
		return tepin.Media{}, err
	}
	return a.Store.MediaItem(ctx, c.Environment.ID, id)
}

func (a *API) getMedia(ctx context.Context, c web.Caller, in *OneMediaIn) (*answer[Item[Asset]], error) {
	m, err := a.media(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	if web.NotModified(c.Request, m.Version) {
		return versioned(c, m.Version, Item[Asset]{}), nil
	}
	body, err := a.mediaWithSubjects(ctx, m)
	if err != nil {
		return nil, err
	}
	return versioned(c, m.Version, Item[Asset]{Data: body}), nil
}

// uploadMedia streams the part "file" of a multipart body into the environment.
func (a *API) uploadMedia(w http.ResponseWriter, r *http.Request) error {
	c := web.CallerOf(r.Context())
	parts, err := multipartOf(r, asset.MaxMedia+multipartRoom)
	if err != nil {
		return err
	}
	part, err := firstFile(parts)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	m, err := a.Asset.CreateMedia(r.Context(), c.Actor, c.Environment.ID, asset.Upload{
		Folder: query.Get("folderPath"), Name: query.Get("name"), FileName: part.FileName(), Bytes: part,
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", href(c, "/media/"+string(m.ID)))
	return writeVersion(w, http.StatusCreated, m.Version, mediaOf(m))
}

func (a *API) downloadMedia(w http.ResponseWriter, r *http.Request) error {
	m, err := a.media(r.Context(), web.CallerOf(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	if notModified(w, r, m.Version) {
		return nil
	}
	return a.serveBlob(w, r, m.Blob, web.Blob{Name: m.Name + "." + m.Extension, ContentType: m.ContentType, ETag: web.ETag(m.Version)})
}

// multipartOf opens a multipart body of at most limit bytes; nothing is read yet.
func multipartOf(r *http.Request, limit int64) (*multipart.Reader, error) {
	if r.ContentLength > limit {
		return nil, tepin.Errorf(tepin.TooLarge, "the request body is larger than %d MB", limit>>20)
	}
	web.LimitBody(r, limit)
	// The reader of parts takes 4 KB at a time: from the connection that would be slow.
	r.Body = struct {
		io.Reader
		io.Closer
	}{bufio.NewReaderSize(r.Body, bodyBuffer), r.Body}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, &tepin.Error{Kind: tepin.Unsupported, Message: "the body must be sent with Content-Type multipart/form-data; the file is its part called file", Cause: err}
	}
	return parts, nil
}

// firstFile returns the part called "file", which there must be.
func firstFile(parts *multipart.Reader) (*multipart.Part, error) {
	part, err := nextFile(parts)
	if errors.Is(err, io.EOF) {
		return nil, tepin.Errorf(tepin.Invalid, "the multipart body has no part called file; send the file in it")
	}
	return part, err
}

// nextFile returns the next part called "file", or [io.EOF] after the last part.
func nextFile(parts *multipart.Reader) (*multipart.Part, error) {
	for range 100 {
		part, err := parts.NextPart()
		switch {
		case err == io.EOF:
			return nil, io.EOF
		case err != nil && tepin.KindOf(err) != tepin.Internal:
			return nil, err
		case err != nil:
			return nil, &tepin.Error{Kind: tepin.Invalid, Message: "the multipart body is broken, or broke off before its end", Cause: err}
		case part.FormName() == "file":
			return part, nil
		}
	}
	return nil, tepin.Errorf(tepin.Invalid, "the multipart body has more than 100 parts beside its files")
}
