package document

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/render/color"
	"github.com/tepin/tepin/render/text"
)

func joined(pieces []piece) string {
	s := ""
	for _, p := range pieces {
		s += p.text
	}
	return s
}

func TestNumberFormat(t *testing.T) {
	for _, test := range []struct {
		n                float64
		decimals         int
		point, thousands string
		want             string
	}{
		{0, 0, ".", "", "0"},
		{0, 2, ".", "", "0.00"},
		{1234567, 0, ".", ",", "1,234,567"},
		{1234567.891, 2, ",", ".", "1.234.567,89"},
		{123456, 0, ".", " ", "123\u00a0456"},
		{123, 0, ".", ",", "123"},
		{1.005, 2, ".", "", "1.01"},
		{2.675, 2, ".", "", "2.68"},
		{0.5, 0, ".", "", "1"},
		{-0.5, 0, ".", "", "-1"},
		{-0.001, 2, ".", "", "0.00"},
		{999.9996, 3, ".", ",", "1,000.000"},
		{-1234.5, 1, ",", ".", "-1.234,5"},
		{19.9, 4, ".", "", "19.9000"},
		{1e21, 0, ".", ",", "1,000,000,000,000,000,000,000"},
		{1e-9, 2, ".", "", "0.00"},
	} {
		f := numberFormat{decimals: test.decimals, point: test.point, thousands: test.thousands}
		if got := joined(f.format(test.n)); got != test.want {
			t.Errorf("%v with %d decimals: %q, want %q", test.n, test.decimals, got, test.want)
		}
	}
	styled := numberFormat{decimals: 2, point: ".", decimalCharacter: "small"}.format(-7.5)
	if diff := cmp.Diff([]piece{{"-7", ""}, {".50", "small"}}, styled, cmp.AllowUnexported(piece{})); diff != "" {
		t.Error(diff)
	}
}

func TestDateFormat(t *testing.T) {
	for _, test := range []struct{ date, pattern, locale, want string }{
		{"2026-03-05", "dd/MM/yyyy", "", "05/03/2026"},
		{"2026-03-05", "d.M.yy", "de", "5.3.26"},
		{"2026-11-21", "cccc, MMMM d, yyyy", "en_US", "Saturday, November 21, 2026"},
		{"2026-11-21", "ccc d MMM", "en_US", "Sat 21 Nov"},
		{"2026-03-05", "cccc d. MMMM yyyy", "de", "Donnerstag 5. März 2026"},
		{"2026-03-05", "d MMMM yyyy", "pl", "5 marca 2026"},
		{"2026-03-05", "d. MMMM", "cs", "5. března"},
		{"2026-03-05", "d. MMMM'ta'", "fi", "5. maaliskuutata"},
		{"2026-08-01", "cccc d MMMM", "fr", "samedi 1 août"},
		{"2026-03-05", "ccc d MMM", "nl", "do 5 mrt."},
		{"2026-03-05", "cccc d MMMM", "it", "giovedì 5 marzo"},
		{"2026-03-05", "cccc d. MMMM", "da", "torsdag 5. marts"},
		{"2026-03-05", "ccc d. MMM", "no", "tor. 5. mars"},
		{"2026-03-05", "cccc, d 'de' MMMM", "pt_PT", "quinta-feira, 5 de março"},
		{"2026-03-05", "d 'de' MMMM 'de' yyyy", "es_ES", "5 de marzo de 2026"},
		{"2026-03-05", "cccc d MMM", "sv", "torsdag 5 mars"},
		{"2026-03-05", "d 'o''clock' yy", "tlh", "5 o'clock 26"},
		{"2026-03-05", "", "en_US", ""},
		{"", "dd/MM/yyyy", "en_US", ""},
		{"2026-03-05", "d 'open", "", "5 open"},
	} {
		if got := (dateFormat{pattern: test.pattern, locale: test.locale}).format(test.date); got != test.want {
			t.Errorf("%s as %s in %s: %q, want %q", test.date, test.pattern, test.locale, got, test.want)
		}
	}
	for _, locale := range strings.Fields("en_US cs da nl fi fr de it no pl pt_PT es_ES sv") {
		n := localeNames(locale)
		if len(n.months) != 12 || len(n.shortMonths) != 12 || len(n.days) != 7 || len(n.shortDays) != 7 {
			t.Errorf("%s: %d %d %d %d names", locale, len(n.months), len(n.shortMonths), len(n.days), len(n.shortDays))
		}
	}
}

