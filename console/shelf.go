package console

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

// shelfRows is how many things one page of a shelf shows.
const shelfRows = 60

// shelf is a screen of things that are known by their picture: templates, projects,
// media. What is the same for all of them is here and in page/shelf.html and
// page/item.html; what differs is in the funcs, which take the person and the
// environment from the visit.
type shelf struct {
	tab   string // in addresses
	title string
	noun  string // one of the things, in a sentence
	empty string // what to do while there is none
	about string // what they are, where there are no folders

	writers need // who may change what is on it

	list    func(context.Context, *visit, tepin.List) (tepin.Page[card], error)
	item    func(context.Context, *visit, string) (item, error)
	save    func(context.Context, *visit, string, change) error
	remove  func(ctx context.Context, v *visit, id string, force bool) (name string, err error)
	restore func(context.Context, *visit, string) error
	picture func(v *visit, id, size string) error
	file    func(v *visit, id string) error                                // the download
	receive func(context.Context, *visit, upload) (name string, err error) // nil = nothing is uploaded here
	accept  string                                                         // of the field for files
	folders tepin.FolderKind                                               // "" = it has none
}

// card is one thing on a shelf.
type card struct {
	ID      string
	Name    string
	Note    string // under the name
	Version int64  // of its picture
	Folder  string // shown where things of several folders are
}

// change is what the form of an item holds.
type change struct {
	Name    string
	Folder  string
	Version *int64
}

// upload is a file on its way to a folder.
type upload struct {
	Folder   string
	FileName string
	Bytes    io.Reader
}

// place is which part of a shelf is looked at. It travels in the address of everything on
// the page, so that whatever is done there leads back.
type place struct {
	Folder string // "/a/b"; "/" = the top
	Search string
	Sort   string // "" = by name, "newest"
	Page   string // token of the page; "" = the first
}

// placeOf reads the place from the address.
func placeOf(r *http.Request) (place, error) {
	q := r.URL.Query()
	p := place{Folder: "/", Search: strings.TrimSpace(q.Get("search")), Page: q.Get("page")}
	if q.Get("sort") == "newest" {
		p.Sort = "newest"
	}
	var err error
	if f := q.Get("folder"); f != "" {
		p.Folder, err = asset.CheckFolder(f)
	}
	return p, err
}

// Query is the place as the end of an address, with its question mark, or "".
func (p place) Query() string {
	q := url.Values{}
	for name, value := range map[string]string{"folder": strings.TrimPrefix(p.Folder, "/"), "search": p.Search, "sort": p.Sort, "page": p.Page} {
		if value != "" {
			if name == "folder" {
				value = p.Folder
			}
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// In is the first page of a folder; Sorted and On are likewise other places.
func (p place) In(folder string) place { return place{Folder: folder, Sort: p.Sort} }
func (p place) Sorted(by string) place { p.Sort, p.Page = by, ""; return p }
func (p place) On(page string) place   { p.Page = page; return p }
func (p place) Everywhere() place      { p.Folder, p.Page = "/", ""; return p }

// list is what the store is asked for.
func (p place) list() tepin.List {
	l := tepin.List{Limit: shelfRows, Search: p.Search, Folder: p.Folder, Recursive: p.Search != ""}
	if p.Sort == "newest" {
		l.SortBy, l.Desc = tepin.SortID, true
	}
	return l
}

// crumb is a folder on the way to the place.
type crumb struct{ Name, Folder string }

// Crumbs are the folders above the place, from the top, and the one it is.
func (p place) Crumbs() []crumb {
	var list []crumb
	path := ""
	for name := range strings.SplitSeq(strings.Trim(p.Folder, "/"), "/") {
		if name != "" {
			path += "/" + name
			list = append(list, crumb{name, path})
		}
	}
	return list
}

// plural is a number with its noun.
func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + more
}

// shelves are all of them, in the order of their tabs.
func (c *Console) shelves() []*shelf { return []*shelf{c.templates(), c.projects(), c.media()} }

// cards turns a page of rows into one of cards.
func cards[T any](p tepin.Page[T], of func(T) card) tepin.Page[card] {
	out := tepin.Page[card]{Items: make([]card, len(p.Items)), Next: p.Next, Total: p.Total}
	for i, row := range p.Items {
		out.Items[i] = of(row)
	}
	return out
}

// serve sends stored bytes as a download.
func (c *Console) serve(v *visit, ref tepin.BlobRef, name, contentType string) error {
	return web.ServeTenant(v.w, v.r, web.Blob{Name: name, ContentType: contentType, Size: ref.Size, Open: func(offset, length int64) (io.ReadCloser, error) {
		return c.files.Open(v.r.Context(), v.env.ID, ref, offset, length)
	}})
}
