package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/tepin/tepin"
)

// folder makes a folder of templates.
func (w *world) folder(parent, name string) tepin.Folder {
	w.Helper()
	v, err := w.CreateFolder(w.ctx, w.alice, w.env, tepin.TemplateFolder, parent, name)
	w.must(err)
	return v
}

// folderPaths returns the paths of all folders, in their order.
func (w *world) folderPaths(kind tepin.FolderKind) (paths []string) {
	w.Helper()
	for p := (tepin.List{Limit: 3, SortBy: tepin.SortRelativePath}); ; {
		page, err := w.Folders(w.ctx, w.env, kind, p)
		w.must(err)
		for _, f := range page.Items {
			paths = append(paths, f.Path())
		}
		if p.After = page.Next; page.Next == nil {
			return paths
		}
	}
}

// placed are the paths of all templates.
func (w *world) placed() string {
	w.Helper()
	list := w.templateList(tepin.List{}, func(v tepin.Template) string { return strings.TrimSuffix(v.Folder, "/") + "/" + v.Name })
	slices.Sort(list)
	return strings.Join(list, " ")
}

func folders(w *world) {
	made := w.folder("/a", "B")
	equal(w, made.Path(), "/a/B")
	got, err := w.Folder(w.ctx, w.env, tepin.TemplateFolder, made.ID)
	w.must(err)
	equal(w, got, made)
	_, err = w.Folder(w.ctx, w.env, tepin.MediaFolder, made.ID)
	w.is(tepin.NotFound, err)
	for _, name := range []string{"b", "B"} {
		_, err = w.CreateFolder(w.ctx, w.alice, w.env, tepin.TemplateFolder, "/A", name)
		w.is(tepin.Conflict, err)
	}
	w.folder("/", "e\u0301")
	_, err = w.CreateFolder(w.ctx, w.alice, w.env, tepin.TemplateFolder, "/", "É")
	w.is(tepin.Conflict, err)
	_, err = w.CreateFolder(w.ctx, w.alice, w.env, tepin.MediaFolder, "/a", "b")
	w.must(err) // a tree of its own
	_, err = w.CreateFolder(w.ctx, w.alice, "absent", tepin.MediaFolder, "/a", "b")
	w.is(tepin.NotFound, err)

	// What is put into a path makes its folders, and takes on how they are spelled.
	v := w.template(w.env, "/A/b/Çedilla", "t")
	equal(w, v.Folder, "/a/B/Çedilla")
	lines := len(w.entries(string(w.env)))
	w.template(w.env, "/a/b/çEDILLA", "u")
	equal(w, len(w.entries(string(w.env))), lines+1)
	equal(w, fmt.Sprint(w.folderPaths(tepin.TemplateFolder)), "[/a /e\u0301 /a/B /a/B/Çedilla]")
	equal(w, fmt.Sprint(w.folderPaths(tepin.MediaFolder)), "[/a /a/b]")

	// Too long, too deep.
	_, err = w.CreateFolder(w.ctx, w.alice, w.env, tepin.TemplateFolder, strings.Repeat("/n", tepin.MaxFolderDepth), "n")
	w.is(tepin.Invalid, err)
	_, err = w.CreateFolder(w.ctx, w.alice, w.env, tepin.TemplateFolder, "/", strings.Repeat("n", tepin.MaxFolderPath))
	w.is(tepin.Invalid, err)
	w.folder(strings.Repeat("/n", tepin.MaxFolderDepth-1), "n")
}

