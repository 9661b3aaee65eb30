package console_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/sample"
)

// pictureFile is a PNG of one colour and what is clear.
func pictureFile(t testing.TB, name string, c color.Color) string {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 320, 200))
	for y := range 200 {
		for x := 40; x < 280; x++ {
			img.Set(x, y, c)
		}
	}
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err == nil {
		err = png.Encode(f, img)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// fill gives the rig's environment things to show on the shelves.
func (r *rig) fill() {
	r.t.Helper()
	ctx := r.t.Context()
	_, picture := sample.Media()
	document := sample.Template(nil, "")
	for name, folder := range map[string]string{"Harbour at dusk": "/", "Ridge behind ridge in the blue haze of an evening in October": "/", "Logo": "/Brand", "afterglow": "/Campaigns/2026"} {
		if _, err := r.assets.CreateMedia(ctx, r.admin, r.env.ID, asset.Upload{Folder: folder, Name: name, FileName: "a.jpg", Bytes: bytes.NewReader(picture)}); err != nil {
			r.t.Fatal(err)
		}
	}
	for name, folder := range map[string]string{"Summer poster": "/", "Flyer, A5": "/Print"} {
		ref, err := r.assets.PutDocument(ctx, r.env.ID, document)
		if err != nil {
			r.t.Fatal(err)
		}
		tpl, err := r.Store.CreateTemplate(ctx, r.admin, tepin.Template{EnvironmentID: r.env.ID, Name: name, Folder: folder, Document: ref})
		if err != nil {
			r.t.Fatal(err)
		}
		ref, err = r.assets.PutDocument(ctx, r.env.ID, document)
		if err == nil {
			_, err = r.Store.CreateProject(ctx, r.admin, tepin.Project{EnvironmentID: r.env.ID, Name: name + " for Antwerp", TemplateID: tpl.ID, Document: ref})
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

// fontFiles are the sample's fonts as files.
func fontFiles(t testing.TB) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range sample.Fonts() {
		path := filepath.Join(dir, f.Family+"-"+f.Style+".ttf")
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// TestFontsInBrowser uploads fonts, looks at what they are before they are added, looks
// at a family, and deletes.
func TestFontsInBrowser(t *testing.T) {
	r := newRig(t)
	b := r.tab(t)
	b.Look(1280, 800, "light")
	b.signIn()
	fonts := "/environments/" + string(r.env.ID) + "/fonts"
	b.open(fonts)
	b.See(".empty")
	files := fontFiles(t)
	b.Do(chromedp.SetUploadFiles(chromedp.CSS("#files"), files))
	b.See("#font-dialog")
	b.Save("font-upload-light-1280")
	b.Click("#confirm-fonts")
	b.Gone("#font-dialog")
	b.Says("[data-test=said]", strconv.Itoa(len(files))+" font styles are added.")
	b.Wait(`[...document.querySelectorAll('.family img')].every((img) => img.classList.contains('there'))`)
	b.Save("fonts-light-1280")
	b.Look(360, 740, "dark")
	b.Save("fonts-dark-360")
	b.Look(1280, 800, "light")

	// The same again: each is refused, and nothing is lost.
	b.Do(chromedp.SetUploadFiles(chromedp.CSS("#files"), files[:1]))
	b.See("#font-dialog [data-test=uploaded-font].bad")
	b.Keys(kb.Escape)
	b.Gone("#font-dialog")

	b.Do(chromedp.Focus(chromedp.CSS("[data-test=family] a")))
	b.Keys(kb.Enter)
	b.See("#panel")
	b.Wait(`[...document.querySelectorAll('#panel img')].every((img) => img.classList.contains('there'))`)
	b.Save("font-family-light-1280")
	before := eval[int](b, `document.querySelectorAll('[data-test=family]').length`)
	b.Click("#delete-family")
	b.See("[data-test=said]")
	b.Wait(`document.querySelectorAll('[data-test=family]').length === ` + strconv.Itoa(before-1))
	b.Click("#undo")
	b.See("#panel")
	b.Click("[data-test=style] .danger")
	b.Says("[data-test=said]", "is deleted.")
	b.Click("#tab-deleted")
	b.Click("[data-test=deletion] button")
	b.See("[data-test=style]")
	b.quiet("4")
}

// first is the id of the first thing of a kind.
func (r *rig) first(kind string) string {
	r.t.Helper()
	ctx, l := r.t.Context(), tepin.List{Limit: 1}
	var err error
	var id string
	switch kind {
	case "media":
		p, e := r.Store.MediaList(ctx, r.env.ID, l)
		id, err = string(p.Items[0].ID), e
	case "template":
		p, e := r.Store.Templates(ctx, r.env.ID, l)
		id, err = string(p.Items[0].ID), e
	case "project":
		p, e := r.Store.Projects(ctx, r.env.ID, r.admin, l)
		id, err = string(p.Items[0].ID), e
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// TestMediaInBrowser uploads, by the button and by dropping, looks at what came, renames,
// deletes and takes that back, and keeps folders.
func TestMediaInBrowser(t *testing.T) {
	r := newRig(t)
	b := r.tab(t)
	b.Look(1280, 800, "light")
	b.signIn()
	media := "/environments/" + string(r.env.ID) + "/media"

	// A folder, by keyboard.
	b.open(media)
	b.See(".empty")
	b.Do(chromedp.Focus(chromedp.CSS("#new-folder")))
	b.Keys(kb.Enter)
	b.See("#folder-dialog")
	b.focusOn("name")
	b.Keys("a/b" + kb.Enter)
	b.See("[data-test=name-error] svg, [data-test=form-message]")
	eval[chromedp.Void](b, `document.querySelector('#name').select()`)
	b.Keys("Été 2026" + kb.Enter)
	b.Gone("#folder-dialog")
	b.Says(".path", "Été 2026")

	// Two files: one is a picture, the other only says so.
	broken := filepath.Join(t.TempDir(), "broken.png")
	if err := os.WriteFile(broken, []byte("not a picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.Do(chromedp.SetUploadFiles(chromedp.CSS("#files"), []string{pictureFile(t, "Red.PNG", color.NRGBA{200, 30, 20, 255}), broken}))
	b.See("#uploads-list li.ok")
	b.See("#uploads-list li.bad")
	b.See("[data-test=item]")
	b.Wait(`document.querySelector('.item-card img').classList.contains('there')`)
	b.Save("media-uploaded-light-1280")
	if n := eval[int](b, `document.querySelectorAll('[data-test=item]').length`); n != 1 {
		t.Errorf("%d items", n)
	}

	// Dropped.
	eval[chromedp.Void](b, `(() => {
		const data = new DataTransfer();
		data.items.add(new File([new Uint8Array([`+bytesOf(t, pictureFile(t, "Blue.png", color.NRGBA{20, 60, 200, 255}))+`])], 'Blue.png', { type: 'image/png' }));
		for (const type of ['dragenter', 'dragover', 'drop']) document.querySelector('#view').dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }));
	})()`)
	b.Wait(`document.querySelectorAll('[data-test=item]').length === 2`)
	b.Click("#uploads-close")

	// The panel: rename; Escape leads back to the card.
	b.Do(chromedp.Focus(chromedp.CSS("[data-test=item] a")))
	b.Keys(kb.Enter)
	b.See("#panel")
	b.Wait(`document.querySelector('.picture.large img').classList.contains('there')`)
	b.Save("media-item-light-1280")
	b.Fill("#item-name", "Cobalt")
	b.Click("#save-item")
	b.Says("#panel-title", "Cobalt")
	b.Keys(kb.Escape)
	b.Gone("#panel")

	// Deleted, and taken back.
	b.Click("[data-test=item] a")
	b.See("#delete-item")
	b.Click("#delete-item")
	b.See("#undo")
	b.Says("[data-test=said]", "“Cobalt” is deleted.")
	b.Wait(`document.querySelectorAll('[data-test=item]').length === 1`)
	b.Do(chromedp.Focus(chromedp.CSS("#undo")))
	b.Keys(kb.Enter)
	b.Wait(`document.querySelectorAll('[data-test=item]').length === 2`)
	b.Says("#panel-title", "Cobalt")
	b.Keys(kb.Escape)
	b.Gone("#panel")

	// The folder goes with what is in it only when asked twice; from "Deleted" it comes back.
	b.Click("#edit-folder")
	b.See("#delete-folder")
	b.Click("#delete-folder")
	b.Says("#delete-folder", "it all")
	b.Save("folder-delete-light-1280")
	b.Click("#delete-folder")
	b.See("[data-test=said]")
	b.Click("#tab-deleted")
	b.See("[data-test=deletion]")
	b.Click("[data-test=deletion] button")
	b.See("#panel")
	b.quiet("4") // of the file that is no picture, and of forms that were refused
}

// bytesOf is a file as the numbers of a JavaScript array.
func bytesOf(t testing.TB, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, c := range raw {
		out.WriteString(strconv.Itoa(int(c)) + ",")
	}
	return out.String()
}
