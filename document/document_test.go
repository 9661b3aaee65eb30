package document

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/text"
)

func load(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func parse(t testing.TB, raw []byte) *Document {
	t.Helper()
	d, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func pages(t testing.TB, d *Document, layout string, values map[string]any) ([]render.Page, []render.Issue) {
	t.Helper()
	p, issues, err := d.Pages(layout, values)
	if err != nil {
		t.Fatal(err)
	}
	return p, issues
}

// wordsOf writes paragraphs as text: runs apart by |, paragraphs by /.
func wordsOf(paragraphs []text.Paragraph) string {
	var all []string
	for _, p := range paragraphs {
		var runs []string
		for _, r := range p.Runs {
			runs = append(runs, r.Text)
		}
		all = append(all, strings.Join(runs, "|"))
	}
	return strings.Join(all, "/")
}

func box(f render.Frame) string {
	return fmt.Sprintf("%.6g %.6g %.6g %.6g", f.X, f.Y, f.Width, f.Height)
}

func TestGenerations(t *testing.T) {
	for _, test := range []struct {
		name   string
		width  float64
		frames string // name: place text
		issues int
		assets string
	}{
		{"a", 300, "Sky: 0 0 300 250; Title: 20 30 260 60 Hello world", 0, ""},
		{"b", 300, "Text: 5 6 100 50 Good morning!/; Empty: 5 100 100 50; Logo: 150 100 100 50", 0,
			"font Plain Plain; image url::https://example.com/logo.png "},
		{"c", 300, "Panel: 10 12 280 176; Riddle: 20 20 260 160 What has keys\u2028but opens nothing?/A piano", 0, ""},
		{"d", 728, "Picture: 10 20 200 50; Logo: 600 10 60 60; Head: 300 10 200 40 FRUIT: ", 0,
			"image dam::asset-1 asset-1; image dam::asset-7 asset-7; font grafx-fonts::fam::bold bold"},
		{"e", 425.196, "Back: 10 92.732 395.196 100; Message: 42.5196 197.732 276.377 40 » One\u2028two/three/Donnerstag 5 März 2026; Note: 388.196 3 30 30", 1,
			"font grafx-fonts::f::b b; font grafx-fonts::f::r r"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := parse(t, load(t, test.name))
			got, issues := pages(t, d, "", nil)
			if len(got) != 1 || math.Abs(got[0].Width-test.width) > 1e-9 {
				t.Fatalf("pages: %+v", got)
			}
			var frames []string
			for _, f := range got[0].Frames {
				s := f.Name + ": " + box(f)
				if f.Text != nil {
					s += " " + wordsOf(f.Text.Paragraphs)
				}
				frames = append(frames, s)
			}
			if diff := cmp.Diff(test.frames, strings.Join(frames, "; ")); diff != "" {
				t.Error(diff)
			}
			if len(issues) != test.issues {
				t.Errorf("issues: %v", issues)
			}
			var assets []string
			for _, a := range d.Assets("") {
				assets = append(assets, a.Kind+" "+a.Key+" "+a.ID)
			}
			if diff := cmp.Diff(test.assets, strings.Join(assets, "; ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOldestColoursAndUnits(t *testing.T) {
	got, _ := pages(t, parse(t, load(t, "a")), "", nil)
	if fill := got[0].Frames[0].Shape.Fill; fill == nil || fill.Alpha != 0.5 {
		t.Errorf("fill: %+v; opacity 50 means half", fill)
	}
	p := got[0].Frames[1].Text.Paragraphs[0]
	if math.Abs(p.IndentStart-28.3464567) > 1e-6 || p.Align != text.Center || p.Runs[0].Size != 42 {
		t.Errorf("paragraph: %+v", p)
	}
}

func TestFrameDetails(t *testing.T) {
	c, _ := pages(t, parse(t, load(t, "c")), "", nil)
	panel, riddle := c[0].Frames[0].Shape, c[0].Frames[1]
	if panel.Radii != [4]float64{8, 0, 4, 2} || panel.StrokeWidth != 1 || panel.Fill.Alpha != 0.5 || panel.Stroke.V[1] != 0.8 {
		t.Errorf("panel: %+v", panel)
	}
	if f := riddle.Text; riddle.Rotation != 7.5 || f.Columns != 2 || f.ColumnGap != 5 || f.Vertical != text.Middle || !f.Clip || f.Padding.Left != 3 || f.CopyfitMin != 10 || f.CopyfitMax != 1000 {
		t.Errorf("riddle: %+v", riddle.Text)
	}
	if second := riddle.Text.Paragraphs[1]; second.Align != text.Center || !second.Runs[0].Underline || second.Runs[0].Size != 20 {
		t.Errorf("second paragraph: %+v", second)
	}
	if *c[0].Background != color.FromRGB8(255, 255, 255) {
		t.Errorf("background: %+v", c[0].Background)
	}

	e, issues := pages(t, parse(t, load(t, "e")), "L1", nil)
	if e[0].Background != nil || e[0].Bleed != (render.Edges{Top: 8.503, Right: 8.503, Bottom: 8.503, Left: 8.503}) {
		t.Errorf("page: %+v", e[0])
	}
	back, msg, note := e[0].Frames[0], e[0].Frames[1].Text, e[0].Frames[2]
	if back.Opacity != 0.8 || back.Shape.Outline != render.Ellipse || back.Shape.Fill.Alpha != 0.5 || math.Abs(back.Shape.Fill.V[0]-0.2) > 1e-9 || math.Abs(back.Shape.Fill.V[2]-0.6) > 1e-9 {
		t.Errorf("back: %+v %+v", back, back.Shape.Fill)
	}
	if s := note.Shape; s.Sides != 6 || s.Fill.Space != color.Spot || s.Fill.Name != "Gold" || note.Rotation != -12 {
		t.Errorf("note: %+v", note.Shape)
	}
	first := msg.Paragraphs[0]
	if first.IndentStart != 2 || first.SpaceAfter != 4 || first.Runs[0].Font != "grafx-fonts::f::b" || first.Runs[0].Tracking != 50 || msg.CopyfitMin != 50 || msg.CopyfitMax != 120 {
		t.Errorf("message: %+v", first)
	}
	if len(issues) != 1 || issues[0].Type != "Unsupported" || issues[0].FrameID != "code" {
		t.Errorf("issues: %v", issues)
	}
}

func TestInheritance(t *testing.T) {
	d := parse(t, load(t, "d"))
	for _, test := range []struct{ layout, size, frames string }{
		{"wide", "728 90", "Picture: 10 20 200 50; Logo: 600 10 60 60; Head: 300 10 200 40"},
		{"tall", "160 600", "Picture: 0 300 200 50; Head: 300 10 200 40"},
		{"tiny", "160 100", "Picture: 0 300 40 50; Logo: 600 10 60 60; Head: 300 10 200 40"},
	} {
		got, _ := pages(t, d, test.layout, nil)
		var frames []string
		for _, f := range got[0].Frames {
			frames = append(frames, f.Name+": "+box(f))
		}
		if size := fmt.Sprint(got[0].Width, got[0].Height); size != test.size || strings.Join(frames, "; ") != test.frames {
			t.Errorf("%s: %s, %s", test.layout, size, strings.Join(frames, "; "))
		}
		if bg := got[0].Background; bg == nil || bg.Space != color.CMYK || bg.Alpha != 0.25 {
			t.Errorf("%s: background %+v is not the parent's", test.layout, bg)
		}
	}
	want := []LayoutInfo{{"tall", "Tall", "digitalStatic", false}, {"wide", "Wide", "digitalStatic", true}, {"tiny", "Tiny", "digitalStatic", false}}
	if diff := cmp.Diff(want, d.Layouts()); diff != "" {
		t.Error(diff)
	}
	got, _ := pages(t, d, "wide", nil)
	picture, logo := got[0].Frames[0].Image, got[0].Frames[1].Image
	if picture.Fit != render.FitFit || picture.Key != "dam::asset-1" {
		t.Errorf("picture: %+v", picture)
	}
	if logo.Fit != render.FitCrop || logo.Crop != (render.Crop{X: -10, Y: -5, Width: 90, Height: 80, Rotation: 15}) {
		t.Errorf("logo: %+v", logo)
	}
}

func TestProjectPageSize(t *testing.T) {
	raw := strings.Replace(string(load(t, "e")), `"type":"template"`, `"type":"project","templateId":"T"`, 1)
	raw = strings.Replace(raw, `"number":0,`, `"number":0,"width":200000,"height":100000,`, 1)
	d := parse(t, []byte(raw))
	got, _ := pages(t, d, "", nil)
	if got[0].Width != 200 || box(got[0].Frames[0]) != "10 1 170 100" {
		t.Errorf("page %v × %v, frame %s: anchors must follow the page", got[0].Width, got[0].Height, box(got[0].Frames[0]))
	}
	if s := d.Summary(); s != (Summary{Type: "project", TemplateID: "T", Version: "0.23.0", Pages: 2, Layouts: 1, Variables: 2}) {
		t.Errorf("summary: %+v", s)
	}
}

func TestRefused(t *testing.T) {
	layouts := func(s string) string { return `{"documentVersion":"0.23.0","layouts":[` + s + `]}` }
	for _, test := range []struct{ raw, want string }{
		{``, "malformed JSON at line 1, column 1: the text ends where a value was expected"},
		{`{"a":1,}`, "malformed JSON at line 1, column 8: a key in double quotes was expected"},
		{"{\n\"a\":[1 2]}", "malformed JSON at line 2, column 8: a comma or ']' was expected"},
		{`{"a":tru}`, "a value was expected"},
		{`{"a":"\x"}`, "unknown escape"},
		{"{\"a\":\"\x01\"}", "a control character stands in a string"},
		{`{"a":01}`, "a comma or '}' was expected"},
		{`{"a":1} x`, "nothing was expected after the document's end"},
		{"{\"a\":\"\xff\"}", "the document is not valid UTF-8 at byte 6"},
		{`[]`, "$: expected an object, found an array"},
		{layouts(`{"id":"a","width":"wide"}`), `$.layouts[0].width: expected a length`},
		{layouts(`{"id":"a","width":true}`), "$.layouts[0].width: expected a number, found a boolean"},
		{layouts(`{"id":"a","width":1e999}`), "$.layouts[0].width: the number is out of range"},
		{layouts(`{"name":"a"}`), `$.layouts[0]: expected a member "id", found none`},
		{layouts(`{"id":"a"},{"id":"a"}`), `$.layouts[1].id: two layouts have the id "a"`},
		{layouts(`{"id":"a","parentId":"b"}`), `$.layouts[0].parentId: there is no layout with the id "b"`},
		{layouts(`{"id":"a","parentId":"b"},{"id":"b","parentId":"a"}`), "$.layouts[0].parentId: the layout is its own ancestor"},
		{layouts(`{"id":"a","frameProperties":[{"id":"f","horizontal":{"type":"sideways"}}]}`), `$.layouts[0].frameProperties[0].horizontal: expected an anchor of type`},
		{`{"pages":[{"id":"p","frames":[{"id":"f","type":"image","src":{"type":"fax"}}]}]}`, `$.pages[0].frames[0].src.type: expected an image source`},
		{`{"pages":[{"id":"p","frames":[{"id":"f","type":"text","textContent":[{"type":"paragraph","style":{"color":{"type":"local","color":{"type":"mud"}}}}]}]}]}`, `$.pages[0].frames[0].textContent[0].style.color.color: expected a colour of type`},
		{`{"variables":[{"id":"v","type":"number","value":"many"}]}`, "$.variables[0].value: expected a number, found a string"},
		{`{"variables":[{"id":"v","type":"date","value":"5 March"}]}`, "$.variables[0].value: expected a date as yyyy-MM-dd"},
		{`{"some key":{},"pages":{"a b":1}}`, "$.pages: expected an array, found an object"},
		{`{"pages":[` + strings.Repeat(`{"id":"p"},`, 50) + `{"id":"p"}]}`, "$.pages: 51 pages; the limit is 50"},
	} {
		_, err := Parse([]byte(test.raw))
		if err == nil || !strings.Contains(err.Error(), test.want) || tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%.80s\n got %v\nwant %s", test.raw, err, test.want)
		}
	}
}

func TestTolerated(t *testing.T) {
	for _, raw := range []string{
		`{}`, ` {"pages":null,"layouts":[null]} `, "\ufeff{}",
		`{"documentVersion":"0.99.1","newThing":[{"x":{}}]}`,
		`{"selectedLayoutId":"a","selectedLayoutId":"b","layouts":[{"id":"b"}]}`,
		`{"pages":[{"id":"p","frames":[{"id":"f","type":"hologram"}]}]}`,
		`{"variables":[{"id":"v","type":"mood","name":"m","value":{"x":1}}]}`,
	} {
		if _, err := Parse([]byte(raw)); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
	d := parse(t, []byte(`{"layouts":[{"id":"a"},{"id":"b","id":"c"}],"selectedLayoutId":"a","selectedLayoutId":"c"}`))
	if l := d.defaultLayout(); l == nil || l.id != "c" {
		t.Errorf("default layout %+v; of repeated members the last counts", l)
	}
}

func TestUnresolvable(t *testing.T) {
	circle := func(kind string) string {
		return `{"documentVersion":"0.23.0","pages":[{"id":"p","frames":[{"id":"a","type":"shape"},{"id":"b","type":"shape"}]}],"layouts":[{"id":"l","width":1,"height":1,"frameProperties":[` +
			`{"id":"a","` + kind + `":{"type":"start","offset":0,"target":{"type":"frame","frameId":"b","edge":"end"}}},` +
			`{"id":"b","` + kind + `":{"type":"startAndEnd","start":0,"end":0,"startTarget":{"type":"page"},"endTarget":{"type":"frame","frameId":"a","edge":"start"}}}]}]}`
	}
	for _, test := range []struct{ raw, layout, want string }{
		{`{}`, "", "the document has no layout"},
		{`{"layouts":[{"id":"l"}]}`, "x", `the document has no layout with the id "x"; the default one is "l"`},
		{`{"layouts":[{"id":"l","width":1,"height":1}]}`, "", "the document has no visible page"},
		{`{"layouts":[{"id":"l","name":"Big","width":1}],"pages":[{"id":"p"}]}`, "", `layout "Big" needs a width and a height above 0`},
		{circle("horizontal"), "", "frames are anchored in a circle: a → b → a"},
		{circle("vertical"), "", "frames are anchored in a circle: a → b → a"},
	} {
		_, _, err := parse(t, []byte(test.raw)).Pages(test.layout, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) || tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%.60s: got %v, want %s", test.raw, err, test.want)
		}
	}
}

// Documents made to hurt are refused fast and without running away.
func TestHostile(t *testing.T) {
	nested := func(open, end string, n int) string { return strings.Repeat(open, n) + strings.Repeat(end, n) }
	for _, test := range []struct {
		name, raw string
		kind      tepin.Kind
	}{
		{"10,000 deep", nested(`[`, `]`, 10_000), tepin.Invalid},
		{"10,000 objects deep", nested(`{"a":`, `}`, 10_000), tepin.Invalid},
		{"20 MB of zeros", "[" + strings.Repeat("0,", 10<<20-2) + "0]", tepin.TooLarge},
		{"too big", strings.Repeat(" ", tepin.MaxDocument+1), tepin.TooLarge},
		{"never ends", `{"a":"` + strings.Repeat("x", 19<<20), tepin.Invalid},
		{"a million keys", `{"layouts":[{"id":"l","frameProperties":[{"id":"f",` + strings.Repeat(`"k":0,`, 1_900_000) + `"x":true}]}]}`, tepin.Invalid},
		{"million tokens", `{"pages":[{"id":"p","frames":[{"id":"f","type":"text","textContent":[` + strings.Repeat(`{"type":"span"},`, 500_000) + `{}]}]}]}`, tepin.Invalid},
	} {
		start := time.Now()
		_, err := Parse([]byte(test.raw))
		if tepin.KindOf(err) != test.kind {
			t.Errorf("%s: %v", test.name, err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s took %v", test.name, took)
		} else {
			t.Logf("%s: %v (%v)", test.name, took, err)
		}
	}
}

func TestTextIsBounded(t *testing.T) {
	raw := `{"layouts":[{"id":"l","width":1,"height":1,"frameProperties":[{"id":"f"}]}],"variables":[{"id":"v","type":"longText","name":"v","value":"` + strings.Repeat("x", 1<<20) + `"}],` +
		`"pages":[{"id":"p","frames":[{"id":"f","type":"text","textContent":[` + strings.Repeat(`{"type":"variable","id":"v"},`, 10_000) + `{"type":"span"}]}]}]}`
	_, _, err := parse(t, []byte(raw)).Pages("", nil)
	if tepin.KindOf(err) != tepin.Invalid || !strings.Contains(fmt.Sprint(err), "bytes of text") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		f.Add(load(f, name))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := Parse(raw)
		if err != nil {
			if tepin.KindOf(err) == tepin.Internal {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		for _, l := range d.Layouts() {
			if _, _, err := d.Pages(l.ID, nil); err != nil && tepin.KindOf(err) == tepin.Internal {
				t.Fatalf("not a refusal: %v", err)
			}
			d.Assets(l.ID)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	frame := `{"id":"%d","name":"Frame","type":"text","textContent":[{"type":"paragraph","paragraphStyleId":"p"},{"type":"span","style":{"fontKey":"k","fontSize":12}},{"text":"` + strings.Repeat("lorem ipsum ", 10) + `","type":"text"}],"paddingLeft":0,"numberOfColumns":1}`
	var frames []string
	for i := range 5_000 {
		frames = append(frames, fmt.Sprintf(frame, i))
	}
	raw := []byte(`{"documentVersion":"0.23.0","pages":[{"id":"p","frames":[` + strings.Join(frames, ",") + `]}]}`)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}
