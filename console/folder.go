package console

import (
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
)

// folderDialog is what folder.html shows over a shelf: a folder, or a new one.
type folderDialog struct {
	tepin.Folder
	Action string // address that saves
	Delete string // address that deletes
	Back   string
	Force  bool // what is in it is deleted, too
	Form   form
}

// folderPage reads a shelf with the folder of the address over it.
func (c *Console) folderPage(s *shelf, v *visit) (environmentPage, *folderDialog, error) {
	p, page, err := c.shelfPage(s, v)
	if err != nil {
		return p, nil, err
	}
	f, err := c.store.Folder(v.r.Context(), v.env.ID, s.folders, tepin.FolderID(v.r.PathValue("folder")))
	if err != nil {
		return p, nil, err
	}
	at := page.Path + "-folders/" + string(f.ID)
	page.Dialog = &folderDialog{Folder: f, Action: at + page.Place.Query(), Delete: at + "/delete" + page.Place.Query(), Back: page.Here(),
		Form: filled("name", f.Name, "parent", f.Parent)}
	return p, page.Dialog, nil
}

func (c *Console) newFolder(s *shelf, v *visit) error {
	p, page, err := c.shelfPage(s, v)
	if err != nil {
		return err
	}
	page.newFolder(form{})
	return c.render(v, http.StatusOK, s.tab+"-folder", "New folder, "+v.env.Name, p)
}

// newFolder shows the dialog for one more folder in this place.
func (p *shelfPage) newFolder(f form) {
	p.Dialog = &folderDialog{Folder: tepin.Folder{Parent: p.Place.Folder}, Action: p.Path + "-folders" + p.Place.Query(), Back: p.Here(), Form: f}
}

func (c *Console) createFolder(s *shelf, v *visit) error {
	p, page, err := c.shelfPage(s, v)
	if err != nil {
		return err
	}
	name := v.r.PostForm.Get("name")
	checked, err := asset.CheckName("the folder", name)
	var made tepin.Folder
	if err == nil {
		made, err = c.store.CreateFolder(v.r.Context(), v.actor, v.env.ID, s.folders, page.Place.Folder, checked)
	}
	if refusal(err) {
		page.newFolder(refused(err, "name", name))
		return c.render(v, http.StatusUnprocessableEntity, s.tab+"-folder", "New folder, "+v.env.Name, p)
	}
	if err != nil {
		return err
	}
	return v.goTo(page.Path + page.Place.In(made.Path()).Query())
}

func (c *Console) folder(s *shelf, v *visit) error {
	p, d, err := c.folderPage(s, v)
	if err != nil {
		return err
	}
	return c.render(v, http.StatusOK, s.tab+"-folder", d.Name+", "+v.env.Name, p)
}

// saveFolder renames and moves.
func (c *Console) saveFolder(s *shelf, v *visit) error {
	p, d, err := c.folderPage(s, v)
	if err != nil {
		return err
	}
	name, parent := v.r.PostForm.Get("name"), v.r.PostForm.Get("parent")
	newName, err := asset.CheckName("the folder", name)
	newParent := parent
	if err == nil {
		newParent, err = asset.CheckFolder(parent)
	}
	u := tepin.FolderUpdate{Name: &newName, Parent: &newParent, IfVersion: version(v.r.PostForm.Get("version"))}
	saved := d.Folder
	if err == nil {
		saved, err = c.store.UpdateFolder(v.r.Context(), v.actor, v.env.ID, s.folders, d.ID, u)
	}
	if refusal(err) {
		d.Form = refused(err, "name", name, "parent", parent)
		return c.render(v, http.StatusUnprocessableEntity, s.tab+"-folder", d.Name+", "+v.env.Name, p)
	}
	if err != nil {
		return err
	}
	return v.goTo(p.Shelf.Path + p.Shelf.Place.In(saved.Path()).Query())
}

// deleteFolder deletes an empty folder. For one that is not, it asks again.
func (c *Console) deleteFolder(s *shelf, v *visit) error {
	p, d, err := c.folderPage(s, v)
	if err != nil {
		return err
	}
	force := v.r.PostForm.Get("force") != ""
	items, err := c.store.DeleteFolder(v.r.Context(), v.actor, v.env.ID, s.folders, d.ID, force, nil)
	if refusal(err) {
		d.Form = refused(err, "name", d.Name, "parent", d.Parent)
		d.Form.Unsaved = false
		d.Force = !force
		return c.render(v, http.StatusUnprocessableEntity, s.tab+"-folder", d.Name+", "+v.env.Name, p)
	}
	if err != nil {
		return err
	}
	text := "The folder “" + d.Name + "” is deleted."
	if items > 0 {
		text = "The folder “" + d.Name + "” is deleted, with " + plural(items, s.noun, s.noun+"s") + ". They can be restored from “Deleted”."
	}
	v.leaveNotice(notice{Text: text})
	return v.goTo(p.Shelf.Path + p.Shelf.Place.In(d.Parent).Query())
}
