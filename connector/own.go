package connector

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// Own is how the built-in connectors reach the environment's own media and fonts.
type Own struct {
	// Preview and FontPreview find a preview, or fail with [ErrPending] while it is made.
	Preview     func(context.Context, tepin.Media, tepin.PreviewType) (Stored, error)
	FontPreview func(context.Context, tepin.FontFamily, tepin.PreviewType) (Stored, error)
	Open        func(context.Context, tepin.EnvironmentID, tepin.BlobRef) (io.ReadCloser, error)
	// Create makes a media file of a staged one.
	Create func(ctx context.Context, by tepin.Actor, folder string, f tepin.StagedFile) (tepin.Media, error)
	// SealPage and OpenPage make and read the tokens of pages (S17).
	SealPage func(env tepin.EnvironmentID, by tepin.Actor, route string, l tepin.List) string
	OpenPage func(token string, env tepin.EnvironmentID, by tepin.Actor, route string) (tepin.List, error)
}

// Stored is a file of the environment.
type Stored struct {
	Ref         tepin.BlobRef
	ContentType string
	Extension   string
}

// ErrPending says that a file is being made: ask again.
var ErrPending = errors.New("the file is being made")

// patience is how long a built-in connector waits for a preview, where scripts ask again.
const patience = 20 * time.Second

// Names in the context of the built-in connector for media.
const (
	inFolder       = "folder"
	withSubfolders = "includeSubfolders"
	uploadFolder   = "uploadFolder"
	inUploadFolder = "searchInUploadFolder"
)

// ownRun is a built-in connector at work.
type ownRun struct {
	Own
	store *store.Store
	Run
}

// ownMedia are the environment's own media.
type ownMedia struct{ ownRun }

func (o ownMedia) Capabilities(context.Context) (map[string]bool, error) {
	return map[string]bool{"query": true, "detail": true, "filtering": true, "metadata": true, "upload": true}, nil
}

func (o ownMedia) Configuration(context.Context) ([]Option, error) {
	return []Option{
		{Name: inFolder, DisplayName: "Folder", Type: "text", Context: []string{"query"}, HelpText: "Only what is in this folder, as in /campaigns/2026."},
		{Name: withSubfolders, DisplayName: "Include subfolders", Type: "boolean", Context: []string{"query"}},
		{Name: uploadFolder, DisplayName: "Upload folder", Type: "text", Context: []string{"upload"}, HelpText: "Where uploads go; /Upload if it is left out."},
		{Name: inUploadFolder, DisplayName: "Search in the upload folder", Type: "boolean", Context: []string{"upload"}},
	}, nil
}

func (r Run) text(name string) string {
	s, _ := r.Context[name].(string)
	return s
}

func (r Run) flag(name string) bool {
	switch v := r.Context[name].(type) {
	case bool:
		return v
	case string:
		return strings.EqualFold(v, "true")
	}
	return false
}

// list is what a query asks for: from its token, if it has one. A search looks through
// all below the folder; without one, a folder is listed with its folders.
func (o ownMedia) list(q Query) (l tepin.List, err error) {
	if q.PageToken != "" {
		l, err = o.OpenPage(q.PageToken, o.Connector.EnvironmentID, o.By, o.route())
		if err == nil && q.PageSize > 0 {
			l.Limit = q.PageSize
		}
		return l, err
	}
	if l, err = listOf(q); err != nil {
		return l, err
	}
	l.Folder, l.Recursive = q.Collection, o.flag(withSubfolders) || l.Search != ""
	switch {
	case l.Folder != "":
	case o.flag(inUploadFolder):
		l.Folder = o.text(uploadFolder)
	default:
		l.Folder = o.text(inFolder)
	}
	if l.Folder == "" {
		l.Folder = "/"
	}
	return l, nil
}

func (r Run) route() string { return "/connectors/" + string(r.Connector.ID) }

func listOf(q Query) (tepin.List, error) {
	l := tepin.List{Limit: q.PageSize, Search: strings.Join(q.Filter, " ")}
	if l.Limit <= 0 {
		l.Limit = tepin.DefaultLimit
	}
	for _, key := range []tepin.SortKey{"", tepin.SortName, tepin.SortID, tepin.SortRelativePath} {
		if strings.EqualFold(q.SortBy, string(key)) {
			l.SortBy, l.Desc = key, strings.EqualFold(q.SortOrder, "desc")
			return l, nil
		}
	}
	return l, &tepin.Error{Kind: tepin.Invalid, Path: "sortBy", Message: "lists are sorted by name, id or relativePath"}
}