func folderMoves(w *world) {
	for _, f := range []string{"/Sträße", "/strasse/x", "/strasse/x/y", "/strassen", "/z"} {
		w.template(w.env, f, "t")
	}
	byPath := func(path string) tepin.Folder {
		w.Helper()
		page, err := w.Folders(w.ctx, w.env, tepin.TemplateFolder, tepin.List{})
		w.must(err)
		for _, f := range page.Items {
			if f.Path() == path {
				return f
			}
		}
		w.Fatalf("no folder %s in %v", path, page.Items)
		return tepin.Folder{}
	}
	root := byPath("/strasse")
	before := w.template(w.env, "/STRASSE/x", "s")
	update := func(id tepin.FolderID, u tepin.FolderUpdate) (tepin.Folder, error) {
		return w.UpdateFolder(w.ctx, w.alice, w.env, tepin.TemplateFolder, id, u)
	}
	moved, err := update(root.ID, tepin.FolderUpdate{Name: ptr("Gasse"), Parent: ptr("/Z/new"), IfVersion: &root.Version})
	w.must(err)
	equal(w, moved.Path(), "/z/new/Gasse")
	equal(w, moved.Version, root.Version+1)
	equal(w, w.placed(), "/Sträße/t /strassen/t /z/new/Gasse/x/s /z/new/Gasse/x/t /z/new/Gasse/x/y/t /z/t")
	after, err := w.Template(w.ctx, w.env, before.ID)
	w.must(err)
	equal(w, after.Version, before.Version+1) // what shows its path shows another
	page, err := w.Templates(w.ctx, w.env, tepin.List{Folder: "/z/NEW/gasse", Recursive: true})
	w.must(err)
	equal(w, len(page.Items), 3)
	equal(w, fmt.Sprint(w.folderPaths(tepin.TemplateFolder)), "[/strassen /Sträße /z /z/new /z/new/Gasse /z/new/Gasse/x /z/new/Gasse/x/y]")
	got, err := w.Folder(w.ctx, w.env, tepin.TemplateFolder, moved.ID)
	w.must(err)
	equal(w, got, moved)
	found, err := w.Folders(w.ctx, w.env, tepin.TemplateFolder, tepin.List{Search: "gas"})
	w.must(err)
	equal(w, len(found.Items), 1)

	_, err = update(root.ID, tepin.FolderUpdate{Name: ptr("x"), IfVersion: &root.Version})
	w.is(tepin.Stale, err)
	for _, parent := range []string{"/z/new/gasse", "/Z/new/Gasse/x/deeper"} {
		_, err = update(root.ID, tepin.FolderUpdate{Parent: &parent})
		w.is(tepin.Conflict, err)
	}
	_, err = update(byPath("/z/new/Gasse/x").ID, tepin.FolderUpdate{Name: ptr("STRASSEN"), Parent: ptr("/")})
	w.is(tepin.Conflict, err)
	_, err = update(byPath("/z").ID, tepin.FolderUpdate{Name: ptr(strings.Repeat("long", 248))})
	w.is(tepin.Invalid, err) // what lies below would be too long
	_, err = update(byPath("/z").ID, tepin.FolderUpdate{Parent: ptr(strings.Repeat("/n", tepin.MaxFolderDepth-2))})
	w.is(tepin.Invalid, err) // or too deep
	_, err = update("absent", tepin.FolderUpdate{Name: ptr("x")})
	w.is(tepin.NotFound, err)
	equal(w, len(w.folderPaths(tepin.TemplateFolder)), 7) // nothing was left of what was refused

	// Another case of the same name is no collision, and nothing is no change.
	same, err := update(moved.ID, tepin.FolderUpdate{Name: ptr("GASSE")})
	w.must(err)
	equal(w, same.Path(), "/z/new/GASSE")
	lines := len(w.entries(string(w.env)))
	again, err := update(moved.ID, tepin.FolderUpdate{Name: ptr("GASSE"), Parent: ptr("/z/new")})
	w.must(err)
	equal(w, again, same)
	equal(w, len(w.entries(string(w.env))), lines)
	back, err := update(moved.ID, tepin.FolderUpdate{Parent: ptr("/")})
	w.must(err)
	equal(w, back.Path(), "/GASSE")
	equal(w, w.placed(), "/GASSE/x/s /GASSE/x/t /GASSE/x/y/t /Sträße/t /strassen/t /z/t")
}

