package console

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
)

// fontsPage is what fonts.html shows, with a family at its right in font-family.html, or
// an upload over it in font-upload.html.
type fontsPage struct {
	Path    string
	Place   place
	Rows    []tepin.FontFamily
	Next    string
	Notice  notice
	Writing bool // the visitor may change what is here
	Family  *fontFamily
	Upload  *fontUpload
}

// Here is the address of what is looked at.
func (p fontsPage) Here() string { return p.Path + p.Place.Query() }

// FamilyPath is the address of a family, in this place.
func (p fontsPage) FamilyPath(id tepin.FontFamilyID) string {
	return p.Path + "/" + string(id) + p.Place.Query()
}

// fontFamily is a family with its styles.
type fontFamily struct {
	tepin.FontFamily
	Styles []tepin.FontStyle
}

// fontUpload is a batch of files that waits to be confirmed.
type fontUpload struct {
	Action string
	Rows   []tepin.FontUpload
	Form   form
	Good   int // how many can become fonts
}

// Size is a number of bytes in words.
func (fontFamily) Size(n int64) string { return size(n) }

func (c *Console) fontRoutes() []route {
	const at = "/environments/{environment}/fonts"
	return []route{
		{"GET " + at, anybody, c.fonts},
		{"POST " + at, staff, c.receiveFonts},
		{"GET " + at + "-uploads/{batch}", staff, c.showFontUpload},
		{"POST " + at + "-uploads/{batch}", staff, c.confirmFonts},
		{"GET " + at + "/{family}", anybody, c.fontFamily},
		{"GET " + at + "/{family}/picture", anybody, c.familyPicture},
		{"GET " + at + "/{family}/styles/{style}/picture", anybody, c.fontPicture},
		{"POST " + at + "/{family}/delete", staff, c.deleteFamily},
		{"POST " + at + "/{family}/restore", staff, c.restoreFamily},
		{"GET " + at + "/{family}/styles/{style}/file", anybody, c.downloadFont},
		{"POST " + at + "/{family}/styles/{style}/delete", staff, c.deleteFont},
	}
}

// fontsPage reads the page of the list that the address names.
func (c *Console) fontsPage(v *visit) (environmentPage, *fontsPage, error) {
	p, err := c.environment(v, "fonts")
	if err != nil {
		return p, nil, err
	}
	v.env = p.Environment
	page := &fontsPage{Path: p.Path() + "/fonts", Writing: v.roles.Any(staff.roles)}
	p.Fonts = page
	if page.Place, err = placeOf(v.r); err != nil {
		return p, nil, err
	}
	l := page.Place.list()
	l.Folder = ""
	if page.Place.Page != "" {
		if l, err = c.tokens.Open(page.Place.Page, v.env.ID, v.actor, "console/fonts"); err != nil {
			return p, nil, err
		}
	}
	rows, err := c.store.FontFamilies(v.r.Context(), v.env.ID, l)
	if err != nil {
		return p, nil, err
	}
	page.Rows = rows.Items
	if rows.Next != nil {
		l.After = rows.Next
		page.Next = page.Path + page.Place.On(c.tokens.Seal(v.env.ID, v.actor, "console/fonts", l)).Query()
	}
	return p, page, nil
}

func (c *Console) fonts(v *visit) error {
	p, page, err := c.fontsPage(v)
	if err != nil {
		return err
	}
	page.Notice = v.notice()
	return c.render(v, http.StatusOK, "fonts", "Fonts, "+v.env.Name, p)
}

func (c *Console) fontFamily(v *visit) error {
	p, page, err := c.fontsPage(v)
	if err != nil {
		return err
	}
	ctx, id := v.r.Context(), tepin.FontFamilyID(v.r.PathValue("family"))
	f, err := c.store.FontFamily(ctx, v.env.ID, id)
	if err != nil {
		return err
	}
	styles, err := c.store.FontStyles(ctx, v.env.ID, id, tepin.List{Limit: maxRows})
	if err != nil {
		return err
	}
	page.Family = &fontFamily{FontFamily: f, Styles: styles.Items}
	page.Notice = v.notice()
	return c.render(v, http.StatusOK, "font-family", f.Name+", "+v.env.Name, p)
}

// receiveFonts takes the files of a form as a batch, which is then looked at.
func (c *Console) receiveFonts(v *visit) error {
	p, err := c.environment(v, "fonts")
	if err != nil {
		return err
	}
	next := func() (asset.FontFile, error) {
		part, err := v.nextFile()
		if err != nil {
			return asset.FontFile{}, err
		}
		return asset.FontFile{Name: part.FileName(), Bytes: part}, nil
	}
	batch, files, err := c.files.UploadFonts(v.r.Context(), v.actor, p.Environment.ID, next)
	if errors.Is(err, io.EOF) || err == nil && len(files) == 0 {
		err = tepin.Errorf(tepin.Invalid, "No file was chosen. Choose one.")
	}
	if err != nil {
		return err
	}
	path := p.Path() + "/fonts-uploads/" + string(batch)
	if v.byScript() {
		return v.uploaded("", path)
	}
	return v.goTo(path)
}