// everyType is a document with a variable of each type, all in one text.
const everyType = `{"documentVersion":"0.23.0","layouts":[{"id":"l","width":100000,"height":100000,"frameProperties":[{"id":"t"},{"id":"i"}]}],
"pages":[{"id":"p","frames":[{"id":"t","type":"text","textContent":[{"type":"paragraph"},{"type":"span"},{"type":"variable","id":"1"},{"type":"text","text":" · "},{"type":"variable","id":"2"},
 {"type":"paragraph"},{"type":"span"},{"type":"variable","id":"3"},{"type":"text","text":" · "},{"type":"variable","id":"4"},{"type":"text","text":" · "},{"type":"variable","id":"5"},
 {"type":"paragraph"},{"type":"span"},{"type":"text","text":"Until "},{"type":"variable","id":"6"}]},
 {"id":"i","type":"image","src":{"type":"variable","id":"7"}}]}],
"brandKit":{"characterStyles":[{"id":"cs","name":"Tiny","fontSize":6}]},
"variables":[
 {"id":"1","name":"short","type":"shortText","value":"ab","maxCharacters":5,"prefix":{"value":"<"},"suffix":{"value":">","style":"Tiny"}},
 {"id":"2","name":"long","type":"longText","value":"x"},
 {"id":"3","name":"number","type":"number","value":1.5,"numberOfDecimals":2,"decimalSeparator":",","minValue":-10,"maxValue":10,"decimalCharacterStyleId":"cs"},
 {"id":"4","name":"flag","type":"boolean","value":true},
 {"id":"5","name":"list","type":"list","items":[{"value":"a","displayValue":"Alpha"},{"value":"b"}],"selected":{"value":"b"}},
 {"id":"6","name":"day","type":"date","value":"2026-03-05","displayFormat":"d MMM","locale":"en_US","removeParagraphIfEmpty":true,"startDate":{"type":"absolute","value":"2026-01-01"},"endDate":{"type":"absolute","value":"2026-12-31"},"excludedDays":["sunday"]},
 {"id":"7","name":"picture","type":"image","value":{"connectorId":"dam","assetId":"old","resolved":{"mediaId":"m-1"},"context":{"x":1}}},
 {"id":"8","name":"group","type":"group"}]}`

func TestVariablesInText(t *testing.T) {
	for _, test := range []struct {
		values map[string]any
		want   string
	}{
		{nil, "<ab|>| · x/1|,50| · true · b/Until 5 Mar"},
		{map[string]any{"short": "", "long": nil}, " · /1|,50| · true · b/Until 5 Mar"},
		{map[string]any{"short": "longer than five"}, "<longe|>| · x/1|,50| · true · b/Until 5 Mar"},
		{map[string]any{"short": "a\nb\u2029"}, "<a b |>| · x/1|,50| · true · b/Until 5 Mar"},
		{map[string]any{"long": "a\r\nb\n\nc\u2029d"}, "<ab|>| · a\u2028b/c/d/1|,50| · true · b/Until 5 Mar"},
		{map[string]any{"number": -3, "flag": "FALSE", "list": "A"}, "<ab|>| · x/-3|,00| · false · Alpha/Until 5 Mar"},
		{map[string]any{"number": "2.345", "list": nil}, "<ab|>| · x/2|,35| · true · /Until 5 Mar"},
		{map[string]any{"day": nil}, "<ab|>| · x/1|,50| · true · b"},
		{map[string]any{"number": nil, "day": ""}, "<ab|>| · x/ · true · b"},
	} {
		got, _ := pages(t, parse(t, []byte(everyType)), "", test.values)
		if s := wordsOf(got[0].Frames[0].Text.Paragraphs); s != test.want {
			t.Errorf("%v:\n got %q\nwant %q", test.values, s, test.want)
		}
	}
}

