package console

import (
	"context"
	"io"
	"net/http"

	"github.com/tepin/tepin"
)

// shelfPage is what shelf.html shows, and item.html at its right.
type shelfPage struct {
	Title   string
	Noun    string
	Empty   string
	Accept  string // of the field for files; "" = nothing is uploaded here
	Path    string // address, without the place
	Place   place
	Foldery bool   // there can be folders
	Writing bool   // the visitor may change what is here
	About   string // where there can be none

	ThisFolder  *tepin.Folder // that the place is; nil = the top
	Folders     []tepin.Folder
	MoreFolders bool // there are more than are shown
	Items       []card
	Next        string // address of the next page; "" = this is the last
	Notice      notice
	Item        *item
	Dialog      *folderDialog
}

// Here is the address of what is looked at.
func (p shelfPage) Here() string { return p.Path + p.Place.Query() }

// ItemPath is the address of the thing with this id, in this place.
func (p shelfPage) ItemPath(id string) string { return p.Path + "/" + id + p.Place.Query() }

// routesOf are the routes of a shelf.
func (c *Console) routesOf(s *shelf) []route {
	at := "/environments/{environment}/" + s.tab
	on := func(serve func(*shelf, *visit) error) func(*visit) error {
		return func(v *visit) error { return serve(s, v) }
	}
	list := []route{
		{"GET " + at, anybody, on(c.showShelf)},
		{"GET " + at + "/{id}", anybody, on(c.showItem)},
		{"POST " + at + "/{id}", s.writers, on(c.saveItem)},
		{"POST " + at + "/{id}/delete", s.writers, on(c.deleteItem)},
		{"POST " + at + "/{id}/restore", s.writers, on(c.restoreItem)},
		{"GET " + at + "/{id}/file", anybody, on(c.downloadItem)},
		{"GET " + at + "/{id}/picture/{size}", anybody, on(c.itemPicture)},
	}
	if s.receive != nil {
		list = append(list, route{"POST " + at, s.writers, on(c.receiveFiles)})
	}
	if s.folders != "" {
		list = append(list,
			route{"GET " + at + "-folders/new", s.writers, on(c.newFolder)},
			route{"POST " + at + "-folders", s.writers, on(c.createFolder)},
			route{"GET " + at + "-folders/{folder}", s.writers, on(c.folder)},
			route{"POST " + at + "-folders/{folder}", s.writers, on(c.saveFolder)},
			route{"POST " + at + "-folders/{folder}/delete", s.writers, on(c.deleteFolder)},
		)
	}
	return list
}

// shelfPage reads the page of a shelf that the address names.
func (c *Console) shelfPage(s *shelf, v *visit) (environmentPage, *shelfPage, error) {
	p, err := c.environment(v, s.tab)
	if err != nil {
		return p, nil, err
	}
	v.env = p.Environment
	page := &shelfPage{Title: s.title, Noun: s.noun, Empty: s.empty, Accept: s.accept, About: s.about, Path: p.Path() + "/" + s.tab, Foldery: s.folders != "", Writing: v.roles.Any(s.writers.roles)}
	p.Shelf = page
	if page.Place, err = placeOf(v.r); err != nil {
		return p, nil, err
	}
	l, err := c.listOf(s, v, page.Place)
	if err != nil {
		return p, nil, err
	}
	ctx := v.r.Context()
	if page.Foldery && page.Place.Search == "" && page.Place.Page == "" {
		if err := c.folders(ctx, s, v, page); err != nil {
			return p, nil, err
		}
	}
	rows, err := s.list(ctx, v, l)
	if err != nil {
		return p, nil, err
	}
	page.Items = rows.Items
	if rows.Next != nil {
		l.After = rows.Next
		page.Next = page.Path + page.Place.On(c.tokens.Seal(v.env.ID, v.actor, "console/"+s.tab, l)).Query()
	}
	return p, page, nil
}

// folders reads those of the place, and which folder the place is.
func (c *Console) folders(ctx context.Context, s *shelf, v *visit, page *shelfPage) error {
	list, err := c.store.Folders(ctx, v.env.ID, s.folders, tepin.List{Folder: page.Place.Folder, Limit: maxRows})
	if err != nil {
		return err
	}
	page.Folders, page.MoreFolders = list.Items, list.Next != nil
	if page.Place.Folder == "/" {
		return nil
	}
	f, err := c.store.FolderAt(ctx, v.env.ID, s.folders, page.Place.Folder)
	if err != nil {
		return err
	}
	page.ThisFolder = &f
	return nil
}

// listOf is what the store is asked for: by the place, or by the token of a page of it.
func (c *Console) listOf(s *shelf, v *visit, at place) (tepin.List, error) {
	if at.Page != "" {
		return c.tokens.Open(at.Page, v.env.ID, v.actor, "console/"+s.tab)
	}
	l := at.list()
	if s.folders == "" {
		l.Folder = ""
	}
	return l, nil
}

func (c *Console) showShelf(s *shelf, v *visit) error {
	p, page, err := c.shelfPage(s, v)
	if err != nil {
		return err
	}
	page.Notice = v.notice()
	return c.render(v, http.StatusOK, s.tab, s.title+", "+v.env.Name, p)
}

// receiveFiles takes the files of a form into the folder of the address, one after the
// other; the first that is refused ends it.
func (c *Console) receiveFiles(s *shelf, v *visit) error {
	p, err := c.environment(v, s.tab)
	if err != nil {
		return err
	}
	v.env = p.Environment
	at, err := placeOf(v.r)
	if err != nil {
		return err
	}
	last := ""
	for {
		part, err := v.nextFile()
		if err == io.EOF && last != "" {
			return v.uploaded(last, p.Path()+"/"+s.tab+place{Folder: at.Folder}.Query())
		} else if err == io.EOF {
			return tepin.Errorf(tepin.Invalid, "No file was chosen. Choose one.")
		}
		if err != nil {
			return err
		}
		if last, err = s.receive(v.r.Context(), v, upload{Folder: at.Folder, FileName: part.FileName(), Bytes: part}); err != nil {
			return err
		}
	}
}