func folderDeletes(w *world) {
	inside, beside := w.template(w.env, "/a/b", "inside poster"), w.template(w.env, "/ab", "beside poster")
	m, err := w.CreateMedia(w.ctx, w.alice, tepin.Media{EnvironmentID: w.env, Name: "m", Folder: "/a", Blob: w.blob(w.env)})
	w.must(err)
	page, err := w.Folders(w.ctx, w.env, tepin.TemplateFolder, tepin.List{SortBy: tepin.SortRelativePath})
	w.must(err)
	a := page.Items[0]
	remove := func(force bool) (int, error) {
		return w.DeleteFolder(w.ctx, w.alice, w.env, tepin.TemplateFolder, a.ID, force, nil)
	}
	_, err = remove(false)
	w.is(tepin.Conflict, err)
	_, err = w.DeleteFolder(w.ctx, w.alice, w.other, tepin.TemplateFolder, a.ID, true, nil)
	w.is(tepin.NotFound, err)
	_, err = w.DeleteFolder(w.ctx, w.alice, w.env, tepin.MediaFolder, a.ID, true, nil)
	w.is(tepin.NotFound, err)
	_, err = w.DeleteFolder(w.ctx, w.alice, w.env, tepin.TemplateFolder, a.ID, true, ptr(int64(9)))
	w.is(tepin.Stale, err)
	n, err := remove(true)
	w.must(err)
	equal(w, n, 1)
	_, err = remove(true)
	w.is(tepin.NotFound, err)
	equal(w, fmt.Sprint(w.folderPaths(tepin.TemplateFolder), w.folderPaths(tepin.MediaFolder)), "[/ab] [/a]")
	equal(w, fmt.Sprint(w.templateList(tepin.List{Search: "poster"}, nameOf)), "[beside poster]")
	_, err = w.MediaItem(w.ctx, w.env, m.ID)
	w.must(err)
	equal(w, len(w.swept()), 0)

	w.folder("/", "A") // spelled in another way now
	back, err := w.RestoreTemplate(w.ctx, w.alice, w.env, inside.ID)
	w.must(err)
	equal(w, back.Folder, "/A/b")
	equal(w, fmt.Sprint(w.templateList(tepin.List{Search: "poster"}, nameOf)), "[beside poster inside poster]")
	equal(w, fmt.Sprint(w.folderPaths(tepin.TemplateFolder)), "[/A /ab /A/b]")

	mediaFolders, err := w.Folders(w.ctx, w.env, tepin.MediaFolder, tepin.List{})
	w.must(err)
	n, err = w.DeleteFolder(w.ctx, w.alice, w.env, tepin.MediaFolder, mediaFolders.Items[0].ID, true, nil)
	w.must(err)
	equal(w, n, 1)
	_, err = w.RestoreMedia(w.ctx, w.alice, w.env, m.ID)
	w.must(err)
	equal(w, fmt.Sprint(w.folderPaths(tepin.MediaFolder)), "[/a]")

	_, err = w.DeleteTemplate(w.ctx, w.alice, w.env, beside.ID, false)
	w.must(err)
	page, err = w.Folders(w.ctx, w.env, tepin.TemplateFolder, tepin.List{Search: "ab"})
	w.must(err)
	_, err = w.DeleteFolder(w.ctx, w.alice, w.env, tepin.TemplateFolder, page.Items[0].ID, false, nil)
	w.must(err) // what was deleted does not count
}