func TestVariablesRefused(t *testing.T) {
	for _, test := range []struct {
		name  string
		value any
		want  string
	}{
		{"nobody", "x", `there is no variable "nobody"; the document has "short", "long", "number"`},
		{"short", true, `variable "short" (shortText) takes a string, found true`},
		{"long", []any{}, `variable "long" (longText) takes a string, found an array`},
		{"number", "many", `variable "number" (number) takes a number such as 12.5, found "many"`},
		{"number", "NaN", "takes a number"},
		{"number", 11, `takes no number above 10, found 11`},
		{"number", -10.5, `takes no number below -10, found -10.5`},
		{"flag", 1.0, `variable "flag" (boolean) takes true or false, found 1`},
		{"list", "c", `variable "list" (list) takes one of "a", "b", found "c"`},
		{"day", "05/03/2026", `variable "day" (date) takes a date as yyyy-MM-dd, found "05/03/2026"`},
		{"day", "2026-02-30", "takes a date as yyyy-MM-dd"},
		{"day", "2025-12-31", "takes no date before 2026-01-01"},
		{"day", "2027-01-01", "takes no date after 2026-12-31"},
		{"day", "2026-03-08", "takes no Sunday, found 2026-03-08"},
		{"picture", 7.0, `variable "picture" (image) takes an asset's id or name, found 7`},
		{"group", "x", `variable "group" (group) cannot be set`},
	} {
		values := map[string]any{test.name: test.value}
		_, _, err := parse(t, []byte(everyType)).Pages("", values)
		if err == nil || !strings.Contains(err.Error(), test.want) || tepin.KindOf(err) != tepin.Invalid {
			t.Errorf("%v:\n got %v\nwant %s", values, err, test.want)
		}
		if _, err2 := SetVariables([]byte(everyType), values); err == nil || err2 == nil || err2.Error() != err.Error() {
			t.Errorf("%v: SetVariables says %v", values, err2)
		}
	}
}

func TestVariables(t *testing.T) {
	d := parse(t, []byte(everyType))
	want := []any{"ab", "x", 1.5, true, "b", "2026-03-05", "old", nil}
	for i, v := range d.Variables() {
		if v.Value != want[i] {
			t.Errorf("%s: %v, want %v", v.Name, v.Value, want[i])
		}
	}
	if items := d.Variables()[4].Items; len(items) != 2 || items[0] != (ListItem{"a", "Alpha"}) {
		t.Errorf("items: %v", items)
	}
}

func TestImageVariable(t *testing.T) {
	d := parse(t, []byte(everyType))
	image := func(d *Document) (string, Asset) {
		p, _ := pages(t, d, "", nil)
		assets := d.Assets("")
		if len(assets) == 0 {
			return p[0].Frames[1].Image.Key, Asset{}
		}
		return p[0].Frames[1].Image.Key, assets[len(assets)-1]
	}
	key, a := image(d)
	if want := (Asset{Kind: "image", Key: "dam::m-1", Connector: "dam", ID: "m-1", Name: "old"}); key != want.Key || a != want {
		t.Errorf("stored: %q %+v", key, a)
	}
	other, err := d.With(map[string]any{"picture": "new.jpg"})
	if err != nil {
		t.Fatal(err)
	}
	if key, a := image(other); key != "dam::new.jpg" || a.ID != "new.jpg" {
		t.Errorf("overridden: %q %+v; what the old name was resolved to must not stay", key, a)
	}
	none, err := d.With(map[string]any{"picture": nil})
	if err != nil {
		t.Fatal(err)
	}
	if key, _ := image(none); key != "" {
		t.Errorf("emptied: %q", key)
	}
	if key, _ := image(d); key != "dam::m-1" {
		t.Errorf("With changed the document itself: %q", key)
	}
}

