package console

import (
	"net/http"
	"time"

	"github.com/tepin/tepin"
)

// item is one thing of a shelf, at its right: what item.html shows.
type item struct {
	ID      string
	Name    string
	Folder  string // "" = it lies in none
	Version int64
	Picture bool // there can be one
	Facts   []detail
	File    string // what the download is called on its button
	Form    form
	Force   bool // it is deleted although something speaks against it
	Path    string
	Back    string // address of the shelf
}

// detail is one line of what is known of an item.
type detail struct {
	Name  string
	Value string
	Code  bool      // it is copied rather than read
	Time  time.Time // instead of Value
}

// one finds the environment of the address, and puts it into the visit.
func (c *Console) one(s *shelf, v *visit) (path string, at place, err error) {
	p, err := c.environment(v, s.tab)
	if err != nil {
		return "", at, err
	}
	v.env = p.Environment
	at, err = placeOf(v.r)
	return p.Path() + "/" + s.tab, at, err
}

// itemPage reads a shelf with the item of the address at its right.
func (c *Console) itemPage(s *shelf, v *visit) (environmentPage, *item, error) {
	p, page, err := c.shelfPage(s, v)
	if err != nil {
		return p, nil, err
	}
	it, err := s.item(v.r.Context(), v, v.r.PathValue("id"))
	if err != nil {
		return p, nil, err
	}
	it.Path, it.Back = page.Path+"/"+it.ID, page.Here()
	it.Form = filled("name", it.Name, "folder", it.Folder)
	page.Item = &it
	return p, &it, nil
}

func (c *Console) showItem(s *shelf, v *visit) error {
	p, it, err := c.itemPage(s, v)
	if err != nil {
		return err
	}
	it.Form.Saved = v.r.URL.Query().Has("saved")
	p.Shelf.Notice = v.notice()
	return c.render(v, http.StatusOK, s.tab, it.Name+", "+v.env.Name, p)
}

// saveItem renames and moves.
func (c *Console) saveItem(s *shelf, v *visit) error {
	p, it, err := c.itemPage(s, v)
	if err != nil {
		return err
	}
	f := v.r.PostForm
	err = s.save(v.r.Context(), v, it.ID, change{Name: f.Get("name"), Folder: f.Get("folder"), Version: version(f.Get("version"))})
	if refusal(err) {
		it.Form = refused(err, "name", f.Get("name"), "folder", f.Get("folder"))
		if tepin.KindOf(err) == tepin.Stale {
			it.Form.Message = "Somebody else changed this after you opened it. What you typed is below: save again to replace theirs."
		}
		return c.render(v, http.StatusUnprocessableEntity, s.tab, it.Name+", "+v.env.Name, p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.Shelf.ItemPath(it.ID))
}

// deleteItem deletes, and leaves a way back.
func (c *Console) deleteItem(s *shelf, v *visit) error {
	path, at, err := c.one(s, v)
	if err != nil {
		return err
	}
	id := v.r.PathValue("id")
	force := v.r.PostForm.Get("force") != ""
	name, err := s.remove(v.r.Context(), v, id, force)
	if tepin.KindOf(err) == tepin.Conflict && !force {
		return c.askForce(s, v, err)
	}
	if err != nil {
		return err
	}
	v.leaveNotice(notice{Text: "“" + name + "” is deleted.", Undo: path + "/" + id + "/restore" + at.Query()})
	return v.goTo(path + at.Query())
}

// askForce shows why an item was not deleted, and asks whether it shall be nevertheless.
func (c *Console) askForce(s *shelf, v *visit, why error) error {
	p, it, err := c.itemPage(s, v)
	if err != nil {
		return err
	}
	it.Force, it.Form.Message = true, sentence(message(why))
	return c.render(v, http.StatusUnprocessableEntity, s.tab, it.Name+", "+v.env.Name, p)
}

func (c *Console) restoreItem(s *shelf, v *visit) error {
	path, at, err := c.one(s, v)
	if err != nil {
		return err
	}
	id := v.r.PathValue("id")
	if err := s.restore(v.r.Context(), v, id); err != nil {
		return err
	}
	return v.goTo(path + "/" + id + at.Query())
}

func (c *Console) downloadItem(s *shelf, v *visit) error {
	if _, _, err := c.one(s, v); err != nil {
		return err
	}
	return s.file(v, v.r.PathValue("id"))
}

func (c *Console) itemPicture(s *shelf, v *visit) error {
	if _, _, err := c.one(s, v); err != nil {
		return err
	}
	return s.picture(v, v.r.PathValue("id"), v.r.PathValue("size"))
}
