package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/store"
)

// walk reads a whole list, page by page, and returns what it names of each item.
func walk[T any](w *world, p tepin.List, read func(tepin.List) (tepin.Page[T], error), name func(T) string) []string {
	w.Helper()
	var names []string
	for range 1000 {
		page, err := read(p)
		w.must(err)
		if p.Limit > 0 && len(page.Items) > p.Limit {
			w.Fatalf("a page of %d has %d rows", p.Limit, len(page.Items))
		}
		for _, v := range page.Items {
			names = append(names, name(v))
		}
		if page.Next == nil {
			return names
		}
		if page.Total != nil {
			w.Fatal("a total that costs a scan")
		}
		p.After = page.Next
	}
	w.Fatal("a list without an end")
	return nil
}

func (w *world) templateList(p tepin.List, name func(tepin.Template) string) []string {
	w.Helper()
	return walk(w, p, func(p tepin.List) (tepin.Page[tepin.Template], error) { return w.Templates(w.ctx, w.env, p) }, name)
}

func nameOf(v tepin.Template) string { return v.Name }
func idOf(v tepin.Template) string   { return string(v.ID) }

func listOrder(w *world) {
	names := []string{"b", "A", "same", "Same", "same", "é", "e\u0301", "z", "ä", "10", "9", "SAME"}
	for _, n := range names {
		w.template(w.env, "/", n)
	}
	w.template(w.other, "/", "foreign")
	all, err := w.Templates(w.ctx, w.env, tepin.List{})
	w.must(err)
	equal(w, *all.Total, int64(len(names)))

	var byName []string
	for _, v := range all.Items {
		byName = append(byName, string(v.ID))
	}
	for limit := 1; limit <= len(names)+1; limit++ {
		equal(w, fmt.Sprint(w.templateList(tepin.List{Limit: limit}, idOf)), fmt.Sprint(byName))
		down := w.templateList(tepin.List{Limit: limit, Desc: true}, idOf)
		slices.Reverse(down)
		equal(w, fmt.Sprint(down), fmt.Sprint(byName))
		byID := w.templateList(tepin.List{Limit: limit, SortBy: tepin.SortID}, idOf)
		if !slices.IsSorted(byID) || len(byID) != len(names) {
			w.Fatalf("by id: %v", byID)
		}
	}
	// Names that are equal but for case and normal form stand together; letters beyond
	// ASCII come behind those of it.
	got := w.templateList(tepin.List{}, func(v tepin.Template) string { return strings.ToLower(v.Name) })
	equal(w, strings.ReplaceAll(strings.Join(got, " "), "e\u0301", "é"), "10 9 a b same same same same z ä é é")
	page, err := w.Templates(w.ctx, w.env, tepin.List{Limit: tepin.MaxLimit * 10})
	w.must(err)
	equal(w, len(page.Items), len(names))
}

// A cursor points between rows: it stays right when rows come and go around it, also
// when the row that it was made of has gone.
func listStability(w *world) {
	made := map[string]tepin.Template{}
	for _, n := range []string{"a", "b", "c", "d", "e"} {
		made[n] = w.template(w.env, "/", n)
	}
	page, err := w.Templates(w.ctx, w.env, tepin.List{Limit: 2})
	w.must(err)
	_, err = w.DeleteTemplate(w.ctx, w.alice, w.env, made["b"].ID, false)
	w.must(err)
	w.template(w.env, "/", "aa") // behind the cursor
	w.template(w.env, "/", "cc") // before it
	rest := w.templateList(tepin.List{Limit: 2, After: page.Next}, nameOf)
	equal(w, fmt.Sprint(rest), "[c cc d e]")
}

func listSearch(w *world) {
	for _, n := range []string{"Summer Poster", "Winter poster 2026", "Über-Straße", "postcard", "日本語 テンプレート", "E\u0301te\u0301", "100%_off"} {
		w.template(w.env, "/", n)
	}
	foreign := w.template(w.other, "/", "Summer elsewhere")
	for search, want := range map[string]string{
		"":                  "7 rows",
		"post":              "postcard|Summer Poster|Winter poster 2026",
		"POSTER":            "Summer Poster|Winter poster 2026",
		"post sum":          "Summer Poster",
		"win 2026":          "Winter poster 2026",
		"oster":             "",
		"strasse":           "Über-Straße",
		"ÜBER":              "Über-Straße",
		"日本":                "日本語 テンプレート",
		"été":               "E\u0301te\u0301",
		"%":                 "",
		"100":               "100%_off",
		"off":               "100%_off",
		"'; DROP TABLE":     "",
		string(foreign.ID):  "",
		"summer elsewhere":  "",
		"  poster  winter ": "Winter poster 2026",
	} {
		got := w.templateList(tepin.List{Search: search, Limit: 1}, nameOf)
		if search == "" {
			equal(w, len(got), 7)
			continue
		}
		if strings.Join(got, "|") != want {
			w.Errorf("search %q: %q, want %q", search, got, want)
		}
	}
	one := w.template(w.env, "/", "by id")
	for _, id := range []string{string(one.ID), strings.ToUpper(string(one.ID))} {
		equal(w, fmt.Sprint(w.templateList(tepin.List{Search: id}, nameOf)), "[by id]")
	}
}