func flowOf(t *testing.T, kit, tokens string) []text.Paragraph {
	t.Helper()
	d := parse(t, []byte(`{"documentVersion":"0.23.0","layouts":[{"id":"l","width":1000,"height":1000,"frameProperties":[{"id":"t"}]}],"brandKit":`+kit+`,"pages":[{"id":"p","frames":[{"id":"t","type":"text","textContent":`+tokens+`}]}]}`))
	p, _ := pages(t, d, "", nil)
	return p[0].Frames[0].Text.Paragraphs
}

func TestStyles(t *testing.T) {
	kit := `{"colors":[{"id":"c","name":"C","color":{"type":"gray","g":0.5}}],
	 "paragraphStyles":[{"id":"p","name":"P","fontKey":"serif","fontSize":20,"textAlign":"justify","textAlignLast":"right","lineHeight":150,"textIndent":5000,"indentEnd":1000,"spaceBefore":2000,"kerningOn":false,"color":{"type":"brandKit","id":"c","opacity":0.5},"trackingLeft":10,"trackingRight":15}],
	 "characterStyles":[{"id":"k","name":"K","fontSize":30,"fontKey":"bold","baselineShiftValue":2000,"backgroundColor":{"type":"local","color":{"type":"gray","g":1}},"kerningOn":null}]}`
	got := flowOf(t, kit, `[{"type":"paragraph","paragraphStyleId":"p","style":{"lineHeight":200}},{"type":"span"},{"type":"text","text":"one "},
	 {"type":"span","characterStyleId":"k","style":{"fontSize":40,"typographicCase":"uppercase"}},{"type":"text","text":"groß"},
	 {"type":"span","style":{"subSuperScript":"superscript","fillColorApplied":false}},{"type":"text","text":"2"},
	 {"type":"paragraph"},{"type":"span"}]`)
	p := got[0]
	if p.Align != text.Justify || p.AlignLast != text.Right || p.LineHeight != 2 || p.IndentFirst != 5 || p.IndentEnd != 1 || p.SpaceBefore != 2 {
		t.Errorf("paragraph: %+v", p)
	}
	gray := color.Color{Space: color.Gray, V: [4]float64{0.5}, Alpha: 0.5}
	white := color.Color{Space: color.Gray, V: [4]float64{1}, Alpha: 1}
	want := []text.Run{
		{Text: "one ", Font: "serif", Size: 20, Color: gray, Tracking: 25, NoKerning: true},
		{Text: "GROSS", Font: "bold", Size: 40, Color: gray, Tracking: 25, BaselineShift: 2, Background: &white, NoKerning: true},
		{Text: "2", Font: "serif", Size: 12, Tracking: 25, BaselineShift: 7, NoKerning: true},
	}
	if diff := cmp.Diff(want, p.Runs); diff != "" {
		t.Error(diff)
	}
	if plain := got[1]; len(plain.Runs) != 1 || plain.Runs[0].Color != color.Black || plain.Runs[0].Size != defaultSize || plain.LineHeight != 1.2 {
		t.Errorf("paragraph without style: %+v", plain)
	}
}

func TestSameStyleIsOneRun(t *testing.T) {
	got := flowOf(t, `{}`, `[{"type":"text","text":"of"},{"type":"text","text":"fice"},{"type":"lineBreak"},{"type":"span"},{"type":"text","text":"\u00a7"}]`)
	if s := wordsOf(got); s != "office\u2028§" {
		t.Errorf("%q: ligatures need one run", s)
	}
}

