package pdf_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/pdf"
)

// content is the first page's operators, one line each.
func content(t testing.TB, name string) []string {
	t.Helper()
	_, rest, ok := strings.Cut(expanded(t, name), "%% Contents for page 1\n")
	if !ok {
		t.Fatal("the file has no page contents")
	}
	_, rest, _ = strings.Cut(rest, "stream\n")
	stream, _, _ := strings.Cut(rest, "endstream")
	return strings.Split(strings.TrimSpace(stream), "\n")
}

func TestOperators(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	red := color.FromRGB8(255, 0, 0)
	half := red
	half.Alpha = 0.5
	square := box(1, 2, 3, 4)
	trace := []string{"1 2 m", "4 2 l", "4 6 l", "1 6 l", "h"}
	with := func(before string, after ...string) []string {
		lines := append(strings.Split(before, "|"), trace...)
		return append(lines, after...)
	}
	tests := []struct {
		name string
		ops  []render.Op
		want []string
	}{
		{"fill", []render.Op{fill(square, red)}, with("1 0 0 rg", "f")},
		{"the colour is told once", []render.Op{fill(square, red), fill(square, red)}, append(with("1 0 0 rg", "f"), append(trace, "f")...)},
		{"stroke", []render.Op{{Path: &render.PathOp{Path: square, Color: red, Width: 2.5}}}, with("1 0 0 RG|2.5 w", "S")},
		{"black needs no operator", []render.Op{fill(square, color.Black)}, append(trace, "f")},
		{"cmyk", []render.Op{fill(square, color.FromCMYK(0.1, 0.25, 1, 0))}, with(".1 .25 1 0 k", "f")},
		{"gray stroke", []render.Op{{Path: &render.PathOp{Path: square, Color: color.White, Width: 1}}}, with("1 G", "S")},
		{"out of range", []render.Op{fill(square, color.FromCMYK(-1, 2, 0.123456, 0))}, with("0 1 .1235 0 k", "f")},
		{"translucent", []render.Op{fill(square, half)}, with("/A500 gs|1 0 0 rg", "f")},
		{"invisible", []render.Op{fill(square, color.Color{Space: color.RGB})}, nil},
		{"group", []render.Op{
			{Push: &render.Push{Matrix: render.Matrix{A: 0, B: 1, C: -1, D: 0, E: 5, F: 1e-9}, Opacity: 1, Clip: &square}},
			fill(square, color.Black), {Pop: true},
		}, append(append(with("q|0 1 -1 0 5 0 cm", "W n"), trace...), "f", "Q")},
		{"one path needs no composing", []render.Op{push(0.25), fill(square, color.Black), {Pop: true}}, append(with("q|/A250 gs", "f"), "Q")},
		{"state ends with its group", []render.Op{
			push(1), fill(square, red), {Pop: true}, fill(square, red),
		}, append(append(with("q|1 0 0 rg", "f"), "Q"), with("1 0 0 rg", "f")...)},
		{"hidden group", []render.Op{push(0), push(1), fill(square, red), {Pop: true}, fill(square, red), {Pop: true}, fill(square, color.Black)}, append(trace, "f")},
		{"curves", []render.Op{fill(render.Path{
			Verbs:  []render.Verb{render.MoveTo, render.QuadTo, render.CubeTo, render.Close, render.LineTo},
			Points: []render.Point{{X: 0, Y: 0}, {X: 3, Y: 3}, {X: 6, Y: 0}, {X: 7, Y: 1}, {X: 8, Y: 2}, {X: 9, Y: 3}, {X: 1, Y: 1}},
		}, color.Black)}, []string{"0 0 m", "2 2 4 2 6 0 c", "7 1 8 2 9 3 c", "h", "1 1 l", "f"}},
		{"a path begins with a move", []render.Op{fill(render.Path{
			Verbs: []render.Verb{render.Close, render.LineTo, render.LineTo}, Points: []render.Point{{X: 1}, {X: 2}},
		}, color.Black)}, []string{"1 0 m", "1 0 l", "2 0 l", "f"}},
		{"too few points", []render.Op{fill(render.Path{Verbs: []render.Verb{render.MoveTo, render.CubeTo}, Points: []render.Point{{}, {}}}, red)}, nil},
		{"unknown verb", []render.Op{fill(render.Path{Verbs: []render.Verb{99}}, red)}, nil},
		{"not a number", []render.Op{fill(box(nan, 0, 1, 1), red), fill(box(0, inf, 1, 1), red)}, nil},
		{"colour not a number", []render.Op{fill(square, color.FromRGB8(nan, 0, 0))}, nil},
		{"width not a number", []render.Op{{Path: &render.PathOp{Path: square, Color: red, Width: nan}}}, nil},
		{"matrix not a number", []render.Op{{Push: &render.Push{Matrix: render.Matrix{A: inf, D: 1}, Opacity: 1}}, fill(square, red), {Pop: true}}, nil},
		{"opacity not a number", []render.Op{push(nan), fill(square, red), {Pop: true}}, nil},
		{"flattened", []render.Op{{Push: &render.Push{Opacity: 1}}, fill(square, red), {Pop: true}}, []string{"q", "0 0 0 0 0 0 cm", "Q"}},
		{"an empty clip hides", []render.Op{{Push: &render.Push{Matrix: render.Identity, Opacity: 1, Clip: &render.Path{}}}, fill(square, red), {Pop: true}}, []string{"q", "Q"}},
		{"huge numbers", []render.Op{fill(render.Path{Verbs: []render.Verb{render.MoveTo, render.LineTo}, Points: []render.Point{{X: 1e300}, {Y: -1e300}}}, color.Black)}, []string{"10000000 0 m", "0 -10000000 l", "f"}},
		{"a Pop too many", []render.Op{{Pop: true}, fill(square, color.Black), {Pop: true}}, append(trace, "f")},
		{"a Pop too few", []render.Op{push(1), fill(square, color.Black)}, append(with("q", "f"), "Q")},
		{"missing picture", []render.Op{place("none", 0, 0, 1, 1)}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := content(t, written(t, pdf.Options{}, page(tt.ops...)))
			want := append([]string{"1 0 0 -1 0 200 cm"}, tt.want...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestSpotColours(t *testing.T) {
	spot := func(name string) render.Op {
		return fill(box(0, 0, 10, 10), color.Color{Space: color.Spot, Name: name, V: [4]float64{0, 0.6, 1, 0}, Alpha: 1})
	}
	file := expanded(t, written(t, pdf.Options{}, page(spot("PANTONE 151 C (1)"), spot("PANTONE 151 C (1)"), spot("Größe"), spot("None"), spot(""))))
	for want, times := range map[string]int{
		"/PANTONE#20151#20C#20#281#29": 1, // one plate, however often
		"/Gr#c3#b6#c3#9fe":             1,
		"/None":                        0, // would print nothing
		"/C1 [\n":                      2,
		"0 .6 1 0 k":                   1, // both without a plate, told once
	} {
		if got := strings.Count(file, want); got != times {
			t.Errorf("%q is %d times in the file, want %d", want, got, times)
		}
	}
}

// Composed groups keep to their clip, and the page says in which space it blends.
func TestGroups(t *testing.T) {
	pair := func(k color.Color) []render.Op {
		return []render.Op{push(0.5), fill(box(0, 0, 20, 20), k), fill(box(10, 10, 20, 20), k), {Pop: true}}
	}
	cmyk, rgb := color.FromCMYK(0, 1, 0, 0), color.FromRGB8(255, 0, 0)
	tests := []struct {
		name       string
		ops        []render.Op
		has, hasNo []string
	}{
		{"rgb", pair(rgb), []string{"/Subtype /Form", "/S /Transparency", "/CS /DeviceRGB"}, nil},
		{"cmyk", pair(cmyk), []string{"/Subtype /Form", "/CS /DeviceCMYK"}, nil},
		{"mixed", append(pair(cmyk), pair(rgb)...), []string{"/Subtype /Form"}, []string{"/CS"}},
		{"opaque", []render.Op{fill(box(0, 0, 9, 9), rgb)}, nil, []string{"/Transparency", "/Form"}},
		{"empty", []render.Op{push(0.5), push(0.5), {Pop: true}, {Pop: true}}, nil, []string{"/Form"}},
		{"clip", append([]render.Op{{Push: &render.Push{Matrix: render.Translate(10, 10), Opacity: 1, Clip: &render.Path{
			Verbs:  []render.Verb{render.MoveTo, render.LineTo, render.LineTo},
			Points: []render.Point{{X: -50, Y: 5}, {X: 15, Y: 5}, {X: 5, Y: 1500}},
		}}}}, pair(rgb)...), []string{"    -10\n    5\n    15\n    190\n"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := expanded(t, written(t, pdf.Options{}, page(tt.ops...)))
			for _, want := range tt.has {
				if !strings.Contains(file, want) {
					t.Errorf("the file has no %q", want)
				}
			}
			for _, bad := range tt.hasNo {
				if strings.Contains(file, bad) {
					t.Errorf("the file has %q", bad)
				}
			}
		})
	}
}

func TestBoxes(t *testing.T) {
	l := render.List{Width: 300, Height: 200, Bleed: render.Edges{Top: 1, Right: 2, Bottom: 3, Left: 4}}
	huge := render.List{Width: 30_000, Height: 300}
	tests := []struct {
		name  string
		list  render.List
		bleed bool
		want  map[string]string
	}{
		{"trimmed", l, false, map[string]string{"MediaBox": "0.00 0.00 300.00 200.00", "TrimBox": "0.00 0.00 300.00 200.00"}},
		{"bleed", l, true, map[string]string{"MediaBox": "0.00 0.00 306.00 204.00", "BleedBox": "0.00 0.00 306.00 204.00", "TrimBox": "4.00 3.00 304.00 203.00"}},
		{"large units", huge, true, map[string]string{"MediaBox": "0.00 0.00 10000.00 100.00"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.list.Ops = []render.Op{fill(box(0, 0, 10, 10), color.Black)}
			info := tool(t, "pdfinfo", "-box", written(t, pdf.Options{Bleed: tt.bleed}, tt.list))
			for key, want := range tt.want {
				_, line, _ := strings.Cut(info, key+":")
				line, _, _ = strings.Cut(line, "\n")
				if got := strings.Join(strings.Fields(line), " "); got != want {
					t.Errorf("%s is %q, want %q", key, got, want)
				}
			}
		})
	}
}

func TestMetadata(t *testing.T) {
	created := time.Date(2026, 11, 21, 23, 30, 0, 0, time.FixedZone("", 3600))
	name := written(t, pdf.Options{Title: `Grüße & <Küsse> (1\2)`, Producer: "Tepin", Created: created}, page())
	info := tool(t, "pdfinfo", "-isodates", name)
	for _, want := range []string{`Grüße & <Küsse> (1\2)`, "Tepin", "2026-11-21T22:30:00Z", "PDF version:     1.7"} {
		if !strings.Contains(info, want) {
			t.Errorf("pdfinfo does not tell %q:\n%s", want, info)
		}
	}
	xmp := tool(t, "pdfinfo", "-meta", name)
	for _, want := range []string{`Grüße &amp; &lt;Küsse&gt; (1\2)`, "<pdf:Producer>Tepin<", "<xmp:CreateDate>2026-11-21T22:30:00Z<"} {
		if !strings.Contains(xmp, want) {
			t.Errorf("the XMP packet does not tell %q:\n%s", want, xmp)
		}
	}
}

func TestManyPages(t *testing.T) {
	pages := make([]render.List, 250)
	font := loadFont(t, latin)
	for i := range pages {
		pages[i] = page(shape(t, font, string(rune('A'+i%26)), 10, 10, 20))
	}
	name := written(t, pdf.Options{}, pages...)
	if got := strings.Count(tool(t, "pdffonts", name), "NotoSans"); got != 1 {
		t.Errorf("the font is %d times in the file", got)
	}
	text := tool(t, "pdftotext", "-f", "237", "-l", "237", name, "-")
	if got, want := strings.TrimSpace(text), string(rune('A'+236%26)); got != want {
		t.Errorf("page 237 says %q, want %q", got, want)
	}
}

func TestSameBytes(t *testing.T) {
	write := func() []byte {
		var b bytes.Buffer
		o := pdf.Options{Title: "same", Created: time.Unix(1, 0), Images: map[string]pdf.Image{"a": decoded(photograph(20, 20))}}
		list := page(shape(t, loadFont(t, latin), "Same bytes", 12, 10, 20), shape(t, loadFont(t, devanagari), "हिन्दी", 12, 10, 50), place("a", 0, 0, 9, 9))
		if err := pdf.Write(&b, []render.List{list, list}, o); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	if !bytes.Equal(write(), write()) {
		t.Error("two files of the same pages differ")
	}
}

func TestRefusals(t *testing.T) {
	deep := make([]render.Op, 0, 2*pdf.MaxDepth)
	for range pdf.MaxDepth + 1 {
		deep = append(deep, push(1))
	}
	tests := []struct {
		name  string
		pages []render.List
		kind  tepin.Kind
	}{
		{"no pages", nil, tepin.Invalid},
		{"no size", []render.List{{}}, tepin.Invalid},
		{"size not a number", []render.List{{Width: math.NaN(), Height: 1}}, tepin.Invalid},
		{"endless", []render.List{{Width: math.Inf(1), Height: 1}}, tepin.Invalid},
		{"too large", []render.List{{Width: 100_001, Height: 1}}, tepin.TooLarge},
		{"too deep", []render.List{page(deep...)}, tepin.TooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := pdf.Write(io.Discard, tt.pages, pdf.Options{}); tepin.KindOf(err) != tt.kind {
				t.Errorf("got %v", err)
			}
		})
	}
}

// full is a writer whose room ends.
type full struct{ room int }

var errFull = errors.New("no room")

func (f *full) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestWriteErrors(t *testing.T) {
	list := page(shape(t, loadFont(t, latin), "x", 12, 10, 20), push(0.5), fill(box(0, 0, 1, 1), color.Black), fill(box(0, 0, 1, 1), color.Black))
	for room := 0; room < 3000; room += 97 {
		if err := pdf.Write(&full{room}, []render.List{list}, pdf.Options{Title: "x"}); !errors.Is(err, errFull) {
			t.Fatalf("with room for %d bytes: %v", room, err)
		}
	}
}