// A word that very many names have is searched in another way, with the same answer.
func listCommonWord(w *world) {
	env := w.other
	const rows = 2100
	for i := range rows {
		name := fmt.Sprintf("common %04d", i)
		if i%700 == 0 {
			name += " rare"
		}
		w.template(env, "/", name)
	}
	read := func(p tepin.List) (tepin.Page[tepin.Template], error) { return w.Templates(w.ctx, env, p) }
	got := walk(w, tepin.List{Search: "common", Limit: 500}, read, nameOf)
	equal(w, len(got), rows)
	equal(w, slices.IsSorted(got), true)
	equal(w, fmt.Sprint(walk(w, tepin.List{Search: "comm rare", Limit: 2}, read, nameOf)), "[common 0000 rare common 0700 rare common 1400 rare]")
}

func listFolders(w *world) {
	for _, f := range []string{"/", "/a", "/a/b", "/a/b/c", "/a-b", "/A/d", "/ab"} {
		w.template(w.env, f, "t")
	}
	for _, c := range []struct {
		folder    string
		recursive bool
		want      int
	}{{"", false, 7}, {"/", false, 1}, {"/", true, 7}, {"/a", false, 1}, {"/A/", false, 1}, {"/a", true, 4}, {"/a/b", true, 2}, {"/absent", true, 0}} {
		for _, sort := range []tepin.SortKey{tepin.SortName, tepin.SortRelativePath, tepin.SortID} {
			got := w.templateList(tepin.List{Folder: c.folder, Recursive: c.recursive, SortBy: sort, Limit: 2}, idOf)
			if len(got) != c.want {
				w.Errorf("folder %q, recursive %v, by %s: %d rows, want %d", c.folder, c.recursive, sort, len(got), c.want)
			}
		}
	}
	paths := w.templateList(tepin.List{SortBy: tepin.SortRelativePath, Limit: 3}, func(v tepin.Template) string { return v.Folder })
	equal(w, fmt.Sprint(paths), "[/ /a /a-b /a/b /a/b/c /a/d /ab]")
}

func text(w *world) {
	for _, bad := range []string{"a\x00b", "a\xffb"} {
		_, err := w.CreateTemplate(w.ctx, w.alice, tepin.Template{EnvironmentID: w.env, Name: bad, Document: w.blob(w.env)})
		w.is(tepin.Invalid, err)
		v := w.template(w.env, "/", "fine")
		_, err = w.UpdateTemplate(w.ctx, w.alice, w.env, v.ID, tepin.TemplateUpdate{Name: &bad})
		w.is(tepin.Invalid, err)
	}
	// The longest name of four bytes a character fits into every index, with a folder
	// as long; one that cannot be indexed is refused by both databases.
	long := ""
	for i := range 255 {
		long += string(rune(0x20000 + i*37))
	}
	w.template(w.env, long, long)
	_, err := w.CreateTemplate(w.ctx, w.alice, tepin.Template{EnvironmentID: w.env, Name: long + long, Document: w.blob(w.env)})
	w.is(tepin.Invalid, err)
	v := w.template(w.env, "/", "") // an empty name is the door's business, and no NULL
	got, err := w.Template(w.ctx, w.env, v.ID)
	w.must(err)
	equal(w, got.Name, "")
	weird := "\u202e 'quoted\" \\ $1 \n"
	v = w.template(w.env, "/", weird)
	got, err = w.Template(w.ctx, w.env, v.ID)
	w.must(err)
	equal(w, got.Name, weird)
}