// directories hold their own folders and items, page by page.
func directories(w *world) {
	for _, name := range []string{"delta", "Beta", "alpha"} {
		w.folder("/d", name)
	}
	w.folder("/d/alpha", "below")
	for _, name := range []string{"zwei", "eins", "alpha", "drei"} {
		w.template(w.env, "/d", name)
	}
	w.template(w.env, "/d/alpha", "hidden")
	read := func(p tepin.List) (names []string) {
		w.Helper()
		for range 20 {
			page, err := w.TemplateDirectory(w.ctx, w.env, p)
			w.must(err)
			if len(page.Items) == 0 && p.After != nil {
				w.Fatal("an empty page")
			}
			for _, e := range page.Items {
				if e.Folder != nil {
					names = append(names, e.Folder.Name+"/")
				} else {
					names = append(names, e.Item.Name)
				}
			}
			if p.After = page.Next; page.Next == nil {
				return names
			}
		}
		w.Fatal("it does not end")
		return nil
	}
	for limit := 1; limit <= 8; limit++ {
		equal(w, fmt.Sprint(read(tepin.List{Folder: "/D", Limit: limit})), "[alpha/ Beta/ delta/ alpha drei eins zwei]")
		equal(w, fmt.Sprint(read(tepin.List{Folder: "/d", Limit: limit, Desc: true})), "[delta/ Beta/ alpha/ zwei eins drei alpha]")
		equal(w, fmt.Sprint(read(tepin.List{Folder: "/", Limit: limit})), "[d/]")
		equal(w, fmt.Sprint(read(tepin.List{Folder: "/d", Search: "al", Limit: limit})), "[alpha/ alpha]")
		equal(w, fmt.Sprint(read(tepin.List{Folder: "/d/alpha/below", Limit: limit})), "[]")
		equal(w, fmt.Sprint(read(tepin.List{Folder: "/d", Recursive: true, SortBy: tepin.SortRelativePath, Limit: limit})), "[alpha/ Beta/ delta/ below/ alpha drei eins zwei hidden]")
		equal(w, len(read(tepin.List{SortBy: tepin.SortID, Limit: limit})), 10)
	}
	page, err := w.TemplateDirectory(w.ctx, w.env, tepin.List{Folder: "/d"})
	w.must(err)
	equal(w, *page.Total, 7)
	page, err = w.TemplateDirectory(w.ctx, w.env, tepin.List{Folder: "/d", Limit: 3})
	w.must(err)
	equal(w, page.Total == nil, true)
	_, err = w.TemplateDirectory(w.ctx, w.env, tepin.List{Folder: "/absent"})
	w.is(tepin.NotFound, err)
	_, err = w.TemplateDirectory(w.ctx, w.env, tepin.List{Folder: "/absent", After: page.Next})
	w.is(tepin.Gone, err)
	media, err := w.MediaDirectory(w.ctx, w.env, tepin.List{})
	w.must(err)
	equal(w, len(media.Items), 0)
}

// Whatever happens at once, each item lies in a folder that is there.
func foldersConcurrent(w *world) {
	var done atomic.Int64
	together(6, func(n int) {
		for i := range 8 {
			path := fmt.Sprintf("/%d/%d", i%2, i%3)
			switch {
			case n < 3:
				ref := tepin.BlobRef{Key: string(w.env) + "/" + tepin.NewID[string]()}
				if err := w.ReserveBlob(w.ctx, w.env, ref.Key); err != nil {
					w.Error(err)
					return
				}
				if _, err := w.CreateTemplate(w.ctx, w.alice, tepin.Template{EnvironmentID: w.env, Name: fmt.Sprint(n, i), Folder: path, Document: ref}); err != nil {
					w.Errorf("create: %v", err)
				}
				done.Add(1)
			default:
				page, err := w.Folders(w.ctx, w.env, tepin.TemplateFolder, tepin.List{})
				if err != nil {
					w.Error(err)
					return
				}
				for j, f := range page.Items {
					if n == 3 {
						_, err = w.DeleteFolder(w.ctx, w.bob, w.env, tepin.TemplateFolder, f.ID, j%2 == 0, nil)
					} else {
						_, err = w.UpdateFolder(w.ctx, w.bob, w.env, tepin.TemplateFolder, f.ID, tepin.FolderUpdate{Parent: ptr(fmt.Sprintf("/%d", (i+n)%2)), Name: ptr(fmt.Sprint(j % 3))})
					}
					if kind := tepin.KindOf(err); err != nil && kind != tepin.Conflict && kind != tepin.NotFound && kind != tepin.Invalid {
						w.Errorf("folder: %v", err)
					}
				}
			}
		}
	})
	equal(w, done.Load(), 24)
	paths := map[string]bool{"/": true}
	for _, p := range w.folderPaths(tepin.TemplateFolder) {
		paths[p] = true
		if parent := p[:max(1, strings.LastIndexByte(p, '/'))]; !paths[parent] && !slices.Contains(w.folderPaths(tepin.TemplateFolder), parent) {
			w.Errorf("folder %s lies nowhere", p)
		}
	}
	for _, folder := range w.templateList(tepin.List{}, func(v tepin.Template) string { return v.Folder }) {
		if !paths[folder] {
			w.Errorf("a template lies in %s, which is not there", folder)
		}
	}
	w.verifyChain(string(w.env))
}