// fontUploadPage reads the batch of the address.
func (c *Console) fontUploadPage(v *visit) (environmentPage, *fontUpload, error) {
	p, page, err := c.fontsPage(v)
	if err != nil {
		return p, nil, err
	}
	batch := tepin.FontBatchID(v.r.PathValue("batch"))
	rows, err := c.store.FontBatch(v.r.Context(), v.env.ID, batch)
	if err != nil {
		return p, nil, err
	}
	up := &fontUpload{Action: page.Path + "-uploads/" + string(batch), Rows: rows}
	for _, r := range rows {
		if len(r.Problems) == 0 {
			up.Good++
		}
	}
	page.Upload = up
	return p, up, nil
}

func (c *Console) showFontUpload(v *visit) error {
	p, _, err := c.fontUploadPage(v)
	if err != nil {
		return err
	}
	return c.render(v, http.StatusOK, "font-upload", "Add fonts, "+v.env.Name, p)
}

// confirmFonts gives the files the names that were typed, and makes fonts of them.
func (c *Console) confirmFonts(v *visit) error {
	p, up, err := c.fontUploadPage(v)
	if err != nil {
		return err
	}
	ctx, batch := v.r.Context(), tepin.FontBatchID(v.r.PathValue("batch"))
	for _, row := range up.Rows {
		family, style := strings.TrimSpace(v.r.PostForm.Get("family-"+string(row.ID))), strings.TrimSpace(v.r.PostForm.Get("style-"+string(row.ID)))
		if len(row.Problems) > 0 && family == "" || family == row.FamilyName && style == row.Name {
			continue
		}
		if err = c.store.UpdateFontUpload(ctx, v.actor, v.env.ID, batch, row.ID, family, style); err != nil {
			break
		}
	}
	var made []tepin.FontStyle
	if err == nil {
		made, err = c.store.ConfirmFontBatch(ctx, v.actor, v.env.ID, batch)
	}
	if refusal(err) {
		if p, up, err2 := c.fontUploadPage(v); err2 == nil {
			up.Form = refused(err)
			return c.render(v, http.StatusUnprocessableEntity, "font-upload", "Add fonts, "+p.Environment.Name, p)
		}
	}
	if err != nil {
		return err
	}
	v.leaveNotice(notice{Text: plural(len(made), "font style is added.", "font styles are added.")})
	return v.goTo(p.Fonts.Path)
}

func (c *Console) deleteFamily(v *visit) error {
	p, page, err := c.fontsPage(v)
	if err != nil {
		return err
	}
	f, err := c.store.FontFamily(v.r.Context(), p.Environment.ID, tepin.FontFamilyID(v.r.PathValue("family")))
	if err != nil {
		return err
	}
	if err := c.store.DeleteFontFamilies(v.r.Context(), v.actor, v.env.ID, []tepin.FontFamilyID{f.ID}); err != nil {
		return err
	}
	v.leaveNotice(notice{Text: "“" + f.Name + "” is deleted.", Undo: page.Path + "/" + string(f.ID) + "/restore" + page.Place.Query()})
	return v.goTo(page.Here())
}

func (c *Console) restoreFamily(v *visit) error {
	p, err := c.environment(v, "fonts")
	if err != nil {
		return err
	}
	f, err := c.store.RestoreFontFamily(v.r.Context(), v.actor, p.Environment.ID, tepin.FontFamilyID(v.r.PathValue("family")))
	if err != nil {
		return err
	}
	return v.goTo(p.Path() + "/fonts/" + string(f.ID))
}

func (c *Console) deleteFont(v *visit) error {
	p, page, err := c.fontsPage(v)
	if err != nil {
		return err
	}
	id := tepin.FontStyleID(v.r.PathValue("style"))
	f, err := c.store.FontStyle(v.r.Context(), v.env.ID, id)
	if err != nil {
		return err
	}
	if err := c.store.DeleteFontStyles(v.r.Context(), v.actor, v.env.ID, []tepin.FontStyleID{id}); err != nil {
		return err
	}
	v.leaveNotice(notice{Text: "“" + f.FamilyName + " " + f.Name + "” is deleted.", Undo: p.Path() + "/deleted/font_style/" + string(f.ID)})
	return v.goTo(page.Here())
}

func (c *Console) downloadFont(v *visit) error {
	p, err := c.environment(v, "fonts")
	if err != nil {
		return err
	}
	v.env = p.Environment
	f, err := c.store.FontStyle(v.r.Context(), v.env.ID, tepin.FontStyleID(v.r.PathValue("style")))
	if err != nil {
		return err
	}
	return c.serve(v, f.Blob, f.FileName, "font/"+f.Extension)
}

// familyPicture shows a family by a line of its letters.
func (c *Console) familyPicture(v *visit) error {
	p, err := c.environment(v, "fonts")
	if err != nil {
		return err
	}
	v.env = p.Environment
	found, err := c.store.FontFamily(v.r.Context(), v.env.ID, tepin.FontFamilyID(v.r.PathValue("family")))
	if err != nil {
		return err
	}
	f, err := c.preview.FontFamily(v.r.Context(), found, tepin.PreviewLine)
	return c.showPicture(v, f, err)
}

func (c *Console) fontPicture(v *visit) error {
	p, err := c.environment(v, "fonts")
	if err != nil {
		return err
	}
	v.env = p.Environment
	found, err := c.store.FontStyle(v.r.Context(), v.env.ID, tepin.FontStyleID(v.r.PathValue("style")))
	if err != nil {
		return err
	}
	f, err := c.preview.FontStyle(v.r.Context(), found, tepin.PreviewLine)
	return c.showPicture(v, f, err)
}