// otherEnvironment asks for every kind of row in an environment that is not its own.
func otherEnvironment(w *world) {
	t := w.template(w.env, "/", "t")
	i, secret := w.integration(w.env, "i")
	task := w.task(w.alice, "task")
	p, err := w.CreateProject(w.ctx, w.alice, tepin.Project{EnvironmentID: w.env, Document: w.blob(w.env)})
	w.must(err)
	m, err := w.CreateMedia(w.ctx, w.alice, tepin.Media{EnvironmentID: w.env, Blob: w.blob(w.env)})
	w.must(err)
	w.must(w.CreateFontBatch(w.ctx, w.alice, w.env, "batch", []tepin.FontUpload{w.upload("F", "S")}))
	fonts, err := w.ConfirmFontBatch(w.ctx, w.alice, w.env, "batch")
	w.must(err)
	before := w.entries(string(w.other))
	for name, err := range map[string]error{
		"Template":          second(w.Template(w.ctx, w.other, t.ID)),
		"UpdateTemplate":    second(w.UpdateTemplate(w.ctx, w.admin, w.other, t.ID, tepin.TemplateUpdate{Name: ptr("x")})),
		"DeleteTemplate":    second(w.DeleteTemplate(w.ctx, w.admin, w.other, t.ID, false)),
		"Project":           second(w.Project(w.ctx, w.other, w.admin, p.ID)),
		"UpdateProject":     second(w.UpdateProject(w.ctx, w.admin, w.other, p.ID, tepin.ProjectUpdate{Name: ptr("x")})),
		"DeleteProject":     second(w.DeleteProject(w.ctx, w.admin, w.other, p.ID)),
		"MediaItem":         second(w.MediaItem(w.ctx, w.other, m.ID)),
		"DeleteMedia":       second(w.DeleteMedia(w.ctx, w.admin, w.other, m.ID, nil)),
		"FontStyle":         second(w.FontStyle(w.ctx, w.other, fonts[0].ID)),
		"FontFamily":        second(w.FontFamily(w.ctx, w.other, fonts[0].FamilyID)),
		"DeleteFontStyles":  w.DeleteFontStyles(w.ctx, w.admin, w.other, []tepin.FontStyleID{fonts[0].ID}),
		"Task":              second(w.Task(w.ctx, w.other, w.admin, task.ID)),
		"Integration":       second(w.Integration(w.ctx, w.other, i.ID)),
		"UpdateIntegration": second(w.UpdateIntegration(w.ctx, w.admin, w.other, i.ID, tepin.IntegrationUpdate{})),
		"DeleteIntegration": w.DeleteIntegration(w.ctx, w.admin, w.other, i.ID),
		"Secrets":           second(w.Secrets(w.ctx, w.other, i.ID)),
		"DeleteSecret":      w.DeleteSecret(w.ctx, w.admin, w.other, i.ID, secret.ID),
	} {
		if tepin.KindOf(err) != tepin.NotFound {
			w.Errorf("%s: %v", name, err)
		}
	}
	equal(w, len(w.entries(string(w.other))), len(before)) // nor was anything recorded
	_, err = w.Integration(w.ctx, w.env, i.ID)
	w.must(err)
}

func second[T any](_ T, err error) error { return err }

func (w *world) entries(chain string) []tepin.AuditEntry {
	w.Helper()
	list, err := w.AuditEntries(w.ctx, chain, 0, 10000)
	w.must(err)
	return list
}

func auditChain(w *world) {
	t := w.template(w.env, "/", "t")
	_, err := w.DeleteTemplate(w.ctx, w.bob, w.env, t.ID, false)
	w.must(err)
	_, err = w.DeleteTemplate(w.ctx, w.bob, w.env, t.ID, false) // refused: no line
	w.is(tepin.NotFound, err)
	list := w.entries(string(w.env))
	equal(w, len(list), 3)
	equal(w, list[0].Action, "environment.create") // so that no chain can be taken away unseen
	equal(w, list[2].Action, "template.delete")
	equal(w, list[2].Target, string(t.ID))
	equal(w, list[2].ActorName, "Bob")
	equal(w, list[2].At, w.clock.Now())
	equal(w, list[2].Detail, `{"name":"t"}`)
	chains, err := w.AuditChains(w.ctx)
	w.must(err)
	equal(w, slices.Contains(chains, store.InstanceChain) && slices.Contains(chains, string(w.env)), true)
	w.verifyChain(string(w.env))
	w.verifyChain(store.InstanceChain)
	_, err = w.AuditHead(w.ctx, "absent")
	w.is(tepin.NotFound, err)
	later, err := w.AuditEntries(w.ctx, string(w.env), 1, 1)
	w.must(err)
	equal(w, later[0].Seq, 2)
}

// verifyChain recomputes a chain from its first entry to its head.
func (w *world) verifyChain(chain string) {
	w.Helper()
	prev := []byte{}
	list := w.entries(chain)
	for i, e := range list {
		equal(w, e.Seq, int64(i+1))
		prev = store.AuditMAC(AuditKey, prev, e)
		equal(w, string(e.MAC), string(prev))
	}
	head, err := w.AuditHead(w.ctx, chain)
	w.must(err)
	equal(w, head.Seq, int64(len(list)))
	equal(w, string(head.MAC), string(prev))
}

func auditConcurrent(w *world) {
	together(10, func(n int) {
		for range 4 {
			ref := tepin.BlobRef{Key: string(w.env) + "/" + tepin.NewID[string]()}
			if err := w.ReserveBlob(w.ctx, w.env, ref.Key); err != nil {
				w.Error(err)
				return
			}
			if _, err := w.CreateTemplate(w.ctx, w.alice, tepin.Template{EnvironmentID: w.env, Name: fmt.Sprint(n), Document: ref}); err != nil {
				w.Error(err)
			}
		}
	})
	equal(w, len(w.entries(string(w.env))), 41) // with its creation
	w.verifyChain(string(w.env))
}

// A caller that goes away leaves nothing behind.
func cancelled(w *world) {
	ctx, cancel := context.WithTimeout(w.ctx, time.Hour)
	cancel()
	ref := w.blob(w.env)
	_, err := w.CreateTemplate(ctx, w.alice, tepin.Template{EnvironmentID: w.env, Name: "x", Document: ref})
	if !errors.Is(err, context.Canceled) {
		w.Fatalf("written for a caller that is gone: %v", err)
	}
	_, err = w.CreateTemplate(w.ctx, w.alice, tepin.Template{EnvironmentID: w.env, Name: "x", Document: ref})
	w.must(err)
}