func (o ownMedia) Query(ctx context.Context, q Query) (Page[MediaItem], error) {
	l, err := o.list(q)
	if err != nil {
		return Page[MediaItem]{}, err
	}
	env := o.Connector.EnvironmentID
	out := Page[MediaItem]{PageSize: l.Limit, Data: []MediaItem{}}
	var next *tepin.Cursor
	if l.Recursive {
		p, err := o.store.MediaList(ctx, env, l)
		if err != nil {
			return out, err
		}
		for _, m := range p.Items {
			out.Data = append(out.Data, mediaItem(m))
		}
		next = p.Next
	} else {
		p, err := o.store.MediaDirectory(ctx, env, l)
		if err != nil {
			return out, err
		}
		for _, e := range p.Items {
			if e.Folder != nil {
				out.Data = append(out.Data, MediaItem{ID: string(e.Folder.ID), Name: e.Folder.Name, RelativePath: e.Folder.Parent, Type: Folder, MetaData: map[string]any{}})
			} else {
				out.Data = append(out.Data, mediaItem(e.Item))
			}
		}
		next = p.Next
	}
	if next != nil {
		l.After = next
		out.Links.NextPage = o.SealPage(env, o.By, o.route(), l)
	}
	return out, nil
}

func mediaItem(m tepin.Media) MediaItem {
	v := MediaItem{ID: string(m.ID), Name: m.Name, RelativePath: m.Folder, Extension: m.Extension, Type: Item, Width: float64(m.Width), Height: float64(m.Height), MetaData: map[string]any{}}
	for _, facts := range []map[string]string{m.Facts, m.Own} {
		for name, value := range facts {
			v.MetaData[name] = value
		}
	}
	return v
}

func (o ownMedia) media(ctx context.Context, id string) (tepin.Media, error) {
	return o.store.MediaItem(ctx, o.Connector.EnvironmentID, tepin.MediaID(strings.ToLower(id)))
}

func (o ownMedia) Detail(ctx context.Context, id string) (MediaItem, error) {
	m, err := o.media(ctx, id)
	if err != nil {
		return MediaItem{}, err
	}
	return mediaItem(m), nil
}

func (o ownMedia) Download(ctx context.Context, id string, size Size, intent Intent) (*File, error) {
	m, err := o.media(ctx, id)
	if err != nil {
		return nil, err
	}
	if size == Original {
		return o.file(ctx, m.Name, Stored{m.Blob, m.ContentType, m.Extension})
	}
	t := map[Size]tepin.PreviewType{Thumbnail: tepin.PreviewThumbnail, MediumRes: tepin.PreviewMedium, HighRes: tepin.PreviewHighest, FullRes: tepin.PreviewX4096}[size]
	if size == FullRes && intent == Print {
		t = tepin.PreviewFullOrVector
	}
	f, err := waitFor(ctx, func() (Stored, error) { return o.Preview(ctx, m, t) })
	if err != nil {
		return nil, err
	}
	return o.file(ctx, m.Name, f)
}

// file opens a file of the environment.
func (r ownRun) file(ctx context.Context, name string, f Stored) (*File, error) {
	body, err := r.Open(ctx, r.Connector.EnvironmentID, f.Ref)
	if err != nil {
		return nil, err
	}
	return &File{ReadCloser: body, Size: f.Ref.Size, ContentType: f.ContentType, Name: name + "." + f.Extension}, nil
}

// waitFor asks again until a preview is made, for [patience].
func waitFor(ctx context.Context, find func() (Stored, error)) (Stored, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		f, err := find()
		if !errors.Is(err, ErrPending) {
			return f, err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return f, err
		}
	}
}

// Upload makes media of staged files: all that can be made, up to the first that cannot.
func (o ownMedia) Upload(ctx context.Context, ids []tepin.StagedFileID) ([]MediaItem, error) {
	list := []MediaItem{}
	for _, id := range ids {
		v, err := o.store.StagedFile(ctx, o.By, o.Connector.EnvironmentID, o.Connector.ID, id)
		if err != nil {
			return nil, err
		}
		m, err := o.Create(ctx, o.By, o.text(uploadFolder), v)
		if err != nil {
			return nil, err
		}
		list = append(list, mediaItem(m))
		if err := forget(ctx, o.store, o.By, o.Connector.EnvironmentID, []tepin.StagedFileID{id}); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// forget removes files that are uploaded. That one is gone already is as good.
func forget(ctx context.Context, s *store.Store, by tepin.Actor, env tepin.EnvironmentID, ids []tepin.StagedFileID) error {
	for _, id := range ids {
		if err := s.DeleteStagedFile(ctx, by, env, id); err != nil && tepin.KindOf(err) != tepin.NotFound {
			return err
		}
	}
	return nil
}