func TestLists(t *testing.T) {
	kit := `{"paragraphStyles":[{"id":"n","name":"N","fontSize":10,"numericListStyle":{"leftIndent":4000,"textIndent":6000,"numberingStyle":[{"format":"romanUpperCase","symbol":"roundBracket"},{"format":"latinLowerCase","symbol":"dot"}]}},
	  {"id":"b","name":"B","fontSize":10,"bulletListStyle":{"bulletMarks":["–","·"],"leftIndent":0,"textIndent":8000}}]}`
	item := func(style, kind, group string, level string) string {
		return `{"type":"paragraph","paragraphStyleId":"` + style + `","style":{"markedListType":"` + kind + `","markedListGroup":"` + group + `","markedListLevel":` + level + `}},{"type":"text","text":"x"},`
	}
	got := flowOf(t, kit, `[`+item("n", "number", "g", "0")+item("n", "number", "g", "1")+item("n", "number", "g", "1")+item("n", "number", "g", "0")+
		item("n", "none", "", "0")+item("n", "number", "g", "0")+item("n", "number", "g", "1")+item("b", "bullet", "", "0")+item("b", "bullet", "", "7")+item("", "bullet", "", "0")+`{"type":"text","text":""}]`)
	var marks []string
	for _, p := range got {
		mark := "-"
		if len(p.Marker) > 0 {
			mark = p.Marker[0].Text
		}
		marks = append(marks, mark)
	}
	if s := strings.Join(marks, " "); s != "I) a. b. II) - III) a. – · •" {
		t.Errorf("markers: %s", s)
	}
	if got[0].IndentStart != 10 || got[1].IndentStart != 20 || got[7].IndentStart != 8 || got[9].IndentStart != 18 {
		t.Errorf("indents: %v %v %v %v", got[0].IndentStart, got[1].IndentStart, got[7].IndentStart, got[9].IndentStart)
	}
	for n, want := range map[int][2]string{1: {"I", "A"}, 4: {"IV", "D"}, 26: {"XXVI", "Z"}, 27: {"XXVII", "AA"}, 1994: {"MCMXCIV", "BXR"}, 4000: {"4000", "EWV"}} {
		if roman(n) != want[0] || latin(n) != want[1] {
			t.Errorf("%d: %s %s", n, roman(n), latin(n))
		}
	}
}

func TestColours(t *testing.T) {
	for raw, want := range map[string]color.Color{
		`{"type":"rgb","r":255,"g":0,"b":51}`:                                color.FromRGB8(255, 0, 51),
		`{"type":"hex","value":"#0af"}`:                                      color.FromRGB8(0, 170, 255),
		`{"type":"hex","value":"00AAFF"}`:                                    color.FromRGB8(0, 170, 255),
		`{"type":"cmyk","c":0.1,"m":0.2,"y":0.3,"k":2}`:                      {Space: color.CMYK, V: [4]float64{0.1, 0.2, 0.3, 1}, Alpha: 1},
		`{"type":"gray","g":0.25}`:                                           {Space: color.Gray, V: [4]float64{0.25}, Alpha: 1},
		`{"type":"gray","g":51}`:                                             {Space: color.Gray, V: [4]float64{0.2}, Alpha: 1},
		`{"type":"hsl","h":120,"s":1,"l":0.5}`:                               {V: [4]float64{0, 1, 0}, Alpha: 1},
		`{"type":"hsl","h":-120,"s":100,"l":50}`:                             {V: [4]float64{0, 0, 1}, Alpha: 1},
		`{"type":"spotRGB","spotName":"Blue","r":0,"g":0,"b":255}`:           {Space: color.Spot, V: [4]float64{1, 1, 0, 0}, Name: "Blue", Alpha: 1},
		`{"type":"spotHEX","spotName":"Ink","value":"#000000"}`:              {Space: color.Spot, V: [4]float64{0, 0, 0, 1}, Name: "Ink", Alpha: 1},
		`{"type":"spot","spotName":"Gold","c":0,"m":0.2,"y":0.6,"k":0.2}`:    {Space: color.Spot, V: [4]float64{0, 0.2, 0.6, 0.2}, Name: "Gold", Alpha: 1},
		`{"colorType":"cmyk","c":0,"m":0,"y":0,"k":1,"type":null,"extra":1}`: {Space: color.CMYK, V: [4]float64{0, 0, 0, 1}, Alpha: 1},
	} {
		r, err := scan([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		got := r.root().color()
		if r.err != nil || got == nil {
			t.Errorf("%s: %v", raw, r.err)
			continue
		}
		for i := range got.V {
			got.V[i] = math.Round(got.V[i]*1e9) / 1e9
			want.V[i] = math.Round(want.V[i]*1e9) / 1e9
		}
		if *got != want {
			t.Errorf("%s: %+v, want %+v", raw, *got, want)
		}
	}
}
